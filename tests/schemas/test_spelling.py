"""Guessing names: near ones are found, far ones are not, and a long list or a long word costs no time."""

from __future__ import annotations

import time

import pytest

from schemas.spelling import did_you_mean, nearest

FEW = ["extract", "load", "train"]
MANY = [f"task_{number}" for number in range(10_000)]


@pytest.mark.parametrize(
    ("found", "meant"),
    [("extrct", "extract"), ("laod", "load"), ("trian", "train"), ("Load", "load"), ("x", ""), ("", "")],
)
def test_the_nearest_of_a_few_names(found: str, meant: str) -> None:
    assert nearest(found, FEW) == meant


@pytest.mark.parametrize("found", ["tsk_1234", "taks_1234", "task__1234", "tesk_1234"])
def test_among_many_names_one_wrong_letter_is_found(found: str) -> None:
    assert nearest(found, MANY) == "task_1234"


def test_a_hint_lists_what_is_allowed_where_nothing_is_near_but_not_thousands() -> None:
    assert did_you_mean("zzz", FEW) == "allowed: extract, load, train"
    assert did_you_mean("zzz", MANY).endswith(", … (10000 in all)")
    assert did_you_mean("zzz", []) == ""


def test_a_word_of_a_megabyte_is_nobodys_neighbour() -> None:
    start = time.process_time()
    assert nearest("x" * 1_000_000, MANY) == ""
    assert time.process_time() - start < 0.5
