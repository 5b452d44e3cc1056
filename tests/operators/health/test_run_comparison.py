"""CheckDagRuns over time: what it remembers of each DAG, and how a DAG is compared with what it usually does."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from operators.health.airflow_api import REQUESTS_AT_MOST
from operators.health.check_dag_runs import CheckDagRunsOperator
from operators.kept_state import KeptState
from tests.operators.health.recorded_airflow import DAGS, RUNS, RecordedAirflow

MINUTE, HOUR = 60.0, 3600.0
LATE = {"late_by": {"warn": "10m", "fail": "1h"}}
PROMISE = {"success_age": {"warn": "25h", "fail": "30h"}}
USUAL = {"success_age": {"warn": 3, "fail": 6}}


class Clock:
    """A recorded Airflow whose runs a test makes, and whose time it moves on."""

    def __init__(self, airflow: RecordedAirflow) -> None:
        self.airflow = airflow
        self._template = airflow.rows[RUNS][0]
        self._dag = {**airflow.rows[DAGS][0]}
        airflow.rows[RUNS] = []
        airflow.rows[DAGS] = []

    def pass_by(self, seconds: float) -> None:
        self.airflow.date = format_datetime(self.airflow.now + timedelta(seconds=seconds), usegmt=True)

    def dag(self, dag_id: str, *, due: float | None = None, paused: bool = False, max_runs: int = 16) -> None:
        """A DAG whose next run is due so many seconds ago."""
        moment = None if due is None else (self.airflow.now - timedelta(seconds=due)).isoformat()
        row = {"dag_id": dag_id, "is_paused": paused, "next_dagrun_run_after": moment, "max_active_runs": max_runs}
        self.airflow.rows[DAGS].append({**self._dag, **row, "next_dagrun_logical_date": moment})

    def next_due(self, dag_id: str, due: float) -> None:
        """The DAG's next run is now due so many seconds ago."""
        moment = (self.airflow.now - timedelta(seconds=due)).isoformat()
        row = next(row for row in self.airflow.rows[DAGS] if row["dag_id"] == dag_id)
        row.update(next_dagrun_run_after=moment, next_dagrun_logical_date=moment)

    def crowd(self, prefix: str = "crowd_") -> None:
        """So many active DAGs that one page cannot list them all, nor any that has no next run."""
        for number in range(120):
            self.dag(f"{prefix}{number:03}", due=-HOUR)

    def run(
        self,
        dag_id: str,
        *,
        due: float,
        late: float = 2,
        takes: float | None = 60,
        state: str = "success",
        queued: float | None = None,
        run_type: str = "scheduled",
    ) -> None:
        """A run that was due, and queued, so many seconds ago; one that takes None is still running."""
        at = self.airflow.now - timedelta(seconds=due)
        start = at + timedelta(seconds=late)
        end = None if takes is None else start + timedelta(seconds=takes)
        self.airflow.rows[RUNS].append(
            {
                **self._template,
                "id": len(self.airflow.rows[RUNS]),
                "dag_id": dag_id,
                "dag_run_id": f"{run_type}__{at:%Y-%m-%dT%H:%M:%S}",
                "run_type": run_type,
                "state": state if takes is not None else "running",
                "run_after": at.isoformat(),
                "queued_at": (self.airflow.now - timedelta(seconds=due if queued is None else queued)).isoformat(),
                "start_date": None if state == "queued" else start.isoformat(),
                "end_date": end.isoformat() if end and state != "queued" else None,
            }
        )

    def hourly(self, dag_id: str, number: int, *, but: int = 1, **run: Any) -> None:
        """Hourly runs up to some minutes ago, without the last few."""
        for hours in range(number, but - 1, -1):
            self.run(dag_id, due=hours * HOUR, **run)


@pytest.fixture
def clock(busy: RecordedAirflow) -> Clock:
    return Clock(busy)


