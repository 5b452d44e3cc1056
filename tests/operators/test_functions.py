"""The functions that pipeline files may name."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from operators.functions import as_percent, log_event, quarter

TASK = SimpleNamespace(dag_id="orders", task_id="load")
DAG = SimpleNamespace(dag_id="orders")


@pytest.mark.parametrize(
    ("context", "line"),
    [
        ({"task_instance": TASK, "dag": DAG, "run_id": "r1"}, "failed: orders.load in run r1"),
        ({"dag": DAG, "run_id": "r1", "reason": "timed_out"}, "failed: orders in run r1"),
        ({"task_instance": TASK, "dag": DAG, "run_id": "r1", "reason": "x"}, "failed: orders in run r1"),
        ({}, "failed: ? in run ?"),
    ],
)
def test_an_event_is_one_line_of_the_log(context: Any, line: str, caplog: pytest.LogCaptureFixture) -> None:
    log_event(context, event="failed", level="error")
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [(logging.ERROR, line)]


@pytest.mark.parametrize(("value", "digits", "text"), [(0.934, 1, "93.4 %"), (1, 0, "100 %"), (0.00125, 2, "0.12 %")])
def test_a_part_is_written_as_percent(value: float, digits: int, text: str) -> None:
    assert as_percent(value, digits) == text


@pytest.mark.parametrize(
    ("day", "name"),
    [(date(2026, 1, 1), "2026-Q1"), (date(2026, 6, 30), "2026-Q2"), (datetime(2026, 12, 31, tzinfo=UTC), "2026-Q4")],
)
def test_a_day_belongs_to_a_quarter(day: date, name: str) -> None:
    assert quarter(day) == name
