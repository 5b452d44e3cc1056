"""Pipelines with a fault each, and what breaks the rest of Airflow."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from tests.running.airflow_instance import AirflowInstance

BASH = "airflow.providers.standard.operators.bash.BashOperator"
SECRET = "hunter2-of-the-webhook"
"""The password of a connection that the faulty pipelines use."""
RETRIES = 12

GATE = """\
DAG:
  schedule: null
  max_active_runs: 3
  default_args: {owner: tests}
  tasks:
    download: {operator: DownloadData, source: sample://wine}
    prepare: {operator: PreprocessData, dependencies: [download], data: download, target: target}
    features: {operator: FeatureEngineering, dependencies: [prepare], data: prepare, scale: standard}
    train:
      operator: TrainModel
      dependencies: [features]
      data: features
      estimator: sklearn.linear_model.LogisticRegression
    evaluate:
      operator: EvaluateModel
      dependencies: [train]
      model: train
      data: prepare
      gates: {log_loss: {max: 0.000001}}
    notify:
      operator: SendNotification
      dependencies: [evaluate]
      teardown: true
      channels: [{type: http, conn_id: nowhere}]
"""
"""A model that no training makes good enough, and a message that reaches nobody."""
PIPELINES = {
    "fails": f"""\
fails:
  schedule: null
  default_args: {{owner: tests}}
  on_failure_callback: {{callback: airflow.providers.http.notifications.HttpNotifier, http_conn_id: nowhere}}
  tasks:
    fail: {{operator: {BASH}, bash_command: exit 1}}
""",
    "again": f"""\
again:
  schedule: null
  default_args: {{owner: tests, retries: 20, retry_delay: 1s}}
  tasks:
    flaky:
      operator: {BASH}
      bash_command: test {{{{ ti.try_number }}}} -gt {RETRIES}
""",
    "strict": GATE.replace("DAG:", "strict:", 1),
    "worse": GATE.replace("DAG:", "worse:", 1),
    "bad_data": """\
bad_data:
  schedule: null
  default_args: {owner: tests}
  tasks:
    download: {operator: DownloadData, source: sample://wine}
    validate: {operator: ValidateData, dependencies: [download], data: download, rows: {min: 100000}}
""",
    "late": f"""\
late:
  schedule: null
  default_args: {{owner: tests}}
  deadline:
    - reference: dagrun_queued_at
      interval: 2s
      callback: {{callback: operators.functions.log_event, event: late}}
    - reference: dagrun_queued_at
      interval: 1h
      callback: {{callback: operators.functions.log_event, event: very late}}
  tasks:
    slow: {{operator: {BASH}, bash_command: sleep 15}}
""",
    "deserted": """\
deserted:
  schedule: null
  default_args: {owner: tests}
  tasks:
    wait:
      operator: airflow.providers.http.sensors.http.HttpSensor
      http_conn_id: hook
      endpoint: ready
      deferrable: true
""",
    "lost": f"""\
lost:
  schedule: null
  default_args: {{owner: tests}}
  tasks:
    hang: {{operator: {BASH}, bash_command: sleep 987}}
""",
}
"""Pipeline -> its YAML."""

HEALTHY = {
    "minutely": f"""\
minutely:
  schedule: "* * * * *"
  start_date: "2026-01-01"
  catchup: false
  default_args: {{owner: tests, execution_timeout: 1m}}
  tasks:
    beat: {{operator: {BASH}, bash_command: echo beat}}
""",
    "waits": """\
waits:
  schedule: null
  default_args: {owner: tests}
  tasks:
    later: {operator: airflow.providers.standard.sensors.time_delta.TimeDeltaSensor, delta: 40s, deferrable: true}
""",
    "makes": f"""\
makes:
  schedule: null
  default_args: {{owner: tests}}
  tasks:
    make: {{operator: {BASH}, bash_command: echo made, outlets: ["s3://shop/counts.csv"]}}
""",
    "takes": f"""\
takes:
  schedule: ["s3://shop/counts.csv"]
  default_args: {{owner: tests}}
  tasks:
    take: {{operator: {BASH}, bash_command: echo taken}}
""",
}
"""Pipelines without a fault, for metrics that the project's own do not make."""

BROKEN_YAML = "broken: [\n"
SLOW_FILE = "import time\n\ntime.sleep(300)  # Airflow reads what has its name and the word dag in it\n"


def connect(airflow: AirflowInstance, webhook_port: int) -> None:
    """Make a connection ``hook`` that works, and ``nowhere``, which nobody answers."""
    for name, port in (("hook", webhook_port), ("nowhere", 9)):
        connection = {"connection_id": name, "conn_type": "http", "schema": "http", "host": "127.0.0.1", "port": port}
        airflow.api.call("POST", "/connections", json={**connection, "login": "alerts", "password": SECRET})


def watching_pipeline(airflow: AirflowInstance, dag_id: str, conn_id: str) -> str:
    """Give the project's health pipeline without patience.

    :param dag_id: its name
    :param conn_id: of the channel that it tells
    """
    text = (airflow.dags / "monitoring.yaml").read_text().replace("\nmonitoring:", f"\n{dag_id}:", 1)
    for old, new in {
        "channels: []": f"channels: [{{type: http, conn_id: {conn_id}}}]",
        "failed_runs: {warn: 0, fail: 2}": "failed_runs: {warn: 0, fail: 1}",
        "retries: 2": "retries: 0",
    }.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def kill_the_process_of(command: str, scheduler: int) -> None:
    """Kill a task and what runs it, so that nobody is left to say how it ended.

    :param command: the task's command line has this
    :param scheduler: the process below which tasks run
    """
    found = [process for process in psutil.Process(scheduler).children(recursive=True) if command in _line(process)]
    assert found, f"no process has {command!r}"
    top = found[0]
    while top.ppid() != scheduler:
        top = top.parent() or top
    doomed = [top, *top.children(recursive=True)]
    for process in doomed:
        process.kill()


def hold_up(triggerer: int) -> None:
    """Let the process that runs the triggers stand still for a moment, as one of them that blocks does."""
    for process in psutil.Process(triggerer).children():
        process.suspend()
        time.sleep(1)
        process.resume()


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def wait_for_process(command: str, scheduler: int, timeout: float = 60) -> None:
    """Wait until a task has come as far as its command."""
    deadline = time.monotonic() + timeout
    while not any(command in _line(each) for each in psutil.Process(scheduler).children(recursive=True)):
        assert time.monotonic() < deadline, f"no process with {command!r}"
        time.sleep(0.3)


def break_files(folder: Path) -> None:
    """Leave a YAML file that cannot be read, and a DAG file that takes too long."""
    (folder / "broken.yaml").write_text(BROKEN_YAML)
    (folder / "slow.py").write_text(SLOW_FILE)
    with (folder / ".airflowignore").open("a") as file:
        file.write("!slow.py\n")
