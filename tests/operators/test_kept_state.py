"""KeptState: what a task remembers from run to run, also when two write at once or a file is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from operators.kept_state import KeptState, Memory, StateMovedError


@pytest.fixture
def state(artifact_root: Path) -> KeptState:
    return KeptState("größe.μ", "send_alerts")


@pytest.fixture
def folder(artifact_root: Path) -> Path:
    (artifact_root / "state").mkdir(parents=True)
    return artifact_root / "state"


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.json"))


def test_at_first_nothing_is_known(state):
    assert state.read() == Memory(0, None)


def test_what_was_kept_is_read(state):
    state.write({"a": [1, "ü"]}, after=state.read())
    assert state.read() == Memory(1, {"a": [1, "ü"]})


def test_tasks_and_dags_have_memories_of_their_own(state):
    state.write(1, after=state.read())
    assert KeptState("größe.μ", "another").read().value is None
    assert KeptState("größe", "send_alerts").read().value is None


def test_of_two_runs_that_have_read_the_same_one_goes_on_and_the_other_is_told(state):
    memory = state.read()
    state.write("first", after=memory)
    with pytest.raises(StateMovedError, match=r"00000001.json was written by another run"):
        state.write("second", after=memory)
    assert state.read().value == "first"


def test_the_last_generations_stay(state, folder):
    for number in range(9):
        state.write(number, after=state.read())
    assert files(folder) == [f"{number:08d}.json" for number in range(5, 10)]
    assert state.read() == Memory(9, 8)


@pytest.mark.parametrize("damage", ["", "{", "\x00"])
def test_a_damaged_generation_is_left_out(state, folder, caplog, damage):
    for number in range(2):
        state.write(number, after=state.read())
    next(folder.rglob("00000002.json")).write_text(damage)
    assert state.read() == Memory(2, 0)
    assert "00000002.json is left out" in caplog.text
    state.write("after", after=state.read())
    assert state.read() == Memory(3, "after")


def test_half_a_file_of_a_writer_that_died_is_not_seen(state, folder):
    state.write("whole", after=state.read())
    whole = next(folder.rglob("00000001.json"))
    (whole.parent / ".00000002.json.0123").write_text('{"hal')
    assert state.read() == Memory(1, "whole")


def test_a_value_that_json_lacks_is_an_error(state):
    with pytest.raises(ValueError, match="not JSON compliant"):
        state.write(float("nan"), after=state.read())
    assert state.read().generation == 0
