"""CheckSchedulerHealth on three recorded Airflows: busy, in its first minute, and after two processes were killed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from operators.health.check_scheduler_health import CheckSchedulerHealthOperator
from tests.operators.health.recorded_airflow import DAGS, HEALTH, IMPORT_ERRORS, JOBS, POOLS, TASKS

HEARTBEAT_AGE = {"warn": "45s", "fail": "2m"}


def check(**parameters: Any) -> CheckSchedulerHealthOperator:
    return CheckSchedulerHealthOperator(task_id="check_scheduler_health", conn_id="airflow_api", **parameters)


@pytest.fixture
def lost(airflow_as):
    """A minute after a second scheduler, on node-b, and the only triggerer were killed."""
    return airflow_as("lost")


def test_a_fresh_airflow_without_a_triggerer_is_healthy(fresh, run_task, verdicts_of):
    run = run_task(
        check(
            heartbeat_age=HEARTBEAT_AGE,
            import_errors={"warn": 0},
            pool_usage={"warn": "90%"},
            queued_for={"warn": "5m"},
        )
    )
    assert verdicts_of(run) == {
        "metadatabase": ("pass", "healthy"),
        "scheduler.heartbeat_age": ("pass", pytest.approx(2.4, abs=3)),
        "dag_processor.heartbeat_age": ("pass", pytest.approx(1.3, abs=3)),
        "triggerer.heartbeat_age": ("pass", None),
        "import_errors": ("pass", 0),
        "default_pool.pool_usage": ("pass", 0),
        "queued_for": ("pass", 0),
    }
    assert run.result["verdict"] == "pass"


def test_a_busy_airflow_shows_its_full_pool_and_its_broken_file(busy, run_task, verdicts_of):
    run = run_task(
        check(
            import_errors={"warn": 0, "fail": 5}, pool_usage={"warn": "90%"}, queued_for={"warn": "5s", "fail": "30m"}
        )
    )
    assert verdicts_of(run) == {
        "metadatabase": ("pass", "healthy"),
        "import_errors": ("warn", 1),
        "tiny.pool_usage": ("warn", 1),
        "default_pool.queued_for": ("warn", pytest.approx(10, abs=3)),
    }


def test_killed_processes_are_noticed_also_when_others_of_their_kind_go_on(lost, run_task, verdicts_of):
    verdicts = verdicts_of(run_task(check(heartbeat_age=HEARTBEAT_AGE)))
    assert verdicts["triggerer.heartbeat_age"] == ("warn", pytest.approx(69, abs=3))
    assert verdicts["scheduler.heartbeat_age"][0] == "pass"
    assert verdicts["scheduler@node-b.heartbeat_age"] == ("warn", pytest.approx(69, abs=3))


def test_a_killed_process_that_was_restarted_on_its_host_is_forgotten(lost, run_task, verdicts_of):
    killed = next(row for row in lost.rows[JOBS] if row["hostname"] == "node-b")
    lost.rows[JOBS].append({**killed, "start_date": "2026-11-22T16:25:00Z", "latest_heartbeat": "2026-11-22T16:25:11Z"})
    assert "scheduler@node-b.heartbeat_age" not in verdicts_of(run_task(check(heartbeat_age=HEARTBEAT_AGE)))


def test_a_process_that_was_killed_long_ago_is_history(lost, run_task, verdicts_of):
    killed = next(row for row in lost.rows[JOBS] if row["hostname"] == "node-b")
    killed["latest_heartbeat"] = (lost.now - timedelta(hours=25)).isoformat()
    assert "scheduler@node-b.heartbeat_age" not in verdicts_of(run_task(check(heartbeat_age=HEARTBEAT_AGE)))


@pytest.mark.parametrize("component", ["scheduler", "dag_processor"])
def test_a_component_that_never_ran_fails(fresh, run_task, verdicts_of, component):
    fresh.answers[HEALTH][component] = {"status": None, f"latest_{component}_heartbeat": None}
    verdicts = verdicts_of(run_task(check(heartbeat_age=HEARTBEAT_AGE)))
    assert verdicts[f"{component}.heartbeat_age"] == ("fail", None)


def test_no_triggerer_fails_once_tasks_wait_for_one(fresh, busy, airflow_as, run_task, verdicts_of):
    waiting = airflow_as("fresh")
    waiting.rows[POOLS][0]["deferred_slots"] = 1
    verdicts = verdicts_of(run_task(check(heartbeat_age=HEARTBEAT_AGE)))
    assert verdicts["triggerer.heartbeat_age"] == ("fail", None)


def test_an_old_heartbeat_fails_whatever_airflow_calls_healthy(fresh, run_task, verdicts_of):
    late = (fresh.now - timedelta(minutes=3)).isoformat()
    fresh.answers[HEALTH]["scheduler"] = {"status": "healthy", "latest_scheduler_heartbeat": late}
    verdicts = verdicts_of(run_task(check(heartbeat_age=HEARTBEAT_AGE)))
    assert verdicts["scheduler.heartbeat_age"] == ("fail", pytest.approx(180, abs=3))


def test_a_sick_metadata_database_fails_although_http_says_200(fresh, run_task, verdicts_of):
    fresh.answers[HEALTH]["metadatabase"]["status"] = "unhealthy"
    assert verdicts_of(run_task(check()))["metadatabase"] == ("fail", "unhealthy")


@pytest.mark.parametrize(
    ("pool", "verdict"),
    [
        ({"slots": 10, "occupied_slots": 9}, "pass"),
        ({"slots": 10, "occupied_slots": 10}, "warn"),
        ({"slots": -1, "occupied_slots": 5000}, "pass"),
        ({"slots": 0, "occupied_slots": 0, "scheduled_slots": 0}, "pass"),
        ({"slots": 0, "occupied_slots": 0, "scheduled_slots": 1}, "warn"),
    ],
)
def test_pools_are_full_by_their_slots(fresh, run_task, pool, verdict):
    fresh.rows[POOLS][0] |= pool
    assert run_task(check(pool_usage={"warn": "90%"})).result["verdict"] == verdict


def test_a_queued_task_without_a_time_has_just_been_queued(busy, run_task, verdicts_of):
    for row in busy.rows[TASKS]:
        row["queued_when"] = None
    assert verdicts_of(run_task(check(queued_for={"warn": "1s"})))["queued_for"] == ("pass", 0)


def test_import_errors_show_file_and_reason(busy, run_task, read_published):
    page = read_published(run_task(check(import_errors={"warn": 0})).result, "report.html")
    assert "broken.py" in page
    assert "No module named &#39;no_such_module&#39;" in page


def test_more_import_errors_than_a_page_holds_are_counted(busy, run_task, verdicts_of):
    busy.rows[IMPORT_ERRORS] = [{**busy.rows[IMPORT_ERRORS][0], "import_error_id": i} for i in range(130)]
    assert verdicts_of(run_task(check(import_errors={"fail": 5})))["import_errors"] == ("fail", 130)


def test_a_scheduler_that_was_killed_and_noticed_is_lost_also_when_it_was_replaced(lost, run_task, verdicts_of):
    """Another scheduler closes its record as failed after some minutes; an hourly check comes later than that."""
    killed = next(row for row in lost.rows[JOBS] if row["hostname"] == "node-b")
    killed |= {"state": "failed", "latest_heartbeat": (lost.now - timedelta(minutes=20)).isoformat()}
    lost.rows[JOBS].append({**killed, "state": "running", "latest_heartbeat": lost.now.isoformat()})
    found = verdicts_of(run_task(check(lost_jobs={"warn": 0, "fail": 3})))
    assert found["lost_jobs"] == ("warn", 2)  # and the triggerer


def test_jobs_that_were_lost_before_the_window_are_history(lost, run_task, verdicts_of):
    for row in lost.rows[JOBS]:
        if row["latest_heartbeat"] < "2026-11-22T16:25":
            row |= {"state": "failed", "latest_heartbeat": (lost.now - timedelta(minutes=61)).isoformat()}
    assert verdicts_of(run_task(check(lost_jobs={"warn": 0})))["lost_jobs"] == ("pass", 0)
    longer = run_task(check(lost_jobs={"warn": 0}, window="2h"), run_id="another")
    assert verdicts_of(longer)["lost_jobs"] == ("warn", 2)


def test_the_processes_that_are_alive_are_counted(lost, run_task, verdicts_of):
    alive = {"scheduler": {"min": 2}, "dag_processor": {"min": 1}, "triggerer": {"min": 1}}
    found = verdicts_of(run_task(check(alive=alive)))
    assert {name: found[f"{name}.alive"] for name in alive} == {
        "scheduler": ("fail", 1),
        "dag_processor": ("pass", 1),
        "triggerer": ("fail", 0),
    }


def test_slow_files_and_files_that_are_not_parsed_any_more(busy, run_task, verdicts_of):
    busy.rows[DAGS][2] |= {"relative_fileloc": "stuck.py", "last_parsed_time": "2026-11-22T14:24:03Z"}
    found = verdicts_of(run_task(check(parse_time={"warn": "10s"}, parse_age={"warn": "10m", "fail": "1h"})))
    assert found["slow_file.py.parse_time"] == ("warn", 12.5)
    assert found["stuck.py.parse_age"] == ("fail", pytest.approx(7200, abs=5))


def test_dags_whose_files_were_not_looked_at_are_counted(busy, run_task, read_published):
    busy.rows[DAGS] = [{**busy.rows[DAGS][0], "dag_id": f"dag_{i}"} for i in range(430)]
    run = run_task(check(parse_age={"warn": "1d"}))
    assert read_published(run.result, "verdicts.json")["facts"]["dags_whose_files_were_not_looked_at"] == 230


def test_tasks_that_are_scheduled_for_too_long(busy, run_task, verdicts_of):
    found = verdicts_of(run_task(check(scheduled_for={"warn": "5s", "fail": "1h"})))
    assert found["default_pool.scheduled_for"] == ("warn", pytest.approx(12, abs=3))


@pytest.fixture
def wait(busy):
    """``wait("pool", 3, due=…, since=…)``: so many more tasks of a run that was due so long ago are scheduled."""
    row = next(row for row in busy.rows[TASKS] if row["state"] == "scheduled")
    pool = busy.rows[POOLS][0]
    busy.rows[TASKS] = []
    busy.rows[POOLS] = []

    def wait(name: str, number: int, *, due: timedelta, since: timedelta) -> None:
        times = {"run_after": (busy.now - due).isoformat(), "scheduled_when": (busy.now - since).isoformat()}
        busy.rows[TASKS] += [{**row, **times, "pool": name, "map_index": i} for i in range(number)]
        counts = {other["name"]: other["scheduled_slots"] for other in busy.rows[POOLS]}
        counts[name] = counts.get(name, 0) + number
        busy.rows[POOLS] = [
            {**pool, "name": other, "scheduled_slots": slots, "queued_slots": 0} for other, slots in counts.items()
        ]

    return wait


MONTH, HOURS, MINUTE = timedelta(days=30), timedelta(hours=5), timedelta(minutes=1)
SCHEDULED_FOR = {"scheduled_for": {"warn": "15m", "fail": "2h"}}


def scheduled(verdicts):
    return {name: verdict for name, verdict in verdicts.items() if name.endswith("scheduled_for")}


def test_many_tasks_in_an_ignored_pool_do_not_hide_one_that_has_been_waiting_for_hours(
    busy, wait, run_task, verdicts_of, read_published
):
    wait("backfill", 150, due=MONTH, since=MINUTE)
    wait("important", 1, due=HOURS, since=HOURS)
    run = run_task(check(**SCHEDULED_FOR, ignore={"pools": ["back*"]}))
    assert scheduled(verdicts_of(run)) == {"important.scheduled_for": ("fail", pytest.approx(18000, abs=3))}
    assert read_published(run.result, "verdicts.json")["facts"]["tasks_scheduled"] == 1


def test_where_only_ignored_pools_have_waiting_tasks_none_is_asked_for(busy, wait, run_task, verdicts_of):
    wait("backfill", 150, due=MONTH, since=HOURS)
    run = run_task(check(**SCHEDULED_FOR, ignore={"pools": ["back*"]}))
    assert scheduled(verdicts_of(run)) == {"scheduled_for": ("pass", 0)}


def test_many_tasks_in_one_pool_do_not_hide_another_pool(busy, wait, run_task, verdicts_of):
    wait("backfill", 150, due=MONTH, since=MINUTE)
    wait("important", 1, due=HOURS, since=HOURS)
    found = scheduled(verdicts_of(run_task(check(**SCHEDULED_FOR))))
    assert found["important.scheduled_for"] == ("fail", pytest.approx(18000, abs=3))


def test_a_pool_with_more_tasks_than_are_read_does_not_pass_if_one_may_have_been_waiting_too_long(
    busy, wait, run_task, verdicts_of, read_published
):
    wait("default_pool", 150, due=MONTH, since=MINUTE)
    wait("default_pool", 1, due=HOURS, since=HOURS)
    run = run_task(check(**SCHEDULED_FOR))
    assert scheduled(verdicts_of(run)) == {"default_pool.scheduled_for": ("inconclusive", pytest.approx(60, abs=3))}
    assert "may have been waiting for up to 30d" in read_published(run.result, "report.html")


def test_a_pool_with_more_tasks_than_are_read_passes_if_their_runs_are_young(busy, wait, run_task, verdicts_of):
    wait("default_pool", 150, due=timedelta(minutes=5), since=MINUTE)
    found = scheduled(verdicts_of(run_task(check(**SCHEDULED_FOR))))
    assert found == {"default_pool.scheduled_for": ("pass", pytest.approx(60, abs=3))}


@pytest.mark.parametrize(("pools", "unsure"), [(60, 0), (110, 10)])
def test_pools_for_which_there_is_no_request_left_do_not_pass(
    busy, wait, run_task, verdicts_of, read_published, pools, unsure
):
    """They have one task each behind those of an ignored pool; the address of a request has room for fifty names."""
    wait("backfill", 150, due=MONTH, since=MINUTE)
    for number in range(pools):
        wait(f"pool_{number}", 1, due=MINUTE, since=MINUTE)
    run = run_task(check(**SCHEDULED_FOR, ignore={"pools": ["backfill"]}))
    found = [verdict for verdict, _ in scheduled(verdicts_of(run)).values()]
    assert found == (["inconclusive"] * unsure or ["pass"])
    assert read_published(run.result, "finding.json")["requests"] <= 10


@pytest.mark.parametrize(("deferred", "verdict"), [(0, "pass"), (799, "pass"), (900, "warn"), (990, "fail")])
def test_triggerers_are_full_by_their_capacity(busy, run_task, verdicts_of, deferred, verdict):
    busy.rows[POOLS][0]["deferred_slots"] = deferred
    found = verdicts_of(run_task(check(triggerer_usage={"warn": "80%", "fail": "95%"})))
    assert found["triggerer_usage"] == (verdict, deferred / 1000)


def test_deferred_tasks_without_a_triggerer_fill_it_wholly(lost, run_task, verdicts_of):
    lost.rows[POOLS][0]["deferred_slots"] = 1
    assert verdicts_of(run_task(check(triggerer_usage={"fail": "95%"})))["triggerer_usage"] == ("fail", 1)


def test_the_database_is_timed(fresh, run_task, verdicts_of):
    found = verdicts_of(run_task(check(database_latency={"warn": "10s"})))
    assert found["metadatabase.latency"][0] == "pass"
    assert 0 < found["metadatabase.latency"][1] < 10
    impatient = run_task(check(database_latency={"warn": "0ms"}), run_id="another")
    assert verdicts_of(impatient)["metadatabase.latency"][0] == "warn"


def test_what_is_ignored_is_not_looked_at(busy, run_task, verdicts_of):
    everything = {
        **{"import_errors": {"warn": 0}, "pool_usage": {"warn": "90%"}, "queued_for": {"warn": "1s"}},
        **{"scheduled_for": {"warn": "1s"}, "parse_time": {"warn": "1s"}},
    }
    ignore = {"files": ["brok*"], "pools": ["tiny"], "dags": ["many_*", "slow", "always_ok"]}
    found = verdicts_of(run_task(check(**everything, ignore=ignore)))
    assert {verdict for verdict, _ in found.values()} == {"pass"}
    assert found["import_errors"] == ("pass", 0)


def test_every_threshold_together_costs_ten_requests_at_most(busy, run_task, read_published):
    for path, name in ((TASKS, "map_index"), (POOLS, "name"), (JOBS, "id"), (DAGS, "dag_id")):
        busy.rows[path] = [{**row, name: f"{row[name]}-{i}"} for row in busy.rows[path] for i in range(150)]
    for row in busy.rows[TASKS]:
        row["map_index"] = -1
    run = run_task(check(heartbeat_age=HEARTBEAT_AGE, parse_time={"warn": "1s"}, parse_age={"warn": "1m"}))
    assert read_published(run.result, "finding.json")["requests"] == len(busy.requests) == 10


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"scheduler_loop": {"warn": "10s"}}, "scheduler_loop: needs prometheus_conn_id"),
        ({"alive": {"worker": {"min": 1}}}, "alive: unknown key 'worker'; allowed are scheduler, dag_processor"),
        ({"ignore": {"tasks": ["a"]}}, "ignore: unknown key 'tasks'; allowed are dags, files, pools"),
        ({"lost_jobs": {"warn": 0}, "window": "0m"}, "window: '0m' is too short, nothing ends within it"),
        ({"triggerer_capacity": 0}, "triggerer_capacity: 0 is not a whole number"),
    ],
)
def test_another_mistake_in_the_yaml_is_named(busy, run_task, parameters, message):
    run = run_task(check(**parameters), raises=AirflowFailException)
    assert f"check_scheduler_health.{message}" in str(run.error)


def test_a_mistake_in_the_yaml_is_named_and_not_retried(busy, run_task):
    run = run_task(check(heartbeat_age={"warn": "soon"}), raises=AirflowFailException)
    assert re.search(r"check_scheduler_health.heartbeat_age.*'soon' is not a duration", str(run.error))
