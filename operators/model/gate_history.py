"""How many runs in a row have failed each gate: what EvaluateModel remembers from run to run."""

from __future__ import annotations

from collections.abc import Mapping

from operators.kept_state import KeptState, StateMovedError
from operators.verdict import Outcome

COUNTED_AT_MOST = 100
_TRIES = 5


def count_consecutive_failures(state: KeptState, gates: Mapping[str, Outcome], *, run_id: str) -> dict[str, int]:
    """Remember the outcomes of a run, and count how many runs in a row have failed each gate, this one included.

    A pass or a warning ends the row; what is inconclusive neither ends nor lengthens it. Another try of the same run
    counts once. A gate that is not asked for any more is forgotten.

    :param state: the memory of the task
    :param gates: gate -> its outcome in this run
    :param run_id: this run
    :returns: gate -> runs in a row, ``COUNTED_AT_MOST`` at most
    :raises StateMovedError: if other runs write all the time
    """
    for tries_left in reversed(range(_TRIES)):
        memory = state.read()
        known: Mapping[str, list[str]] = memory.value or {}
        rows = {gate: _lengthen(known.get(gate, []), outcome, run_id) for gate, outcome in gates.items()}
        try:
            state.write(rows, after=memory)
        except StateMovedError:
            if not tries_left:
                raise
        else:
            break
    return {gate: len(runs) for gate, runs in rows.items()}


def _lengthen(runs: list[str], outcome: Outcome, run_id: str) -> list[str]:
    """Give the runs that have failed in a row, the last one at the end."""
    others = [run for run in runs if run != run_id]
    if outcome is Outcome.FAIL:
        return [*others, run_id][-COUNTED_AT_MOST:]
    return others if outcome is Outcome.INCONCLUSIVE else []
