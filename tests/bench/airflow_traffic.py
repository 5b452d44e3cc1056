"""StatsD lines as Airflow 3.3.2 sends them with the settings of compose.yaml, for any number of DAGs and any time.

What a line looks like is held to a recording (test_metrics_load.py); how often each comes is what its comment says.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

DAY = 86_400
FEWEST_TASKS, MOST_TASKS = 8, 20
OPERATORS = ("DownloadDataOperator", "PreprocessDataOperator", "ValidateDataOperator", "TrainModelOperator",
             "EvaluateModelOperator", "DeployModelOperator", "SendNotificationOperator", "BashOperator")  # fmt: skip
PREFIX = "team_"
POOLS = ("default_pool", "training", "warehouse")
SLOTS = ("open", "queued", "running", "deferred", "scheduled")
RUNS_PER_LOOP = 20
"""``[scheduler] max_dagruns_per_loop_to_schedule``: each running run that a loop looks at gives a line."""
Event = tuple[float, str]
"""When, and a line."""


@dataclass(frozen=True, slots=True)
class Dag:
    """One DAG of the load."""

    dag_id: str
    tasks: tuple[str, ...]

    def operator(self, task_id: str) -> str:
        """Which operator a task is of."""
        return OPERATORS[self.tasks.index(task_id) % len(OPERATORS)]


def make_dags(count: int) -> tuple[Dag, ...]:
    """Make DAGs of 8 to 20 tasks, 14 on average, with names as long as people's."""
    sizes = itertools.cycle(range(FEWEST_TASKS, MOST_TASKS + 1))
    return tuple(
        Dag(f"{PREFIX}{number % 25:02d}_data_{number:04d}", tuple(f"stage_{n % 3}.task_{n:02d}" for n in range(size)))
        for number, size in zip(range(count), sizes, strict=False)
    )


def task_lines(dag: Dag, task_id: str, seconds: float, *, state: str = "success", queue: str = "default") -> list[str]:
    """One try of a task, from being scheduled to its end."""
    tags = f"dag_id={dag.dag_id},task_id={task_id}"
    outcome = "successes" if state == "success" else "failures"
    return [
        f"airflow.task.scheduled_duration,{tags},queue={queue}:{seconds * 20:.6f}|ms",
        f"airflow.ti.start,{tags}:1|c",
        f"airflow.task.duration,{tags}:{seconds * 1000:.6f}|ms",
        f"airflow.operator_{outcome},{tags},operator_name={dag.operator(task_id)}:1|c",
        f"airflow.ti_{outcome},{tags}:1|c",
        f"airflow.ti.finish,{tags},state={state}:1|c",
    ]


def ti_gauge(dag: Dag, task_id: str, state: str, count: int, *, queue: str = "default") -> str:
    """How many instances of a task are in a state: every 30 s while there is one, and once 0."""
    return f"airflow.ti.{state},queue={queue},dag_id={dag.dag_id},task_id={task_id}:{count}|g"


def start_lines(dag: Dag, *, run_type: str = "scheduled") -> list[str]:
    """A run that begins."""
    tags = f"dag_id={dag.dag_id},run_type={run_type}"
    created = [
        f"airflow.task_instance_created,{tags},task_type={operator}:{number}|c"
        for operator, number in _count(dag.operator(task_id) for task_id in dag.tasks).items()
    ]
    return [
        *created,
        f"airflow.dagrun.schedule_delay,dag_id={dag.dag_id}:1204.5|ms",
        f"airflow.dagrun.first_task_scheduling_delay,{tags}:1873.25|ms",
        f"airflow.dagrun.{dag.dag_id}.first_task_scheduling_delay,{tags}:1873.25|ms",
        f"airflow.dagrun.first_task_start_delay,{tags}:2950.125|ms",
    ]


def end_lines(dag: Dag, seconds: float, *, state: str = "success", run_type: str = "scheduled") -> list[str]:
    """A run that ends."""
    return [f"airflow.dagrun.duration.{state},dag_id={dag.dag_id},run_type={run_type}:{seconds * 1000:.6f}|ms"]


def dependency_check(dag: Dag, *, run_type: str = "scheduled") -> str:
    """The scheduler looks at a running run."""
    return f"airflow.dagrun.dependency-check,dag_id={dag.dag_id},run_type={run_type}:{random.uniform(1, 20):.6f}|ms"


def loop_lines() -> list[str]:
    """One loop of the scheduler, about one a second, and of the triggerer."""
    executor = "status=open,executor_class_name=LocalExecutor"
    return [
        "airflow.scheduler.scheduler_loop_duration:73.25|ms",
        "airflow.scheduler.critical_section_duration:9.5|ms",
        "airflow.scheduler.critical_section_query_duration:4.75|ms",
        "airflow.scheduler.executor_heartbeat_duration,executor=LocalExecutor:0.5|ms",
        "airflow.scheduler.tasks.starving:0|g",
        "airflow.scheduler.tasks.executable:3|g",
        f"airflow.executor.open_slots,{executor}:28|g",
        "airflow.executor.queued_tasks,status=queued,executor_class_name=LocalExecutor:3|g",
        "airflow.executor.running_tasks,status=running,executor_class_name=LocalExecutor:4|g",
        "airflow.connection_test.active:0|g",
        "airflow.connection_test.pending:0|g",
        "airflow.triggers.running,hostname=triggerer:0|g",
        "airflow.triggerer.capacity_left,hostname=triggerer:1000|g",
        *["airflow.scheduler.dag_bag.cache_hit:1|c"] * 4,
        *["airflow.dag_processing.file_path_queue_size:3|g"] * 4,
        *["airflow.dag_processing.file_path_queue_update_count:1|c"] * 2,
    ]