@pytest.fixture
def judge(run_task, verdicts_of):
    """Run the check and give name -> (verdict, observed)."""
    counter = iter(range(100))

    def judge(**parameters: Any) -> dict[str, tuple[str, Any]]:
        operator = CheckDagRunsOperator(task_id="check_dag_runs", conn_id="airflow_api", **parameters)
        found: dict[str, tuple[str, Any]] = verdicts_of(run_task(operator, run_id=f"run-{next(counter)}"))
        return found

    return judge


def test_the_longest_successful_run_is_judged(clock, judge):
    for takes in (60, 400, 90):
        clock.run("load", due=2 * HOUR + takes, takes=takes)
    clock.run("load", due=3 * HOUR, takes=5000, state="failed")
    assert judge(duration={"warn": "5m"}) == {"load.duration": ("warn", 400)}


def test_a_queued_run_is_late_since_it_was_due(clock, judge):
    clock.dag("load")
    clock.run("load", due=20 * MINUTE, state="queued")
    assert judge(**LATE) == {"load.late_by": ("warn", pytest.approx(1200, abs=5))}


def test_a_backfill_that_waits_for_its_own_limit_is_not_late_and_hides_nobody(clock, judge):
    for dag_id in ("load", "other"):
        clock.dag(dag_id)
    for days in range(120):
        clock.run("load", due=(30 + days) * 24 * HOUR, queued=3 * HOUR, state="queued", run_type="backfill")
    assert judge(**LATE) == {"late_by": ("pass", 0)}
    clock.run("other", due=5 * HOUR, state="queued")
    assert judge(**LATE) == {"other.late_by": ("fail", pytest.approx(5 * HOUR, abs=5))}


def test_a_run_that_is_queued_anew_is_late_since_then(clock, judge):
    clock.dag("load")
    clock.hourly("load", 5)
    judge(**LATE)
    clock.run("load", due=4 * 24 * HOUR, queued=20, state="queued")
    assert judge(**LATE) == {"load.late_by": ("pass", pytest.approx(20, abs=5))}
    clock.pass_by(HOUR)
    assert judge(**LATE) == {"load.late_by": ("fail", pytest.approx(HOUR + 20, abs=5))}


@pytest.mark.parametrize("crowded", [False, True], ids=["few DAGs", "more DAGs than a page"])
def test_runs_that_stand_still_because_their_dag_was_paused_are_neither_late_nor_running(clock, judge, crowded):
    """The scheduler starts no run of a paused DAG, and no task of one that runs."""
    if crowded:
        clock.crowd()
    for dag_id in ("waits", "stands"):
        clock.dag(dag_id, paused=True)
    clock.run("waits", due=5 * HOUR, state="queued")
    clock.run("stands", due=8 * HOUR, takes=None)
    long = {"running_for": {"warn": "1h", "fail": "6h"}}
    assert judge(**LATE, **long) == {"late_by": ("pass", 0), "running_for": ("pass", 0)}
    for row in clock.airflow.rows[DAGS]:
        row["is_paused"] = False
    assert judge(**LATE, **long) == {
        "waits.late_by": ("fail", pytest.approx(5 * HOUR, abs=5)),
        "stands.running_for": ("fail", pytest.approx(8 * HOUR, abs=5)),
    }


def test_queued_runs_that_hide_others_which_may_be_late_are_inconclusive(clock, judge):
    """Somebody started a paused DAG by hand, again and again; the list of queued runs tells them from no others."""
    clock.dag("paused", paused=True)
    clock.dag("load")
    for number in range(120):
        clock.run("paused", due=2 * 24 * HOUR + number, state="queued", run_type="manual")
    clock.run("load", due=5 * HOUR, state="queued")
    assert judge(**LATE) == {"late_by": ("pass", 0), "queued_runs": ("inconclusive", 21)}


def test_many_runs_that_have_just_been_queued_hide_none_that_is_late(clock, judge):
    clock.dag("many")
    for number in range(120):
        clock.run("many", due=number, state="queued")
    assert judge(**LATE) == {"many.late_by": ("pass", pytest.approx(119, abs=5))}


def test_a_run_that_nobody_made_is_late(clock, judge):
    clock.dag("silent", due=2 * HOUR)
    clock.dag("later", due=-HOUR)
    assert judge(**LATE) == {"silent.late_by": ("fail", pytest.approx(7200, abs=5))}


def test_a_dag_that_works_off_a_backlog_is_not_late_while_all_its_runs_are_taken(clock, judge):
    """Airflow leaves the date of the next run where it is, 300 days ago, while it can make none."""
    clock.dag("backlog", due=300 * 24 * HOUR, max_runs=2)
    for days in (302, 301):
        clock.run("backlog", due=days * 24 * HOUR, late=days * 24 * HOUR - 3 * HOUR, takes=None)
    assert judge(**LATE) == {"late_by": ("pass", 0)}
    clock.pass_by(HOUR)
    for row in clock.airflow.rows[RUNS]:
        row.update(state="success", end_date=(clock.airflow.now - timedelta(minutes=20)).isoformat())
    assert judge(**LATE) == {"backlog.late_by": ("warn", pytest.approx(20 * MINUTE, abs=5))}, "since there is room"


def test_a_run_that_waits_for_one_that_does_not_end_is_late(clock, judge, run_task, read_published):
    clock.dag("hourly", due=4 * HOUR, max_runs=1)
    clock.run("hourly", due=5 * HOUR, takes=None)
    assert judge(**LATE) == {"hourly.late_by": ("fail", pytest.approx(4 * HOUR, abs=5))}
    run = run_task(CheckDagRunsOperator(task_id="check_dag_runs", conn_id="airflow_api", **LATE), run_id="again")
    (verdict,) = read_published(run.result, "verdicts.json")["verdicts"]
    assert "waits for one of the 1 runs that the DAG may have at once" in verdict["message"]


def test_a_run_by_hand_that_took_the_place_of_the_scheduled_one_is_no_missing_run(clock, judge):
    """As `make run` starts it: Airflow calls the scheduled one due again, at each parse, until the scheduler looks."""
    for dag_id in ("taken", "beside"):
        clock.dag(dag_id, due=2 * HOUR)
        clock.run(dag_id, due=HOUR)
        due = clock.airflow.rows[DAGS][-1]["next_dagrun_logical_date"]
        date = due if dag_id == "taken" else None
        clock.airflow.rows[RUNS][-1].update(run_type="manual", logical_date=date)
    late = {"beside.late_by": ("fail", pytest.approx(7200, abs=5))}
    assert judge(**LATE) == late
    assert judge(**LATE) == late, "also when the run is only remembered"


def test_a_run_that_started_late_is_late(clock, judge):
    clock.dag("load")
    clock.hourly("load", 5)
    clock.run("load", due=20 * MINUTE, late=900)
    assert judge(late_by={"warn": "10m"}) == {"load.late_by": ("warn", 900)}


def test_the_first_run_after_a_pause_is_not_late(clock, judge):
    clock.dag("load")
    for hours in (50, 49, 48):
        clock.run("load", due=hours * HOUR)
    clock.run("load", due=20 * MINUTE, late=900)
    assert judge(late_by={"warn": "10m"}, window="3d") == {"late_by": ("pass", 0)}


def test_the_last_run_of_a_backlog_is_not_late(clock, judge):
    """A daily DAG that was new an hour ago has made up for ten days, one run after the other."""
    clock.dag("new", due=-9 * HOUR)
    for days in range(10, -1, -1):
        due = days * 24 * HOUR + 15 * HOUR
        clock.run("new", due=due, late=due - (days + 1) * 5 * MINUTE)
    assert judge(**LATE) == {"late_by": ("pass", 0)}


def test_a_dag_that_falls_behind_is_late(clock, judge):
    """Due each hour, its runs take 70 minutes, one after the other."""
    clock.dag("slow", due=HOUR, max_runs=1)
    for number in range(12):
        clock.run(
            "slow", due=(14 - number) * HOUR, late=number * 10 * MINUTE, takes=70 * MINUTE if number < 11 else None
        )
    assert judge(**LATE) == {"slow.late_by": ("fail", 110 * MINUTE)}


