"""`pipelines run`: one run of a pipeline, here and now, without a scheduler."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pipelines.commands.arguments import add_json, add_reading, print_json, reading
from pipelines.commands.inputs import PIPELINES, Reading
from pipelines.commands.outcome import Exit, UsageError
from pipelines.commands.show import sound_pipeline

if TYPE_CHECKING:
    from pipelines.trial.request import Request
    from pipelines.trial.trial import Outcome
    from schemas.spec import Pipeline


def add_parser(commands: Any) -> None:
    """Add the command and its arguments."""
    command = commands.add_parser(
        "run",
        help="run a pipeline once, here and now, without a scheduler",
        description="Run a pipeline once in a process of its own, with Airflow's dag.test(): no scheduler, no retries, "
        "deferred tasks wait in place. Airflow's home and database are made for this run and removed after it; yours "
        "are not touched. Connections and variables are those of the environment (AIRFLOW_CONN_…, AIRFLOW_VAR_…). "
        "Exits with 1 if the run failed. Needs Airflow.",
    )
    command.add_argument("name", metavar="NAME", help="the pipeline's id")
    add_reading(command)
    command.add_argument(
        "--task", metavar="TASK", help="run only this task, and before it those that it needs: all upstream of it"
    )
    command.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="TASK",
        help="take this task for done without running it; may be given again",
    )
    command.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the run, its value in YAML; may be given again",
    )
    command.add_argument(
        "--conf", metavar="MAPPING", help="parameters as one mapping in YAML or JSON, undeclared ones too"
    )
    command.add_argument(
        "--artifacts",
        metavar="DIR",
        help="where to keep what the tasks make, the registry of models included (default: a new temporary folder)",
    )
    add_json(command)
    command.set_defaults(
        run=lambda arguments, out: run(
            arguments.name,
            reading(arguments),
            out,
            choice=Choice(arguments.task, tuple(arguments.skip), tuple(arguments.param), arguments.conf),
            artifacts=arguments.artifacts,
            as_json=arguments.json,
        )
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be run, and with what."""

    task: str | None = None
    skipped: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    conf: str | None = None


def run(
    name: str,
    what: Reading,
    out: TextIO,
    *,
    choice: Choice = Choice(),
    artifacts: str | None = None,
    as_json: bool = False,
) -> Exit:
    """Run a pipeline once and print what came out.

    :param name: its id
    :param what: where it is looked for
    :param out: where to print
    :param choice: which tasks, and the run's parameters
    :param artifacts: the folder for what the tasks make; a new one if not given
    :param as_json: whether to print it for programs
    :raises UsageError: if Airflow is not installed, or there is no such pipeline, task or parameter
    """
    if find_spec("airflow") is None:
        raise UsageError("a run needs Airflow, which is not installed here")
    _, pipeline = sound_pipeline(name, what)
    if pipeline is None:
        return Exit.PROBLEMS
    request = _request(pipeline, choice, what)
    folder = _folder(artifacts, name)
    try:
        outcome = _run(request, folder, out, as_json=as_json)
    except KeyboardInterrupt:
        print(f"artifacts  {folder}", file=sys.stderr)
        raise
    if outcome.state == "refused":
        raise UsageError(outcome.message)
    return Exit.CLEAN if outcome.state == "success" else Exit.PROBLEMS


def _request(pipeline: Pipeline, choice: Choice, what: Reading) -> Request:
    from pipelines.trial.parameters import ParameterError, read_parameters
    from pipelines.trial.request import Request

    try:
        conf = read_parameters(choice.parameters, choice.conf, pipeline.config.get("params") or {})
    except ParameterError as error:
        raise UsageError(str(error)) from None
    for task in (*([choice.task] if choice.task else []), *choice.skipped):
        _require_task(task, pipeline)
    return Request(
        dag_id=pipeline.dag_id,
        file=str(pipeline.path.absolute()),
        schema=str(what.schema_file.absolute()),
        environment=what.environment,
        conf=conf,
        task=choice.task,
        skipped=choice.skipped,
    )


def _require_task(name: str, pipeline: Pipeline) -> None:
    names = [task.id for task in pipeline.tasks]
    if name not in names:
        from schemas.diagnostic import printable
        from schemas.spelling import did_you_mean

        raise UsageError(f'{pipeline.dag_id} has no task "{printable(name)}"; {did_you_mean(name, names)}')


def _folder(named: str | None, name: str) -> Path:
    if named is None:
        return Path(tempfile.mkdtemp(prefix=f"{PIPELINES}-run-{name}-"))
    path = Path(named).absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{named}: cannot be used for artefacts: {error.strerror}") from None
    return path


def _run(request: Request, folder: Path, out: TextIO, *, as_json: bool) -> Outcome:
    from pipelines.trial.trial import Silence, run_trial

    if as_json:
        outcome = run_trial(request, folder, Silence())
        print_json(_document(request, outcome, folder), out)
        return outcome
    from pipelines.embedded.progress import open_progress
    from pipelines.trial.report import print_outcome

    with open_progress() as progress:
        outcome = run_trial(request, folder, progress)
    if outcome.state != "refused":
        print_outcome(request, outcome, folder)
        sys.stdout.flush()
    return outcome


def _document(request: Request, outcome: Outcome, folder: Path) -> dict[str, Any]:
    return {
        "version": 1,
        "dag_id": request.dag_id,
        "state": outcome.state,
        "run_id": outcome.run_id or None,
        "seconds": round(outcome.seconds, 3),
        "artifacts": str(folder),
        "log": str(folder / "run.log"),
        "message": outcome.message,
        "tasks": outcome.tasks,
    }
