"""The process that runs a pipeline: builds it, runs it with ``dag.test()``, and tells what happens, line by line.

It reads the request from standard input, and writes events as JSON to the file descriptor that is its argument; what
Airflow and the tasks log goes to standard output.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.trial.masked import MaskedStream, hide
from pipelines.trial.request import Request
from pipelines.trial.subset import with_what_it_needs

if TYPE_CHECKING:
    import airflow.sdk

Tell = Callable[..., None]


class _Trial:
    """Keeps the DAG for the file in Airflow's DAG folder, which Airflow imports in this same process."""

    dag: Any = None


TRIAL = _Trial()


class _Refused(Exception):  # noqa: N818 (it says what the user asked for in vain)
    """What was asked for cannot be run; the message says why."""


def run(request: Request, tell: Tell) -> None:
    """Run a pipeline and tell what happens.

    :param request: which one, and how
    :param tell: takes the name of an event and what there is to know of it
    """
    tell("phase", name="building")
    dag = _build(request)
    skipped = [task.task_id for task in dag.tasks if any(_is_called(task.task_id, name) for name in request.skipped)]
    _refuse_what_waits_for_people(dag, skipped)
    _without_retries(dag)
    TRIAL.dag = dag
    tell("phase", name="a database for this run")
    _make_database()
    from pipelines.trial.watcher import Watcher

    watcher = Watcher(tell)
    watcher.listen()
    tell("phase", name="running")
    pattern = "|".join(re.escape(task_id) for task_id in skipped) or None
    finished: Any = dag.test(run_conf=dict(request.conf) or None, mark_success_pattern=pattern)
    watcher.finish(finished)


def _build(request: Request) -> airflow.sdk.DAG:
    from pipelines.build import BuildError, build_dag
    from schemas.checker import Scope, check_files

    scope = Scope(request.environment, dag_id=request.dag_id)
    report = check_files([Path(request.file)], schema=Path(request.schema), scope=scope)
    pipeline = next((one for one in report.pipelines if one.dag_id == request.dag_id), None)
    if pipeline is None:
        raise _Refused(f"{request.dag_id} is not in {request.file} any more, or is broken")
    if request.task is not None:
        pipeline = with_what_it_needs(pipeline, request.task)
    try:
        return build_dag(pipeline)
    except BuildError as error:
        raise _Refused(f'pipeline "{request.dag_id}" cannot be built: {error}') from None


def _is_called(task_id: str, name: str) -> bool:
    """Tell whether Airflow's id of a task, which begins with the names of its groups, is that of a name in the YAML."""
    return f".{task_id}".endswith(f".{name}")


def _refuse_what_waits_for_people(dag: airflow.sdk.DAG, skipped: list[str]) -> None:
    from airflow.providers.standard.operators.hitl import HITLOperator

    for task in dag.tasks:
        kind = getattr(task, "operator_class", type(task))
        if issubclass(kind, HITLOperator) and task.task_id not in skipped:
            raise _Refused(
                f'task "{task.task_id}" asks a person, and nobody is asked here; take it for done with --skip'
            )


def _without_retries(dag: airflow.sdk.DAG) -> None:
    """Let a failure be seen at once: nothing is tried again."""
    from airflow.sdk.definitions.mappedoperator import MappedOperator

    for task in dag.tasks:
        if isinstance(task, MappedOperator):
            task.partial_kwargs["retries"] = 0
        else:
            task.retries = 0


def _make_database() -> None:
    from airflow.utils.db import initdb

    initdb()


def main() -> int:
    """Read the request and run it; gives the exit code."""
    # before Airflow is imported, whose loggers keep the streams that they find
    sys.stdout, sys.stderr = MaskedStream(sys.stdout), MaskedStream(sys.stderr)
    with os.fdopen(int(sys.argv[1]), "w", encoding="utf-8") as events:

        def tell(event: str, **facts: Any) -> None:
            print(json.dumps({"event": event, **hide(facts)}, default=str), file=events, flush=True)

        request = json.load(sys.stdin)
        try:
            run(Request(**{**request, "skipped": tuple(request["skipped"])}), tell)
        except _Refused as error:
            tell("refused", message=str(error))
            return 1
        finally:
            sys.stdout.close()
            sys.stderr.close()
    return 0


if __name__ == "__main__":
    # the module that the DAG's file imports is this one, and not a second copy
    sys.modules["pipelines.trial.child"] = sys.modules["__main__"]
    sys.exit(main())
