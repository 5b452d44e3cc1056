"""Several loader files share the pipelines: each pipeline belongs to one of them."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pipelines.load.shares import WHOLE, LoaderState, Share, loaders, share_of


def part(index: int, of: int) -> Share:
    return Share(((index, of),))


@given(st.text(st.characters(codec="utf-8"), max_size=20), st.integers(1, 50))
def test_each_pipeline_belongs_to_one_share(dag_id: str, number: int) -> None:
    assert sum(part(index, number).takes(dag_id) for index in range(number)) == 1


@pytest.mark.parametrize("number", [2, 3, 8, 10])
def test_shares_are_about_equal(number: int) -> None:
    names = [f"team_{n % 7}_pipeline_{n}" for n in range(10_000)]
    counts = Counter(next(i for i in range(number) if part(i, number).takes(name)) for name in names)
    assert min(counts.values()) > 0.85 * len(names) / number
    assert max(counts.values()) < 1.15 * len(names) / number


def test_a_pipeline_stays_where_it_is_from_process_to_process() -> None:
    names = ["churn", "ml_pipeline", "monitoring", "wine"]
    assert [name for name in names if part(0, 2).takes(name)] == ["churn", "ml_pipeline"]


def test_loader_files_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("dags.py", "dags_10.py", "dags_2.py", "dags_02.py", "dags_x.py", "my_dags_3.py", "problems.py"):
        (tmp_path / name).touch()
    assert loaders(tmp_path) == ["dags.py", "dags_2.py", "dags_10.py"]
    assert share_of(tmp_path / "dags_10.py", {})[0] == part(2, 3)


def test_one_loader_file_takes_all_and_so_does_one_of_another_name(tmp_path: Path) -> None:
    (tmp_path / "dags.py").touch()
    assert share_of(tmp_path / "dags.py", {})[0] == WHOLE
    assert share_of(tmp_path / "my_dags.py", {})[0] == WHOLE


NAMES = [f"pipeline_{number}" for number in range(40)]


class Airflow(RuleBasedStateMachine):
    """Loader files come while Airflow runs; it finds and parses them when it likes."""

    @initialize(number=st.integers(1, 4), parses=st.integers(0, 3))
    def start(self, number: int, parses: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.states: dict[str, LoaderState] = {}
        self.dags: dict[str, str] = {}
        self.found: list[str] = []
        self.add(number)
        self.find()
        for _ in range(1 + parses):
            for name in self.found:
                self.parse_file(name)

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(number=st.integers(1, 3))
    def add(self, number: int) -> None:
        there = len(loaders(self.folder))
        for place in range(there + 1, there + number + 1):
            (self.folder / ("dags.py" if place == 1 else f"dags_{place}.py")).touch()

    @rule()
    def find(self) -> None:
        self.found = loaders(self.folder)

    @rule(place=st.integers(0, 20))
    def parse(self, place: int) -> None:
        self.parse_file(self.found[place % len(self.found)])

    def parse_file(self, name: str) -> None:
        share, self.states[name] = share_of(self.folder / name, self.states)
        taken = {dag_id for dag_id in NAMES if share.takes(dag_id)}
        # a pipeline that its file does not build any more is gone, if no other file has built it since
        self.dags = {dag_id: file for dag_id, file in self.dags.items() if file != name} | dict.fromkeys(taken, name)

    @rule()
    def come_to_rest(self) -> None:
        self.find()
        for _ in range(4):
            for name in self.found:
                self.parse_file(name)
        shares = [share_of(self.folder / name, self.states)[0] for name in self.found]
        assert all(sum(share.takes(dag_id) for share in shares) == 1 for dag_id in NAMES)

    @invariant()
    def no_pipeline_is_ever_gone(self) -> None:
        assert sorted(getattr(self, "dags", NAMES)) == sorted(NAMES)


Airflow.TestCase.settings = settings(max_examples=150, deadline=None)
test_while_loader_files_come_no_pipeline_is_ever_gone = Airflow.TestCase
