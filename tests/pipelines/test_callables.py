"""Nothing that a YAML file names is imported unless the schema lists it: not by the check, and not by the builder."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.build import BuildError, build_dag
from pipelines.build.callables import NotAllowedError, callback_of, function_of, notifier_of, trigger_of
from schemas.checker import check_file, check_source
from schemas.source import parse_source
from schemas.spec import Group, Pipeline

EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
PYTHON = "airflow.providers.standard.operators.python.PythonOperator"
CALL = {"callback": "booby_trap.spring", "event": "x"}
# every place of a pipeline where a path to code may stand
PLACES: dict[str, dict[str, Any]] = {
    "a callback": {"on_failure_callback": "booby_trap.spring"},
    "a callback with parameters": {"on_success_callback": CALL},
    "a callback in a list": {"on_failure_callback": ["operators.functions.log_event", CALL]},
    "a callback of default_args": {"default_args": {"on_retry_callback": CALL}},
    "a macro": {"user_defined_macros": {"spring": "booby_trap.spring"}},
    "a filter": {"user_defined_filters": {"spring": "booby_trap.spring"}},
    "a deadline": {"deadline": {"reference": "dagrun_queued_at", "interval": "1h", "callback": CALL}},
    "a trigger": {"schedule": [{"uri": "x", "watchers": [{"name": "w", "trigger": {"trigger": "booby_trap.spring"}}]}]},
    "a callback of a group": {"task_groups": {"g": {"default_args": {"on_execute_callback": CALL}}}},
}
TASKS: dict[str, dict[str, Any]] = {
    "a callback of a task": {"operator": EMPTY, "on_skipped_callback": CALL},
    "an outlet": {"operator": EMPTY, "outlets": PLACES["a trigger"]["schedule"]},
    "a function of an operator": {"operator": PYTHON, "python_callable": "booby_trap.spring"},
    "a class as operator": {"operator": "booby_trap.Spring"},
    "code by another key": {
        "operator": EMPTY,
        "python_callable_name": "spring",
        "python_callable_file": "booby_trap.py",
    },
}


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that leaves a file behind when it is imported."""
    (tmp_path / "booby_trap.py").write_text(
        f"open({str(tmp_path / 'sprung')!r}, 'w').close()\ndef spring(context=None, **_): ...\nclass Spring: ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def spec(config: dict[str, Any], task: dict[str, Any], conversions: dict[str, str]) -> Pipeline:
    """Make what the checker would never give, as if it had failed to look."""
    text = f"orders:\n  tasks:\n    a: {{operator: {EMPTY}}}\n"
    (pipeline,) = check_source(parse_source(Path("a.yaml"), text), shown_as="a.yaml").pipelines
    (right,) = pipeline.tasks
    groups = config.get("task_groups", {}).items()
    return replace(
        pipeline,
        config={key: value for key, value in config.items() if key != "task_groups"},
        tasks=(replace(right, config=task, conversions=conversions),),
        groups=tuple(Group(name, group, None, (), (), (), right.place) for name, group in groups),
    )


@pytest.mark.parametrize("place", PLACES)
def test_the_check_finds_it_and_does_not_import_it(place: str, trap: Path) -> None:
    import yaml

    config = {**PLACES[place], "tasks": {"a": {"operator": EMPTY}}}
    (trap / "a.yaml").write_text(yaml.safe_dump({"orders": config}))
    checked = check_file(trap / "a.yaml")
    assert "P404" in {diagnostic.code for diagnostic in checked.diagnostics}
    assert checked.pipelines == ()
    assert "booby_trap" not in sys.modules
    assert not (trap / "sprung").exists()


@pytest.mark.parametrize("place", TASKS)
def test_the_check_finds_it_in_a_task(place: str, trap: Path) -> None:
    import yaml

    (trap / "a.yaml").write_text(yaml.safe_dump({"orders": {"tasks": {"a": TASKS[place]}}}))
    checked = check_file(trap / "a.yaml")
    assert {"P404", "P401", "P104"} & {diagnostic.code for diagnostic in checked.diagnostics}
    assert checked.pipelines == ()
    assert not (trap / "sprung").exists()


@pytest.mark.parametrize("place", PLACES)
def test_the_builder_does_not_trust_the_check(place: str, trap: Path) -> None:
    with pytest.raises(BuildError, match="NotAllowedError"):
        build_dag(spec(PLACES[place], {"operator": EMPTY}, {}))
    assert "booby_trap" not in sys.modules
    assert not (trap / "sprung").exists()


@pytest.mark.parametrize("place", ["a callback of a task", "an outlet", "a function of an operator"])
def test_the_builder_does_not_trust_the_check_of_tasks(place: str, trap: Path) -> None:
    conversions = {"python_callable": "function"} if "python_callable" in TASKS[place] else {}
    with pytest.raises(BuildError, match="NotAllowedError"):
        build_dag(spec({}, TASKS[place], conversions))
    assert not (trap / "sprung").exists()


def test_texts_inside_of_values_are_not_taken_for_paths(trap: Path) -> None:
    """dag-factory imports every text below user_defined_macros."""
    dag = build_dag(spec({"user_defined_macros": {"shop": {"name": "booby_trap.spring"}}}, {"operator": EMPTY}, {}))
    assert dag.user_defined_macros == {"shop": {"name": "booby_trap.spring"}}
    assert not (trap / "sprung").exists()


@pytest.mark.parametrize(
    "path",
    [
        "os.system",
        "builtins.eval",
        "operators.functions.logging",
        "operators.functions.date",
        "operators.functions._MONTHS_IN_A_QUARTER",
        "operators.artifacts.artifact_root",
        "operators.functions.quarter.__call__",
        "operators.functions",
        "quarter",
        "",
    ],
)
def test_only_listed_functions_are_imported(path: str) -> None:
    with pytest.raises(NotAllowedError):
        function_of(path)
    with pytest.raises(NotAllowedError):
        notifier_of(path)
    with pytest.raises(NotAllowedError):
        trigger_of({"trigger": path})


def test_a_list_that_was_tampered_with_does_not_make_a_module_of_another_package_callable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pipelines.build import callables
    from schemas.contract import load_contract

    contract = load_contract()
    functions = {**contract.functions, "os.system": {}, "operators.functions.logging": {}}
    definitions = {**contract.document["$defs"], "functions": functions, "notifiers": {"os.system": {}}}
    tampered = replace(contract, document={**contract.document, "$defs": definitions})
    monkeypatch.setattr(callables, "load_contract", lambda: tampered)
    for path in ("os.system", "operators.functions.logging"):
        with pytest.raises(NotAllowedError):
            function_of(path)
    with pytest.raises(NotAllowedError):
        notifier_of("os.system")


def test_a_callback_without_parameters_is_the_function_itself() -> None:
    from functools import partial

    from operators.functions import log_event

    assert callback_of("operators.functions.log_event") is log_event
    bound = callback_of({"callback": "operators.functions.log_event", "event": "x"})
    assert isinstance(bound, partial)
    assert (bound.func, bound.keywords) == (log_event, {"event": "x"})
