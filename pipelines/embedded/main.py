"""Start and stop of the embedded Airflow, as ``make run`` and ``make stop`` call them."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import psutil

from pipelines.embedded import interrupts, monitoring, service
from pipelines.embedded.obstacles import StartError, exclusive, running_exclusive
from pipelines.embedded.processes import read_records, stop_all
from pipelines.embedded.progress import Progress, open_progress
from pipelines.embedded.runs import RunError, run_pipeline
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
    return _guarded(settings, lambda: _start_and_run(settings, pipelines))


def start_monitoring(settings: Settings, webhook: str) -> int:
    """Start Prometheus, Alertmanager and the exporters, and an Airflow that sends them its metrics; all of it stays up.

    :param settings: where Airflow lives and listens
    :param webhook: an address that gets every notification of Alertmanager; none if empty
    :return: 0, or 1 if it could not be started, 130 if interrupted
    """
    return _guarded(settings, lambda: _start_monitored(settings, webhook))


def _guarded(settings: Settings, work: Callable[[], int]) -> int:
    interrupts.held.listen()
    folders = (settings.run, monitoring.home_of(settings) / "run")
    before = {record.pid for run in folders for record in read_records(run)}
    try:
        with exclusive(settings):
            return work()
    except KeyboardInterrupt:
        interrupts.held.settle()
        for run in folders:
            stop_all(run, [record for record in read_records(run) if record.pid not in before])
        still = any(record.is_alive() for record in read_records(settings.run))
        left = "the Airflow that ran before still runs" if still else "nothing is left running"
        print(f"\ninterrupted; {left}.", file=sys.stderr)
        return interrupts.EXIT_CODE
    except BrokenPipeError:
        # Whoever read the output has gone; what is still to be flushed at the exit must go elsewhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (StartError, RunError) as problem:
        print(f"\n{problem}", file=sys.stderr)
    except httpx.HTTPError as problem:
        print(
            f"\nAirflow's API does not answer: {problem}. Its log: {settings.logs / 'api-server.log'}", file=sys.stderr
        )
    return 1


def _start_and_run(settings: Settings, pipelines: Sequence[str]) -> int:
    began = time.monotonic()
    with open_progress() as progress:
        running = service.start(settings, progress)
        ends = [run_pipeline(running, dag_id, progress) for dag_id in pipelines]
    print_summary(collect_summary(running, ends), seconds=time.monotonic() - began)
    return 0 if all(end.state == "success" for end in ends) else 1


def _start_monitored(settings: Settings, webhook: str) -> int:
    home = monitoring.home_of(settings)
    with open_progress() as progress:
        if monitoring.is_running(settings) and monitoring.read_ports(home).airflow == settings.port:
            progress.end("monitoring", "all servers", "reused")
            service.start(monitoring.attached(settings), progress)
        else:
            monitoring.stop(settings)
            _start_servers(settings, webhook, progress)
    print(monitoring.describe(home))
    return 0


def _start_servers(settings: Settings, webhook: str, progress: Progress) -> None:
    prepared = monitoring.prepare(monitoring.home_of(settings), airflow_port=settings.port, webhook=webhook)
    if not prepared.is_exporter_real:
        progress.say("monitoring", monitoring.ABOUT_THE_DOUBLE)
    try:
        monitoring.start(prepared, [monitoring.EXPORTER], progress)
        service.start(monitoring.attached(settings), progress)
        monitoring.start(prepared, monitoring.SERVERS, progress)
    except StartError:
        monitoring.stop(settings)
        raise


def stop(settings: Settings) -> int:
    """Stop a ``make run`` that is at work, then everything that Airflow has running, and the monitoring beside it."""
    began = time.monotonic()
    other = running_exclusive(settings)
    if other:
        _end(other)
    stopped = stop_all(settings.run) if settings.run.exists() else []
    stopped += monitoring.stop(settings)
    if stopped:
        print(f"stopped {', '.join(stopped)} in {time.monotonic() - began:.1f} s")
    else:
        print("stopped the `make run` that was at work" if other else "nothing is running")
    return 0


def _end(pid: int) -> None:
    asked = time.monotonic()
    try:
        process = psutil.Process(pid)
        process.send_signal(signal.SIGTERM)
        while process.status() != psutil.STATUS_ZOMBIE and time.monotonic() - asked < _STOP_SECONDS:
            time.sleep(0.1)
    except psutil.NoSuchProcess:
        return


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.embedded", description=__doc__)
    parser.add_argument("--home", type=Path, default=REPOSITORY / ".airflow", help="AIRFLOW_HOME")
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("start", help="start Airflow and run pipelines")
    starting.add_argument("--run", action="append", default=[], metavar="PIPELINE", help="run it once; repeatable")
    watched = commands.add_parser("monitoring", help="start Prometheus and Alertmanager, and Airflow beside them")
    watched.add_argument("--webhook", default="", metavar="URL", help="post every notification there, too")
    for command in (starting, watched):
        command.add_argument(
            "--dags", type=Path, default=REPOSITORY / "pipelines", help="the folder with the pipelines"
        )
        command.add_argument("--host", default="127.0.0.1", help="the address that the UI listens on")
        command.add_argument("--port", type=int, help=f"the UI's; by default {DEFAULT_PORT}, or that of a running one")
    commands.add_parser("stop", help="stop what was started")
    parsed = parser.parse_args(arguments)
    home = Path(os.path.abspath(parsed.home))  # noqa: PTH100 (a link in the path is kept)
    if parsed.command == "stop":
        return stop(Settings(home=home, dags=home, port=DEFAULT_PORT))
    settings = Settings(home=home, dags=parsed.dags.absolute(), port=parsed.port or DEFAULT_PORT, host=parsed.host)
    if parsed.port is None:
        settings = replace(settings, port=service.running_port(settings) or DEFAULT_PORT)
    if parsed.command == "monitoring":
        return start_monitoring(settings, parsed.webhook)
    return start(monitoring.attached(settings), parsed.run)
