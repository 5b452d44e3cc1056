"""Healthy running for an hour under the real rules: ``python -m tests.alerting.soak [MINUTES]``.

The project's pipelines run again and again, with one that defers and one that is tried again once in a while. Any alert
but the Watchdog that fires is told, with the moment, and makes the exit code 1.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.alerting.chain import Chain

RUN_EVERY = 300
"""Seconds; more than a hundred tasks an hour, so that the error budget is watched too."""
PIPELINES = ("ml_pipeline", "waits", "monitoring")
WAITS = """\
waits:
  schedule: null
  default_args: {owner: tests, retries: 2, retry_delay: 1s}
  tasks:
    later: {operator: airflow.providers.standard.sensors.time_delta.TimeDeltaSensor, delta: 40s, deferrable: true}
    again:
      operator: airflow.providers.standard.operators.bash.BashOperator
      bash_command: test {{ ti.try_number }} -gt 1 || test $(( 10#$(date +%M) / 10 % 3 )) -gt 0
"""


def soak(minutes: float, folder: Path) -> int:
    """Run, and give how many alerts fired that should not have."""
    chain = Chain(folder, with_airflow=True)
    end = chain.began + minutes * 60
    told: set[str] = set()
    runs: list[str] = []
    try:
        chain.airflow.write("waits.yaml", WAITS)
        while time.time() < end:
            began = time.time()
            runs += [chain.airflow.run(dag_id).state for dag_id in PIPELINES]
            while time.time() < min(began + RUN_EVERY, end):
                told = _tell(chain, told)
                time.sleep(5)
        tasks = chain.prometheus.value('sum(airflow_ti_finish{state=~"success|failed"})')
        series = chain.prometheus.value("sum(scrape_samples_scraped)")
        fired = chain.prometheus.fired(chain.began, time.time())
        notices = chain.webhook.notices()
    finally:
        chain.stop()
    states = {state: runs.count(state) for state in sorted(set(runs))}
    sys.stdout.write(
        f"{minutes:.0f} minutes: runs {states}, {tasks:.0f} tasks ended, {series:.0f} samples a scrape\n"
        f"fired: {', '.join(sorted(fired))}\n"
        f"told: {', '.join(sorted({notice.alert for notice in notices}))} in {len(notices)} notices\n"
    )
    return len(fired - {"Watchdog"}) + runs.count("failed")


def _tell(chain: Chain, told: set[str]) -> set[str]:
    """Say which alerts are pending or firing that were not before."""
    found = {
        f"{each['metric']['alertname']} {each['metric']['alertstate']}" for each in chain.prometheus.instant("ALERTS")
    }
    for words in sorted(found - told):
        sys.stdout.write(f"{time.time() - chain.began:6.0f} s  {words}\n")
        sys.stdout.flush()
    return found


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        sys.exit(1 if soak(minutes, Path(folder)) else 0)


if __name__ == "__main__":
    main()
