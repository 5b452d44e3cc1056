"""Run summary: how the tasks before a notification went, what they judged and deployed, laid out as one message."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from operators.artifacts import open_location
from operators.notify.message import build_message
from operators.notify.message_value import Incident, Message
from operators.report import Table
from operators.verdict import format_value

if TYPE_CHECKING:
    from airflow.sdk import Context

_BAD_STATES = ("failed", "upstream_failed")
_WORST_FIRST = ("fail", "inconclusive", "warn", "pass")
_SHOWN_VERDICTS = 40
_SHOWN_FACTS = 30


@dataclass(frozen=True, slots=True)
class TaskSummary:
    """How one task went."""

    task_id: str
    state: str
    seconds: float | None
    verdict: Mapping[str, Any] | None = None
    """The XCom ``verdict`` of a task that judges."""
    judgement: Mapping[str, Any] = field(default_factory=dict)
    """Its verdicts.json, or ``{"problem": …}`` if that cannot be read."""
    result: Any = None
    """What it returned."""

    @property
    def outcome(self) -> str:
        """Its verdict in one word; empty for a task that judges nothing."""
        return str(self.verdict["verdict"]) if self.verdict else ""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The tasks before the notification, in order."""

    dag_id: str
    run_id: str
    url: str
    """Of the run in Airflow's UI."""
    tasks: tuple[TaskSummary, ...]

    @property
    def state(self) -> str:
        """``failed`` if any of the tasks failed, else ``success``."""
        return "failed" if any(task.state in _BAD_STATES for task in self.tasks) else "success"

    @property
    def is_clean(self) -> bool:
        """Whether nothing failed and every verdict is a pass."""
        return self.state == "success" and all(task.outcome in ("", "pass") for task in self.tasks)

    @property
    def deployments(self) -> tuple[Mapping[str, Any], ...]:
        """What DeployModel tasks returned."""
        results = (task.result for task in self.tasks)
        return tuple(
            r for r in results if isinstance(r, Mapping) and {"registered_model", "version", "alias"} <= set(r)
        )