def test_a_run_that_is_started_anew_is_not_late(clock, judge):
    clock.dag("load")
    clock.hourly("load", 5)
    judge(late_by={"warn": "10m"})
    clock.run("load", due=4 * HOUR, late=3 * HOUR)
    assert judge(late_by={"warn": "10m"}) == {"load.late_by": ("pass", 2)}


def test_a_new_dag_is_not_compared(clock, judge):
    clock.hourly("load", 3)
    clock.run("load", due=10 * MINUTE, takes=500)
    assert judge(duration={"warn": "1h"}, versus_usual={"duration": {"warn": 2}})["duration_vs_usual"] == ("pass", 0)


def test_a_run_that_took_longer_than_usual(clock, judge):
    clock.hourly("load", 6)
    clock.run("load", due=10 * MINUTE, takes=300)
    assert judge(versus_usual={"duration": {"warn": 3, "fail": 10}}) == {"load.duration_vs_usual": ("warn", 5)}


def test_a_run_that_goes_on_longer_than_usual(clock, judge):
    clock.dag("load")
    clock.hourly("load", 6)
    clock.run("load", due=15 * MINUTE, takes=None)
    found = judge(versus_usual={"duration": {"warn": 3, "fail": 10}})
    assert found == {"load.duration_vs_usual": ("fail", pytest.approx(15, abs=0.2))}


def test_a_difference_of_seconds_is_none(clock, judge):
    clock.hourly("load", 6, takes=2)
    clock.run("load", due=10 * MINUTE, takes=20)
    assert judge(versus_usual={"duration": {"warn": 3}}) == {"duration_vs_usual": ("pass", 0)}
    assert judge(versus_usual={"duration": {"warn": 3}, "at_least": "5s"}) == {"load.duration_vs_usual": ("warn", 10)}


def test_a_start_later_than_usual(clock, judge):
    clock.dag("load")
    clock.hourly("load", 7, late=100)
    clock.run("load", due=30 * MINUTE, late=1000)
    assert judge(versus_usual={"late_by": {"warn": "10m"}}) == {"load.late_by_vs_usual": ("warn", 900)}


def test_failures_are_compared_with_the_runs_before_the_window(clock, judge):
    clock.hourly("load", 10)
    judge(failed_runs={"warn": 0})
    clock.pass_by(24 * HOUR)
    clock.hourly("load", 4, state="failed")
    assert judge(versus_usual={"failure_ratio": {"warn": "50%"}}) == {"load.failure_ratio_vs_usual": ("warn", 1)}


def test_a_dag_that_has_fallen_silent_is_told_at_the_second_look(clock, judge):
    clock.dag("load", due=0)
    clock.hourly("load", 9)
    usual = {"success_age": {"warn": 3, "fail": 6}}
    assert judge(versus_usual=usual) == {"success_age_vs_usual": ("pass", 0)}
    clock.pass_by(3 * HOUR)
    assert judge(versus_usual=usual) == {"success_age_vs_usual": ("pass", 0)}
    clock.pass_by(HOUR)
    assert judge(versus_usual=usual) == {"load.success_age_vs_usual": ("warn", pytest.approx(4.98, abs=0.02))}


def test_a_dag_that_has_no_runs_in_the_evening_is_not_silent(clock, judge):
    clock.dag("office_hours", due=-14 * HOUR)
    for minutes in range(200, 0, -10):
        clock.run("office_hours", due=minutes * MINUTE, takes=30)
    for _ in range(13):
        assert judge(versus_usual=USUAL) == {"success_age_vs_usual": ("pass", 0)}
        clock.pass_by(HOUR)


def test_a_dag_whose_last_run_of_the_day_failed_is_not_silent_all_night(clock, judge):
    clock.dag("office_hours", due=-14 * HOUR)
    for minutes in range(200, 10, -10):
        clock.run("office_hours", due=minutes * MINUTE, takes=30)
    clock.run("office_hours", due=10 * MINUTE, takes=30, state="failed")
    for _ in range(13):
        clock.pass_by(HOUR)
        assert judge(versus_usual=USUAL) == {"success_age_vs_usual": ("pass", 0)}


