"""The committed schema is what the installed operators say, and what the checker and editors read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.operator_schema import annotation_schema
from pipelines.schema_document import installed_operator_schemas, pipeline_schema
from schemas.contract import SCHEMA_FILE, load_contract

COVERED = ("standard", "smtp", "http", "slack", "common-sql", "common-io")
BASH = "airflow.providers.standard.operators.bash.BashOperator"


def committed() -> Any:
    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def test_the_committed_schema_is_up_to_date() -> None:
    """If this fails, run ``make schema`` and read the difference."""
    providers = [f"apache-airflow-providers-{name}" for name in COVERED]
    assert pipeline_schema(installed_operator_schemas(providers)) == committed()


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
        ("float | timedelta", {"anyOf": [{"$ref": "#/$defs/duration"}, {"type": "number"}]}),
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
    sensor = load_contract().operators["airflow.providers.standard.sensors.date_time.DateTimeSensor"]
    assert sensor["required"] == ["target_time"]
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
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
