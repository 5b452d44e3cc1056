"""Times what Airflow's DAG processor does with a folder of pipelines: beside plain Python, and beside dag-factory.

Run with ``make bench``. As the DAG processor does, one process imports Airflow and forks another for each file; what is
compared is the CPU time of these, so that other work on the machine counts little, in rounds that take turns.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HOME = tempfile.TemporaryDirectory(prefix="bench-airflow-")
os.environ |= {
    # Airflow reads it all when it is imported
    "AIRFLOW_HOME": HOME.name,
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    "AIRFLOW__DAG_FACTORY__ENABLE_TELEMETRY": "False",
}

from tests.bench.checker import REPOSITORY, TASKS, pipeline_text  # noqa: E402

PIPELINES = 1000
MANY = 10_000
SHARDS = 8
AT_ONCE = 2
ROUNDS = 5
ROUNDS_OF_ONE_TASK = 15
PLAIN_START = """\
from datetime import datetime, timedelta
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator
"""
PLAIN_DAG = """
with DAG(
    "bench_{number}",
    description="Pipeline {number} of the benchmark",
    schedule="0 {hour} * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    tags=["bench"],
    default_args={{"owner": "bench", "retry_delay": timedelta(minutes=5)}},
) as bench_{number}:
{tasks}
    {chain}
"""
PLAIN_TASK = """\
    task_{task} = BashOperator(
        task_id="task_{task}",
        bash_command="echo {{{{ ds }}}} {number} {task}",
        retries=2,
        execution_timeout=timedelta(minutes=10),
    )"""
DAG_FACTORY = """\
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator
from dagfactory import load_yaml_dags
load_yaml_dags(globals_dict=globals(), dags_folder={folder!r})
"""
IN_DAG_FACTORYS_WORDS = {
    "execution_timeout: 10m": "execution_timeout: {__type__: datetime.timedelta, minutes: 10}",
    "retry_delay: 5m": "retry_delay: {__type__: datetime.timedelta, minutes: 5}",
}


@dataclass(frozen=True)
class Parse:
    """What it took to parse a file."""

    cpu: float
    wall: float
    megabytes: float
    """Peak of the process, what it has from its parent included."""
    dags: int
    problems: str


def main() -> None:
    """Print the tables."""
    import_what_the_dag_processor_has()
    with tempfile.TemporaryDirectory(prefix="bench-pipelines-") as temporary:
        root = Path(temporary)
        compare_builds(root)
        compare_one_task(root)
        measure_memory(root)
        parse_many(root)


def compare_builds(root: Path) -> None:
    """Time the same DAGs in every way that there is to write them."""
    ours, plain, rival = (
        write_ours(root, PIPELINES),
        write_plain(root, PIPELINES),
        write_for_dag_factory(root, PIPELINES),
    )
    runs: dict[str, list[Parse]] = {}
    for _ in range(ROUNDS):
        runs.setdefault("plain Python", []).append(parse(plain))
        forget()
        runs.setdefault("YAML, the first time, with the check", []).append(parse(ours))
        runs.setdefault("YAML, unchanged", []).append(parse(ours))
        runs.setdefault("YAML, unchanged, its problems", []).append(parse(ours.with_name("problems.py"), dags=0))
        runs.setdefault("dag-factory, its folder mode", []).append(parse(rival))
    cpu = {name: statistics.median(run.cpu for run in parses) for name, parses in runs.items()}
    say(f"{PIPELINES:,} pipelines of {TASKS} tasks: CPU seconds of the process that parses them (median of {ROUNDS})")
    base, slowest = cpu["plain Python"], cpu["dag-factory, its folder mode"]
    for name, seconds in cpu.items():
        say(
            f"  {name:<38}{seconds:>7.2f} s{seconds / base:>8.2f} x plain Python{slowest / seconds:>8.1f} x dag-factory"
        )


def compare_one_task(root: Path) -> None:
    """Time what a worker does before it runs a task, with few pipelines around and with many."""
    counts = (1, PIPELINES, MANY)
    runs: dict[int, list[Parse]] = {count: [] for count in counts}
    for count in counts:
        parse(write_ours(root, count), dag_id="bench_0", dags=1)
    for _ in range(ROUNDS_OF_ONE_TASK):
        for count in counts:
            runs[count].append(parse(write_ours(root, count), dag_id="bench_0", dags=1))
    say(f"parsing for one task: CPU milliseconds (median of {ROUNDS_OF_ONE_TASK})")
    cpu = {count: statistics.median(run.cpu for run in parses) for count, parses in runs.items()}
    for count, seconds in cpu.items():
        say(f"  of {count:<35,}{seconds * 1000:>7.1f} ms{seconds / cpu[1]:>7.2f} x that of one")


def measure_memory(root: Path) -> None:
    """Measure the peak of the process that builds them all."""
    say("memory of the process that builds all of them, beyond that of one which builds a single one")
    least = parse(write_ours(root, 1), dags=1, limit=0).megabytes
    for count in (100, PIPELINES, MANY):
        more = parse(write_ours(root, count), dags=count, limit=0).megabytes - least
        say(f"  {count:<38,}{more:>7.0f} MB{1000 * more / count:>8.1f} kB for each")


def parse_many(root: Path) -> None:
    """Parse so many pipelines that one loader file has no time for them, as Airflow does, with its time limits."""
    folder = write_ours(root, MANY).parent
    for number in range(2, SHARDS + 1):
        shutil.copy(folder / "dags.py", folder / f"dags_{number}.py")
    files = [folder / name for name in ("problems.py", *loaders(folder))]
    for what, prepare in (("the first time", forget), ("unchanged", lambda: None)):
        prepare()
        start = time.perf_counter()
        parses = parse_side_by_side(files)
        wall = time.perf_counter() - start
        assert sum(run.dags for run in parses) == MANY, parses
        shards = parses[1:]
        say(
            f"{MANY:,} pipelines in {SHARDS} loader files, {AT_ONCE} at a time, stored as for the database, {what}: "
            f"{wall:.0f} s, {sum(run.cpu for run in parses):.0f} s of CPU"
        )
        say(f"  the slowest loader file{' ':<15}{max(run.wall for run in shards):>7.1f} s of the 30 s for a DAG file")
        say(f"  problems.py{' ':<27}{parses[0].wall:>7.1f} s   {parses[0].problems or 'no problem'}")


def loaders(folder: Path) -> list[str]:
    """Name the loader files of a folder."""
    return sorted(path.name for path in folder.glob("dags*.py"))


def write_ours(root: Path, count: int) -> Path:
    """Write pipelines as YAML, if they are not there yet, and give their loader."""
    folder = root / f"of_{count}" / "pipelines"
    if not folder.exists():
        folder.mkdir(parents=True)
        for number in range(count):
            (folder / f"bench_{number}.yaml").write_text(pipeline_text(number))
        for name in ("dags.py", "problems.py", ".airflowignore"):
            shutil.copy(REPOSITORY / "pipelines" / name, folder / name)
    return folder / "dags.py"


def write_plain(root: Path, count: int) -> Path:
    """Write the same DAGs in Python."""
    file = root / "plain" / "dags.py"
    file.parent.mkdir()
    file.write_text(PLAIN_START + "".join(plain_dag(number) for number in range(count)))
    return file


def plain_dag(number: int) -> str:
    tasks = "\n".join(PLAIN_TASK.format(number=number, task=task) for task in range(TASKS))
    chain = " >> ".join(f"task_{task}" for task in range(TASKS))
    return PLAIN_DAG.format(number=number, hour=number % 24, tasks=tasks, chain=chain)


def write_for_dag_factory(root: Path, count: int) -> Path:
    """Write the same DAGs in dag-factory's YAML."""
    folder = root / "dag_factory" / "yaml"
    folder.mkdir(parents=True)
    for number in range(count):
        text = pipeline_text(number)
        for ours, theirs in IN_DAG_FACTORYS_WORDS.items():
            assert ours in text
            text = text.replace(ours, theirs)
        (folder / f"bench_{number}.yaml").write_text(text)
    file = folder.parent / "dags.py"
    file.write_text(DAG_FACTORY.format(folder=str(folder)))
    return file


def forget() -> None:
    """Remove what is known of files that were checked before."""
    shutil.rmtree(Path(HOME.name, "pipelines-cache"), ignore_errors=True)


def import_what_the_dag_processor_has() -> None:
    """Import what its manager has imported when it forks a process for a file."""
    import logging
    import warnings

    import airflow.dag_processing.manager
    import structlog
    from airflow.dag_processing.processor import _pre_import_airflow_modules

    _pre_import_airflow_modules(str(REPOSITORY / "pipelines" / "dags.py"), structlog.get_logger())
    import airflow.providers.standard.operators.bash  # noqa: F401 (the plain file and dag-factory's name it)

    from pipelines.policy import preload_loader

    preload_loader()

    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    warnings.simplefilter("ignore")


def parse(file: Path, *, dags: int = PIPELINES, dag_id: str | None = None, limit: float | None = None) -> Parse:
    """Parse a file in a process of its own."""
    result = wait_for(start(file, dag_id=dag_id, limit=limit))
    assert (result.dags, result.problems) == (dags, ""), result
    return result


def parse_side_by_side(files: Sequence[Path]) -> list[Parse]:
    """Parse files in as many processes at a time as Airflow does by default, up to what goes to the database."""
    waiting, running, done = list(files), {}, {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            started = start(waiting[0], is_stored=True)
            running[started.pid] = (waiting.pop(0), started)
        pid, status, usage = os.wait3(0)
        file, started = running.pop(pid)
        done[file] = result_of(started, status, usage)
    return [done[file] for file in files]


@dataclass(frozen=True)
class Started:
    """A process that parses."""

    pid: int
    result: Path
    at: float


def start(file: Path, *, dag_id: str | None = None, limit: float | None = None, is_stored: bool = False) -> Started:
    """Fork a process that parses a file."""
    result = Path(HOME.name, f"result-{time.monotonic_ns()}")
    at = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        try:
            set_up(dag_id, limit)
            found = store(file) if is_stored else bag(file)
            result.write_text(json.dumps(found))
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return Started(pid, result, at)


def set_up(dag_id: str | None, limit: float | None) -> None:
    """Make this process one that Airflow has forked: for one task, or with another time limit."""
    if dag_id is not None:
        os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = dag_id
        os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"] = "task_0"
    if limit is not None:
        os.environ["AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT"] = str(limit)


def bag(file: Path) -> tuple[int, dict[str, str]]:
    """Import a file and take its DAGs in."""
    from airflow.dag_processing.dagbag import BundleDagBag

    found = BundleDagBag(dag_folder=str(file), bundle_path=file.parent, bundle_name="bench", load_op_links=False)
    return len(found.dags), found.import_errors


def store(file: Path) -> tuple[int, dict[str, str]]:
    """Do all that the DAG processor does with a file before it writes to the database."""
    import structlog
    from airflow.dag_processing.processor import DagFileParseRequest, _parse_file

    request = DagFileParseRequest(file=str(file), bundle_path=file.parent, bundle_name="bench")
    found = _parse_file(request, structlog.get_logger())
    assert found is not None
    return len(found.serialized_dags), dict(found.import_errors or {})


def wait_for(started: Started) -> Parse:
    _, status, usage = os.wait4(started.pid, 0)
    return result_of(started, status, usage)


def result_of(started: Started, status: int, usage: resource.struct_rusage) -> Parse:
    wall = time.perf_counter() - started.at
    if status:
        raise SystemExit("a process that parses failed")
    dags, errors = json.loads(started.result.read_text())
    started.result.unlink()
    return Parse(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, dags, "\n".join(errors.values()))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
