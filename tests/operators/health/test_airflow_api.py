"""The client: its account, its pages, its errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from operators import http_client
from operators.health.airflow_account import read_account
from operators.health.airflow_api import (
    AirflowApi,
    AirflowApiError,
    AirflowUnreachableError,
    Links,
    open_airflow_api,
)
from operators.health.airflow_rows import DagRun, TaskInstance
from tests.operators.health.conftest import CONN
from tests.operators.health.recorded_airflow import (
    DAGS,
    IMPORT_ERRORS,
    PASSWORD,
    POOLS,
    RUNS,
    TASKS,
    TOKEN,
    RecordedAirflow,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def grow(recording: RecordedAirflow, path: str, number: int) -> None:
    """Let the recording have so many rows, copies of its first."""
    row = recording.rows[path][0]
    name = "dag_run_id" if "dag_run_id" in row else "name"
    recording.rows[path] = [{**row, "id": f"{i:05}", name: f"copy-{i:05}"} for i in range(number)]


def ask(question: Callable[[AirflowApi], Any] = AirflowApi.health) -> Any:
    with open_airflow_api("airflow_api") as api:
        return question(api)


def test_one_token_serves_all_questions(busy):
    with open_airflow_api("airflow_api") as api:
        api.health()
        api.pools()
        api.import_problems()
    logins = [request for request in busy.requests if request.path == "/auth/token"]
    assert len(logins) == 1
    assert all(request.authorized for request in busy.requests if request not in logins)


def test_what_was_recorded_is_read(busy):
    with open_airflow_api("airflow_api") as api:
        problems, runs = api.import_problems(), api.failed_runs(since=busy.now - timedelta(days=1), pages=1)
    assert [(p.filename, p.reason) for p in problems.rows] == [
        ("broken.py", "ModuleNotFoundError: No module named 'no_such_module'")
    ]
    assert (runs.rows[0].dag_id, runs.rows[0].run_id) == ("many_failures", "m1")
    assert "größe.μ" in {run.dag_id for run in runs.rows}


def test_ages_use_the_clock_of_the_server(busy):
    with open_airflow_api("airflow_api") as api:
        assert abs(api.now - busy.now) < timedelta(seconds=5)


@pytest.mark.parametrize(("number", "pages"), [(0, 1), (100, 1), (101, 2), (250, 3)])
def test_runs_are_read_page_after_page(busy, number, pages):
    grow(busy, RUNS, number) if number else busy.rows[RUNS].clear()
    for row in busy.rows[RUNS]:
        row["state"] = "failed"
    with open_airflow_api("airflow_api") as api:
        found = api.failed_runs(since=busy.now - timedelta(days=1), pages=5)
    assert len({run.run_id for run in found.rows}) == found.total == number
    assert not found.is_cut
    assert sum(request.path == RUNS for request in busy.requests) == pages


def test_lists_without_a_cursor_are_read_by_offset(busy):
    grow(busy, POOLS, 130)
    with open_airflow_api("airflow_api") as api:
        assert len({pool.name for pool in api.pools().rows}) == 130


def test_a_list_without_end_is_cut_and_says_so(busy):
    grow(busy, RUNS, 1500)
    for row in busy.rows[RUNS]:
        row["state"] = "failed"
    with open_airflow_api("airflow_api") as api:
        found = api.failed_runs(since=busy.now - timedelta(days=1), pages=2)
    assert (len(found.rows), found.total, found.is_cut) == (200, 1500, True)


def test_every_list_of_runs_and_tasks_is_selective(busy):
    """An unfiltered list of task instances makes the database count them all: 3 s for a million."""
    with open_airflow_api("airflow_api") as api:
        api.failed_runs(since=api.now, pages=1)
        api.succeeded_runs(since=api.now, pages=1)
        api.running_runs()
        api.queued_runs()
        api.failed_tasks(since=api.now, pages=1)
        api.queued_tasks()
        api.scheduled_tasks()
        api.running_tasks()
        api.count_tasks("deferred")
    asked = [request for request in busy.requests if request.path in (RUNS, TASKS)]
    assert len(asked) == api.requests - 1 == 9
    successes = [request for request in asked if "success" in request.params["state"]]
    assert [(request.path, "end_date_gte" in request.params) for request in successes] == [(RUNS, True)]


def test_dags_are_asked_for_by_name_without_those_that_are_paused(busy):
    busy.rows[DAGS][1]["is_paused"] = True
    with open_airflow_api("airflow_api") as api:
        assert {dag.dag_id for dag in api.active_dags(pages=1, named=["half_broken", "größe.μ", "slow"]).rows} == {
            "größe.μ",
            "slow",
        }


def test_the_latest_successes_of_some_dags_are_asked_for_at_once(busy):
    with open_airflow_api("airflow_api") as api:
        found = api.latest_successes(["half_broken", "slow", "gone"])
    assert [(run.dag_id, run.run_id) for run in found.rows] == [("slow", "long-0"), ("half_broken", "run-ok")]
    assert not found.is_cut


def test_the_log_of_a_task_is_read_line_by_line(busy):
    busy.logs["größe.μ.мало"] = ['{"event": "one"}', '{"event": "two"}']
    with open_airflow_api("airflow_api") as api:
        ti = next(
            ti for ti in api.failed_tasks(since=busy.now - timedelta(days=1), pages=1).rows if ti.task_id == "мало"
        )
        assert api.log_lines(ti) == busy.logs["größe.μ.мало"]


def test_a_log_of_a_task_that_is_gone_is_an_error_of_the_api(busy):
    with open_airflow_api("airflow_api") as api:
        ti = api.failed_tasks(since=busy.now - timedelta(days=1), pages=1).rows[0]
        busy.rows[TASKS].clear()
        with pytest.raises(AirflowApiError, match="logs/1 answered 404"):
            api.log_lines(ti)


def test_runs_of_one_dag_are_counted_without_reading_them(busy):
    with open_airflow_api("airflow_api") as api:
        assert api.count_finished_runs("half_broken", since=busy.now - timedelta(days=1)) == 5
        assert api.count_finished_runs("größe.μ", since=busy.now - timedelta(days=1)) == 1
        assert api.count_finished_runs("gone 100%", since=busy.now - timedelta(days=1)) == 0
    assert busy.requests[-1].body["page_limit"] == 0


def test_nobody_at_the_address_is_worth_a_retry(busy, monkeypatch, unused_port):
    monkeypatch.setenv(CONN, busy.connection(port=unused_port))
    with pytest.raises(AirflowUnreachableError, match=f"http://127.0.0.1:{unused_port} .*cannot be reached") as caught:
        ask()
    assert not isinstance(caught.value, AirflowFailException)
    assert PASSWORD not in str(caught.value)


def test_no_answer_in_time_is_worth_a_retry(monkeypatch, silent_port, busy):
    monkeypatch.setattr(http_client, "READ_SECONDS", 0.2)
    monkeypatch.setenv(CONN, busy.connection(port=silent_port))
    with pytest.raises(AirflowUnreachableError, match="did not answer /auth/token"):
        ask()


def test_a_wrong_password_names_connection_and_login_but_no_password(busy, monkeypatch):
    monkeypatch.setenv(CONN, busy.connection(password="wrong-one"))
    with pytest.raises(AirflowFailException, match=r"'health' was refused.*connection 'airflow_api'") as caught:
        ask()
    assert "wrong-one" not in str(caught.value)


def test_a_refusal_that_repeats_the_password_is_not_passed_on(busy):
    busy.instead["/auth/token"] = (422, "application/json", json.dumps({"detail": f"input_value={PASSWORD!r}"}))
    with pytest.raises(AirflowFailException, match="answered 422") as caught:
        ask()
    assert PASSWORD not in str(caught.value)


def test_an_unknown_connection_says_how_to_create_it():
    with pytest.raises(AirflowFailException, match=r"airflow connections add nowhere .*AIRFLOW_CONN_NOWHERE"):
        read_account("nowhere")


@pytest.mark.parametrize("missing", ["host", "login", "password"])
def test_an_incomplete_connection_says_what_is_missing(busy, monkeypatch, missing):
    monkeypatch.setenv(CONN, busy.connection(**{missing: None}))
    with pytest.raises(AirflowFailException, match=f"'airflow_api' has no {missing}"):
        read_account("airflow_api")


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_an_error_of_the_server_is_worth_a_retry(busy, status):
    busy.instead[POOLS] = (status, "application/json", '{"detail": "database is\\n locked"}')
    with pytest.raises(AirflowApiError, match=f"{POOLS} answered {status}: database is locked") as caught:
        ask(lambda api: api.pools())
    assert not isinstance(caught.value, AirflowFailException)


def test_an_error_of_the_server_at_login_is_worth_a_retry(busy):
    busy.instead["/auth/token"] = (500, "text/plain", "Internal Server Error")
    with pytest.raises(AirflowApiError, match="/auth/token answered 500"):
        ask()


def test_a_role_that_may_not_read_says_which_one_may(busy):
    busy.instead[IMPORT_ERRORS] = (403, "application/json", '{"detail": "Forbidden"}')
    with pytest.raises(AirflowFailException, match=r"'health' may not read this. It needs the role viewer"):
        ask(lambda api: api.import_problems())


def test_a_token_that_expires_in_the_middle_is_replaced_once(busy):
    with open_airflow_api("airflow_api") as api:
        api.pools()
        busy.token_lasts = 1
        assert api.import_problems().total == 1
        assert api.count_finished_runs("half_broken", since=busy.now - timedelta(days=1)) == 5
    asked = [request.path for request in busy.requests]
    assert asked.count("/auth/token") == 3
    assert api.requests == len(asked)


def test_a_token_that_is_refused_at_once_is_worth_a_retry_and_no_matter_of_roles(busy):
    busy.token_lasts = 0
    with pytest.raises(AirflowApiError, match=r"answered 401 .*Invalid JWT token.*jwt_secret.*'airflow_api'") as caught:
        ask(lambda api: api.pools())
    assert "viewer" not in str(caught.value)
    assert [request.path for request in busy.requests] == ["/auth/token", POOLS, "/auth/token", POOLS]


def test_a_password_that_was_changed_in_the_middle_is_named(busy):
    with open_airflow_api("airflow_api") as api:
        busy.token_lasts = 0
        busy.instead["/auth/token"] = (401, "application/json", '{"detail": "Invalid credentials"}')
        with pytest.raises(AirflowFailException, match=r"'health' was refused"):
            api.pools()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('{"token": "secret-one"}', "found an object with 'token'"),
        ('{"access_token": null}', "found an object with 'access_token'"),
        ("{}", "found an object with no keys"),
        ('["secret-one"]', "found a list"),
    ],
)
def test_a_login_that_is_answered_without_a_token_says_what_was_found(busy, body, found):
    busy.instead["/auth/token"] = (200, "application/json", body)
    with pytest.raises(AirflowApiError, match="without an access_token") as caught:
        ask()
    assert found in str(caught.value)
    assert "host and port of the Airflow connection 'airflow_api'" in str(caught.value)
    assert "secret-one" not in str(caught.value)


def test_a_date_that_is_none_is_named_and_the_clock_of_this_machine_is_used(busy, caplog):
    busy.date = "rubbish"
    with open_airflow_api("airflow_api") as api:
        assert abs(api.now - datetime.now(UTC)) < timedelta(seconds=5)
    assert "(Airflow connection 'airflow_api') answered with the date 'rubbish'" in caplog.text


def test_a_date_without_a_zone_is_utc(busy):
    """The standard says GMT; -0000 stands for a zone that is not known, and Python gives a time without one."""
    busy.date = "Sun, 22 Nov 2026 16:24:03 -0000"
    with open_airflow_api("airflow_api") as api:
        assert abs(api.now - datetime(2026, 11, 22, 16, 24, 3, tzinfo=UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize("fields", [{"host": "a..b"}, {"host": "x" * 70}, {"schema": "htp"}, {"host": "a\x01b"}])
def test_an_address_that_cannot_be_asked_is_a_mistake_and_not_retried(busy, monkeypatch, fields):
    monkeypatch.setenv(CONN, busy.connection(**fields))
    with pytest.raises(AirflowFailException, match=r"is no address.*Correct schema, host and port.*'airflow_api'"):
        ask()


def test_an_address_without_an_airflow_says_so(busy):
    busy.instead["/auth/token"] = (404, "text/html", "<h1>not here</h1>")
    with pytest.raises(AirflowFailException, match=r"nothing there gives tokens.*host and port"):
        ask()


@pytest.mark.parametrize(
    ("content_type", "body", "message"),
    [
        ("text/html", "<h1>log in</h1>", "text/html instead of JSON"),
        ("application/json", "{}", "KeyError: 'pools'"),
        ("application/json", "[]", "form that REST v2 of Airflow 3.3 does not have"),
        ("application/json", '{"pools": [{"name": "p"}], "total_entries": 1}', "KeyError: 'slots'"),
    ],
)
def test_an_answer_in_another_form_is_no_measurement(busy, content_type, body, message):
    busy.instead[POOLS] = (200, content_type, body)
    with pytest.raises(AirflowApiError, match=message):
        ask(lambda api: api.pools())


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "airflow", "schema": "https", "port": None}, "https://airflow"),
        ({"host": "airflow", "schema": None, "port": 8080}, "http://airflow:8080"),
        ({"host": "https://airflow.example/prod/", "schema": None, "port": None}, "https://airflow.example/prod"),
        ({"host": "http://airflow:81", "port": None}, "http://airflow:81"),
        ({"host": "http://[::1]", "port": 8080}, "http://[::1]:8080"),
        ({"host": "http://me:secret@airflow", "port": 8080}, "http://airflow:8080"),
    ],
)
def test_addresses_are_read_as_the_http_hook_reads_them(busy, monkeypatch, fields, url):
    monkeypatch.setenv(CONN, busy.connection(**fields))
    assert read_account("airflow_api").url == url


def test_a_proxy_does_not_get_what_is_meant_for_this_machine(busy, monkeypatch, unused_port):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port}")
    with open_airflow_api("airflow_api") as api:
        assert api.pools().total == 2


def test_the_password_and_the_token_are_masked_and_never_shown(busy):
    with open_airflow_api("airflow_api") as api:
        shown = repr(read_account("airflow_api")) + repr(vars(api))
    assert PASSWORD not in shown
    assert TOKEN not in shown


def test_links_lead_to_the_page_whatever_the_ids_hold():
    links = Links("https://airflow.example/prod")
    run = DagRun(
        dag_id="größe.μ", run_id="100% odd/run+id", state="failed", run_type="manual", due_at=NOW, logical_at=None,
        queued_at=None, started_at=None, ended_at=None,
    )  # fmt: skip
    ti = TaskInstance(
        dag_id="d", run_id="a b", task_id="t", map_index=3, try_number=2, operator="", hostname="", pool="p",
        state="failed", due_at=NOW, scheduled_at=None, queued_at=None, ended_at=None,
    )  # fmt: skip
    assert links.run(run) == "https://airflow.example/prod/dags/gr%C3%B6%C3%9Fe.%CE%BC/runs/100%25%20odd%2Frun%2Bid"
    assert links.task(ti) == "https://airflow.example/prod/dags/d/runs/a%20b/tasks/t/mapped/3?try_number=2"


def test_links_use_the_address_that_people_use_if_it_is_set(busy, monkeypatch):
    with open_airflow_api("airflow_api") as api:
        assert api.links.base_url == busy.url
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/")
        assert api.links.base_url == "https://airflow.example"
