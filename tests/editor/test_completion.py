"""What yaml-language-server offers at the cursor (drawn as ¦) in a pipeline file."""

from __future__ import annotations

from pathlib import Path

import pytest

from operators import OPERATORS
from schemas.contract import load_contract
from tests.editor.editor import Editor

BASH = "airflow.providers.standard.operators.bash.BashOperator"
TASK = """\
orders:
  tasks:
    a:
"""


def task(*lines: str) -> str:
    return TASK + "".join(f"      {line}\n" for line in lines)


@pytest.mark.parametrize("typed", ["¦", "Tr¦"])
def test_operator_offers_every_operator(editor: Editor, typed: str) -> None:
    assert {*OPERATORS, BASH} <= set(editor.labels(task(f"operator: {typed}")))


def test_an_offered_operator_says_what_it_does(editor: Editor) -> None:
    (offer,) = [offer for offer in editor.offers(task("operator: ¦")) if offer.label == "TrainModel"]
    assert offer.documentation.startswith("Fit an estimator")


def test_a_task_offers_the_parameters_of_its_operator_and_of_no_other(editor: Editor) -> None:
    labels = editor.labels(task("operator: TrainModel", "¦"))
    assert {"data", "estimator", "parameters", "random_state"} <= set(labels)
    assert not {"gates", "bash_command"} & set(labels)


@pytest.mark.parametrize("form", ["operator: TrainModel\n      ¦", "operator: TrainModel\n      ret¦"])
def test_a_task_offers_what_every_task_takes(editor: Editor, form: str) -> None:
    assert {"dependencies", "retries", "retry_delay", "trigger_rule", "teardown"} <= set(editor.labels(task(form)))


def test_a_listed_task_offers_the_same(editor: Editor) -> None:
    labels = editor.labels("orders:\n  tasks:\n    - task_id: a\n      operator: TrainModel\n      ¦\n")
    assert {"data", "estimator", "retries"} <= set(labels)


def test_an_installed_operator_offers_its_parameters(editor: Editor) -> None:
    labels = editor.labels(task(f"operator: {BASH}", "¦"))
    assert {"bash_command", "env", "cwd"} <= set(labels)


def test_a_key_is_inserted_with_its_colon(editor: Editor) -> None:
    """The server drops the colon of a property whose type it does not see, as in a $ref beside a keyword of ours."""
    skeletons = {operator["title"] for operator in load_contract().operators.values()}
    for operator in editor.labels(task("operator: ¦")):
        offers = editor.offers(task(f"operator: {operator}", "¦"))
        # skeletons of all required keys are the only offers that are no keys; they bear the operators' names
        keys = [offer for offer in offers if offer.label not in skeletons]
        bare = [offer.label for offer in keys if not offer.inserts.startswith(f"{offer.label}:")]
        assert (operator, bare) == (operator, [])


def test_dependencies_are_inserted_as_a_list(editor: Editor) -> None:
    (offer,) = [o for o in editor.offers(task("operator: TrainModel", "dep¦")) if o.label == "dependencies"]
    assert offer.inserts.startswith("dependencies:\n  - ")


@pytest.mark.parametrize(
    ("place", "offered"),
    [
        (task("operator: TrainModel", "trigger_rule: ¦"), {"all_success", "all_done", "one_failed", "always"}),
        (task("operator: TrainModel", "trigger_rule: all_¦"), {"all_success", "all_done"}),
        (task("operator: TrainModel", "teardown: ¦"), {"true", "false"}),
        (task("operator: EvaluateModel", "no_champion: ¦"), {"pass", "warn", "fail"}),
        (task("operator: EvaluateModel", "gates:", "  ¦"), {"roc_auc", "recall", "rmse"}),
        (task("operator: EvaluateModel", "gates: {¦}"), {"roc_auc", "recall", "rmse"}),
        (task("operator: EvaluateModel", "gates:", "  recall:", "    ¦"), {"min", "max", "between", "warn", "fail"}),
        (task("operator: ValidateData", "on_bad_rows: ¦"), {"keep", "drop", "quarantine"}),
        (task("operator: ValidateData", "columns:", "  age:", "    type: ¦"), {"integer", "number", "category"}),
        ("orders:\n  catchup: ¦\n", {"true", "false"}),
        ("orders:\n  schedule: ¦\n", {'"@daily"', '"@hourly"'}),
    ],
)
def test_values_are_offered(editor: Editor, place: str, offered: set[str]) -> None:
    assert offered <= set(editor.labels(place))


def test_a_preset_is_inserted_in_quotes(editor: Editor) -> None:
    """YAML does not allow a plain value to start with @."""
    (offer,) = [offer for offer in editor.offers("orders:\n  schedule: ¦\n") if offer.label == '"@daily"']
    assert offer.inserts == '"@daily"'


@pytest.mark.parametrize(
    ("place", "offered"),
    [
        ("orders:\n  ¦\n", {"description", "schedule", "start_date", "default_args", "task_groups", "tasks"}),
        ("orders:\n  sche¦\n", {"schedule"}),
        ("orders:\n  default_args:\n    ¦\n", {"owner", "retries", "retry_delay", "execution_timeout"}),
        ("orders:\n  task_groups:\n    g:\n      ¦\n", {"tooltip", "parent_group_name", "dependencies"}),
        ("default:\n  ¦\n", {"schedule", "default_args", "tags"}),
        ("¦\n", {"default"}),
    ],
)
def test_keys_of_a_pipeline_are_offered(editor: Editor, place: str, offered: set[str]) -> None:
    assert offered <= set(editor.labels(place))


