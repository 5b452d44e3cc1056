"""What yaml-language-server shows when the mouse is over a place (drawn as ¦) of a pipeline file."""

from __future__ import annotations

import pytest

from tests.editor.editor import Editor

TRAIN = """\
orders:
  dagrun_timeout: 1h
  tasks:
    train:
      operator: TrainModel
      data: features
      estimator: sklearn.linear_model.LogisticRegression
      retries: 3
      trigger_rule: all_done
"""


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("oper¦ator", "What the task does"),
        ("Train¦Model", "Fit an estimator"),
        ("estim¦ator", "scikit-learn name of a classifier"),
        ("da¦ta:", "FeatureEngineering"),
        ("retr¦ies", "How often a failed try is repeated"),
        ("trigger¦_rule", "direct upstream tasks"),
        ("all_¦done", "all_done"),
        ("dagrun_¦timeout", "run"),
    ],
)
def test_a_place_explains_itself(editor: Editor, at: str, shown: str) -> None:
    assert shown in editor.hover(TRAIN.replace(at.replace("¦", ""), at, 1))


def test_an_installed_operator_explains_its_parameters(editor: Editor) -> None:
    text = """\
orders:
  tasks:
    a:
      operator: airflow.providers.standard.operators.bash.BashOperator
      bash_¦command: echo
"""
    assert "command" in editor.hover(text)


PIPELINE = """\
orders:
  schedule: {timetable: CronTriggerTimetable, cron: "0 6 * * *", run_immediately: true}
  on_failure_callback: {callback: operators.functions.log_event, event: failed}
  params: {day: {default: "2026-01-01", format: date}}
  deadline: {reference: dagrun_queued_at, interval: 1h, callback: operators.functions.log_event}
"""


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("sched¦ule", "Starts at the times of a cron expression"),
        ("CronTrigger¦Timetable", "Starts at the times of a cron expression"),
        ("run_immed¦iately", "true runs it at once"),
        ("on_failure_¦callback", "Write one line to the log"),
        ("log_¦event", "Write one line to the log"),
        ("ev¦ent: failed", "what happened"),
        ("form¦at", "The form of a text"),
        ("inter¦val", "A number and a unit"),
    ],
)
def test_a_place_of_the_pipeline_explains_itself(editor: Editor, at: str, shown: str) -> None:
    assert shown in editor.hover(PIPELINE.replace(at.replace("¦", ""), at, 1))
