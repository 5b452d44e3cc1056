"""Rates and ratios from Prometheus: what is asked, how answers are read, and what becomes of a check without it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import promql_parser
import pytest
from airflow.sdk.exceptions import AirflowFailException

from operators.health.check_dag_runs import CheckDagRunsOperator
from operators.health.check_scheduler_health import CheckSchedulerHealthOperator
from operators.health.check_task_failures import CheckTaskFailuresOperator
from operators.health.prometheus_api import PrometheusApi
from operators.health.run_look import run_questions
from operators.health.scheduler_look import QUESTIONS
from operators.health.task_look import task_questions
from tests.operators.health.test_run_comparison import Clock

CONN = "AIRFLOW_CONN_PROMETHEUS"
DAY = timedelta(days=1)
ALL_QUESTIONS = {**run_questions(DAY), **task_questions(DAY), **QUESTIONS}


class Answering:
    """A web server that answers every query with these rows, in Prometheus' form."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.status, self.body = 200, ""
        self.queries: list[str] = []
        self.authorization: list[str | None] = []
        self.port = 0

    def answer(self, question: str, value: float | str, **labels: str) -> None:
        self.rows.append({"metric": {"question": question, **labels}, "value": [1.0, str(value)]})

    def connection(self, **more: Any) -> str:
        return json.dumps({"conn_type": "http", "host": "127.0.0.1", "port": self.port, **more})


@pytest.fixture
def prometheus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    site = Answering()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            site.queries += parse_qs(body)["query"]
            site.authorization.append(self.headers["authorization"])
            answer = {"status": "success", "data": {"resultType": "vector", "result": site.rows}}
            self.send_response(site.status)
            self.end_headers()
            self.wfile.write((site.body or json.dumps(answer)).encode())

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv(CONN, site.connection())
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


# -- asking ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ALL_QUESTIONS)
def test_every_question_is_promql(question):
    promql_parser.parse(ALL_QUESTIONS[question])


def test_all_questions_are_one_request_and_one_expression(prometheus):
    prometheus.answer("failed", 3, dag_id="a")
    prometheus.answer("failed", 1, dag_id="b")
    prometheus.answer("retries", 2.5)
    prometheus.answer("finished", "NaN", dag_id="a")
    answers = PrometheusApi("prometheus").ask(task_questions(DAY), label="dag_id")
    assert answers.by_label("failed") == {"a": 3, "b": 1}
    assert answers.number("retries") == 2.5
    assert answers.number("usual_retries") is None
    assert answers.by_label("finished") == {}
    (query,) = prometheus.queries
    promql_parser.parse(query)


@pytest.mark.parametrize(
    ("fields", "header"),
    [
        ({}, None),
        ({"login": "me", "password": "pw"}, "Basic " + base64.b64encode(b"me:pw").decode()),
        ({"password": "token"}, "Bearer token"),
    ],
)
def test_a_login_or_a_token_is_sent(prometheus, monkeypatch, fields, header):
    monkeypatch.setenv(CONN, prometheus.connection(**fields))
    PrometheusApi("prometheus").ask({"a": "1"})
    assert prometheus.authorization == [header]


def test_where_there_is_no_connection_nothing_is_asked(monkeypatch):
    monkeypatch.delenv(CONN, raising=False)
    api = PrometheusApi("prometheus")
    assert api.ask({"a": "1"}).problem == "not asked, there is no connection 'prometheus'"
    assert api.requests == 0


def test_a_connection_without_a_host_is_a_mistake(monkeypatch):
    monkeypatch.setenv(CONN, '{"conn_type": "http"}')
    with pytest.raises(AirflowFailException, match="connection 'prometheus' has no host"):
        PrometheusApi("prometheus")


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (400, '{"status": "error", "error": "parse error"}', "answered 400: parse error"),
        (503, "starting up", "answered 503: no reason given"),
        (200, "<h1>hello</h1>", "answered 200: no reason given"),
        (200, '{"status": "success", "data": {"result": [{"value": 3}]}}', "form that Prometheus does not have"),
    ],
)
def test_an_answer_that_is_none_is_a_problem_and_no_error(prometheus, status, body, problem):
    prometheus.status, prometheus.body = status, body
    answers = PrometheusApi("prometheus").ask({"a": "1"})
    assert problem in answers.problem
    assert answers.number("a") is None


