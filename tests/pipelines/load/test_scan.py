"""The search for DAG ids: it finds them all, or says that it cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.load.scan import scan_ids

CASES = Path(__file__).parent.parent.parent / "cases"
TEXTS = [path.read_text(encoding="utf-8", errors="surrogateescape") for path in sorted(CASES.glob("*/*.yaml"))]
SIGNS = [
    "a",
    "b.c-d",
    "default",
    ":",
    ": ",
    "\n",
    "\n\n",
    "  ",
    "\t",
    "- ",
    "---\n",
    "...\n",
    "'",
    '"',
    "{",
    "}",
    "[",
    "]",
]
RARE_SIGNS = [
    "# ",
    "&x ",
    "*x",
    "? ",
    "!!str ",
    "<<",
    "|\n",
    "\r\n",
    "\r",
    "\x85",
    "\u2028",
    "\ufeff",
    "\xa0",
    "%YAML 1.1\n",
]
PIECES = st.sampled_from(SIGNS) | st.sampled_from(RARE_SIGNS)
NAME = re.compile(r"[\w.-]+", re.ASCII)


def keys_of(text: str) -> set[str]:
    """What YAML itself finds."""
    try:
        data = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 (it makes nothing but texts)
    except (yaml.YAMLError, ValueError):
        return set()
    return {key for key in data if isinstance(key, str)} if isinstance(data, dict) else set()


def usable(keys: set[str]) -> set[str]:
    """Names that a pipeline can have."""
    return {key for key in keys if NAME.fullmatch(key)}


def assert_complete(text: str) -> None:
    found = scan_ids(text.encode("utf-8", "surrogatepass"))
    assert found is None or found >= usable(keys_of(text)) - {"default"}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("a:\n  tasks:\n    b: c\n", {"a"}),
        ("# comment\n---\na: {}\n\n'b':\n  x: 1\n\"c\":   {y: 2}\ndefault: {}\n", {"a", "b", "c"}),
        ("\ufeffa:\r\n  x: 1\r\nb:\r\n", {"a", "b"}),
        ("  a:\n    x: 1\n  b:\n    y: 2\n", {"a", "b"}),
        ("a:\n  doc_md: |\n    b:\n   # c:\n", {"a"}),
        ("", set()),
    ],
)
def test_keys_in_lines_are_found(text: str, ids: set[str]) -> None:
    assert scan_ids(text.encode()) == ids


@pytest.mark.parametrize(
    "text",
    [
        "{a: {}}",
        "--- {a: {}}",
        '"\\u0061": {}',
        "? a\n: {}",
        "&x a: {}",
        "!!str a: {}",
        "<<: {a: {}}",
        "a:\rb:\r",
        "a: {}\x85b: {}",
        "a: {}\u2028b: {}",
        "%YAML 1.1\n---\na: {}",
        "- a\n",
        "a: [\n]\n",
    ],
)
def test_where_it_could_miss_one_it_says_so(text: str) -> None:
    assert scan_ids(text.encode()) is None


@pytest.mark.parametrize("text", TEXTS, ids=[path.stem for path in sorted(CASES.glob("*/*.yaml"))])
def test_no_key_of_a_real_file_is_missed(text: str) -> None:
    assert_complete(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


@given(st.lists(PIECES, max_size=14).map("".join))
@example('a: "x\nb: y"\nc: z')
def test_no_key_of_any_yaml_is_missed(text: str) -> None:
    assert_complete(text)


@given(st.sampled_from(TEXTS), st.integers(0, 3000), st.integers(0, 40), st.lists(PIECES, max_size=3).map("".join))
def test_no_key_of_a_spoilt_file_is_missed(text: str, start: int, length: int, piece: str) -> None:
    start %= len(text) + 1
    assert_complete((text[:start] + piece + text[start + length :]).encode("utf-8", "replace").decode())
