"""Thresholds as the spec has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from operators.thresholds import describe_threshold
from schemas.bounds import iter_bounds, iter_patterns
from schemas.checker import check_file
from schemas.contract import load_contract
from schemas.rules.thresholds import known_parameters


def test_every_parameter_that_the_rules_know_as_a_threshold_is_found_in_the_schema() -> None:
    contract = load_contract()
    for operator, names in known_parameters().items():
        found = {".".join(pattern) for pattern in contract.threshold_patterns(operator)}
        assert set(names) <= found


def test_no_parameter_of_a_provider_is_taken_for_one() -> None:
    contract = load_contract()
    assert [name for name in contract.operators if "." in name and contract.threshold_patterns(name)] == []


def test_the_thresholds_of_a_pipeline_in_the_order_of_its_file(repository: Path) -> None:
    monitoring = check_file(repository / "pipelines" / "monitoring.yaml").pipelines[0]
    assert [(task.id, *threshold) for task in monitoring.tasks for threshold in task.thresholds.items()] == [
        ("check_dag_runs", "failed_runs", "warn 0, fail 2"),
        ("check_dag_runs", "failure_ratio", "warn 10%, fail 50%"),
        ("check_dag_runs", "duration", "warn 2h, fail 12h"),
        ("check_dag_runs", "running_for", "warn 1h, fail 6h"),
        ("check_dag_runs", "late_by", "warn 10m, fail 1h"),
        ("check_dag_runs", "versus_usual.duration", "warn 3, fail 10"),
        ("check_dag_runs", "versus_usual.late_by", "warn 15m"),
        ("check_dag_runs", "versus_usual.failure_ratio", "warn 30%"),
        ("check_dag_runs", "versus_usual.success_age", "warn 3, fail 6"),
        ("check_task_failures", "failed_tasks", "warn 0, fail 10"),
        ("check_task_failures", "same_task", "warn 1, fail 3"),
        ("check_task_failures", "same_error", "warn 2, fail 5"),
        ("check_task_failures", "retrying", "warn 20, fail 200"),
        ("check_task_failures", "concentration", "warn 80%"),
        ("check_task_failures", "versus_usual.failed_tasks", "warn 5"),
        ("check_task_failures", "versus_usual.retries", "warn 5"),
        ("check_scheduler_health", "heartbeat_age", "warn 45s, fail 2m"),
        ("check_scheduler_health", "lost_jobs", "warn 0, fail 3"),
        ("check_scheduler_health", "import_errors", "warn 0, fail 5"),
        ("check_scheduler_health", "parse_time", "warn 10s, fail 25s"),
        ("check_scheduler_health", "parse_age", "warn 10m, fail 1h"),
        ("check_scheduler_health", "pool_usage", "warn 90%"),
        ("check_scheduler_health", "queued_for", "warn 5m, fail 30m"),
        ("check_scheduler_health", "scheduled_for", "warn 15m, fail 2h"),
        ("check_scheduler_health", "triggerer_usage", "warn 80%, fail 95%"),
        ("check_scheduler_health", "database_latency", "warn 500ms, fail 2s"),
    ]


@pytest.mark.parametrize(
    "threshold",
    [{"min": 0.9, "warn": 0.92}, {"warn": "5%", "fail": "10%"}, {"warn": [2, 3], "between": [1, 4]}, {"max": "36h"}],
)
def test_bounds_read_as_in_a_verdict(threshold: dict[str, object]) -> None:
    assert list(iter_bounds({"rows": threshold}, (("rows",),))) == [("rows", describe_threshold(threshold))]


def test_a_margin_is_one_too_and_what_stands_beside_the_bounds_is_not() -> None:
    config = {"gates": {"recall": {"better_by": "1%", "warn": 0.1, "other": 3}, "f1": {}}, "rest": {"min": 1}}
    assert list(iter_bounds(config, (("gates", "*"),))) == [("gates.recall", "warn 0.1, better_by 1%")]


def test_patterns_are_where_a_schema_has_bounds() -> None:
    bounds = {"properties": {"min": {}}}
    schema = {"properties": {"rows": bounds, "columns": {"additionalProperties": {"$ref": "#/column"}}}}
    column = {"properties": {"bad": bounds, "unique": {"type": "boolean"}}}
    assert list(iter_patterns(schema, {"#/column": column}.__getitem__)) == [("rows",), ("columns", "*", "bad")]
