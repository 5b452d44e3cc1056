"""Judgements: the worst verdict counts, and every reader gets what it needs."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from operators.artifacts import Artifact, ArtifactWriter
from operators.report import Text
from operators.verdict import Judgement, Outcome, Verdict, format_value, record_judgement, verdict_table

PASS, WARN, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.INCONCLUSIVE


def verdict(outcome: Outcome, name: str = "auc", observed: Any = 0.5, **more: Any) -> Verdict:
    return Verdict(name=name, outcome=outcome, observed=observed, threshold="min 0.9", **more)


def judgement(*outcomes: Outcome, **more: Any) -> Judgement:
    verdicts = tuple(verdict(outcome, f"gate_{n}") for n, outcome in enumerate(outcomes))
    return Judgement(title="Quality gates", verdicts=verdicts, **more)


@pytest.fixture
def recorded(artifact_root: Path):
    """Record a judgement; gives verdicts.json, the report and the XCom."""

    def record(judged: Judgement, dag_id: str = "a_dag", **more: Any) -> tuple[dict[str, Any], str, dict[str, Any]]:
        pushed: dict[str, Any] = {}
        ti = SimpleNamespace(dag_id=dag_id, run_id="a_run", task_id="evaluate_model", try_number=1, map_index=-1)
        ti.xcom_push = lambda key, value: pushed.update({key: value})
        writer = ArtifactWriter({"ti": ti})  # type: ignore[typeddict-item]
        record_judgement({"ti": ti}, writer, judged, **more)  # type: ignore[typeddict-item]
        artifact = Artifact(writer.publish("judgement"))
        return artifact.read_json("verdicts.json"), artifact.read_bytes("report.html").decode(), pushed["verdict"]

    return record


@pytest.mark.parametrize(
    ("outcomes", "worst", "stops"),
    [
        ([], PASS, False),
        ([PASS, PASS], PASS, False),
        ([PASS, WARN], WARN, False),
        ([WARN, INCONCLUSIVE], INCONCLUSIVE, True),
        ([INCONCLUSIVE, FAIL, PASS], FAIL, True),
    ],
)
def test_the_worst_verdict_counts(outcomes, worst, stops):
    assert judgement(*outcomes).outcome is worst
    assert judgement(*outcomes).stops_the_run is stops


def test_inconclusive_may_be_let_through_but_a_failure_never():
    assert not judgement(INCONCLUSIVE, inconclusive_fails=False).stops_the_run
    assert judgement(FAIL, inconclusive_fails=False).stops_the_run


def test_failure_message_names_what_stops_the_run_and_nothing_else():
    verdicts = (verdict(PASS, "recall"), verdict(INCONCLUSIVE, "f1", None), verdict(FAIL, "auc", 0.81, message="n=9"))
    message = Judgement(title="Quality gates", verdicts=verdicts).failure_message()
    assert message == (
        "Quality gates: 2 of 3 not passed. auc fail: observed 0.81, threshold min 0.9 (n=9); "
        "f1 inconclusive: observed –, threshold min 0.9"
    )


def test_verdicts_are_kept_as_json_with_what_was_judged(recorded):
    kept, _, _ = recorded(judgement(PASS, FAIL, facts={"rows_in": 569}, evidence={"data": "ab" * 32}))
    assert (kept["verdict"], kept["dag_id"], kept["task_id"]) == ("fail", "a_dag", "evaluate_model")
    assert [v["verdict"] for v in kept["verdicts"]] == ["pass", "fail"]
    assert set(kept["verdicts"][0]) == {"name", "verdict", "observed", "threshold", "bound", "message"}
    assert (kept["facts"], kept["evidence"]) == ({"rows_in": 569}, {"data": "ab" * 32})


@pytest.mark.parametrize(("observed", "kept"), [(float("nan"), None), (float("inf"), "inf"), (None, None), ("a", "a")])
def test_values_that_json_lacks_do_not_break_the_record(recorded, observed, kept):
    told, *_ = recorded(Judgement(title="t", verdicts=(verdict(INCONCLUSIVE, "auc", observed),)))
    assert told["verdicts"][0]["observed"] == kept


def test_xcom_counts_names_and_links(recorded):
    _, _, told = recorded(judgement(PASS, WARN, FAIL, FAIL, INCONCLUSIVE))
    counts = {key: told[key] for key in ("verdict", "passed", "warned", "failed", "inconclusive")}
    assert counts == {"verdict": "fail", "passed": 1, "warned": 1, "failed": 2, "inconclusive": 1}
    assert told["failing"] == ["gate_2", "gate_3", "gate_4"]
    assert told["verdicts"].endswith("/verdicts.json")
    assert told["report"].endswith("/report.html")


def test_xcom_is_small_however_much_fails(recorded):
    verdicts = tuple(verdict(FAIL, f"a_rather_long_column_name_{n}" * 9) for n in range(50))
    _, _, told = recorded(Judgement(title="t", verdicts=verdicts), dag_id="d" * 60)
    assert len(json.dumps(told)) <= 1000


def test_log_shows_the_table_worst_first(recorded, caplog):
    caplog.set_level(logging.INFO, logger="airflow.task")
    recorded(judgement(PASS, FAIL))
    lines = caplog.text.splitlines()
    (first,) = (number for number, line in enumerate(lines) if line.startswith("gate_1"))
    assert lines[first].split() == ["gate_1", "fail", "0.5", "min", "0.9"]
    assert lines[first + 1].startswith("gate_0")


def test_report_shows_verdicts_facts_and_sections_escaped(recorded):
    bad = Judgement(title="<b>", verdicts=(verdict(FAIL, "<script>"),), facts={"source": "<img src=x>"})
    _, page, _ = recorded(bad, sections=[Text("Note", "1 < 2 & <i>")])
    for text in ("&lt;b&gt;", "&lt;script&gt;", "&lt;img src=x&gt;", "1 &lt; 2 &amp; &lt;i&gt;", 'class="badge fail"'):
        assert text in page
    assert not [tag for tag in ("<script>", "<img", "<i>") if tag in page]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (float("nan"), "–"), ("3 of 4", "3 of 4"), (0.123456789, "0.123457"), (569.0, "569")],
)
def test_values_for_people(value, text):
    assert format_value(value) == text


def test_table_puts_the_worst_first():
    table = verdict_table([verdict(PASS, "a"), verdict(FAIL, "b"), verdict(WARN, "c"), verdict(INCONCLUSIVE, "d")])
    assert [row[0] for row in table.rows] == ["b", "d", "c", "a"]
