"""What a pipeline says of itself has its effect when it runs: templates, params, callbacks, functions by their path."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipelines
from pipelines.loader import load

# dag.test() runs Airflow's own server inside this process, which warns of what its libraries will drop one day
pytestmark = [pytest.mark.airflow, pytest.mark.filterwarnings("ignore")]

TEXT = """\
forms:
  timezone: Europe/Berlin
  params:
    region: {{default: eu, type: string, minLength: 2}}
  user_defined_macros:
    quarter: operators.functions.quarter
    shop: {{name: ACME}}
  user_defined_filters: {{percent: operators.functions.as_percent}}
  template_undefined: chainable
  jinja_environment_kwargs: {{extensions: [jinja2.ext.loopcontrols]}}
  default_args:
    on_failure_callback: {{callback: operators.functions.log_event, event: broken, level: error}}
  tasks:
    say:
      operator: airflow.providers.standard.operators.bash.BashOperator
      bash_command: >-
        echo '["{{{{ params.region }}}}", "{{{{ shop.name }}}}", "{{{{ quarter(macros.datetime(2026, 5, 1)) }}}}",
        "{{{{ 0.25 | percent(0) }}}}", "{{{{ nothing.at.all }}}}",
        {{% for i in [1, 2] %}}{{{{ i }}}}{{% break %}}{{% endfor %}}]'
        > {folder}/said.json
      on_execute_callback: {{callback: operators.functions.log_event, event: began, level: info}}
      on_success_callback:
        - {{callback: operators.functions.log_event, event: done, level: info}}
      outlets: [{{uri: "file://{folder}/said.json", name: said}}]
    count:
      operator: airflow.providers.standard.operators.python.PythonOperator
      python_callable: operators.functions.as_percent
      op_kwargs: {{value: 0.5}}
      dependencies: [say]
    fail:
      operator: airflow.providers.standard.operators.bash.BashOperator
      bash_command: exit 1
      dependencies: [count]
"""


class _Listener(logging.Handler):
    """Keeps what is logged; Airflow sets up logging anew when it runs, and takes pytest's own handler away."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append((record.levelname, record.getMessage().partition(" in run ")[0]))


@pytest.fixture
def listener() -> Iterator[_Listener]:
    logger, handler = logging.getLogger("operators.functions"), _Listener()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.setLevel(level)
    logger.removeHandler(handler)


def test_templates_callbacks_and_functions(tmp_path: Path, listener: _Listener) -> None:
    # dag.test() looks for the DAG in the configured folder, which Airflow reads once in a process
    folder = Path(os.environ["AIRFLOW_HOME"]) / "dags"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("dags.py", "problems.py", ".airflowignore"):
        shutil.copy(Path(pipelines.__file__).with_name(name), folder / name)
    (folder / "forms.yaml").write_text(TEXT.format(folder=tmp_path))
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
    loaded = load(folder)
    assert loaded.diagnostics == ()

    run = loaded.dags["forms"].test()

    states = {task.task_id: str(task.state) for task in run.get_task_instances()}
    assert states == {"say": "success", "count": "success", "fail": "failed"}
    assert json.loads((tmp_path / "said.json").read_text()) == ["eu", "ACME", "2026-Q2", "25 %", "", 1]
    expected = [("INFO", "began: forms.say"), ("INFO", "done: forms.say"), ("ERROR", "broken: forms.fail")]
    assert listener.told == expected
