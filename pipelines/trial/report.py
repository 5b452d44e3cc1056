"""Shows what came out of a run at the terminal, as ``make run`` shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.embedded.runs import RunEnd, TaskEnd
from pipelines.embedded.summary import RunSummary, TaskSummary, read_judgement
from pipelines.embedded.summary_view import print_run
from pipelines.trial.request import Request
from pipelines.trial.trial import LOG, Outcome
from schemas.formats.terminal import shown

_NAMED = 5


def print_outcome(request: Request, outcome: Outcome, artifacts: Path) -> None:
    """Print the tasks, what they judged, why they failed, and where things lie.

    :param request: what was asked for
    :param outcome: what came of it
    :param artifacts: the folder for what the tasks made
    """
    if outcome.state == "crashed":
        print(
            f"\nthe process that ran {request.dag_id} ended before the run did; its log ends with:\n{outcome.message}"
        )
    else:
        print_run(_summary(request, outcome))
    # of a mapped task, many may fail for the same reason
    failed: dict[str, list[str]] = {}
    for task in outcome.tasks:
        if task["error"]:
            failed.setdefault(task["error"], []).append(_name(task))
    for error, names in failed.items():
        lines = "\n".join(f"  {shown(line)}" for line in error.splitlines())
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        print(f"\nwhy {', '.join(names[:_NAMED])}{more} failed\n{lines}")
    print(f"\nartifacts  {artifacts}\nlog        {artifacts / LOG}")


def _summary(request: Request, outcome: Outcome) -> RunSummary:
    tasks = tuple(_task(task) for task in outcome.tasks)
    ends = tuple(task.end for task in tasks)
    end = RunEnd(dag_id=request.dag_id, run_id=outcome.run_id, state=outcome.state, seconds=outcome.seconds, tasks=ends)
    return RunSummary(end=end, tasks=tasks)


def _task(task: dict[str, Any]) -> TaskSummary:
    end = TaskEnd(task_id=_name(task), state=task["state"], seconds=task["seconds"], tries=1)
    verdict = task["verdict"] or {}
    return TaskSummary(end=end, reference=task["reference"] or {}, verdict=verdict, judgement=read_judgement(verdict))


def _name(task: dict[str, Any]) -> str:
    return task["task_id"] if task["map_index"] < 0 else f"{task['task_id']}[{task['map_index']}]"