# -- checks that ask ---------------------------------------------------------------------------------------------------


RATIOS = {"failure_ratio": {"warn": "5%"}, "min_runs": 3}


def check_ratios(run_task: Any, verdicts_of: Any, **parameters: Any) -> dict[str, tuple[str, Any]]:
    """Judge the DAG that fails most, one of the few that Airflow can be asked for, and the one that fails least."""
    operator = CheckDagRunsOperator(
        task_id="c", conn_id="airflow_api", prometheus_conn_id="prometheus", **{**RATIOS, **parameters}
    )
    found: dict[str, tuple[str, Any]] = verdicts_of(run_task(operator))
    return {name: verdict for name, verdict in found.items() if "dag_11" in name or "dag_0." in name}


@pytest.fixture
def failing(busy, prometheus):
    """Twelve DAGs that run too often to be remembered: dag_0 has 11 failed runs, dag_11 has 4, each 36 good ones."""
    clock = Clock(busy)
    for number in range(12):
        for minutes in range(36):
            clock.run(f"dag_{number}", due=(minutes + 2) * 60)
        failures = {0: 11, 11: 4}.get(number, 6)
        for minutes in range(failures):
            clock.run(f"dag_{number}", due=(minutes + 2) * 60 + 1, state="failed")
        prometheus.answer("failed", failures, dag_id=f"dag_{number}")
        prometheus.answer("succeeded", 46, dag_id=f"dag_{number}")
    return clock


def test_the_ratio_of_runs_that_airflow_cannot_be_asked_for_is_taken_from_prometheus(
    failing, prometheus, run_task, verdicts_of
):
    prometheus.answer("before", 900)
    prometheus.answer("usual_succeeded", 200, dag_id="dag_11")
    assert check_ratios(run_task, verdicts_of, versus_usual={"failure_ratio": {"warn": "5%"}}) == {
        "dag_0.failure_ratio": ("warn", pytest.approx(11 / 47)),
        "dag_11.failure_ratio": ("warn", 0.08),
        "dag_11.failure_ratio_vs_usual": ("warn", 0.08),
    }


def test_a_prometheus_that_is_younger_than_the_window_is_not_believed(failing, run_task, verdicts_of):
    assert check_ratios(run_task, verdicts_of) == {"dag_0.failure_ratio": ("warn", pytest.approx(11 / 47))}


@pytest.mark.parametrize("failures", [0, 2, 8])
def test_a_prometheus_that_has_seen_other_failures_is_not_believed(
    failing, prometheus, run_task, verdicts_of, failures
):
    """It was away for a while, or adds up two Airflows that have a DAG of this name."""
    prometheus.answer("before", 900)
    prometheus.answer("failed", failures, dag_id="dag_11")  # the last answer counts
    assert check_ratios(run_task, verdicts_of).keys() == {"dag_0.failure_ratio"}


def test_a_dag_that_airflow_counts_is_not_judged_by_a_prometheus_that_has_seen_little(
    busy, prometheus, run_task, verdicts_of
):
    """It has seen one success of 90: 3 of 93 runs have failed, not 3 of 4."""
    clock = Clock(busy)
    for number in range(90):
        clock.run("load", due=(number + 1) * 900)
    for number in range(3):
        clock.run("load", due=(number + 1) * 6000, state="failed")
    prometheus.answer("succeeded", 1, dag_id="load")
    prometheus.answer("failed", 3, dag_id="load")
    prometheus.answer("before", 1)
    operator = CheckDagRunsOperator(
        task_id="c", conn_id="airflow_api", prometheus_conn_id="prometheus", failure_ratio={"fail": "50%"}
    )
    assert verdicts_of(run_task(operator)) == {"load.failure_ratio": ("pass", pytest.approx(3 / 93))}


