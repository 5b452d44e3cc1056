"""The plan says "no change" if, and only if, Airflow has the same DAG: tried with random edits and the real Airflow."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.build import BuildError, build_dag
from pipelines.plan.changes import Change, Kind, compare
from pipelines.plan.docs import iter_changes_of_docs
from pipelines.plan.facts import facts_of
from schemas.checker import check_source
from schemas.contract import load_contract
from schemas.diagnostic import Severity
from schemas.source import parse_source
from schemas.spec import Pipeline
from tests.pipelines.plan.edits import BASE, BASES, SPELLING, SUBSTANCE, Data, Edit, base, written
from tests.pipelines.plan.fingerprint import fingerprint, tasks_by_value

pytestmark = [
    pytest.mark.airflow,
    # what hypothesis finds slow is the first import of Airflow
    pytest.mark.filterwarnings("ignore"),
]


def pipeline_of(text: str) -> Pipeline | None:
    """Give the pipeline of a text, if it is sound."""
    file = check_source(parse_source(Path("orders.yaml"), text), shown_as="orders.yaml")
    if any(diagnostic.severity is Severity.ERROR for diagnostic in file.diagnostics):
        return None
    return next(iter(file.pipelines), None)


def edited(data: Data, edits: list[Edit], chance: random.Random) -> Data:
    """Make those edits that leave the pipeline sound."""
    for edit in edits:
        new = copy.deepcopy(data)
        try:
            edit(new, chance)
        except (IndexError, KeyError, AttributeError, TypeError):
            # there is nothing to edit in this way
            continue
        if pipeline_of(written(new, random.Random(0))) is not None:
            data = new
    return data


def changes(before: Pipeline, after: Pipeline) -> list[Change]:
    contract = load_contract()
    found = compare(facts_of(before, contract), facts_of(after, contract))
    return found or [*iter_changes_of_docs((before, "orders.yaml"), (after, "orders.yaml"))]


def dag_of(pipeline: Pipeline) -> Any:
    try:
        return build_dag(pipeline)
    except BuildError:
        assume(False)


EDITS = st.lists(st.sampled_from([*SPELLING, *SUBSTANCE]), max_size=3)


@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(st.just(BASE), st.sampled_from(BASES)),
    first=EDITS,
    neutral=st.lists(st.sampled_from(SPELLING), max_size=3),
    last=EDITS,
    seed=st.integers(0, 1_000_000),
)
def test_no_change_in_the_plan_is_no_change_in_airflow_and_the_other_way_round(
    text: str, first: list[Edit], neutral: list[Edit], last: list[Edit], seed: int
) -> None:
    chance = random.Random(seed)
    old = edited(base(text), first, chance)
    new = edited(old, [*neutral, *last[:1]], chance)
    before, after = (pipeline_of(written(data, chance)) for data in (old, new))
    assert before is not None
    assert after is not None
    dags = dag_of(before), dag_of(after)

    found = changes(before, after)

    assert (not found) == (fingerprint(dags[0], before) == fingerprint(dags[1], after))
    if all(change.kind is Kind.RESPELLED for change in found):
        assert tasks_by_value(dags[0]) == tasks_by_value(dags[1])
