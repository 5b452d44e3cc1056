"""A process that does what Airflow's DAG processor does: it imports Airflow once and forks another for each file.

``python -m tests.bench.dag_processor FILE`` imports what Airflow imports beforehand for this file. It answers requests,
lines of JSON with files and how to parse them, with lines of JSON. With ``without`` as another argument the cluster
policy of this project does not see that it is in a DAG processor, and prepares nothing.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

REPOSITORY = Path(__file__).resolve().parent.parent.parent
_WITHOUT = "without"


@dataclass(frozen=True)
class Parse:
    """What it took to parse a file."""

    cpu: float
    wall: float
    megabytes: float
    """Peak of the process, what it has from its parent included."""
    dags: int
    problems: str


@dataclass(frozen=True)
class Request:
    """Files to parse."""

    files: list[str]
    at_once: int = 1
    dag_id: str | None = None
    """The DAG of which a task is to be run; all if None."""
    limit: float | None = None
    """Seconds after which Airflow stops an import; its own default if None."""
    is_stored: bool = False
    """Whether to do all that comes before the database."""


class DagProcessor:
    """Talks to such a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def parse(self, file: Path, *, dag_id: str | None = None, limit: float | None = None) -> Parse:
        """Parse a file in a process of its own."""
        return self._ask(Request([str(file)], dag_id=dag_id, limit=limit))[0]

    def store(self, files: Sequence[Path], *, at_once: int) -> list[Parse]:
        """Parse files, so many at a time, up to what goes to the database."""
        return self._ask(Request([str(file) for file in files], at_once=at_once, is_stored=True))

    def _ask(self, request: Request) -> list[Parse]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(request)) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("a process that parses files failed")
        return [Parse(**parse) for parse in json.loads(answer)]


@contextmanager
def dag_processor(file: Path, home: Path, *, is_ours: bool = True) -> Iterator[DagProcessor]:
    """Start a process for a file and files like it, and end it.

    :param file: what it names is imported beforehand
    :param home: Airflow's
    :param is_ours: whether this project's cluster policy prepares anything
    """
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY": "False",
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "tests.bench.dag_processor", str(file), *[_WITHOUT] * (not is_ours)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=REPOSITORY
    )
    with process:
        yield DagProcessor(process)


def main() -> None:
    """Answer requests until there are no more."""
    answers = sys.stdout
    # whatever else is printed is not an answer
    sys.stdout = sys.stderr
    file, *options = sys.argv[1:]
    # where the policy looks to see whose process it is in
    sys.argv = ["airflow"] if _WITHOUT in options else ["airflow", "dag-processor"]
    prepare(file)
    for line in sys.stdin:
        answer(Request(**json.loads(line)), answers)


def prepare(file: str) -> None:
    """Import what Airflow's DAG processor has imported when it forks."""
    import logging

    import airflow.dag_processing.manager  # noqa: F401
    import structlog
    from airflow.dag_processing.processor import _pre_import_airflow_modules

    _pre_import_airflow_modules(file, structlog.get_logger())
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def answer(request: Request, answers: TextIO) -> None:
    """Parse the files of a request and write what it took."""
    waiting, running, done = list(request.files), {}, {}
    while waiting or running:
        while waiting and len(running) < request.at_once:
            file = waiting.pop(0)
            running[fork(file, request)] = (file, time.perf_counter())
        pid, status, usage = os.wait3(0)
        file, at = running.pop(pid)
        done[file] = result(pid, status, usage, time.perf_counter() - at)
    answers.write(json.dumps([asdict(done[file]) for file in request.files]) + "\n")
    answers.flush()


def fork(file: str, request: Request) -> int:
    """Parse a file in a new process."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        set_up(request)
        found = store(file) if request.is_stored else bag(file)
        answer_file(os.getpid()).write_text(json.dumps(found))
        status = 0
    except Exception:  # noqa: BLE001 (the process must not go on as its parent)
        traceback.print_exc()
    finally:
        os._exit(status)


def set_up(request: Request) -> None:
    """Make this process what Airflow would make of it."""
    if request.dag_id is not None:
        os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = request.dag_id
        os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"] = "task_0"
    if request.limit is not None:
        os.environ["AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT"] = str(request.limit)


def bag(file: str) -> tuple[int, dict[str, str]]:
    """Import a file and take its DAGs in."""
    from airflow.dag_processing.dagbag import BundleDagBag

    found = BundleDagBag(dag_folder=file, bundle_path=Path(file).parent, bundle_name="bench", load_op_links=False)
    return len(found.dags), found.import_errors


def store(file: str) -> tuple[int, dict[str, str]]:
    """Do all that the DAG processor does with a file before it writes to the database."""
    import structlog
    from airflow.dag_processing.processor import DagFileParseRequest, _parse_file

    request = DagFileParseRequest(file=file, bundle_path=Path(file).parent, bundle_name="bench")
    found = _parse_file(request, structlog.get_logger())
    assert found is not None
    return len(found.serialized_dags), dict(found.import_errors or {})


def answer_file(pid: int) -> Path:
    """Name the file in which a process leaves what it has found."""
    return Path(os.environ["AIRFLOW_HOME"], f"found-{pid}")


def result(pid: int, status: int, usage: resource.struct_rusage, wall: float) -> Parse:
    """Read what a process has found."""
    if status:
        raise SystemExit("a process that parses a file failed")
    dags, errors = json.loads(answer_file(pid).read_text())
    answer_file(pid).unlink()
    return Parse(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, dags, "\n".join(errors.values()))


if __name__ == "__main__":
    main()
