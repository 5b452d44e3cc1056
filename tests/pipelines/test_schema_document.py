"""The committed schema is what the installed operators say, and what the checker and editors read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.operator_schema import annotation_schema
from pipelines.schema_document import pipeline_schema
from schemas.contract import SCHEMA_FILE, load_contract

COVERED = ("standard", "smtp", "http", "slack", "common-sql", "common-io", "celery")
DATE_TIME_SENSOR = "airflow.providers.standard.sensors.date_time.DateTimeSensor"
PYTHON_SENSOR = "airflow.providers.standard.sensors.python.PythonSensor"
BASH = "airflow.providers.standard.operators.bash.BashOperator"


def committed() -> Any:
    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def test_the_committed_schema_is_up_to_date() -> None:
    """If this fails, run ``make schema`` and read the difference."""
    providers = [f"apache-airflow-providers-{name}" for name in COVERED]
    assert pipeline_schema(providers) == committed()


def test_it_is_a_json_schema() -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(committed())


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        ("str", {"type": "string"}),
        ("int | None", {"type": ["integer", "null"]}),
        ("int | float", {"type": "number"}),
        ("Optional[bool]", {"type": ["boolean", "null"]}),
        ("timedelta", {"$ref": "#/$defs/duration"}),
        ("float | timedelta", {"$ref": "#/$defs/duration"}),
        ("datetime.datetime", {"$ref": "#/$defs/date"}),
        ("dict[str, int]", {"type": "object", "additionalProperties": {"type": "integer"}}),
        ("Sequence[str]", {"type": "array", "items": {"type": "string"}}),
        ("Literal['a', 'b']", {"enum": ["a", "b"]}),
        ("str | ArgNotSet", {"type": "string"}),
        ("Callable[[int], str]", {"x-callable": True}),
        ("Callable | str", {"type": "string", "x-callable": True}),
        ("SomeClass", {}),
        ("str | SomeClass", {}),
        ("not python at all", {}),
    ],
)
def test_a_type_hint_becomes_a_schema(hint: str, schema: dict[str, Any]) -> None:
    assert annotation_schema(hint) == schema


def test_parameters_come_from_the_whole_mro_with_their_descriptions() -> None:
    sensor = load_contract().operators[DATE_TIME_SENSOR]
    assert load_contract().required_keys(DATE_TIME_SENSOR) == ("target_time",)
    assert sensor["properties"]["poke_interval"]["default"] == 60
    assert sensor["properties"]["target_time"]["description"].endswith("(templated)")


def test_what_every_task_takes_is_not_repeated_for_each_operator() -> None:
    properties = load_contract().operators[BASH]["properties"]
    assert "bash_command" in properties
    assert "retries" not in properties


def test_durations_of_installed_operators_are_converted_when_built(tmp_path: Path) -> None:
    from datetime import timedelta

    from pipelines.build import build_dag
    from schemas.checker import check_file

    path = tmp_path / "a.yaml"
    path.write_text(
        "a:\n  tasks:\n    wait:\n      operator: airflow.providers.standard.sensors.bash.BashSensor\n"
        "      bash_command: exit 0\n      poke_interval: 90s\n      timeout: 2h\n"
    )
    (pipeline,) = check_file(path).pipelines
    task = build_dag(pipeline).get_task("wait")
    assert timedelta(seconds=task.poke_interval) == timedelta(seconds=90)
    assert timedelta(seconds=task.timeout) == timedelta(hours=2)


def test_the_command_writes_what_the_checker_then_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    from pipelines.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "schemas").mkdir()
    (tmp_path / "pipelines").mkdir()
    text = "a:\n  tasks:\n    x: {operator: airflow.providers.http.operators.http.HttpOperator, endpoind: /}\n"
    (tmp_path / "pipelines" / "a.yaml").write_text(text)
    out = io.StringIO()
    assert main(["schema", "--provider", "apache-airflow-providers-standard"], out) == 0
    assert out.getvalue().startswith("schemas/pipeline.schema.json: ")
    out = io.StringIO()
    assert main(["check"], out) == 0
    assert "P403 warning" in out.getvalue()
    assert main(["schema"], io.StringIO()) == 0
    out = io.StringIO()
    assert main(["check"], out) == 1
    assert 'P101 unknown key "endpoind"' in out.getvalue()


def test_a_parameter_for_a_function_takes_a_path_of_the_list() -> None:
    sensor = load_contract().operators[PYTHON_SENSOR]
    assert sensor["properties"]["python_callable"]["$ref"] == "#/$defs/function_path"
    assert load_contract().required_keys(PYTHON_SENSOR) == ("python_callable",)
    # Airflow imports this text as well
    trigger = load_contract().triggers["airflow.providers.http.triggers.http.HttpEventTrigger"]
    assert trigger["properties"]["response_check_path"]["$ref"] == "#/$defs/function_path"


def test_functions_are_listed_with_what_they_take() -> None:
    log_event = load_contract().functions["operators.functions.log_event"]
    assert log_event["x-context"] is True
    assert log_event["required"] == ["event"]
    assert log_event["properties"]["level"]["enum"] == ["info", "warning", "error"]
    assert "context" not in log_event["properties"]


def test_a_notifier_may_be_named_in_the_ways_that_its_provider_offers() -> None:
    notifiers = load_contract().notifiers
    slack = "airflow.providers.slack.notifications.slack"
    assert notifiers[f"{slack}.send_slack_notification"] is notifiers[f"{slack}.SlackNotifier"]
    assert notifiers["airflow.providers.http.notifications.HttpNotifier"]["title"] == "HttpNotifier"


FUNCTIONS = '''
from datetime import timedelta as _timedelta
from os.path import join

def tell(context, *, whom: str, after: int = 3) -> None:
    """Tell somebody."""

def double(value: float) -> float:
    """Twice as much."""
    return 2 * value

async def tell_later(context, **details) -> None:
    """Tell somebody, some time."""

def _hidden(value):
    ...
'''


def test_the_functions_of_a_package_can_be_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Public functions that are written there, of all modules below; not what those import, nor modules that hide."""
    import io

    from pipelines.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "shop_rules" / "deep").mkdir(parents=True)
    for name in ("__init__", "deep/__init__"):
        (tmp_path / "shop_rules" / f"{name}.py").touch()
    (tmp_path / "shop_rules" / "deep" / "tellers.py").write_text(FUNCTIONS)
    (tmp_path / "shop_rules" / "_private.py").write_text("def no(value): ...\n")
    arguments = ["--provider", "apache-airflow-providers-standard", "--output", "own.json"]
    out = io.StringIO()
    assert main(["schema", *arguments, "--callables", "shop_rules"], out) == 0
    assert out.getvalue() == "own.json: 46 operators, 13 functions\n"
    contract = load_contract(Path("own.json"))
    assert contract.packages == ("operators.functions", "shop_rules")
    own = {path: schema for path, schema in contract.functions.items() if path.startswith("shop_rules")}
    prefix = "shop_rules.deep.tellers"
    assert list(own) == [f"{prefix}.double", f"{prefix}.tell", f"{prefix}.tell_later"]
    assert own[f"{prefix}.tell_later"]["additionalProperties"] is True

    call = f"{{callback: {prefix}.tell, whom: me, aftr: 3}}"
    text = f"a:\n  on_failure_callback: {call}\n  tasks: {{t: {{operator: DownloadData, source: sample://iris}}}}\n"
    (tmp_path / "a.yaml").write_text(text)
    out = io.StringIO()
    assert main(["check", "--schema", "own.json", "a.yaml"], out) == 1
    assert 'P101 unknown key "aftr" in "on_failure_callback"' in out.getvalue()
    (tmp_path / "a.yaml").write_text(text.replace("aftr: 3", "after: 3"))
    assert main(["check", "--schema", "own.json", "a.yaml"], io.StringIO()) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["schema", "--callables", "no_such_package"], "the functions of a package cannot be read: No module named"),
        (["check", "--schema", "nowhere.json", "."], "nowhere.json: cannot be used as schema: No such file"),
        (
            ["check", "--schema", "other.json", "."],
            "other.json: cannot be used as schema: it is not a pipeline",
        ),
        (["schema", "--provider", "nonsense"], "nonsense not installed; installed: apache-airflow-providers-"),
    ],
)
def test_bad_usage_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    from pipelines.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.json").write_text("{}")
    (tmp_path / "a.yaml").write_text("a: {}\n")
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"pipelines: {message}")
    assert error.count("\n") == 1
