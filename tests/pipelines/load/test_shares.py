"""Several loader files share the pipelines: each pipeline belongs to one of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.load.shares import WHOLE, Share, loaders, share_of


@given(st.text(max_size=20), st.integers(1, 50))
def test_each_pipeline_belongs_to_one_share(dag_id: str, number: int) -> None:
    assert sum(Share(index, number).takes(dag_id) for index in range(number)) == 1


@pytest.mark.parametrize("number", [2, 3, 8, 10])
def test_shares_are_about_equal(number: int) -> None:
    names = [f"team_{n % 7}_pipeline_{n}" for n in range(10_000)]
    counts = Counter(next(i for i in range(number) if Share(i, number).takes(name)) for name in names)
    assert min(counts.values()) > 0.85 * len(names) / number
    assert max(counts.values()) < 1.15 * len(names) / number


def test_a_pipeline_stays_where_it_is_from_process_to_process() -> None:
    names = ["churn", "ml_pipeline", "monitoring", "wine"]
    assert [name for name in names if Share(0, 2).takes(name)] == ["churn", "ml_pipeline"]


def test_loader_files_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("dags.py", "dags_10.py", "dags_2.py", "dags_02.py", "dags_x.py", "my_dags_3.py", "problems.py"):
        (tmp_path / name).touch()
    assert loaders(tmp_path) == ["dags.py", "dags_2.py", "dags_10.py"]
    assert share_of(tmp_path / "dags_10.py") == Share(2, 3)


def test_one_loader_file_takes_all_and_so_does_one_of_another_name(tmp_path: Path) -> None:
    (tmp_path / "dags.py").touch()
    assert share_of(tmp_path / "dags.py") == WHOLE
    assert share_of(tmp_path / "my_dags.py") == WHOLE
