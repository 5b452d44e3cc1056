"""Start and stop of the embedded Airflow, as ``make run`` and ``make stop`` call them."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from pipelines.embedded import interrupts, service
from pipelines.embedded.processes import stop_all
from pipelines.embedded.progress import Progress, open_progress
from pipelines.embedded.runs import RunEnd, RunError, run_pipeline
from pipelines.embedded.service import Service, StartError
from pipelines.embedded.settings import Settings
from pipelines.embedded.summary import collect_summary
from pipelines.embedded.summary_view import print_summary

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_PORT = 8080
_STOP_SECONDS = 30


def start(settings: Settings, pipelines: Sequence[str]) -> int:
    """Start Airflow, run pipelines one after the other, print what came out; Airflow stays up.

    :param settings: where Airflow lives and listens
    :param pipelines: the ids of those to run
    :return: 0 if all runs succeeded, 1 if not, 130 if interrupted
    """
    began = time.monotonic()
    interrupts.held.listen()
    running: Service | None = None
    try:
        with service.exclusive(settings):
            with open_progress() as progress:
                running = service.start(settings, progress)
                ends = _run_all(running, pipelines, progress)
            print_summary(collect_summary(running, ends), seconds=time.monotonic() - began)
    except KeyboardInterrupt:
        _stop_started(settings, running)
        left = "Airflow, which ran before, still runs" if running and running.reused else "nothing is left running"
        print(f"\ninterrupted; {left}.", file=sys.stderr)
        return interrupts.EXIT_CODE
    except (StartError, RunError) as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    return 0 if all(end.state == "success" for end in ends) else 1


def _run_all(running: Service, pipelines: Sequence[str], progress: Progress) -> list[RunEnd]:
    return [run_pipeline(running, dag_id, progress) for dag_id in pipelines]


def _stop_started(settings: Settings, running: Service | None) -> None:
    if running is None or running.reused:
        return
    stop_all(settings.run)


def stop(settings: Settings) -> int:
    """Stop a ``make run`` that is at work, then everything that Airflow has running."""
    other = service.running_exclusive(settings)
    if other:
        _end_other(other)
    if not settings.run.exists():
        print("nothing is running")
        return 0
    began = time.monotonic()
    stopped = stop_all(settings.run)
    names = ", ".join(stopped)
    print(f"stopped {names} in {time.monotonic() - began:.1f} s" if names else "nothing is running")
    return 0


def _end_other(pid: int) -> None:
    try:
        process = psutil.Process(pid)
        process.send_signal(signal.SIGTERM)
        process.wait(_STOP_SECONDS)
    except psutil.NoSuchProcess:
        return


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.embedded", description=__doc__)
    parser.add_argument("--home", type=Path, default=REPOSITORY / ".airflow", help="AIRFLOW_HOME")
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("start", help="start Airflow and run pipelines")
    starting.add_argument("--run", action="append", default=[], metavar="PIPELINE", help="run it once; repeatable")
    starting.add_argument("--dags", type=Path, default=REPOSITORY / "pipelines", help="the folder with the pipelines")
    starting.add_argument("--host", default="127.0.0.1", help="the address that the UI listens on")
    starting.add_argument("--port", type=int, help=f"the UI's; by default {DEFAULT_PORT}, or that of a running one")
    commands.add_parser("stop", help="stop what was started")
    parsed = parser.parse_args(arguments)
    home = Path(os.path.abspath(parsed.home))  # noqa: PTH100 (a link in the path is kept)
    if parsed.command == "stop":
        return stop(Settings(home=home, dags=home, port=0))
    settings = Settings(home=home, dags=parsed.dags.absolute(), port=parsed.port or 0, host=parsed.host)
    if not parsed.port:
        settings = Settings(
            home=home,
            dags=settings.dags,
            host=settings.host,
            port=service.running_port(settings) or DEFAULT_PORT,
        )
    return start(settings, parsed.run)