def test_a_dag_whose_first_run_of_the_day_is_missing_is_told(clock, judge):
    """Its next date moves on, as that of each DAG without catchup does while Airflow cannot make the run."""
    clock.dag("office_hours", due=-14 * HOUR)
    for minutes in range(200, 0, -10):
        clock.run("office_hours", due=minutes * MINUTE, takes=30)
    judge(versus_usual=USUAL)
    clock.pass_by(14 * HOUR)
    assert judge(versus_usual=USUAL) == {"success_age_vs_usual": ("pass", 0)}
    clock.pass_by(25 * MINUTE)
    clock.next_due("office_hours", 5 * MINUTE)
    assert judge(versus_usual=USUAL) == {"success_age_vs_usual": ("pass", 0)}
    clock.pass_by(10 * MINUTE)
    clock.next_due("office_hours", 5 * MINUTE)
    assert judge(versus_usual=USUAL) == {"office_hours.success_age_vs_usual": ("warn", 4.5)}


def test_a_dag_that_fails_at_every_run_is_silent_for_the_time_in_which_it_runs(clock, judge):
    clock.dag("office_hours", due=-HOUR)
    for minutes in range(200, 70, -10):
        clock.run("office_hours", due=16 * HOUR + minutes * MINUTE, takes=30)
    judge(versus_usual=USUAL)
    clock.pass_by(5 * MINUTE)
    for minutes in (45, 35, 25, 15, 5):
        clock.run("office_hours", due=minutes * MINUTE, takes=30, state="failed")
    clock.next_due("office_hours", -5 * MINUTE)
    judge(versus_usual=USUAL)
    found = judge(versus_usual=USUAL)
    assert found == {"office_hours.success_age_vs_usual": ("warn", 5.5)}


@pytest.mark.parametrize("succeeded", [True, False])
def test_a_dag_that_fails_so_often_that_nothing_else_is_remembered_stays_silent(clock, judge, succeeded):
    clock.dag("often", due=-MINUTE)
    for minutes in range(30, 0, -1):
        clock.run("often", due=minutes * MINUTE, takes=10, state="success" if succeeded and minutes > 20 else "failed")
    for _ in range(3):
        clock.pass_by(40 * MINUTE)
        for minutes in range(40, 0, -1):
            clock.run("often", due=minutes * MINUTE, takes=10, state="failed")
        clock.next_due("often", -MINUTE)
        found = judge(versus_usual=USUAL, dags={"often": {"success_age": {"warn": "1h", "fail": "2h"}}})
    assert found["often.success_age"][0] == "fail"
    if succeeded:
        assert found["often.success_age_vs_usual"] == ("fail", pytest.approx(140, abs=1)), (
            "minutes, at one run a minute"
        )


def test_a_dag_that_rests_at_the_weekend_is_not_silent_on_monday_morning(clock, judge):
    clock.dag("weekdays", due=-2.9 * 24 * HOUR)
    for days in (*range(18, 13, -1), *range(11, 6, -1), *range(4, 0, -1)):
        clock.run("weekdays", due=days * 24 * HOUR)
    clock.run("weekdays", due=2 * HOUR)
    judge(versus_usual=USUAL, window="30d")
    for _ in range(3):
        clock.pass_by(23 * HOUR)
        assert judge(versus_usual=USUAL) == {"success_age_vs_usual": ("pass", 0)}


def test_a_dag_that_has_lost_its_schedule_is_not_silent(clock, judge):
    clock.dag("load")
    clock.hourly("load", 9)
    for _ in range(3):
        assert judge(versus_usual=USUAL) == {"success_age_vs_usual": ("pass", 0)}
        clock.pass_by(8 * HOUR)


def test_a_run_that_airflow_skips_while_it_cannot_make_it_is_late_since_the_first_one_was_due(clock, judge):
    clock.dag("load", due=-HOUR)
    clock.hourly("load", 5)
    judge(late_by={"warn": "10m"})
    clock.pass_by(HOUR + 5 * MINUTE)
    for _ in range(2):
        clock.pass_by(HOUR)
        clock.next_due("load", 5 * MINUTE)
        found = judge(late_by={"warn": "10m", "fail": "2h"})
    assert found == {"load.late_by": ("fail", pytest.approx(125 * MINUTE, abs=5))}


