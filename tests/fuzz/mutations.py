"""Spoils real pipeline files, in ways that people and enemies do; the same seed gives the same files."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

MAX_SIZE = 1_000_000
"""Bytes; a file may be so large, and no larger is made."""

# Words that mean something to YAML, to Airflow, to Jinja, to dag-factory, to a shell, or to a parser's weak side.
NASTY = (
    *("&a ", "*a", "<<: ", "<<: *a", "? ", ": ", "- ", "--- ", "...", "| ", "> ", "|-9", "%YAML 1.2", "%TAG ! x", "!x"),
    *(
        "!!python/object/apply:os.system ['true']",
        "!!python/name:os.system",
        "!!binary ",
        "!!set ",
        "!!omap ",
        "!!int ",
    ),
    *("!!timestamp ", "!!float x", "!!null x", "null", "~", "yes", "on", "0o17", "0x1f", "1_000", "1:30:00", ".nan"),
    *(".inf", "1e999", "-1e999", "9" * 400, "-0", "1e400", "0b1", "2026-02-30", "0000-00-00", "24:00", "10000-01-01"),
    *("{}", "[]", "{", "}", "[", "]", ",", "''", '""', "'", '"', "\\", '"\\', '"\\x0', '"\\uD800"', "#", " #"),
    *("\t", "\r", "\r\n", "\n", "\x00", "\x07", "\x85", "\u2028", "\ufeff", "\u202e", "\ud7ff", "\uffff", "訓", "🤖"),
    *("os.system", "__type__: os.system", "__import__", "{{ ", "{{ 1/0 }}", "{% for x in y %}", "{{ '' * 10**9 }}"),
    *(
        "{{ a.b.c|d(e)[f] }}",
        "{#",
        "$HOME",
        "${HOME",
        "@daily",
        "@never",
        "61 25 * * *",
        "* * * * * * *",
        "*/0 * * * *",
    ),
    *(
        "default",
        "tasks",
        "operator",
        "dependencies",
        "task_id",
        "default_args",
        "task_groups",
        "group_name",
        "schedule",
    ),
    *("start_date", "timezone", "retry_delay", "5m", "-5m", "1h1h", "Europe/Berlin", "../../etc/passwd", "/dev/zero"),
    *("TrainModel", "airflow.providers.standard.operators.bash.BashOperator", "a.b.C", "trigger_rule", "all_done"),
    *("schedule_interval", "concurrency", "__join__", "__args__", "python_callable", "execution_delta", "default_view"),
    *("+a", "+a['b']", "+a.b", "+", "a.output", "expand", "expand_kwargs", "partial", "decorator", "task.branch"),
    *("operators.functions.quarter", "op_kwargs", "teardown: {setups: [a]}", "{task: a, label: b}", "prefix_group_id"),
    *("# pipelines: ignore=P403", "# pipelines: ignore", "# pipelines: ignore=P101,P999", "a" * 300, "a." * 200),
    *(
        "${{ parameters.source }}",
        "${{",
        "${{ parameters.x }} a ${{ parameters.rows }}",
        "template: load",
        "parameters:",
    ),
)
_WORD = re.compile(r"[^\s:,\[\]{}#\"']+")


def mutants(seeds: Sequence[Path], *, count: int, seed: int) -> Iterator[bytes]:
    """Make spoilt files.

    :param seeds: files to start from
    :param count: how many to make
    :param seed: the same number gives the same files
    """
    texts = [path.read_bytes() for path in seeds]
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        mutant = texts[number % len(texts)]
        for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
            mutant = chance.choice(_MUTATIONS)(mutant, chance, texts)[:MAX_SIZE]
        yield mutant


Mutation = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def _on_text(change: Callable[[str, random.Random], str]) -> Mutation:
    def mutation(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
        return change(data.decode("utf-8", "surrogateescape"), chance).encode("utf-8", "surrogateescape")

    return mutation


def _on_lines(change: Callable[[list[str], int, random.Random], None]) -> Mutation:
    def mutation(text: str, chance: random.Random) -> str:
        lines = text.splitlines(keepends=True) or [""]
        change(lines, chance.randrange(len(lines)), chance)
        return "".join(lines)

    return _on_text(mutation)


def _other_bytes(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    spoilt = bytearray(data or b" ")
    for _ in range(chance.choice((1, 2, 8))):
        spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
    return bytes(spoilt)


def _cut(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] if chance.random() < 0.5 else data[:start] + data[start + chance.randrange(1, 40) :]


def _splice(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    other = chance.choice(others)
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def _repeat(data: bytes, chance: random.Random, _: Sequence[bytes]) -> bytes:
    start = chance.randrange(len(data) + 1)
    piece = data[start : start + chance.choice((1, 7, 80, 400))]
    return data[:start] + piece * chance.choice((2, 20, 200, 1000)) + data[start:]


@_on_text
def _put_in(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + _nasty(chance) + text[at:]


@_on_text
def _other_word(text: str, chance: random.Random) -> str:
    words = list(_WORD.finditer(text))
    if not words:
        return _nasty(chance)
    word = chance.choice(words)
    instead = chance.choice(words)[0] if chance.random() < 0.5 else _nasty(chance)
    return text[: word.start()] + instead + text[word.end() :]


@_on_text
def _nest(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    opening = chance.choice(("[", "{", "- ", "{a: ", "[*a, ", "? ", "&a ["))
    return text[:at] + opening * chance.choice((3, 70, 5000)) + text[at:]


def _nasty(chance: random.Random) -> str:
    word = chance.choice(NASTY)
    return word * chance.choice((1, 1, 1, 1, 50))


@_on_lines
def _drop_line(lines: list[str], at: int, _: random.Random) -> None:
    del lines[at]


@_on_lines
def _double_line(lines: list[str], at: int, _: random.Random) -> None:
    lines.insert(at, lines[at])


@_on_lines
def _move_line(lines: list[str], at: int, chance: random.Random) -> None:
    lines.insert(chance.randrange(len(lines)), lines.pop(at))


@_on_lines
def _indent_line(lines: list[str], at: int, chance: random.Random) -> None:
    bare = lines[at].lstrip(" ")
    lines[at] = chance.choice((" ", "\t", "  ")) * chance.randrange(6) + bare


@_on_lines
def _other_value(lines: list[str], at: int, chance: random.Random) -> None:
    key, colon, _ = lines[at].partition(":")
    lines[at] = f"{key}{colon} {_nasty(chance)}\n"


_MUTATIONS: tuple[Mutation, ...] = (
    _other_bytes,
    _cut,
    _splice,
    _repeat,
    _put_in,
    _other_word,
    _other_word,
    _nest,
    _drop_line,
    _double_line,
    _move_line,
    _indent_line,
    _other_value,
    _other_value,
)
