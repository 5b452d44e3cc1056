"""The metrics' table, and what leaves the machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from operators import stats
from operators.stats import METRICS, Kind, Metric

OPERATORS = Path(__file__).parents[2] / "operators"
SENT_BY_PIPELINES = {"pipeline.files", "pipeline.files_broken", "pipeline.problems"}
"""Those that are sent where files are parsed, and not by an operator."""
NAMES = {name: metric for name, metric in vars(stats).items() if isinstance(metric, Metric)}


def test_every_metric_has_one_constant():
    assert sorted(metric.name for metric in NAMES.values()) == sorted(METRICS)


@pytest.mark.parametrize("constant", NAMES)
def test_every_metric_is_sent_by_an_operator(constant):
    sources = [path.read_text() for path in OPERATORS.rglob("*.py") if path.name != "stats.py"]
    is_sent = any(re.search(rf"\bstats\.{constant}\b", source) for source in sources)
    assert is_sent or NAMES[constant].name in SENT_BY_PIPELINES


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_names_are_those_that_people_expect_in_prometheus(metric):
    assert re.fullmatch(r"(ml|pipeline|health)_[a-z_]+", metric.series)
    assert metric.series.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert metric.series.endswith("_seconds") == (metric.unit in ("seconds", "Unix time"))
    assert metric.description.endswith(".")


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_no_tag_may_have_a_value_of_its_own_for_each_run(metric):
    assert not {"run_id", "try_number", "map_index", "url", "uri", "error", "message"} & set(metric.tags)


def test_nothing_else_sends_metrics():
    others = [path for path in OPERATORS.rglob("*.py") if path.name != "stats.py"]
    assert [path for path in others if "observability" in path.read_text()] == []


def test_a_gauge_and_a_counter_on_the_wire(metrics):
    stats.emit(stats.ML_DATA_ROWS, 569, dag_id="d", task_id="g.t", kind="in")
    stats.emit(stats.ML_DEPLOYMENTS, 1, dag_id="d", model="m", outcome="deployed")
    stats.emit(stats.PIPELINE_FILES, 3)
    assert metrics() == [
        "airflow.ml.data_rows,dag_id=d,task_id=g.t,kind=in:569|g",
        "airflow.ml.deployments_total,dag_id=d,model=m,outcome=deployed:1|c",
        "airflow.pipeline.files:3|g",
    ]


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_was_not_measured_is_not_sent(metrics, value):
    stats.emit(stats.ML_TRAIN_DURATION, value, dag_id="d", task_id="t")
    assert metrics() == []


def test_a_negative_gauge_is_no_difference(metrics):
    """StatsD takes -5 for five less, so the client sends a 0 first."""
    stats.emit(stats.ML_METRIC, -5, dag_id="d", model="m", metric="r2")
    name = "airflow.ml.metric,dag_id=d,model=m,metric=r2"
    assert metrics() == [f"{name}:0|g\n{name}:-5|g"]


@pytest.mark.parametrize(
    ("value", "sent"),
    [("größe.μ", "gr__e._"), ("a b,c=d", "a_b_c_d"), ("", "none"), ("sex=Female.recall", "sex_Female.recall")],
)
def test_a_value_that_airflow_would_drop_is_changed(metrics, value, sent):
    stats.emit(stats.ML_GATE_VERDICT, 0, dag_id="d", task_id="t", gate=value)
    assert metrics() == [f"airflow.ml.gate_verdict,dag_id=d,task_id=t,gate={sent}:0|g"]


def test_a_line_that_airflow_would_drop_for_its_length_is_shortened_but_for_the_dag(metrics):
    for ending in ("one", "other"):
        stats.emit(stats.ML_GATE_VERDICT, 0, dag_id="d" * 100, task_id="t" * 100, gate="g" * 90 + ending)
    one, other = metrics()
    assert "d" * 100 in one
    assert one != other
    assert len(one) <= 250 + len("airflow.:0|g")


@pytest.mark.parametrize("tags", [{}, {"dag_id": "d"}, {"dag_id": "d", "task_id": "t", "run_id": "r"}])
def test_wrong_tags_are_a_mistake_of_ours(tags):
    with pytest.raises(TypeError, match=r"ml.train_duration_seconds takes the tags dag_id, task_id"):
        stats.emit(stats.ML_TRAIN_DURATION, 1, **tags)