def test_a_run_that_is_not_among_those_that_were_read_was_made(clock, judge):
    """More runs are running than a page holds, that of 20 minutes ago among those that were not read."""
    clock.dag("load", due=-40 * MINUTE)
    clock.hourly("load", 5)
    judge(late_by={"warn": "10m"})
    clock.pass_by(HOUR)
    for number in range(100):
        clock.run("busy", due=30 * MINUTE + number, takes=None)
    clock.run("load", due=20 * MINUTE, takes=None)
    clock.next_due("load", MINUTE)
    assert judge(late_by={"warn": "10m"}) == {"load.late_by": ("pass", pytest.approx(MINUTE, abs=5))}


def test_a_paused_dag_may_be_silent(clock, judge):
    clock.dag("load", paused=True)
    clock.hourly("load", 9)
    usual = {"success_age": {"warn": 3}}
    judge(versus_usual=usual)
    for _ in range(3):
        clock.pass_by(4 * HOUR)
        assert judge(versus_usual=usual) == {"success_age_vs_usual": ("pass", 0)}


def test_a_dag_with_a_promise_is_judged_at_once_and_whatever_its_past(clock, judge):
    clock.dag("nightly")
    clock.dag("fresh")
    clock.run("nightly", due=30 * HOUR)
    promise = {"success_age": {"warn": "25h", "fail": "48h"}}
    assert judge(dags={"nightly": promise, "fresh": promise, "gone": promise}) == {
        "nightly.success_age": ("warn", pytest.approx(30 * HOUR - 62, abs=5)),
        "fresh.success_age": ("fail", None),
    }


def test_a_dag_with_a_promise_that_was_never_due_is_all_right(clock, judge):
    """Its first run is due in six days; one that somebody started by hand was never promised."""
    clock.dag("new", due=-6 * 24 * HOUR)
    clock.run("new", due=HOUR, state="failed", run_type="manual")
    promise = {"success_age": {"warn": "8d", "fail": "9d"}}
    assert judge(dags={"new": promise}) == {"new.success_age": ("pass", None)}
    clock.pass_by(13 * 24 * HOUR)
    assert judge(dags={"new": promise}) == {"new.success_age": ("pass", None)}, "seven days after it was due"
    clock.pass_by(1.5 * 24 * HOUR)
    assert judge(dags={"new": promise}) == {"new.success_age": ("warn", None)}


def test_a_dag_that_has_failed_since_its_first_run_is_judged_by_when_that_was(clock, judge):
    """Nobody remembers the runs, and the next one is due in five days."""
    for dag_id in ("weekly", "young"):
        clock.dag(dag_id, due=-5 * 24 * HOUR)
    for days in (16, 9, 2):
        clock.run("weekly", due=days * 24 * HOUR, state="failed")
    clock.run("young", due=2 * 24 * HOUR, state="failed")
    promise = {"success_age": {"warn": "8d", "fail": "9d"}}
    assert judge(dags={"weekly": promise, "young": promise}) == {
        "weekly.success_age": ("fail", None),
        "young.success_age": ("pass", None),
    }


def test_a_backlog_that_a_new_dag_starts_with_counts_from_its_first_start(clock, judge):
    clock.dag("new", due=299 * 24 * HOUR)
    clock.run("new", due=300 * 24 * HOUR, queued=60, late=300 * 24 * HOUR - 30, takes=None)
    assert judge(dags={"new": PROMISE}) == {"new.success_age": ("pass", None)}


