"""What the editor knows of defaults, environments and templates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editor.conftest import SETTINGS
from tests.editor.editor import Editor
from tests.editor.language_server import LanguageServer

CASE = Path(__file__).parent.parent / "cases" / "ok" / "layers"
FILES = sorted(path.relative_to(CASE).as_posix() for path in CASE.rglob("*.yaml"))
TEMPLATE = """\
parameters:
  hour: {type: integer, default: 6}
pipeline:
  schedule: "0 ${{ parameters.hour }} * * *"
  tasks:
    a:
      operator: MonitoringComplete
"""


@pytest.fixture(scope="module")
def vs_code(server_command: list[str], repository: Path) -> Iterator[Editor]:
    """An editor with the settings of this repository."""
    of_vs_code = json.loads((repository / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    own = {key.removeprefix("yaml."): value for key, value in of_vs_code.items() if key.startswith("yaml.")}
    with LanguageServer(server_command, repository, {**SETTINGS, "yaml": {**SETTINGS["yaml"], **own}}) as server:
        yield Editor(server, repository)


@pytest.mark.parametrize("name", FILES)
def test_what_the_checker_takes_has_no_marks(vs_code: Editor, name: str) -> None:
    assert vs_code.on(name).marks((CASE / name).read_text(encoding="utf-8"), modeline="") == []


@pytest.mark.parametrize(
    ("name", "text", "underlined"),
    [
        ("defaults.yaml", "cathup: false\n", ["cathup"]),
        ("team/defaults.yaml", "default_args: {retries: many}\n", ["many"]),
        ("environments/prod.yaml", "orders: {schedul: null, tasks: {a: {retries: -1}}}\n", ["schedul", "-1"]),
        ("team/environments/prod.yaml", "default: {tags: x}\n", ["x"]),
        ("templates/load.yaml", TEMPLATE.replace("integer", "integr"), ["integr"]),
        ("templates/load.yaml", TEMPLATE + "      retries: many\n", ["many"]),
        ("templates/load.yaml", TEMPLATE + "      retries: ${{ parameters.hour }}\n", []),
        ("made.yaml", "made: {template: load, parameters: {hour: 4}, tasks: {a: {retries: 1}}}\n", []),
        ("made.yaml", "made: {template: load, schedul: null}\n", ["schedul"]),
    ],
)
def test_a_mistake_is_underlined_where_it_is(vs_code: Editor, name: str, text: str, underlined: list[str]) -> None:
    assert sorted(mark.underlined for mark in vs_code.on(name).marks(text, modeline="")) == sorted(underlined)


@pytest.mark.parametrize("kind", ["defaults", "environment", "template"])
def test_a_file_can_name_its_schema(editor: Editor, kind: str) -> None:
    modeline = f"# yaml-language-server: $schema=../schemas/{kind}.schema.json\n"
    wrong = {"defaults": "x: 1\n", "environment": "orders: {x: 1}\n", "template": "x: 1\npipeline: {}\n"}[kind]
    assert [mark.underlined for mark in editor.marks(wrong, modeline=modeline)] == ["x"]


def test_keys_and_operators_are_completed(vs_code: Editor) -> None:
    def labels(name: str, drawn: str) -> list[str]:
        return vs_code.on(name).labels(drawn, modeline="")

    assert {"catchup", "schedule", "tasks"} <= set(labels("defaults.yaml", "cat¦"))
    assert {"schedule", "parameters"} <= set(labels("environments/prod.yaml", "orders:\n  sch¦"))
    assert "TrainModel" in labels("templates/t.yaml", "pipeline:\n  tasks:\n    a:\n      operator: ¦")
    assert {"type", "minimum"} <= set(labels("templates/t.yaml", "parameters:\n  a:\n    ¦"))
    assert "parameters" in labels("made.yaml", "made:\n  template: t\n  par¦")
