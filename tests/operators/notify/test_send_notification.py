from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from operators.artifacts import Artifact, Reference
from operators.notify.channels import DeliveryError
from operators.notify.send_notification import SendNotificationOperator
from operators.verdict import Judgement, Outcome, Verdict, record_judgement
from tests.operators.conftest import TaskInstance
from tests.operators.published import RUN_ID

MAIL = {"type": "smtp", "conn_id": "team_mail", "to": ["ml@example.com"]}
CHAT = {"type": "slack", "conn_id": "team_chat"}
HTTP = {"type": "http", "conn_id": "incidents"}
DEPLOYED = {
    "registered_model": "breast_cancer",
    "version": 3,
    "alias": "champion",
    "previous_version": 2,
    "model_sha256": "ab" * 32,
}
TASKS = ("validate_data", "train_model", "evaluate_model", "deploy_model")
PASSED = Verdict(name="rows", outcome=Outcome.PASS, observed=569, threshold="min 500")
FAILED = Verdict(name="roc_auc", outcome=Outcome.FAIL, observed=0.951234567, threshold="min 0.97", message="143 rows")
WARNED = Verdict(name="duplicates", outcome=Outcome.WARN, observed=0.005, threshold="warn 0, fail 1%")


@dataclass
class RunningTask(TaskInstance):
    """A task that can ask for the states of the others; the end-to-end test asks a real Airflow."""

    states: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    log_url: str = "http://localhost:8080/dags/a_dag/runs/r1/tasks/send_notification?try_number=1"

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        return {run_ids[0]: {task_id: state for task_id, (state, _) in self.states.items()}}

    def get_task_breadcrumbs(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        finished = {t: s for t, s in self.states.items() if s[0] not in ("running", "queued")}
        return [
            {"task_id": task_id, "map_index": -1, "state": state, "operator": "X", "duration": seconds}
            for task_id, (state, seconds) in finished.items()
        ]


def verdict_of(task_id: str, *verdicts: Verdict, **facts: Any) -> dict[tuple[str, str], Any]:
    """The XCom that a judging task leaves, and its files."""
    from operators.artifacts import ArtifactWriter

    ti = TaskInstance("a_dag", RUN_ID, task_id)
    context: Any = {"ti": ti}
    writer = ArtifactWriter(context)
    record_judgement(context, writer, Judgement(title=task_id, verdicts=verdicts, facts=facts))
    writer.publish("judgement")
    return {(task_id, "verdict"): ti.pushed["verdict"]}


def notify(
    *,
    states: Mapping[str, tuple[str, float]],
    upstream: Mapping[tuple[str, str], Any] | None = None,
    try_number: int = 1,
    **more: Any,
) -> Artifact:
    with DAG("a_dag"):
        tasks = [BaseOperator(task_id=task_id) for task_id in TASKS]
        operator = SendNotificationOperator(task_id="send_notification", **{"subject": "ml_pipeline", **more})
        for one, other in zip(tasks, [*tasks[1:], operator], strict=True):
            one >> other
    ti = RunningTask("a_dag", RUN_ID, "send_notification", try_number, upstream=upstream or {}, states=states)
    context: Any = {"ti": ti, "run_id": RUN_ID, "task": operator, "params": {}}
    operator.render_template_fields(context)
    result = operator.execute(context)
    assert len(json.dumps(result)) <= 1024
    return Artifact(Reference.from_xcom(result, where="test"))


def all_well() -> dict[str, Any]:
    upstream = {**verdict_of("validate_data", PASSED, rows_in=569, rows_rejected=0)}
    upstream[("deploy_model", "return_value")] = {"uri": "file:///x", "sha256": "1", "kind": "deployment", **DEPLOYED}
    return {"states": dict.fromkeys(TASKS, ("success", 1.25)), "upstream": upstream}


def gate_failed() -> dict[str, Any]:
    states = {
        "validate_data": ("success", 0.5),
        "train_model": ("success", 2.0),
        "evaluate_model": ("failed", 1.0),
        "deploy_model": ("upstream_failed", 0.0),
        "send_notification": ("running", 0.0),
    }
    return {"states": states, "upstream": verdict_of("evaluate_model", PASSED, FAILED)}


def text_of(artifact: Artifact) -> str:
    return artifact.read_bytes("message.txt").decode()


pytestmark = pytest.mark.usefixtures("artifact_root")


def test_without_channels_the_message_is_logged_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "airflow.task")

    artifact = notify(**all_well())

    text = text_of(artifact)
    assert text.startswith("ml_pipeline: success\n\ndag       a_dag\n")
    assert "deployed  breast_cancer version 3 is champion (before: version 2)" in text
    assert "validate_data   success  1.2      pass" in text
    assert "validate_data  rows in        569" in text
    assert "link      http://localhost:8080/dags/a_dag/runs/r1\n" in text
    assert text in caplog.text
    assert "<h1" in artifact.read_bytes("message.html").decode()
    assert artifact.read_json("deliveries.json") == []


