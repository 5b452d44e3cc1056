"""Times `pipelines check` as whole processes, beside check-jsonschema and bare libyaml on the same files.

Run with ``make bench``. Ratios come from runs in turn (A B A B …) in one go, so that they hold on a busy machine.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
PARSE = """
import sys, yaml
for name in open(sys.argv[1]).read().split():
    with open(name, "rb") as file:
        yaml.load(file, Loader=yaml.CSafeLoader)
"""
BASH = "airflow.providers.standard.operators.bash.BashOperator"
TASKS = 8
MINUTE = 60


@dataclass(frozen=True)
class Timing:
    """Medians over the runs of one command."""

    seconds: float
    megabytes: float
    """Peak of one process."""


def pipeline_text(number: int) -> str:
    """Give a pipeline of eight tasks in a row."""
    tasks = "".join(
        f"""    task_{task}:
      operator: {BASH}
      bash_command: "echo {{{{ ds }}}} {number} {task}"
      retries: 2
      execution_timeout: 10m
{f"      dependencies: [task_{task - 1}]" if task else ""}
"""
        for task in range(TASKS)
    )
    return f"""bench_{number}:
  description: Pipeline {number} of the benchmark
  schedule: "0 {number % 24} * * *"
  start_date: "2026-01-01"
  catchup: false
  tags: [bench]
  default_args: {{owner: bench, retry_delay: 5m}}
  tasks:
{tasks}"""


def write_files(folder: Path, count: int) -> list[Path]:
    """Write so many pipeline files and a list of their names."""
    folder.mkdir()
    paths = [folder / f"bench_{number}.yaml" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text(pipeline_text(number))
    folder.with_suffix(".list").write_text("\n".join(map(str, paths)))
    return paths


def run(command: Sequence[str]) -> Timing:
    """Run a command to its end, which must be a success."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=REPOSITORY)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        error = process.stderr.read().decode() if process.stderr else ""
        raise SystemExit(f"{' '.join(command)[:200]} failed: {error}")
    return Timing(seconds, usage.ru_maxrss / 1024)


def measure(commands: dict[str, Sequence[str]], rounds: int) -> dict[str, Timing]:
    """Run the commands in turn, after one round that does not count; but once where that takes minutes."""
    runs: dict[str, list[Timing]] = {name: [] for name in commands}
    for count in range(rounds + 1):
        for name, command in commands.items():
            if runs[name] and runs[name][-1].seconds > MINUTE:
                continue
            timing = run(command)
            if count or timing.seconds > MINUTE:
                runs[name].append(timing)
    return {
        name: Timing(statistics.median(t.seconds for t in timings), max(t.megabytes for t in timings))
        for name, timings in runs.items()
    }


def commands_for(folder: Path, paths: Sequence[Path], *, rival: bool) -> dict[str, Sequence[str]]:
    schema = str(REPOSITORY / "schemas" / "pipeline.schema.json")
    commands: dict[str, Sequence[str]] = {
        "pipelines check": [str(BIN / "pipelines"), "check", str(folder)],
        "libyaml": [sys.executable, "-c", PARSE, str(folder.with_suffix(".list"))],
    }
    if rival:
        commands["check-jsonschema"] = [str(BIN / "check-jsonschema"), "--schemafile", schema, *map(str, paths)]
    return commands


def main() -> None:
    """Print one table, and how the time grows with the number of files."""
    sys.stdout.write(f"{'files':>6}  {'command':<18}{'seconds':>9}{'MB':>7}   compared with pipelines check\n")
    ours: dict[int, Timing] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for count, rounds, rival in ((1, 7, True), (100, 5, True), (1000, 3, True), (10_000, 3, False)):
            folder = Path(temporary) / f"pipelines_{count}"
            paths = write_files(folder, count)
            timings = measure(commands_for(folder, paths, rival=rival), rounds)
            ours[count] = timings["pipelines check"]
            for name, timing in timings.items():
                ratio = "" if name == "pipelines check" else f"{timing.seconds / ours[count].seconds:.2f} x the time"
                sys.stdout.write(f"{count:>6}  {name:<18}{timing.seconds:>9.3f}{timing.megabytes:>7.0f}   {ratio}\n")
    sys.stdout.write(growth(ours))


def growth(ours: dict[int, Timing]) -> str:
    """Tell what each further file costs, beside the start of the process, which one file takes nearly alone."""
    (_, one), *more = sorted(ours.items())
    each = [f"{(t.seconds - one.seconds) / count * 1000:.2f} ms of {count}" for count, t in more]
    kilobytes = [f"{(t.megabytes - one.megabytes) / count * 1024:.1f} kB of {count}" for count, t in more]
    return f"each further file: {', '.join(each)}\nof its memory: {', '.join(kilobytes)}\n"


if __name__ == "__main__":
    main()