def summarise_run(context: Context) -> RunSummary:
    """Collect from Airflow what the tasks upstream of this one left: states, seconds, verdicts and results.

    Tasks that are not upstream are left out: they may still be running, and a retry of the notification has to find
    the same as its first try.

    :param context: the context of the notification's task
    """
    ti = context["ti"]
    states: Mapping[str, Any] = ti.get_task_states(ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
    finished = list(ti.get_task_breadcrumbs(ti.dag_id, ti.run_id))  # type: ignore[attr-defined]
    tasks: list[TaskSummary] = []
    for task_id in _upstream_ids(context):
        instances = [row for row in finished if row["task_id"] == task_id]
        if len(instances) == 1 and instances[0]["map_index"] < 0:
            tasks.append(_summarise_task(ti, task_id, str(instances[0]["state"]), instances[0]["duration"]))
        elif instances:
            tasks += [
                TaskSummary(f"{task_id}[{row['map_index']}]", str(row["state"]), row["duration"]) for row in instances
            ]
        else:
            tasks.append(TaskSummary(task_id, str(states.get(task_id) or "not finished"), None))
    return RunSummary(ti.dag_id, ti.run_id, ti.log_url.partition("/tasks/")[0], tuple(tasks))


def render_summary(subject: str, run: RunSummary) -> Message:
    """Lay a run's summary out as a message.

    :param subject: the message's subject; the run's state is added
    """
    facts: dict[str, Any] = {"dag": run.dag_id, "run": run.run_id, "link": run.url}
    for deployment in run.deployments:
        before = deployment.get("previous_version")
        facts["deployed"] = (
            f"{deployment['registered_model']} version {deployment['version']} is {deployment['alias']}"
            + (f" (before: version {before})" if before else " (the first one)")
        )
    tables = (_task_table(run), _verdict_table(run), _fact_table(run), _report_table(run))
    is_failed = run.state == "failed"
    incident = Incident(
        key=f"{run.dag_id}/{run.run_id}",
        summary=f"{subject}: {run.state}",
        severity="critical" if is_failed else "info" if run.is_clean else "warning",
        source=run.dag_id,
        is_over=not is_failed,
        links={"Airflow": run.url} if run.url.startswith(("http://", "https://")) else {},
    )
    return build_message(subject, run.state, facts, tables, _to_data(run), incident=incident)


def _upstream_ids(context: Context) -> list[str]:
    task = context["task"]
    wanted = task.get_flat_relative_ids(upstream=True)
    dag = task.get_dag()
    if dag is None:
        return sorted(wanted)
    return [other.task_id for other in dag.topological_sort() if other.task_id in wanted]  # type: ignore[no-untyped-call]


def _summarise_task(ti: Any, task_id: str, state: str, seconds: float | None) -> TaskSummary:
    verdict = ti.xcom_pull(task_ids=task_id, key="verdict")
    judged = verdict if isinstance(verdict, Mapping) and {"verdict", "verdicts", "report"} <= set(verdict) else None
    judgement = _read_judgement(judged["verdicts"]) if judged else {}
    return TaskSummary(task_id, state, seconds, judged, judgement, ti.xcom_pull(task_ids=task_id))


def _read_judgement(uri: str) -> Mapping[str, Any]:
    try:
        judgement: Mapping[str, Any] = json.loads(open_location(uri).read_bytes())
    except (OSError, ValueError) as error:
        # The message goes out without the details and says so: a notification matters most when things are broken.
        return {"problem": f"{type(error).__name__}: {error}"}
    return judgement


def _task_table(run: RunSummary) -> Table:
    rows = tuple(
        (task.task_id, task.state, "–" if task.seconds is None else f"{task.seconds:.1f}", task.outcome)
        for task in run.tasks
    )
    return Table("Tasks", ("task", "state", "seconds", "verdict"), rows)


def _verdict_table(run: RunSummary) -> Table:
    found = [row for task in run.tasks for row in _iter_verdicts(task)]
    rows = sorted(found, key=lambda row: _WORST_FIRST.index(row[2]))
    if len(rows) > _SHOWN_VERDICTS:
        left_out = f"and {len(rows) - _SHOWN_VERDICTS} more"
        rows = [*rows[:_SHOWN_VERDICTS], ("", left_out, "", "", "", "see the reports")]
    return Table("Verdicts", ("task", "name", "verdict", "observed", "threshold", "note"), tuple(rows))


def _iter_verdicts(task: TaskSummary) -> Iterator[tuple[str, ...]]:
    problem = task.judgement.get("problem")
    if problem:
        yield (task.task_id, "verdicts.json", "inconclusive", "unreadable", "", str(problem))
    for v in task.judgement.get("verdicts", ()):
        observed = format_value(v["observed"])
        yield (task.task_id, v["name"], v["verdict"], observed, v["threshold"], v.get("message", ""))


def _fact_table(run: RunSummary) -> Table:
    rows = [
        (task.task_id, name.replace("_", " "), value)
        for task in run.tasks
        for name, value in task.judgement.get("facts", {}).items()
    ]
    return Table("Measured", ("task", "what", "value"), tuple(rows[:_SHOWN_FACTS]))


def _report_table(run: RunSummary) -> Table:
    rows = tuple((task.task_id, task.verdict["report"]) for task in run.tasks if task.verdict)
    return Table("Reports", ("task", "report"), rows)


def _to_data(run: RunSummary) -> dict[str, Any]:
    return {
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "url": run.url,
        "tasks": [
            {"task_id": t.task_id, "state": t.state, "seconds": t.seconds, "verdict": t.outcome or None}
            for t in run.tasks
        ],
        "deployments": [_plain_deployment(deployment) for deployment in run.deployments],
    }


def _plain_deployment(deployment: Mapping[str, Any]) -> dict[str, Any]:
    wanted: Sequence[str] = ("registered_model", "version", "alias", "previous_version", "model_sha256")
    return {key: deployment.get(key) for key in wanted}