@pytest.mark.parametrize("crowded", [False, True], ids=["few DAGs", "more DAGs than a page"])
def test_dags_that_are_gone_hide_no_silent_dag(clock, judge, crowded):
    for number in range(45):
        clock.hourly(f"gone_{number}", 9)
    judge(versus_usual=USUAL)
    clock.pass_by(20 * 24 * HOUR)
    if crowded:
        clock.crowd()
    clock.dag("nightly")
    clock.dag("hourly", due=0)
    clock.run("nightly", due=40 * HOUR)
    clock.hourly("hourly", 9)
    judge(versus_usual=USUAL, dags={"nightly": PROMISE})
    for _ in range(2):
        clock.pass_by(4 * HOUR)
        found = judge(versus_usual=USUAL, dags={"nightly": PROMISE})
    assert found == {
        "nightly.success_age": ("fail", pytest.approx(48 * HOUR, abs=120)),
        "hourly.success_age_vs_usual": ("fail", pytest.approx(9, abs=0.1)),
    }


def test_a_dag_is_found_among_a_hundred_whose_names_begin_with_its_own(clock, judge):
    clock.crowd("etl_")
    clock.dag("etl")
    clock.dag("load")
    for dag_id in ("etl", "load", "etl_off"):
        clock.run(dag_id, due=40 * HOUR)
    clock.dag("etl_off", paused=True)
    found = judge(dags={"etl_off": PROMISE, "load": PROMISE, "etl": PROMISE})
    assert set(found) == {"etl.success_age", "load.success_age"}


def test_a_paused_dag_whose_name_is_the_beginning_of_a_hundred_is_known_as_paused(clock, judge):
    clock.crowd("etl_")
    clock.dag("etl", paused=True)
    assert judge(dags={"etl": PROMISE}, failed_runs={"warn": 0}) == {"failed_runs": ("pass", 0)}


def test_more_silent_dags_than_can_be_asked_for_are_inconclusive(clock, judge):
    """Three questions of twenty names each are left to a look that finds nothing else."""
    clock.crowd()
    for number in range(90):
        clock.run(f"dag_{number:02}", due=HOUR)
        clock.dag(f"dag_{number:02}")
    judge(success_age={"warn": "10h"})
    clock.pass_by(20 * HOUR)
    found = judge(success_age={"warn": "10h"}, dags={"promised": PROMISE})
    assert found["silent_dags"] == ("inconclusive", 31)
    assert len([name for name in found if name.endswith(".success_age")]) == 59
    assert "promised.success_age" not in found, "it was asked for first, and is gone"


def test_dags_known_as_paused_are_asked_for_by_turns(clock, judge):
    clock.crowd()
    for number in range(120):
        clock.run(f"dag_{number:03}", due=HOUR)
        clock.dag(f"dag_{number:03}", paused=True)
    judge(success_age={"warn": "10h"})
    clock.pass_by(20 * HOUR)
    assert judge(success_age={"warn": "10h"})["silent_dags"] == ("inconclusive", 60)
    clock.pass_by(HOUR)
    assert judge(success_age={"warn": "10h"}) == {"success_age": ("pass", 0)}
    clock.airflow.rows[DAGS][120]["is_paused"] = False
    found = {}
    for _ in range(2):
        clock.pass_by(HOUR)
        found |= judge(success_age={"warn": "10h"})
    assert found["dag_000.success_age"][0] == "warn"


def test_a_dag_that_runs_often_does_not_hide_the_success_of_a_rare_one(clock, judge):
    clock.dag("monthly", due=-15 * 24 * HOUR)
    clock.dag("often", due=0)
    clock.run("monthly", due=15 * 24 * HOUR)
    for number in range(150, 0, -1):
        clock.run("often", due=2 * HOUR + number * 5 * MINUTE)
    promise = {"success_age": {"warn": "1h"}}
    found = judge(dags={"monthly": {"success_age": {"warn": "20d"}}, "often": promise})
    assert found == {"often.success_age": ("warn", pytest.approx(2 * HOUR + 4 * MINUTE, abs=5))}
    assert judge(dags={"monthly": promise})["monthly.success_age"][0] == "warn"


def test_a_success_that_lies_behind_those_that_could_be_read_is_inconclusive(clock, judge):
    """Two pages of failures and one of successes leave two requests; two busy DAGs fill these."""
    clock.dag("monthly", due=-15 * 24 * HOUR)
    clock.run("monthly", due=15 * 24 * HOUR)
    for number in range(150, 0, -1):
        for dag_id, ago in (("first", 3 * HOUR), ("second", 20 * HOUR)):
            clock.run(dag_id, due=ago + number * 5 * MINUTE)
        clock.run("other", due=HOUR + number, state="failed")
    for dag_id in ("first", "second"):
        clock.dag(dag_id, due=0)
    promise = {"success_age": {"warn": "1h"}}
    dags = {"monthly": {"success_age": {"warn": "20d"}}, "first": promise, "second": promise}
    assert judge(dags=dags)["monthly.success_age"] == ("inconclusive", None)


def test_windows_and_thresholds_hold_for_the_dags_that_a_pattern_names(clock, judge):
    for dag_id in ("team_a", "team_b", "other"):
        clock.run(dag_id, due=30 * HOUR, state="failed")
        clock.run(dag_id, due=2 * HOUR, state="failed")
    dags = {"team_b": {"failed_runs": {"warn": 5}}, "team_*": {"window": "2d"}}
    assert judge(failed_runs={"warn": 0, "fail": 1}, dags=dags) == {
        "team_a.failed_runs": ("fail", 2),
        "other.failed_runs": ("warn", 1),
    }


def test_ratios_need_no_request_once_the_window_is_known(clock, judge):
    clock.hourly("load", 5)
    clock.run("load", due=10 * MINUTE, state="failed")
    judge(failed_runs={"warn": 0})
    before = len(clock.airflow.requests)
    clock.pass_by(HOUR)
    assert judge(failure_ratio={"warn": "10%"}) == {"load.failure_ratio": ("warn", pytest.approx(1 / 6))}
    assert not [request for request in clock.airflow.requests[before:] if request.path == f"{RUNS}/list"]


def test_another_try_of_the_task_learns_nothing_twice(clock, judge):
    clock.hourly("load", 3)
    judge(failed_runs={"warn": 0})
    first = KeptState("a_dag", "check_dag_runs").read()
    judge(failed_runs={"warn": 0})
    second = KeptState("a_dag", "check_dag_runs").read()
    assert second.generation == first.generation + 1
    assert second.value["dags"] == first.value["dags"]
    assert len(first.value["dags"]["load"]["runs"]) == 3


def test_what_is_remembered_stays_small(clock, judge):
    for minutes in range(200):
        clock.run("busy", due=minutes * MINUTE + 120)
    judge(failed_runs={"warn": 0})
    past = KeptState("a_dag", "check_dag_runs").read().value["dags"]["busy"]
    assert (len(past["runs"]), len(past["starts"])) == (30, 30)


@pytest.mark.parametrize("crowded", [False, True], ids=["few DAGs", "more DAGs than a page"])
@pytest.mark.parametrize("number", [0, 1, 40, 900])
def test_a_check_makes_ten_requests_at_most(clock, read_published, run_task, number, crowded):
    if crowded:
        clock.crowd()
    clock.dag("new", due=-HOUR)
    for i in range(number):
        clock.run(f"dag_{i % 50}", due=i * 30 + 60, state="failed" if i % 3 else "success")
        clock.dag(f"dag_{i % 50}", due=-2 * HOUR if crowded else HOUR)
        clock.run(f"dag_{i % 50}", due=2 * HOUR, state="queued" if i % 2 else "success", takes=60 if i % 2 else None)
    operator = CheckDagRunsOperator(
        task_id="check_dag_runs",
        conn_id="airflow_api",
        failed_runs={"warn": 0},
        failure_ratio={"warn": "10%"},
        running_for={"warn": "1m"},
        late_by={"warn": "1m"},
        success_age={"warn": "1s"},
        dags={"one_more": {"success_age": {"warn": "1s"}}, "new": {"success_age": {"warn": "1s"}}},
    )
    run = run_task(operator)
    asked = len(clock.airflow.requests)
    assert read_published(run.result, "finding.json")["requests"] == asked <= REQUESTS_AT_MOST