def test_without_an_answer_the_ratio_is_counted_by_airflow(busy, prometheus, run_task, verdicts_of, read_published):
    prometheus.status = 503
    operator = CheckDagRunsOperator(
        task_id="c", conn_id="airflow_api", prometheus_conn_id="prometheus", failure_ratio={"fail": "50%"}, min_runs=3
    )
    run = run_task(operator)
    assert verdicts_of(run) == {"half_broken.failure_ratio": ("fail", 0.8)}
    assert "answered 503" in read_published(run.result, "verdicts.json")["facts"]["prometheus"]


def test_the_ratio_of_tasks_needs_prometheus(busy, prometheus, run_task, verdicts_of):
    for dag_id, failed, finished in (("a", 6, 60), ("b", 4, 5), ("c", 50, 1000)):
        prometheus.answer("failed", failed, dag_id=dag_id)
        prometheus.answer("finished", finished, dag_id=dag_id)
    operator = CheckTaskFailuresOperator(
        task_id="c", conn_id="airflow_api", prometheus_conn_id="prometheus", failure_ratio={"warn": "5%"}
    )
    assert verdicts_of(run_task(operator)) == {"a.failure_ratio": ("warn", 0.1)}


def test_a_ratio_that_cannot_be_had_is_inconclusive(busy, prometheus, run_task, verdicts_of):
    prometheus.status = 500
    operator = CheckTaskFailuresOperator(
        task_id="c", conn_id="airflow_api", prometheus_conn_id="prometheus", failure_ratio={"warn": "5%"}
    )
    assert verdicts_of(run_task(operator)) == {"failure_ratio": ("inconclusive", None)}


def test_retries_are_those_of_the_last_hour_and_of_a_usual_one(busy, prometheus, run_task, verdicts_of):
    prometheus.answer("retries", 40)
    prometheus.answer("usual_retries", 8)
    operator = CheckTaskFailuresOperator(
        task_id="c", conn_id="airflow_api", prometheus_conn_id="prometheus", versus_usual={"retries": {"warn": 3}}
    )
    assert verdicts_of(run_task(operator)) == {"retries_vs_usual": ("warn", 5)}


def test_the_scheduler_is_judged_by_what_prometheus_knows(busy, prometheus, run_task, verdicts_of):
    prometheus.answer("parse_time", 31.5, file_name="heavy.py")
    prometheus.answer("triggerer_usage", 0.97)
    prometheus.answer("scheduler_loop", 3)
    operator = CheckSchedulerHealthOperator(
        task_id="c",
        conn_id="airflow_api",
        prometheus_conn_id="prometheus",
        parse_time={"warn": "10s", "fail": "25s"},
        triggerer_usage={"fail": "95%"},
        scheduler_loop={"warn": "10s"},
        executor_usage={"warn": "90%"},
    )
    assert verdicts_of(run_task(operator)) == {
        "metadatabase": ("pass", "healthy"),
        "heavy.py.parse_time": ("fail", 31.5),
        "triggerer_usage": ("fail", 0.97),
        "scheduler_loop": ("pass", 3),
        "executor_usage": ("inconclusive", None),
    }


# -- a real Prometheus -------------------------------------------------------------------------------------------------