def test_what_is_offered_for_a_whole_task_fits_the_schema(editor: Editor) -> None:
    """A skeleton with all required keys; only the values are left to write."""
    (skeleton,) = [o for o in editor.offers(task("operator: TrainModel", "¦")) if o.label == "TrainModel"]
    assert [line.partition(":")[0] for line in skeleton.inserts.splitlines()] == ["data", "estimator"]


MONTH_END = "python_callable: operators.functions.is_month_end"
PYTHON = "airflow.providers.standard.operators.python.PythonOperator"


@pytest.mark.parametrize(
    ("place", "offered"),
    [
        (task("¦"), {"operator", "decorator", "dependencies", "expand"}),
        (task("decorator: ¦"), {"task", "task.branch", "task.sensor"}),
        (task("decorator: task", "python_callable: ¦"), {"operators.functions.is_month_end"}),
        (task("decorator: task", MONTH_END, "¦"), {"day", "retries"}),
        (task("decorator: task.sensor", MONTH_END, "¦"), {"day", "poke_interval", "mode"}),
        (task(f"operator: {PYTHON}", "python_callable: ¦"), {"operators.functions.is_month_end"}),
        (task(f"operator: {BASH}", "expand: {cwd: [a]}", "¦"), {"bash_command", "env", "map_index_template"}),
        (task("teardown:", "  ¦"), {"setups", "on_failure_fail_dagrun"}),
        (task("dependencies:", "  - ¦"), {"task", "label"}),
        (task("retry_policy:", "  rules:", "    - exception: ¦"), {"TimeoutError"}),
        ("orders:\n  task_groups:\n    g:\n      ¦\n", {"expand", "ui_color", "prefix_group_id"}),
    ],
)
def test_what_a_task_says_is_offered(editor: Editor, place: str, offered: set[str]) -> None:
    assert offered <= set(editor.labels(place))


SMTP = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
LOG = "operators.functions.log_event"
DELETE = "airflow.providers.standard.triggers.file.FileDeleteTrigger"


@pytest.mark.parametrize(
    ("place", "offered"),
    [
        ("orders:\n  on_failure_callback:\n    callback: ¦\n", {SMTP, LOG}),
        (f"orders:\n  on_failure_callback:\n    callback: {SMTP}\n    ¦\n", {"to", "subject", "html_content"}),
        (f"orders:\n  on_failure_callback:\n    - callback: {LOG}\n      ¦\n", {"event", "level"}),
        (f"orders:\n  on_failure_callback:\n    callback: {LOG}\n    level: ¦\n", {"info", "warning", "error"}),
        (task("operator: TrainModel", "on_retry_callback:", f"  callback: {LOG}", "  ¦"), {"event", "level"}),
        ("orders:\n  user_defined_filters:\n    percent: ¦\n", {"operators.functions.as_percent"}),
        ("orders:\n  schedule:\n    - ¦\n", {"uri", "name", "extra", "watchers"}),
        ("orders:\n  schedule:\n    - uri: x\n      ¦\n", {"name", "group", "extra", "watchers"}),
        (task("operator: TrainModel", "outlets:", "  - uri: x", "    ¦"), {"name", "group", "extra"}),
        ("orders:\n  schedule:\n    timetable: ¦\n", {"CronTriggerTimetable", "EventsTimetable"}),
        ("orders:\n  schedule:\n    timetable: CronTriggerTimetable\n    ¦\n", {"cron", "timezone", "interval"}),
        ("orders:\n  schedule:\n    assets: [x]\n    ¦\n", {"timetable"}),
        ("orders:\n  params:\n    day:\n      ¦\n", {"default", "type", "title", "format", "minimum"}),
        ("orders:\n  deadline:\n    ¦\n", {"reference", "interval", "callback"}),
        ("orders:\n  deadline:\n    reference: ¦\n", {"dagrun_queued_at", "dagrun_logical_date"}),
        ("orders:\n  template_undefined: ¦\n", {"strict", "chainable"}),
    ],
)
def test_what_a_pipeline_says_of_itself_is_offered(editor: Editor, place: str, offered: set[str]) -> None:
    assert offered <= set(editor.labels(place))


def test_a_trigger_offers_its_parameters(editor: Editor) -> None:
    watcher = f"    - uri: x\n      watchers:\n        - name: w\n          trigger:\n            trigger: {DELETE}\n"
    assert {"filepath", "poke_interval"} <= set(editor.labels(f"orders:\n  schedule:\n{watcher}            ¦\n"))


def test_an_offered_callback_says_what_it_does(editor: Editor) -> None:
    (offer,) = [o for o in editor.offers("orders:\n  on_failure_callback:\n    callback: ¦\n") if o.label == LOG]
    assert offer.documentation.startswith("Write one line to the log")


def test_a_right_file_has_no_complaints_of_the_editor(editor: Editor) -> None:
    folder = Path(__file__).parent.parent / "pipelines" / "expressiveness" / "pipelines"
    for path in sorted(folder.glob("*.yaml")):
        assert editor.marks(path.read_text(encoding="utf-8")) == [], path.name
