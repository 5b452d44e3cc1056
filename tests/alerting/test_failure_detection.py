"""docs/failure-detection.md names nothing that does not exist, and leaves out nothing that the chain proves."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from operators import OPERATORS
from tests.alerting import test_chain
from tests.alerting.measure import FAULTS as BY_HAND

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs" / "failure-detection.md").read_text(encoding="utf-8")


class Row(NamedTuple):
    """One fault."""

    number: str
    fault: str
    noticed: str
    within: str
    proof: str


ROWS = [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in re.findall(r"^\| \d+ .*$", PAGE, re.M)]
ALERTS = {
    rule["alert"]
    for path in (REPOSITORY / "prometheus/rules").glob("*.yml")
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
TESTS = {
    name
    for path in (REPOSITORY / "tests").rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)
}
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.number} {row.fault}")


def named(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_there_are_at_least_25_faults_with_numbers_in_order() -> None:
    assert len(ROWS) >= 25
    assert [row.number for row in ROWS] == [str(number) for number in range(1, len(ROWS) + 1)]


@each_row
def test_what_notices_a_fault_exists(row: Row) -> None:
    names = named(row.noticed) or ["the same"]
    for name in names:
        if "." in name:
            operator, _, parameter = name.partition(".")
            assert parameter in parameters_of(operator), name
        else:
            assert name in ALERTS or name in ("the same", "watchdog"), name


def parameters_of(check: str) -> set[str]:
    """Give the parameters of a check, by the name that its task has in pipelines/monitoring.yaml."""
    tasks = yaml.safe_load((REPOSITORY / "pipelines/monitoring.yaml").read_text())["monitoring"]["tasks"]
    module, _, name = OPERATORS[tasks[check]["operator"]].rpartition(".")
    documented = getattr(importlib.import_module(module), name).__doc__ or ""
    return set(re.findall(r":param (\w+):", documented))


@each_row
def test_a_proof_exists_and_proves_it(row: Row) -> None:
    proofs = named(row.proof)
    assert proofs
    for proof in proofs:
        if proof.startswith("test_"):
            assert proof in TESTS
        elif proof.startswith("prometheus/tests/"):
            text = (REPOSITORY / proof).read_text()
            assert any(alert in text for alert in ALERTS & set(named(row.noticed)))
        else:
            module, fault = re.fullmatch(r"python -m (tests\.alerting\.\w+) (\w+)(?: \d+)?", proof).groups()  # type: ignore[union-attr]
            assert (module, fault in BY_HAND) == ("tests.alerting.measure", True)


@each_row
def test_a_chain_test_fires_what_its_row_names(row: Row) -> None:
    if "test_what_may_wait" in row.proof:
        assert set(named(row.noticed)) & set(test_chain.FOR_INFORMATION)
    if "test_a_fault_is_told" in row.proof:
        assert set(named(row.noticed)) & set(test_chain.FAULTS)
    if "test_a_dead_component" in row.proof:
        assert set(named(row.noticed)) & set(test_chain.KILLED)


def test_every_alert_that_the_chain_fires_is_in_the_table() -> None:
    noticed = {name for row in ROWS for name in named(row.noticed)}
    assert {*test_chain.FAULTS, *test_chain.FOR_INFORMATION, *test_chain.KILLED} - noticed == set()


def test_each_row_says_how_soon() -> None:
    assert [row for row in ROWS if not re.search(r"\d+ (s|min|h)|depends|as above", row.within)] == []
