"""Defaults, environments and templates, down to the DAGs that the loader builds of them."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.loader import Loaded, load
from schemas.surroundings import ENVIRONMENT_VARIABLE

CASE = Path(__file__).parent.parent / "cases" / "ok" / "layers"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the pipelines, as the folder of the DAGs."""
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    folder = shutil.copytree(CASE, tmp_path / "pipelines")
    (folder / ".airflowignore").touch()
    return folder


def dags_of(folder: Path) -> dict[str, Any]:
    loaded = load(folder)
    assert loaded.diagnostics == ()
    return loaded.dags


def lines_of(loaded: Loaded) -> list[str]:
    return [str(diagnostic) for diagnostic in loaded.diagnostics]


def test_defaults_reach_dags_and_tasks_and_the_nearest_wins(folder: Path) -> None:
    dags = dags_of(folder)
    orders, stock = dags["orders"], dags["stock"]
    assert [orders.catchup, orders.params["table"], orders.tags] == [False, "orders", {"shop"}]
    assert [orders.get_task("check").owner, orders.get_task("check").retries] == ["data-team", 3]
    assert orders.get_task("check").retry_delay == timedelta(seconds=90)
    assert stock.tags == {"shop", "north"}
    assert [stock.get_task("load").owner, stock.get_task("load").execution_timeout] == ["north", timedelta(minutes=30)]
    assert stock.get_task("load").retry_delay == timedelta(minutes=5)


def test_defaults_reach_tasks_in_both_forms_and_add_those_that_are_whole(folder: Path) -> None:
    dags = dags_of(folder)
    for dag_id, retries in (("orders", 4), ("orders_list", 1)):
        load_task = dags[dag_id].get_task("load")
        assert [load_task.pool, load_task.retries] == ["downloads", retries]
        assert dags[dag_id].get_task("say").is_teardown


def test_an_instance_has_its_values_with_their_types(folder: Path) -> None:
    dags = dags_of(folder)
    wine, iris = dags["wine"], dags["iris"]
    assert wine.description == "Loads sample://wine at 6, false"
    assert [wine.schedule, iris.schedule] == ["0 6 * * *", "0 4 * * *"]
    assert [wine.tags, iris.tags] == [{"made"}, {"a", "b"}]
    assert wine.get_task("check").rows == {"min": 150}
    assert iris.get_task("check").columns == {"sepal_length_cm": {"type": "number"}}
    assert iris.get_task("load").source == "sample://iris"


def test_what_an_instance_says_besides_is_laid_over_the_template(folder: Path) -> None:
    iris = dags_of(folder)["iris"]
    assert [iris.max_active_runs, iris.get_task("load").pool, iris.get_task("load").retries] == [1, "slow", 4]
    assert iris.get_task("done").upstream_task_ids == {"check"}


def test_the_chosen_environment_is_laid_over_it_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "prod")
    dags = dags_of(folder)
    orders, iris = dags["orders"], dags["iris"]
    assert [orders.schedule, orders.get_task("load").source] == ["0 3 * * *", "sample://digits"]
    assert orders.get_task("check").rows == {"min": 1000}
    assert orders.get_task("extra").upstream_task_ids == {"check"}
    assert dags["orders_list"].get_task("check").rows == {"min": 1000}
    # its defaults lie below what pipelines say themselves, as defaults do
    assert [orders.get_task("check").pool, orders.get_task("load").pool] == ["prod", "downloads"]
    # it can change what a template is given
    assert [iris.get_task("check").rows, iris.tags] == [{"min": 50}, {"prod"}]


def test_an_environment_that_changes_nothing_is_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "dev")
    assert dags_of(folder)["orders"].schedule == "@daily"


def test_without_the_environment_that_is_named_nothing_is_built(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "prd")
    loaded = load(folder)
    assert loaded.dags == {}
    assert lines_of(loaded) == [
        'pipelines/environments/prd.yaml:1:1: P802 there is no environment "prd" [unknown-environment]'
    ]
    assert loaded.diagnostics[0].hint == 'did you mean "prod"?'


@pytest.mark.parametrize("name", ["../prod", "prod.yaml", "a b", "x" * 500])
def test_an_environment_is_a_name_not_a_path(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, name)
    loaded = load(folder)
    assert (loaded.dags, [d.code for d in loaded.diagnostics]) == ({}, ["P802"])


