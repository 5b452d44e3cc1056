"""The checker's words on thresholds: exactly where the operators would refuse one, and the same numbers for metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.model.metrics import metrics_for
from operators.thresholds import ThresholdError, parse_quantity, parse_threshold
from schemas.quantities import read_quantity
from schemas.rules.metrics import ANYTHING, METRICS
from schemas.rules.thresholds import threshold_findings
from schemas.source import Tree

QUANTITIES = st.one_of(
    st.integers(-5, 5), st.floats(-5, 5), st.sampled_from(["1%", "50%", "200%", "30s", "5m", "1h30m", "0s", "1.5d"])
)
PAIRS = st.lists(QUANTITIES, min_size=2, max_size=2)
THRESHOLDS = st.fixed_dictionaries(
    {},
    optional={
        "min": QUANTITIES,
        "max": QUANTITIES,
        "fail": QUANTITIES,
        "between": PAIRS,
        "warn": QUANTITIES | PAIRS,
    },
).filter(bool)


def codes(value: Any) -> set[str]:
    return {finding.code for finding in threshold_findings(value, ("dag", "tasks", "task", "rows"), ANYTHING, Tree())}


def is_refused(value: Any) -> bool:
    try:
        parse_threshold(value, where="rows")
    except ThresholdError:
        return True
    return False


@given(THRESHOLDS)
def test_a_threshold_is_reported_exactly_where_the_operators_refuse_it(value: dict[str, Any]) -> None:
    assert bool(codes(value)) == is_refused(value), value


@given(THRESHOLDS)
def test_one_threshold_has_one_thing_wrong(value: dict[str, Any]) -> None:
    assert len(codes(value)) <= 1


@given(st.one_of(QUANTITIES, st.text(max_size=6), st.booleans(), st.none(), st.just("1" * 400 + "%")))
def test_a_quantity_means_what_the_operators_say(value: Any) -> None:
    found = read_quantity(value)
    try:
        expected = parse_quantity(value, where="x")
    except ThresholdError:
        assert found is None
    else:
        assert found is not None
        assert found.value == expected


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_metrics_are_those_of_the_operators(task: str) -> None:
    ours = {name: (m.kind.higher_is_better, m.needs) for name, m in METRICS.items() if m.task == task}
    assert ours == {name: (m.higher_is_better, m.needs) for name, m in metrics_for(task).items()}


def test_every_threshold_parameter_of_the_operators_is_known_here() -> None:
    """A threshold that is added to an operator and forgotten here would never be checked."""
    from schemas.contract import load_contract
    from schemas.rules.thresholds import known_parameters

    contract = load_contract(Path(__file__).parents[3] / "schemas" / "pipeline.schema.json")
    found = {
        f"{name}.{path}"
        for name, schema in contract.operators.items()
        for path in iter_thresholds(contract.document, schema)
    }
    # Those of a health check that was added are known by their form; tests/docs/test_docs.py adds one.
    own_checks = {name for name in contract.operators if name.startswith("Check")} - set(known_parameters())
    found = {path for path in found if path.partition(".")[0] not in own_checks}
    known = {f"{operator}.{pattern}" for operator, patterns in known_parameters().items() for pattern in patterns}
    assert found <= known


def iter_thresholds(document: Any, schema: Any, path: str = "") -> Any:
    """Yield the dotted paths of what the schema calls a threshold or a tolerance."""
    reference = schema.get("$ref", "")
    if reference.endswith(("/threshold", "/tolerance")):
        yield path
        return
    for part in (schema, *schema.get("anyOf", ()), *schema.get("allOf", ())):
        if part is not schema:
            yield from iter_thresholds(document, part, path)
        for key, inner in part.get("properties", {}).items():
            yield from iter_thresholds(document, inner, f"{path}.{key}".lstrip("."))
        if isinstance(part.get("additionalProperties"), dict):
            yield from iter_thresholds(document, part["additionalProperties"], f"{path}.*".lstrip("."))
