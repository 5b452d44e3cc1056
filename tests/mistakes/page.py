"""Puts docs/mistakes.md together, of the files and of the outputs beside them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from tests.mistakes.outcomes import FILE, MISTAKES, MODES, NOTHING, OURS, title

PAGE = Path(__file__).parents[2] / "docs" / "mistakes.md"
_LONGEST = 160
_HEAD = """\
# Mistakes, and what is said of them

What people get wrong in a pipeline file; what Airflow 3.3.2 shows of it where dag-factory 1.1.0 loads the file, and
what `pipelines check` prints before anything is loaded. Both outputs are real: `tests/mistakes` runs both on the same
file. dag-factory loads a file by `config_filepath`, or a folder of them by `dags_folder`.

{counts}

| | mistake | dag-factory, one file | dag-factory, a folder | `pipelines check` |
|---|---|---|---|---|
"""


def mistakes_page() -> str:
    """Give the page."""
    rows = [_row(path) for path in MISTAKES]
    return _HEAD.format(counts=_counts(rows)) + "".join(map(_table_row, rows)) + "".join(map(_section, rows))


@dataclass(frozen=True)
class _Row:
    number: int
    title: str
    check: str
    """What `pipelines check` prints."""
    dag_factory: str
    """What came of the file with dag-factory, by each of its ways."""

    @property
    def one(self) -> list[str]:
        """What came of it by ``config_filepath``."""
        return self._told(MODES[0])

    @property
    def folder(self) -> list[str]:
        """What came of it by ``dags_folder``."""
        return self._told(MODES[1])

    def _told(self, mode: str) -> list[str]:
        _, _, rest = self.dag_factory.partition(f"{mode}:\n")
        return [line.strip() for line in takewhile(lambda line: line.startswith("  "), rest.splitlines())]


def _row(path: Path) -> _Row:
    check, dag_factory = (
        path.with_suffix(f".{name}.out").read_text(encoding="utf-8") for name in ("check", "dag-factory")
    )
    return _Row(int(path.stem.partition("-")[0]), title(path), check, dag_factory)


def _counts(rows: list[_Row]) -> str:
    built = sum(row.one[0].startswith("DAG ") for row in rows)
    silent = sum(row.folder == [NOTHING] for row in rows)
    named = sum(FILE in row.dag_factory for row in rows)
    placed = sum(not row.check.startswith("no problem") for row in rows)
    return f"""\
Of {len(rows)} files, dag-factory builds {built} without a word; of the others it drops {silent} without a word where it
is given a folder. {named} of its messages name the file; a line is in those on YAML syntax. `pipelines check` names
file, line and column of {placed}. The other {len(rows) - placed} are no mistakes here: what dag-factory drops is kept,
Airflow takes pipelines without start_date, and the shell finds the variable."""


def _table_row(row: _Row) -> str:
    one, folder = _cell(row.one), _cell(row.folder)
    first = row.check.partition("\n")[0]
    shown = first if first.startswith("no problem") else _code(first.partition(": ")[2])
    cells = [f"[{row.number}](#{_anchor(row)})", row.title, one, "the same" if folder == one else folder, shown]
    return f"| {' | '.join(cells)} |\n"


def _cell(lines: list[str]) -> str:
    told = [line for line in lines if line != "no DAG"][:3]
    return "<br>".join(line if line.startswith(OURS) else _code(line) for line in told)


def _code(text: str) -> str:
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "`" + shown.replace("|", "\\|").replace("`", "'") + "`"


def _heading(row: _Row) -> str:
    return f"{row.number}. {row.title}"


def _anchor(row: _Row) -> str:
    kept = "".join(char for char in _heading(row).lower() if char.isalnum() or char in " -_")
    return kept.replace(" ", "-")


def _section(row: _Row) -> str:
    return f"\n## {_heading(row)}\n\n```text check\n{row.check}```\n\n```text dag-factory\n{row.dag_factory}```\n"
