"""What a pipeline is made of besides its file: any change there is seen, and nothing else is checked again."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from pipelines.loader import InvalidPipelineError, load, raise_problems
from tests.pipelines.load.conftest import BASH, text_of

pytestmark = pytest.mark.airflow

TEMPLATE = f"""\
parameters:
  command: {{type: string}}
pipeline:
  tasks:
    a: {{operator: {BASH}, bash_command: "${{{{ parameters.command }}}}"}}
"""


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are checked."""
    from schemas import checker

    names: list[str] = []
    original = checker.check_source
    monkeypatch.setattr(checker, "check_source", lambda s, **o: names.append(s.path.name) or original(s, **o))
    return names


@pytest.fixture
def folder(folder: Path) -> Path:
    (folder / ".airflowignore").touch()
    return folder


def retries(folder: Path, dag_id: str = "dag_7") -> int:
    loaded = load(folder)
    assert loaded.dags[dag_id].get_task("a").retries == load(folder, dag_id=dag_id).dags[dag_id].get_task("a").retries
    return int(loaded.dags[dag_id].get_task("a").retries)


def defaults(number: int) -> str:
    return f"default_args: {{retries: {number}}}\n"


def test_defaults_that_come_change_and_go_are_seen(folder: Path, checked: list[str]) -> None:
    assert retries(folder) == 0
    (folder / "defaults.yaml").write_text(defaults(3))
    assert retries(folder) == 3
    # of the same length, perhaps in the same tick of the clock
    (folder / "defaults.yaml").write_text(defaults(4))
    assert retries(folder) == 4
    (folder / "defaults.yaml").unlink()
    assert retries(folder) == 0
    assert len(checked) == 4 * 20


def test_defaults_that_stay_cost_nothing(folder: Path, checked: list[str]) -> None:
    (folder / "defaults.yaml").write_text(defaults(3))
    load(folder)
    (folder / "defaults.yaml").touch()
    assert retries(folder) == 3
    assert len(checked) == 20


def test_a_change_between_the_check_and_a_look_at_the_file_is_seen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from schemas import checker

    (folder / "defaults.yaml").write_text(defaults(3))
    original = checker.check_source

    def check_source(source: object, **options: object) -> object:
        result = original(source, **options)
        (folder / "defaults.yaml").write_text(defaults(4))
        return result

    with monkeypatch.context() as patched:
        patched.setattr(checker, "check_source", check_source)
        assert load(folder).dags["dag_7"].get_task("a").retries == 3
    assert retries(folder) == 4


def test_defaults_that_go_between_the_check_and_a_look_at_them_are_seen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from schemas import checker

    (folder / "defaults.yaml").write_text(defaults(3))
    original = checker.check_source

    def check_source(source: object, **options: object) -> object:
        result = original(source, **options)
        (folder / "defaults.yaml").unlink(missing_ok=True)
        return result

    with monkeypatch.context() as patched:
        patched.setattr(checker, "check_source", check_source)
        assert load(folder).dags["dag_7"].get_task("a").retries == 3
    assert retries(folder) == 0


def test_a_template_concerns_only_its_instances(folder: Path, checked: list[str]) -> None:
    (folder / "templates").mkdir()
    (folder / "templates" / "say.yaml").write_text(TEMPLATE)
    (folder / "one.yaml").write_text("one: {template: say, parameters: {command: hello}}\n")
    assert load(folder).dags["one"].get_task("a").bash_command == "hello"
    checked.clear()
    (folder / "templates" / "say.yaml").write_text(TEMPLATE.replace("parameters.command }}", "parameters.command }} !"))
    assert load(folder).dags["one"].get_task("a").bash_command == "hello !"
    assert checked == ["one.yaml"]
    (folder / "templates" / "say.yaml").write_text("parameters: {}\n")
    assert "one" not in load(folder).dags
    (folder / "templates" / "say.yaml").unlink()
    with pytest.raises(InvalidPipelineError, match='"say"'):
        raise_problems(folder)
    (folder / "templates" / "say.yml").write_text(TEMPLATE)
    assert load(folder).dags["one"].get_task("a").bash_command == "hello"
    raise_problems(folder)


def test_another_environment_is_another_cache(
    folder: Path, monkeypatch: pytest.MonkeyPatch, checked: list[str]
) -> None:
    (folder / "environments").mkdir()
    for name, number in (("dev", 1), ("prod", 5)):
        (folder / "environments" / f"{name}.yaml").write_text(f"dag_7: {{default_args: {{retries: {number}}}}}\n")
    for name, expected in (("", 0), ("dev", 1), ("prod", 5), ("dev", 1), ("", 0)):
        monkeypatch.setenv("PIPELINES_ENVIRONMENT", name)
        assert retries(folder) == expected
    assert len(checked) == 3 * 20
    monkeypatch.setenv("PIPELINES_ENVIRONMENT", "prod")
    (folder / "environments" / "prod.yaml").write_text("dag_7: {default_args: {retries: 6}}\n")
    assert retries(folder) == 6


def test_a_mark_in_a_folder_above_brings_its_defaults(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "defaults.yaml").write_text(defaults(3))
    assert retries(folder) == 0
    (tmp_path / ".airflowignore").touch()
    assert retries(folder) == 3


def test_parsing_for_one_task_reads_its_file_and_the_defaults(
    folder: Path, opened: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    (folder / "defaults.yaml").write_text(defaults(3))
    load(folder)
    with opened() as names:
        load(folder, dag_id="dag_7")
    assert set(names) == {"file_7.yaml", "defaults.yaml"}
    (folder / "file_7.yaml").write_text(text_of("dag_7", "changed"))
    with opened() as names:
        assert load(folder, dag_id="dag_7").dags["dag_7"].get_task("a").bash_command == "changed"
    assert set(names) == {"file_7.yaml", "defaults.yaml"}


def test_a_mistake_in_defaults_is_said_once_whoever_checked(folder: Path) -> None:
    (folder / "defaults.yaml").write_text("default_args: {retrys: 3}\n")
    texts = []
    for _ in range(3):
        with pytest.raises(InvalidPipelineError) as caught:
            raise_problems(folder)
        texts.append(str(caught.value))
        assert load(folder).dags == {}
    assert texts[0].count('unknown key "retrys"') == 1
    assert "default_args: {retrys: 3}" in texts[0]
    assert texts[0] == texts[1] == texts[2]


def test_a_default_that_has_not_changed_hides_no_change_of_the_file(folder: Path) -> None:
    (folder / "defaults.yaml").write_text(defaults(3))
    load(folder)
    path = folder / "file_7.yaml"
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_text(path.read_text().replace("bash_command: echo", "bash_command: ohce"))
    os.utime(path, ns=times)
    assert load(folder).dags["dag_7"].get_task("a").bash_command == "ohce"
