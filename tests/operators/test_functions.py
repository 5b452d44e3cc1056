"""The functions that pipeline files may name."""

from __future__ import annotations

import json
import logging
import socket
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from operators import functions
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


def test_days_from_one_to_another() -> None:
    assert functions.list_days("2026-02-27", "2026-03-01") == ["2026-02-27", "2026-02-28", "2026-03-01"]
    assert functions.list_days(date(2026, 1, 1), datetime(2026, 1, 1, 23, tzinfo=UTC)) == ["2026-01-01"]
    assert functions.list_days("2026-01-02", "2026-01-01") == []


@pytest.mark.parametrize(("day", "expected"), [("2026-02-28", True), ("2028-02-28", False), ("2026-12-31", True)])
def test_the_last_day_of_a_month(day: str, expected: bool) -> None:
    assert functions.is_month_end(day) is expected


@pytest.mark.parametrize(("day", "expected"), [("2026-01-02", "work"), ("2026-01-03", "rest"), ("2026-01-05", "work")])
def test_a_choice_by_the_day_of_the_week(day: str, expected: str) -> None:
    assert functions.choose_by_weekday(day, weekday="work", weekend="rest") == expected


def test_numbers_are_described() -> None:
    assert functions.describe_numbers([1, 2, 6]) == {"count": 3, "min": 1, "max": 6, "mean": 3.0}


def test_a_port_is_open_while_somebody_listens() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        assert functions.port_is_open("127.0.0.1", port) is False
        server.listen()
        assert functions.port_is_open("127.0.0.1", port) is True


@pytest.mark.parametrize(("text", "expected"), [("[]", False), ("{}", False), ('[{"id": 1}]', True)])
def test_an_answer_with_rows(text: str, expected: bool) -> None:
    assert functions.has_rows(SimpleNamespace(json=lambda: json.loads(text))) is expected


def test_a_positive_number() -> None:
    assert [functions.is_positive(number) for number in (-1, 0, 0.5)] == [False, False, True]