def test_a_failed_gate_is_told_with_its_numbers() -> None:
    text = text_of(notify(**gate_failed()))

    assert text.startswith("ml_pipeline: failed")
    assert "evaluate_model  failed           1.0      fail" in text
    assert "deploy_model    upstream_failed" in text
    assert "send_notification" not in text
    assert "evaluate_model  roc_auc  fail     0.951235  min 0.97   143 rows" in text
    assert "evaluate_model  rows     pass     569       min 500" in text


def test_the_worst_verdicts_come_first_and_many_are_cut() -> None:
    many = [Verdict(name=f"column_{n}", outcome=Outcome.PASS, observed=n, threshold="min 0") for n in range(60)]
    upstream = verdict_of("validate_data", *many, WARNED, FAILED)

    text = text_of(notify(states=dict.fromkeys(TASKS, ("success", 1.0)), upstream=upstream))

    assert text.index("roc_auc") < text.index("duplicates") < text.index("column_0") < text.index("and 22 more")
    assert "column_37 " in text
    assert "column_38 " not in text


def test_tasks_stand_in_the_order_in_which_they_ran() -> None:
    text = text_of(notify(**gate_failed()))

    positions = [text.index(f"\n{task_id} ") for task_id in TASKS]
    assert positions == sorted(positions)


def test_a_task_that_has_not_ended_is_shown_as_such() -> None:
    text = text_of(notify(states={"validate_data": ("success", 1.0), "train_model": ("running", 0.0)}))

    assert "train_model     running       –" in text
    assert "evaluate_model  not finished  –" in text


def test_verdicts_that_cannot_be_read_are_told_and_do_not_stop_the_message(artifact_root: Path) -> None:
    run = gate_failed()
    next(artifact_root.glob("a_dag/*/evaluate_model/*/verdicts.json")).unlink()

    text = text_of(notify(**run))

    assert "evaluate_model  verdicts.json  inconclusive  unreadable" in text
    assert "FileNotFoundError" in text


@pytest.mark.usefixtures("connections")
def test_every_channel_gets_the_message(web: Any, mail: Any) -> None:
    artifact = notify(**gate_failed(), channels=[MAIL, CHAT, HTTP])

    assert mail.mails[0]["Subject"] == "ml_pipeline: failed"
    page = mail.mails[0].get_body(("html",)).get_content().strip()
    # Apprise, once imported, has mail sent as lines, which end in another way on the wire.
    assert page.splitlines() == artifact.read_bytes("message.html").decode().splitlines()
    chat, http = (request["body"] for request in web.requests)
    assert "roc_auc" in chat["text"]
    assert (http["state"], http["dag_id"], http["tasks"][2]["verdict"]) == ("failed", "a_dag", "fail")
    assert [d["status"] for d in artifact.read_json("deliveries.json")] == ["delivered"] * 3


@pytest.mark.usefixtures("connections")
def test_programs_are_told_of_the_deployment(web: Any) -> None:
    notify(**all_well(), channels=[HTTP])

    assert web.requests[0]["body"]["deployments"] == [DEPLOYED]


@pytest.mark.usefixtures("connections")
def test_a_channel_that_failed_is_tried_again_alone(web: Any, mail: Any) -> None:
    run = gate_failed()
    mail.refuses = True
    with pytest.raises(DeliveryError, match="1 of 2 channels did not take the message"):
        notify(**run, channels=[MAIL, CHAT], try_number=1)
    mail.refuses = False

    notify(**run, channels=[MAIL, CHAT], try_number=2)

    assert len(mail.mails) == len(web.requests) == 1


@pytest.mark.usefixtures("connections")
@pytest.mark.parametrize(
    ("send_on", "sent"),
    [
        ("always", ["well", "warned", "failed"]),
        ("failure", ["failed"]),
        ("warning", ["warned", "failed"]),
        ("success", ["well", "warned"]),
    ],
)
def test_the_channels_hear_only_of_the_runs_they_want(web: Any, send_on: str, sent: list[str]) -> None:
    well, failed = all_well(), gate_failed()
    warned = {**well, "upstream": verdict_of("train_model", WARNED)}

    for number, (name, run) in enumerate({"well": well, "warned": warned, "failed": failed}.items()):
        notify(**run, channels=[CHAT], send_on=send_on, subject=name, try_number=number + 1)

    assert [request["body"]["text"].split(":")[0].strip("*") for request in web.requests] == sent


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"send_on": "never"}, "send_notification.send_on: found 'never'; allowed are always, failure, warning, succ"),
        ({"channels": [{"type": "pager"}]}, "send_notification.channels[0]: type must be one of smtp, slack, http"),
        ({"channels": [CHAT | {"conn_id": "nobody"}]}, "there is no Airflow connection 'nobody'"),
    ],
)
def test_a_mistake_in_the_yaml_is_told_and_not_retried(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(AirflowFailException) as caught:
        notify(**gate_failed(), **changes)

    assert message in str(caught.value)


def test_the_subject_is_a_template_and_has_a_default() -> None:
    named = text_of(notify(**all_well(), subject="{{ ti.dag_id }} of today"))
    operator = SendNotificationOperator(task_id="send_notification")

    assert named.startswith("a_dag of today: success")
    assert operator.subject == "{{ ti.dag_id }} {{ run_id }}"
