"""Runs in a row that failed a gate, whatever the order of outcomes and tries."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.kept_state import KeptState, Memory, StateMovedError
from operators.model.gate_history import COUNTED_AT_MOST, count_consecutive_failures
from operators.verdict import Outcome


class BusyState(KeptState):
    """A memory into which another run writes each time between reading and writing, for some times."""

    def __init__(self, times: int) -> None:
        super().__init__("a_dag", "evaluate_model")
        self._times = times

    def read(self) -> Memory:
        memory = super().read()
        if self._times:
            self._times -= 1
            super().write({"recall": ["of another run"]}, after=memory)
        return memory


def test_a_row_grows_and_ends(artifact_root: Path) -> None:
    state = KeptState("a_dag", "evaluate_model")
    outcomes = [Outcome.FAIL, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.FAIL, Outcome.WARN, Outcome.FAIL]
    counts = [
        count_consecutive_failures(state, {"recall": outcome}, run_id=str(number))["recall"]
        for number, outcome in enumerate(outcomes)
    ]
    assert counts == [1, 2, 2, 3, 0, 1]


def test_gates_are_counted_apart_and_forgotten_when_nobody_asks_for_them(artifact_root: Path) -> None:
    state = KeptState("a_dag", "evaluate_model")
    assert count_consecutive_failures(state, {"recall": Outcome.FAIL, "f1": Outcome.PASS}, run_id="1") == {
        "recall": 1,
        "f1": 0,
    }
    assert count_consecutive_failures(state, {"f1": Outcome.FAIL}, run_id="2") == {"f1": 1}
    assert count_consecutive_failures(state, {"recall": Outcome.FAIL}, run_id="3") == {"recall": 1}


def test_another_run_that_writes_in_between_is_not_lost(artifact_root: Path) -> None:
    assert count_consecutive_failures(BusyState(times=1), {"recall": Outcome.FAIL}, run_id="1") == {"recall": 2}


def test_one_that_never_gets_to_write_says_so(artifact_root: Path) -> None:
    with pytest.raises(StateMovedError):
        count_consecutive_failures(BusyState(times=99), {"recall": Outcome.FAIL}, run_id="1")


def test_a_row_is_counted_up_to_a_limit(artifact_root: Path) -> None:
    state = KeptState("a_dag", "evaluate_model")
    state.write({"recall": [str(number) for number in range(COUNTED_AT_MOST)]}, after=state.read())
    assert count_consecutive_failures(state, {"recall": Outcome.FAIL}, run_id="next") == {"recall": COUNTED_AT_MOST}


@given(outcomes=st.lists(st.sampled_from(Outcome), min_size=1, max_size=8), tries=st.integers(1, 3))
def test_whatever_happens_the_row_is_the_failures_since_the_last_that_was_none(
    artifact_root_of_all: Path, outcomes: list[Outcome], tries: int
) -> None:
    state = KeptState("a_dag", uuid4().hex)
    for number, outcome in enumerate(outcomes):
        for _ in range(tries):
            found = count_consecutive_failures(state, {"recall": outcome}, run_id=str(number))
    conclusive = [outcome for outcome in reversed(outcomes) if outcome is not Outcome.INCONCLUSIVE]
    assert found == {"recall": len(list(takewhile(lambda outcome: outcome is Outcome.FAIL, conclusive)))}


@pytest.fixture(scope="module")
def artifact_root_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("artifacts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__PIPELINES__ARTIFACT_ROOT", f"file://{folder}")
        yield folder
