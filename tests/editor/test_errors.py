"""What yaml-language-server underlines, and that it agrees with the checker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.checker import check_file
from tests.editor.conftest import SETTINGS
from tests.editor.editor import MODELINE, Editor
from tests.editor.language_server import LanguageServer

CASES = Path(__file__).parent.parent / "cases"
PIPELINES = sorted((Path(__file__).parent.parent.parent / "pipelines").glob("*.yaml"))
# one code for each kind of keyword that stands in the schema; the other codes are of rules that an editor does not have
BY_SCHEMA = {"P101", "P102", "P103", "P104", "P106"}
# JSON Schema takes 2.0 for an integer
NOT_IN_EDITORS = {"P103-whole-number-with-a-point"}
SHAPE_CASES = sorted(
    path
    for path in (CASES / "err").glob("P1*.yaml")
    if path.stem.split("-")[0] in BY_SCHEMA and path.stem not in NOT_IN_EDITORS
)

TASK = """\
orders:
  tasks:
    a:
      operator: MonitoringComplete
      report: b
"""


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.stem)
def test_our_pipelines_have_no_marks(editor: Editor, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(MODELINE)
    assert editor.marks(text, modeline="") == []


@pytest.mark.parametrize("path", sorted((CASES / "ok").glob("*.yaml")), ids=lambda path: path.stem)
def test_what_the_checker_takes_has_no_marks(editor: Editor, path: Path) -> None:
    assert editor.marks(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", SHAPE_CASES, ids=lambda path: path.stem)
def test_what_the_checker_says_by_the_schema_is_marked_in_the_same_line(editor: Editor, path: Path) -> None:
    found = {d.line for d in check_file(path).diagnostics if d.code in BY_SCHEMA}
    assert found <= {mark.line for mark in editor.marks(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize(
    ("lines", "underlined", "message"),
    [
        ("reprot: b", "reprot", "Property reprot is not allowed."),
        ("retries: three", "three", "Incorrect type."),
        ("retries: -1", "-1", "minimum"),
        ("trigger_rule: alldone", "alldone", "Value is not accepted."),
        ("retry_delay: 5 minutes", "5 minutes", ""),
        ("dependencies: b", "b", "Incorrect type."),
    ],
)
def test_a_mistake_is_underlined_where_it_is(editor: Editor, lines: str, underlined: str, message: str) -> None:
    (mark,) = editor.marks(TASK + f"      {lines}\n")
    assert mark.underlined == underlined
    assert message in mark.message


def test_a_missing_parameter_is_marked_at_the_task(editor: Editor) -> None:
    (mark,) = editor.marks("orders:\n  tasks:\n    a:\n      operator: MonitoringComplete\n")
    assert (mark.line, mark.message) == (3, 'Missing property "report".')


def test_an_operator_that_does_not_exist_is_underlined(editor: Editor) -> None:
    marks = editor.marks("orders:\n  tasks:\n    a:\n      operator: TrainModle\n")
    assert [mark.underlined for mark in marks] == ["TrainModle"]


@pytest.fixture
def vs_code(server_command: list[str], repository: Path) -> Iterator[Editor]:
    """An editor with the settings of this repository, on files that do not name their schema."""
    of_vs_code = json.loads((repository / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    own = {key.removeprefix("yaml."): value for key, value in of_vs_code.items() if key.startswith("yaml.")}
    with LanguageServer(server_command, repository, {**SETTINGS, "yaml": {**SETTINGS["yaml"], **own}}) as server:
        yield Editor(server, repository)


def test_with_the_settings_for_vs_code_a_file_need_not_name_its_schema(vs_code: Editor) -> None:
    marks = vs_code.marks(TASK + "      reprot: b\n", modeline="")
    assert [mark.underlined for mark in marks] == ["reprot"]


def test_with_the_settings_for_vs_code_yes_is_true_as_it_is_for_the_checker(vs_code: Editor) -> None:
    assert vs_code.marks("orders:\n  catchup: yes\n" + TASK.partition("\n")[2], modeline="") == []