def test_a_mistake_of_one_environment_stops_no_pipeline_of_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "environments" / "prod.yaml").write_text('orders: {schedule: "61 * * * *"}\n')
    assert sorted(dags_of(folder)) == ["iris", "orders", "orders_list", "stock", "stock_by_hand", "wine"]
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "prod")
    loaded = load(folder)
    assert sorted(loaded.dags) == ["iris", "orders_list", "stock", "stock_by_hand", "wine"]
    assert [line.partition(": P")[0] for line in lines_of(loaded)] == ["pipelines/environments/prod.yaml:1:20"]


BROKEN = {
    "defaults of a folder": ("north/defaults.yml", "retires: 3\n", {"stock", "stock_by_hand"}),
    "no YAML": ("north/defaults.yml", "a: [\n", {"stock", "stock_by_hand"}),
    "a template": ("templates/load.yaml", "pipeline: {tasks: {a: {operator: Nonsense}}}\n", {"wine", "iris"}),
    "an instance": ("made.yaml", "wine: {template: laod}\niris: {template: load}\n", {"wine", "iris"}),
}


@pytest.mark.parametrize(("name", "text", "gone"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_stops_those_that_take_it_and_no_others(
    folder: Path, name: str, text: str, gone: set[str]
) -> None:
    everything = set(dags_of(folder))
    if name.startswith("templates"):
        (folder / "north" / "stock.yaml").unlink()
        gone = gone | {"stock", "stock_by_hand"}
    (folder / name).write_text(text)
    loaded = load(folder)
    assert set(loaded.dags) == everything - gone
    assert {diagnostic.path for diagnostic in loaded.diagnostics} <= {f"pipelines/{name}", "pipelines/made.yaml"}


def test_one_mistake_in_a_template_of_a_hundred_instances_is_said_once(folder: Path) -> None:
    template = (folder / "templates" / "load.yaml").read_text()
    (folder / "templates" / "load.yaml").write_text(template.replace("data: load", "data: laod"))
    for file in range(4):
        text = "".join(
            f"many_{file}_{n}: {{template: load, parameters: {{source: sample://wine, hour: {n % 20}}}}}\n"
            for n in range(25)
        )
        (folder / f"many_{file}.yaml").write_text(text)
    loaded = load(folder)
    assert [line.partition(" [")[0] for line in lines_of(loaded)] == [
        'pipelines/templates/load.yaml:22:13: P501 "data" takes the result of task "laod", which is not defined'
    ]
    assert loaded.diagnostics[0].hint.startswith('did you mean "load"? in pipeline "wine" of pipelines/made.yaml:1:1')
    assert not any(dag_id.startswith("many") for dag_id in loaded.dags)


def test_the_files_around_are_read_once_not_once_for_each_pipeline(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import schemas.surroundings

    read: list[str] = []
    original = schemas.surroundings.read_source
    monkeypatch.setattr(
        schemas.surroundings, "read_source", lambda path, file: read.append(path.name) or original(path, file=file)
    )
    load(folder)
    assert sorted(read) == ["defaults.yaml", "defaults.yml", "load.yaml"]


def test_for_one_dag_only_its_own_files_are_checked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import schemas.checker

    checked: list[str] = []
    original = schemas.checker.check_source
    monkeypatch.setattr(
        schemas.checker, "check_source", lambda s, **options: checked.append(s.path.name) or original(s, **options)
    )
    assert list(load(folder, dag_id="stock_by_hand").dags) == ["stock_by_hand"]
    assert checked == ["stock.yaml"]


def test_for_one_dag_of_many_instances_only_it_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import schemas.instances

    filled: list[object] = []
    original = schemas.instances.fill
    monkeypatch.setattr(schemas.instances, "fill", lambda *parts: filled.append(parts) or original(*parts))
    text = "".join(f"many_{n}: {{template: load, parameters: {{source: sample://wine}}}}\n" for n in range(100))
    (folder / "many.yaml").write_text(text)
    assert list(load(folder, dag_id="many_42").dags) == ["many_42"]
    assert len(filled) == 1


@pytest.mark.parametrize("name", ["defaults.yaml", "templates/load.yaml", "environments/prod.yaml"])
def test_files_that_are_no_pipelines_are_none(folder: Path, name: str) -> None:
    assert name.partition(".")[0].rpartition("/")[2] not in load(folder).dags