SCRAPED = """\
# TYPE airflow_triggers_running gauge
airflow_triggers_running{hostname="t1"} 30
airflow_triggers_running{hostname="t2"} 5
# TYPE airflow_triggerer_capacity_left gauge
airflow_triggerer_capacity_left{hostname="t1"} 10
airflow_triggerer_capacity_left{hostname="t2"} 95
# TYPE airflow_executor_open_slots gauge
airflow_executor_open_slots{executor_class_name="LocalExecutor",status="open"} 8
# TYPE airflow_executor_running_tasks gauge
airflow_executor_running_tasks{executor_class_name="LocalExecutor",status="running"} 24
# TYPE airflow_scheduler_scheduler_loop_duration histogram
airflow_scheduler_scheduler_loop_duration_bucket{le="1"} %(n)d
airflow_scheduler_scheduler_loop_duration_bucket{le="5"} %(n)d
airflow_scheduler_scheduler_loop_duration_bucket{le="+Inf"} %(n)d
airflow_scheduler_scheduler_loop_duration_sum %(n)d
airflow_scheduler_scheduler_loop_duration_count %(n)d
# TYPE airflow_dag_processing_last_duration histogram
airflow_dag_processing_last_duration_bucket{file_name="dags",bundle_name="b",le="+Inf"} %(n)d
airflow_dag_processing_last_duration_sum{file_name="dags",bundle_name="b"} %(n)d2
airflow_dag_processing_last_duration_count{file_name="dags",bundle_name="b"} %(n)d
# TYPE airflow_dagrun_duration_success histogram
airflow_dagrun_duration_success_bucket{dag_id="d",run_type="scheduled",le="+Inf"} %(n)d
airflow_dagrun_duration_success_sum{dag_id="d",run_type="scheduled"} %(n)d
airflow_dagrun_duration_success_count{dag_id="d",run_type="scheduled"} %(n)d
# TYPE airflow_ti_finish counter
airflow_ti_finish{dag_id="d",task_id="t",state="success"} %(n)d
airflow_ti_finish{dag_id="d",task_id="t",state="failed"} %(n)d
airflow_ti_finish{dag_id="d",task_id="t",state="up_for_retry"} %(n)d
"""


@contextmanager
def exporter() -> Iterator[int]:
    """Something to scrape, whose counters grow."""
    started = time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = SCRAPED % {"n": 10 + int((time.monotonic() - started) * 10)}
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


@pytest.fixture
def real_prometheus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    binary = shutil.which("prometheus")
    if binary is None:
        message = "prometheus is not installed (Debian: prometheus)"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with exporter() as target:
        (tmp_path / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\n"
            f"scrape_configs: [{{job_name: airflow, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}]\n"
        )
        command = [
            binary,
            f"--config.file={tmp_path}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ]
        process = subprocess.Popen(command)
        monkeypatch.setenv(CONN, json.dumps({"conn_type": "http", "host": "127.0.0.1", "port": port}))
        yield
        process.terminate()
        process.wait(timeout=20)


def ask_until(questions: dict[str, str], label: str, wanted: set[str]) -> Any:
    api = PrometheusApi("prometheus")
    deadline = time.monotonic() + 30
    while True:
        answers = api.ask(questions, label=label)
        if wanted <= set(answers.series) or time.monotonic() > deadline:
            return answers
        time.sleep(0.5)


@pytest.mark.slow
def test_a_real_prometheus_understands_every_question(real_prometheus):
    scheduler = ask_until(dict(QUESTIONS), "file_name", set(QUESTIONS))
    assert scheduler.problem == ""
    assert scheduler.by_label("parse_time").keys() == {"dags"}
    assert scheduler.number("triggerer_usage") == 0.75
    assert scheduler.number("executor_usage") == 0.75
    assert scheduler.number("scheduler_loop") == pytest.approx(0.95)
    runs = ask_until(run_questions(DAY), "dag_id", {"succeeded"})
    assert runs.by_label("succeeded")["d"] > 0
    tasks = ask_until(task_questions(DAY), "dag_id", {"failed", "finished", "retries", "usual_retries"})
    assert tasks.by_label("finished")["d"] == pytest.approx(2 * tasks.by_label("failed")["d"])
    assert tasks.number("retries") == pytest.approx(24 * tasks.number("usual_retries"), rel=0.01)


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "a\x01b"])
def test_an_address_that_cannot_be_asked_is_a_problem_with_its_fix(monkeypatch, host):
    monkeypatch.setenv(CONN, json.dumps({"conn_type": "http", "host": host}))
    problem = PrometheusApi("prometheus").ask({"a": "1"}).problem
    assert "is no address that can be asked" in problem
    assert "Correct the host of connection 'prometheus'" in problem
