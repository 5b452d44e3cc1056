"""A few hundred mutilated files: the checker answers each with a verdict, quickly, and never with a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import SEEDS
from tests.fuzz.hostile import HOSTILE, HOSTILE_TOGETHER
from tests.fuzz.judge import MAX_MEGABYTES, MAX_SECONDS, judge
from tests.fuzz.mutations import MAX_SIZE, NASTY, mutants
from tests.fuzz.roles import put, role_of

quiet = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = """default tasks task_groups default_args operator dependencies task_id schedule start_date retries trigger_rule
    data gates columns features group_name __type__ orders a b template parameters pipeline"""
names = st.sampled_from(WORDS.split())
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(NASTY) | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=40,
)


@pytest.mark.parametrize("part", range(6))
def test_real_files_that_were_spoilt(part: int, tmp_path: Path) -> None:
    for number, data in enumerate(mutants(SEEDS, count=100, seed=part)):
        folder = put(data, role_of(SEEDS[number % len(SEEDS)], number), tmp_path)
        assert judge(folder, timed=False).complaint == "", f"seed {part}, file {number}"


@quiet
@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.yaml"
    path.write_bytes(data)
    assert judge(path, timed=False).complaint == ""


@quiet
@given(values)
def test_any_data_with_the_right_words_in_the_wrong_places(tmp_path: Path, data: object) -> None:
    path = tmp_path / "any.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    assert judge(path, timed=False).complaint == ""


def test_a_seed_gives_the_same_files() -> None:
    once, again = (list(mutants(SEEDS, count=20, seed=3)) for _ in range(2))
    assert once == again
    assert all(len(data) <= MAX_SIZE for data in once)


def test_the_memory_of_who_started_the_program_does_not_count() -> None:
    taken = b"x" * (300 * 2**20)
    code = "from tests.fuzz.judge import peak_megabytes; print(peak_megabytes())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=120)
    assert len(taken) / 2**20 > MAX_MEGABYTES > float(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_answered_in_time_and_in_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.yaml"
    path.write_bytes(HOSTILE[name].encode())
    assert path.stat().st_size <= MAX_SIZE
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.judge", path], capture_output=True, check=True, timeout=120
    )
    verdict = json.loads(done.stdout)
    assert verdict["complaint"] == ""
    assert verdict["megabytes"] <= MAX_MEGABYTES
    # the machine that runs the tests does other things as well
    assert verdict["seconds"] <= 2 * MAX_SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE_TOGETHER)
def test_a_hostile_file_among_others_is_answered_in_time_and_in_little_memory(name: str, tmp_path: Path) -> None:
    role, text = HOSTILE_TOGETHER[name]
    folder = put(text.encode(), role, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.judge", folder], capture_output=True, check=True, timeout=120
    )
    verdict = json.loads(done.stdout)
    assert verdict["complaint"] == ""
    assert verdict["megabytes"] <= MAX_MEGABYTES
    assert verdict["seconds"] <= 2 * MAX_SECONDS