def slow_lines() -> list[str]:
    """What comes every 5 s: heartbeats and pools."""
    pools = [
        f"airflow.pool.{kind},pool_name={pool}:7|g"
        for pool in POOLS
        for kind in (*(f"{state}_slots" for state in SLOTS), "starving_tasks")
    ]
    beats = [f"airflow.{name}_heartbeat:1|c" for name in ("scheduler", "dag_processor", "triggerer")]
    return [*beats, *pools]


def parse_lines() -> list[str]:
    """What comes about every 30 s: the two loader files are parsed."""
    files = [
        line
        for name in ("dags", "problems")
        for line in (
            f"airflow.dag_processing.last_duration,bundle_name=dags-folder,file_name={name}:1.302163|ms",
            f"airflow.dag_processing.last_run.seconds_ago,file_path={name}.py,bundle_name=dags-folder,file_name={name}:9.5|g",
            f"airflow.dag_processing.processes,file_path={name}.py,action=start:1|c",
        )
    ]
    gauges = (
        "dagbag_size",
        "dag_processing.import_errors",
        "dag_processing.total_parse_time",
        "scheduler.dagruns.running",
    )
    return [*files, *[f"airflow.{name}:1|g" for name in gauges]]


def rare_lines(dag: Dag) -> list[str]:
    """What comes now and then, at a start or for a single DAG."""
    counters = (
        "job_start",
        "scheduler.orphaned_tasks.cleared",
        "scheduler.orphaned_tasks.adopted",
        "scheduler.dag_bag.cache_miss",
        "api_server.dag_bag.cache_hit",
        "api_server.dag_bag.cache_miss",
        "asset.updates",
        "asset.triggered_dagruns",
        "triggers.succeeded",
        "dag_processing.other_callback_count",
        "dag_processing.callback_only_count",
        f"dag.callback_exceptions,dag_id={dag.dag_id}",
    )
    return [
        *[f"airflow.{name}:1|c" for name in counters],
        "airflow.asset.orphaned:0|g",
        "airflow.serde.load_serializers:0.75|ms",
    ]


def everything_once(dags: tuple[Dag, ...]) -> Iterator[str]:
    """Every line that a month of work has sent: each task and each run has succeeded, failed and been retried."""
    yield from (*loop_lines(), *slow_lines(), *parse_lines())
    for dag in dags:
        yield from (
            *start_lines(dag),
            *end_lines(dag, 600),
            *end_lines(dag, 300, state="failed"),
            dependency_check(dag),
        )
        for task_id in dag.tasks:
            for state in ("success", "failed", "up_for_retry"):
                yield from task_lines(dag, task_id, 31.5, state=state)


def while_working(dags: tuple[Dag, ...]) -> Iterator[str]:
    """The gauges of every task, as if all of them ran and had waited in the last minutes."""
    for dag in dags:
        for task_id in dag.tasks:
            yield ti_gauge(dag, task_id, "running", 1)
            yield from (ti_gauge(dag, task_id, state, 0) for state in ("scheduled", "queued", "deferred"))


def work(dags: tuple[Dag, ...], *, runs_a_day: float, seconds: float, seed: int = 7) -> Iterator[Event]:
    """Let the DAGs run at a steady rate, their tasks one after the other; the events come in the order of time.

    One try of a task in fifty fails and is repeated; one run in fifty fails.
    """
    chance = random.Random(seed)
    streams = [_runs(dag, DAY / runs_a_day, seconds, random.Random(chance.random())) for dag in dags]
    yield from heapq.merge(*streams, _ticks(dags, seconds, chance))


def _runs(dag: Dag, period: float, seconds: float, chance: random.Random) -> Iterator[Event]:
    events: list[Event] = []
    start = chance.uniform(0, period) - period
    while start < seconds:
        events += _run(dag, start, chance)
        start += period
    yield from sorted(event for event in events if 0 <= event[0] < seconds)


def _run(dag: Dag, start: float, chance: random.Random) -> Iterator[Event]:
    yield from ((start, line) for line in start_lines(dag))
    now = start + chance.uniform(1, 4)
    for task_id in dag.tasks:
        for state in ("up_for_retry", "success") if chance.random() < 0.02 else ("success",):
            spent = min(chance.lognormvariate(3, 1), 240)
            seen = range(-int(-now // 30), -int(-(now + spent) // 30))  # the gauges come at each full half minute
            yield from ((half * 30.0, ti_gauge(dag, task_id, "running", 1)) for half in seen)
            yield from ((half * 30.0, ti_gauge(dag, task_id, "running", 0)) for half in {seen.stop} if seen)
            now += spent
            yield from ((now, line) for line in task_lines(dag, task_id, spent, state=state))
            now += 1
    yield from (
        (now, line) for line in end_lines(dag, now - start, state="failed" if chance.random() < 0.02 else "success")
    )


def _ticks(dags: tuple[Dag, ...], seconds: float, chance: random.Random) -> Iterator[Event]:
    for second in range(int(seconds)):
        lines = loop_lines() + [dependency_check(chance.choice(dags)) for _ in range(RUNS_PER_LOOP)]
        lines += slow_lines() if second % 5 == 0 else []
        lines += parse_lines() if second % 30 == 0 else []
        yield from ((float(second), line) for line in lines)


def _count(values: Iterator[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts
