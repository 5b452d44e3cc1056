"""Times what Airflow's DAG processor does with a folder of pipelines: beside plain Python, and beside dag-factory.

Run with ``make bench``. As the DAG processor does, one process imports Airflow and forks another for each file; what is
compared is the CPU time of these, so that other work on the machine counts little, in rounds that take turns.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.checker import REPOSITORY, TASKS, pipeline_text
from tests.bench.dag_processor import DagProcessor, Parse, dag_processor

PIPELINES = 1000
MANY = 10_000
SHARDS = 8
AT_ONCE = 2
ROUNDS = 5
ROUNDS_OF_ONE_TASK = 15
MOST_PARSES = 6
PLAIN = "plain Python"
RIVAL = "dag-factory, its folder mode"
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


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        root = Path(temporary)
        home = root / "airflow"
        home.mkdir()
        with dag_processor(write_ours(root, 1), home) as processor:
            bench = Bench(root, home, processor)
            bench.compare_builds()
            bench.compare_one_task()
            bench.parse_many()
            bench.measure_memory()


class Bench:
    """What is measured, with a DAG processor that has this project's cluster policy."""

    def __init__(self, root: Path, home: Path, processor: DagProcessor) -> None:
        self._root = root
        self._home = home
        self._processor = processor

    def compare_builds(self) -> None:
        """Time the same DAGs in every way that there is to write them."""
        ours = write_ours(self._root, PIPELINES)
        plain, rival = write_plain(self._root, PIPELINES), write_for_dag_factory(self._root, PIPELINES)
        runs: dict[str, list[Parse]] = {}
        with (
            dag_processor(plain, self._home, is_ours=False) as for_plain,
            dag_processor(rival, self._home, is_ours=False) as for_rival,
        ):
            for _ in range(ROUNDS):
                runs.setdefault(PLAIN, []).append(for_plain.parse(plain))
                self._forget()
                runs.setdefault("YAML, the first time, with the check", []).append(self._processor.parse(ours))
                runs.setdefault("YAML, unchanged", []).append(self._processor.parse(ours))
                runs.setdefault(RIVAL, []).append(for_rival.parse(rival))
        assert all(run.dags == PIPELINES for parses in runs.values() for run in parses), runs
        say(f"{PIPELINES:,} pipelines of {TASKS} tasks: the process that parses them, median of {ROUNDS}")
        cpu = {name: statistics.median(run.cpu for run in parses) for name, parses in runs.items()}
        for name, seconds in cpu.items():
            faster = f"{cpu[RIVAL] / seconds:>8.1f} x as fast as dag-factory" if name != RIVAL else ""
            say(f"  {name:<38}{seconds:>7.2f} s CPU{seconds / cpu[PLAIN]:>8.2f} x plain Python{faster}")

    def compare_one_task(self) -> None:
        """Time what a worker does before it runs a task, with few pipelines around and with many."""
        counts = (1, PIPELINES, MANY)
        runs: dict[int, list[Parse]] = {count: [] for count in counts}
        for number in range(ROUNDS_OF_ONE_TASK + 1):
            for count in counts:
                parse = self._processor.parse(write_ours(self._root, count), dag_id="bench_0")
                assert parse.dags == 1, parse
                if number:
                    runs[count].append(parse)
        say(f"parsing for one task: the process, median of {ROUNDS_OF_ONE_TASK}")
        cpu = {count: statistics.median(run.cpu for run in parses) for count, parses in runs.items()}
        for count, seconds in cpu.items():
            say(f"  of {count:<35,}{seconds * 1000:>7.1f} ms CPU{seconds / cpu[1]:>7.2f} x that of one")

    def measure_memory(self) -> None:
        """Measure the peak of the process that builds them all."""
        say("memory of the process that builds them all, beyond that of one which builds a single one")
        least = self._processor.parse(write_ours(self._root, 1)).megabytes
        for count in (100, PIPELINES, MANY):
            parse = self._processor.parse(write_ours(self._root, count), limit=0)
            assert parse.dags == count, parse
            more = parse.megabytes - least
            say(f"  {count:<38,}{more:>7.0f} MB{1024 * more / count:>8.1f} kB for each")

    def parse_many(self) -> None:
        """Parse so many pipelines that one loader file has no time for them, as Airflow does, with its time limits."""
        folder = write_ours(self._root, MANY).parent
        for number in range(2, SHARDS + 1):
            shutil.copy(folder / "dags.py", folder / f"dags_{number}.py")
        files = [*sorted(folder.glob("dags*.py")), folder / "problems.py"]
        self._forget()
        say(f"{MANY:,} pipelines in {SHARDS} loader files, {AT_ONCE} at a time, up to what goes to the database")
        for number in range(1, MOST_PARSES):
            start = time.perf_counter()
            *shards, problems = self._processor.store(files, at_once=AT_ONCE)
            wall = time.perf_counter() - start
            found = sum(run.dags for run in shards)
            say(
                f"  parse {number}: {found:,} DAGs, {wall:.0f} s in all, {sum(run.cpu for run in shards):.0f} s CPU; "
                f"the slowest file {max(run.wall for run in shards):.1f} s of 50, problems.py {problems.wall:.1f} s"
            )
            if found == MANY and number > 1:
                break
        else:
            raise SystemExit("they do not fit in")
        for file in files:
            if file.name.startswith("dags_"):
                file.unlink()

    def _forget(self) -> None:
        """Remove what is known of files that were checked before."""
        shutil.rmtree(self._home / "pipelines-cache", ignore_errors=True)


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


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
