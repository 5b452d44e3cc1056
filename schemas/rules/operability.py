"""Rules on what makes a pipeline hard to run for years: nobody to ask, tasks that never end, metrics that get lost."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.diagnostic import Finding, Place
from schemas.outline import Node, Outline
from schemas.rules.clocks import runs_by_itself
from schemas.rules.full_ids import FullIds
from schemas.rules.graph import id_place
from schemas.rules.lineage import operator_of
from schemas.rules.task_arguments import TaskArguments
from schemas.source import Tree

_LONGEST_IN_METRICS = 190
"""Characters of DAG id and task id together; StatsD lines of more than 250 are dropped, and they hold more than ids."""
_LONGEST_FOR_AIRFLOW = 250
_EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"


def iter_operability_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield what makes a pipeline hard to operate; owners and timeouts only where it runs by itself."""
    yield from _long_ids(outline, tree)
    if not runs_by_itself(outline):
        return
    arguments = TaskArguments(outline)
    without_owner = _without("owner", outline, arguments)
    if without_owner:
        hint = "name who is asked when it fails: default_args: {owner: your-team}"
        message = f'pipeline "{outline.dag_id}" runs on a schedule, and nobody owns {_shown(without_owner)}'
        yield Finding("P702", _schedule_place(outline, tree), message, hint)
    if outline.setting("dagrun_timeout") is not None:
        return
    endless = [task for task in _without("execution_timeout", outline, arguments) if operator_of(task) != _EMPTY]
    if endless:
        hint = "set execution_timeout in default_args, or dagrun_timeout"
        message = f'pipeline "{outline.dag_id}" runs on a schedule, and no timeout ends {_shown(endless)}'
        yield Finding("P703", _schedule_place(outline, tree), message, hint)


def _long_ids(outline: Outline, tree: Tree) -> Iterator[Finding]:
    ids = FullIds(outline)
    for task in outline.tasks:
        if not outline.groups and len(task.id) + len(outline.dag_id) <= _LONGEST_IN_METRICS:
            continue
        full = ids.of(task)
        if len(full) > _LONGEST_FOR_AIRFLOW:
            message = f'the id of "{task.id}", with its groups, has {len(full)} characters; Airflow takes 250'
            yield Finding("P217", id_place(task, tree), message, "shorten the names of the groups or the task")
        elif len(full) + len(outline.dag_id) > _LONGEST_IN_METRICS:
            total = len(full) + len(outline.dag_id)
            message = f"the ids of pipeline and task have {total} characters together; from 191 on metrics get lost"
            yield Finding("P701", id_place(task, tree), message, "shorten one of the two")


def _without(key: str, outline: Outline, arguments: TaskArguments) -> list[Node]:
    if arguments.is_shared(key):
        return []
    return [task for task in outline.tasks if arguments.find(task, key) is None]


def _shown(tasks: list[Node]) -> str:
    return f'"{tasks[0].id}"' + (f" and {len(tasks) - 1} more" if len(tasks) > 1 else "")


def _schedule_place(outline: Outline, tree: Tree) -> Place:
    """Give the place of the schedule if it stands where the tasks do; if it is shared, others may own their tasks."""
    schedule, tasks = tree.key((outline.dag_id, "schedule")), tree.key((outline.dag_id, "tasks"))
    whole = tree.find((outline.dag_id,)).place
    if tasks.file:
        return schedule if schedule.file == tasks.file else tasks
    is_own = (whole.line, whole.column) <= (schedule.line, schedule.column) < (whole.end_line, whole.end_column)
    return schedule if is_own and not schedule.file else tree.key((outline.dag_id,))
