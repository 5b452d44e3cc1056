"""prometheus/alertmanager*.yml: who is told of what, what hides what, and that no secret stands in them."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from pipelines.alerts.rules import DEADLINE_MISSED

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "prometheus"
FILES = sorted(FOLDER.glob("alertmanager*.yml"))
RECEIVERS = FOLDER / "alertmanager-receivers.yml"
ROUTING: dict[str, Any] = yaml.safe_load((FOLDER / "alertmanager.yml").read_text(encoding="utf-8"))
RECEIVER_OF = {"critical": "page", "warning": "default", "info": "default", "none": "watchdog"}
URL_FILE = "url_file: /run/secrets/watchdog_url"
"""Known from 0.26 on; Debian 12 has 0.25."""


def for_debian(path: Path, watchdog: str = "http://127.0.0.1:9/") -> str:
    """Give a file as Debian's Alertmanager takes it, too."""
    return re.sub(rf"(?<!\w){URL_FILE}", f"url: {watchdog}", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_alertmanager_accepts_its_configuration(path: Path, tmp_path: Path, tool: Callable[[str], str]) -> None:
    (tmp_path / path.name).write_text(for_debian(path))
    done = subprocess.run(
        [tool("amtool"), "check-config", tmp_path / path.name], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_files_route_and_inhibit_alike() -> None:
    first, second = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES)
    assert first["route"] == second["route"]
    assert first["inhibit_rules"] == second["inhibit_rules"]
    names = [[receiver["name"] for receiver in each["receivers"]] for each in (first, second)]
    assert names[0] == names[1]


@pytest.mark.parametrize("severity", RECEIVER_OF)
def test_the_severity_decides_who_is_told(severity: str, tool: Callable[[str], str]) -> None:
    file = f"--config.file={FOLDER / 'alertmanager.yml'}"
    labels = [f"severity={severity}", "alertname=Any", "component=dag"]
    command = [tool("amtool"), "config", "routes", "test", file, *labels]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == RECEIVER_OF[severity]


def test_every_severity_of_the_rules_has_its_receiver(rule_files: dict[str, list[dict[str, Any]]]) -> None:
    used = {rule["labels"]["severity"] for rules in rule_files.values() for rule in rules if "alert" in rule}
    assert used == set(RECEIVER_OF)


def test_what_has_happened_is_not_called_resolved_when_its_window_has_passed(
    rule_files: dict[str, list[dict[str, Any]]], tmp_path: Path, tool: Callable[[str], str]
) -> None:
    alerts = {rule["alert"]: rule for rules in rule_files.values() for rule in rules if "alert" in rule}
    [route] = [route for route in ROUTING["route"]["routes"] if route["receiver"] == "event"]
    named = set(alternatives(route["matchers"][0].partition('"')[2].rstrip('"')))
    # counters: that something was counted within a window is over when the window has passed
    counted = {name for name, rule in alerts.items() if "[1d] offset" in rule["expr"] or "increase(" in rule["expr"]}
    assert named - {DEADLINE_MISSED} <= {n for n in counted if alerts[n]["labels"]["severity"] == "warning"}
    file = f"--config.file={FOLDER / 'alertmanager.yml'}"
    for name in named:
        command = [tool("amtool"), "config", "routes", "test", file, "severity=warning", f"alertname={name}"]
        assert subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip() == "event"
    [event] = [each for each in yaml.safe_load(RECEIVERS.read_text("utf-8"))["receivers"] if each["name"] == "event"]
    title = event["slack_configs"][0]["title"]
    assert rendered(title, {"status": "firing", "commonLabels": {"alertname": "X"}}, tmp_path, tool) == "FIRING X"
    assert rendered(title, {"status": "resolved", "commonLabels": {"alertname": "X"}}, tmp_path, tool) == (
        "NOT AGAIN SINCE: X"
    )


def rendered(template: str, data: dict[str, Any], folder: Path, tool: Callable[[str], str]) -> str:
    """Give what Alertmanager makes of a template."""
    (folder / "none.tmpl").write_text('{{ define "none" }}{{ end }}')
    (folder / "data.json").write_text(json.dumps(data))
    command = [tool("amtool"), "template", "render", f"--template.glob={folder}/none.tmpl"]
    command += [f"--template.data={folder}/data.json", f"--template.text={template}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.strip("\n")


def test_a_secret_is_read_from_a_file_that_compose_mounts(compose: dict[str, Any]) -> None:
    text = RECEIVERS.read_text(encoding="utf-8")
    files = re.findall(r"(\w+)_file: /run/secrets/(\w+)", text)
    assert [kind for kind, _ in files] == ["api_url", "routing_key", "url"]
    assert {name for _, name in files} == set(compose["services"]["alertmanager"]["secrets"])
    assert not re.search(r"\b(api_url|routing_key|url|password|credentials): ", text)


def alert_names(matchers: list[str], known: set[str]) -> set[str]:
    """Give the alerts whose name fits."""
    [pattern] = [m[2] for each in matchers if (m := re.fullmatch(r'alertname=(~?)"(.+)"', each))]
    return {name for name in known if re.fullmatch(pattern, name)}


def alternatives(pattern: str) -> list[str]:
    """Split a pattern at the bars that stand outside of parentheses."""
    return [part.group() for part in re.finditer(r"(?:[^|()]|\([^)]*\))+", pattern)]


@pytest.mark.parametrize("rule", ROUTING["inhibit_rules"], ids=lambda rule: rule["target_matchers"][0][:60])
def test_an_inhibition_names_alerts_that_exist(
    rule: dict[str, Any], rule_files: dict[str, list[dict[str, Any]]]
) -> None:
    known = {rule["alert"] for rules in rule_files.values() for rule in rules if "alert" in rule} | {DEADLINE_MISSED}
    sources, targets = (alert_names(rule[key], known) for key in ("source_matchers", "target_matchers"))
    assert sources
    assert targets
    assert not sources & targets, "an alert that hides itself"
    for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
        if matcher.startswith('alertname=~"'):
            patterns = alternatives(matcher.removeprefix('alertname=~"').removesuffix('"'))
            assert [each for each in patterns if not any(re.fullmatch(each, name) for name in known)] == []


class Hook(NamedTuple):
    """A web server that keeps what it is sent."""

    address: str
    received: list[tuple[str, dict[str, Any]]]
    """Path and body of each request."""

    def wait_for(self, path: str) -> dict[str, Any]:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for found, body in list(self.received):
                if found == path:
                    return body
            time.sleep(0.05)
        pytest.fail(f"nothing came to {path} within 20 s; what came: {self.received}")


@pytest.fixture
def hook() -> Iterator[Hook]:
    received: list[tuple[str, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Hook(f"http://127.0.0.1:{server.server_port}", received)
    server.shutdown()
    server.server_close()


class Alertmanager(NamedTuple):
    """A real one."""

    address: str

    def post(self, *alerts: dict[str, Any]) -> None:
        body = json.dumps(alerts).encode()
        request = urllib.request.Request(f"{self.address}/api/v2/alerts", body, {"Content-Type": "application/json"})
        for _ in range(100):
            try:
                urllib.request.urlopen(request, timeout=5).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        pytest.fail("alertmanager did not start within 10 s")

    def suppressed(self) -> set[frozenset[tuple[str, str]]]:
        """Give the labels of the alerts that it hides."""
        with urllib.request.urlopen(f"{self.address}/api/v2/alerts", timeout=5) as answer:
            alerts = json.load(answer)
        return {frozenset(each["labels"].items()) for each in alerts if each["status"]["state"] == "suppressed"}


@contextmanager
def alertmanager(folder: Path, text: str, command: str) -> Iterator[Alertmanager]:
    """Run the real one with a configuration."""
    (folder / "alertmanager.yml").write_text(text)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address="]
    with (folder / "log").open("w") as log:
        listen = f"--web.listen-address=127.0.0.1:{port}"
        process = subprocess.Popen([command, *options, listen], cwd=folder, stdout=log, stderr=log)
    try:
        yield Alertmanager(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(10)


def alert(name: str, severity: str = "warning", **labels: str) -> dict[str, Any]:
    return {
        "labels": {"alertname": name, "severity": severity, "component": "dag", **labels},
        "annotations": {
            "summary": "A DAG run failed",
            "description": "ml_pipeline: 1 failed run(s).",
            "runbook_url": "https://example.org/runbook.md#airflowdagrunfailed",
        },
    }


def test_an_alert_reaches_slack_and_the_watchdog_its_service(
    tmp_path: Path, hook: Hook, tool: Callable[[str], str]
) -> None:
    (tmp_path / "slack_webhook").write_text(f"{hook.address}/slack")
    text = for_debian(RECEIVERS, f"{hook.address}/watchdog").replace("group_wait: 30s", "group_wait: 100ms")
    with alertmanager(
        tmp_path, text.replace("/run/secrets/", f"{tmp_path}/"), tool("prometheus-alertmanager")
    ) as running:
        running.post(alert("AirflowDagRunFailed"), alert("Watchdog", "none"))
        message = hook.wait_for("/slack")["attachments"][0]
        switch = hook.wait_for("/watchdog")
    assert message["title"] == "FIRING AirflowDagRunFailed"
    assert message["title_link"] == "https://example.org/runbook.md#airflowdagrunfailed"
    assert message["text"].strip() == "A DAG run failed: ml_pipeline: 1 failed run(s)."
    assert [each["labels"]["alertname"] for each in switch["alerts"]] == ["Watchdog"]
    assert {path for path, _ in hook.received} == {"/slack", "/watchdog"}


@pytest.mark.parametrize(
    ("states", "text"),
    [
        ({"one": "firing", "two": "resolved", "three": "firing"}, "one: of one\nthree: of three"),
        ({"one": "resolved", "two": "resolved"}, "one: of one\ntwo: of two"),
    ],
    ids=["some are over", "all are over"],
)
def test_a_message_names_what_fires_and_only_at_the_end_what_is_over(
    states: dict[str, str], text: str, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    template = yaml.safe_load(RECEIVERS.read_text(encoding="utf-8"))["receivers"][0]["slack_configs"][0]["text"]
    alerts = [
        {"status": state, "labels": {}, "annotations": {"summary": name, "description": f"of {name}"}}
        for name, state in states.items()
    ]
    assert rendered(template, {"alerts": alerts}, tmp_path, tool) == text


INHIBITIONS = {
    "no metrics": (
        [alert("AirflowMetricsExporterDown", "critical")],
        [
            alert("AirflowSchedulerHeartbeatMissing", "critical"),
            alert("AirflowTriggererHeartbeatMissing", "critical"),
            alert("TargetDown", job="statsd-exporter"),
            alert("PipelineNotFresh", dag_id="a"),
        ],
        # what the probe sees does not depend on metrics
        [
            alert("AirflowApiServerUnhealthy", "critical"),
            alert("AirflowDagRunFailed", dag_id="a"),
            alert("TargetDown", job="prometheus"),
        ],
    ),
    "a dead scheduler": (
        [alert("AirflowSchedulerHeartbeatMissing", "critical")],
        [
            alert("AirflowNoTaskThroughput", "critical"),
            alert("AirflowTasksQueuedNoneRuns", "critical"),
            alert("AirflowPoolStarving", pool_name="p"),
            alert("AirflowDagScheduleDelayCritical", "critical", dag_id="a"),
        ],
        [alert("AirflowDagProcessorHeartbeatMissing", "critical"), alert("AirflowDagImportErrors")],
    ),
    "no workers": (
        [alert("AirflowTasksQueuedNoneRuns", "critical")],
        [
            alert("AirflowTasksStuckQueued", dag_id="a", task_id="t"),
            alert("AirflowNoTaskThroughput", "critical"),
            alert("PipelineNotFresh", dag_id="a"),
        ],
        [alert("AirflowDagRunFailed", dag_id="a"), alert("AirflowTasksLostHeartbeat", dag_id="a", task_id="t")],
    ),
    "a dead queue": (
        [alert("AirflowTasksCannotStart", "critical")],
        [alert("AirflowTasksKilledExternally", "info", dag_id="a", task_id="t")],
        [alert("AirflowDagRunFailed", dag_id="a")],
    ),
    "a dead triggerer": (
        [alert("AirflowTriggererHeartbeatMissing", "critical")],
        [alert("AirflowTriggererNoCapacity", hostname="h")],
        [alert("AirflowNoTaskThroughput", "critical"), alert("AirflowDagBagEmpty", "critical")],
    ),
    "most DAGs are late": (
        [alert("AirflowDagScheduleDelayCritical", "critical")],
        [alert("AirflowDagScheduleDelayWarning", dag_id="a"), alert("AirflowDagScheduleDelayWarning", dag_id="b")],
        [alert("AirflowDagRunFailed", dag_id="a")],
    ),
    "no probe": (
        [alert("AirflowHealthProbeMissing", "critical")],
        [alert("TargetDown", job="blackbox-exporter"), alert("TargetDown", job="airflow-health")],
        [alert("TargetDown", job="alertmanager"), alert("AirflowNoTaskThroughput", "critical")],
    ),
    "the verdict of a gate": (
        [alert("MlGateFailed", dag_id="a", task_id="t", gate="recall")],
        [alert("PipelineVerdictFailed", "info", dag_id="a", task_id="t")],
        [alert("MlDataCheckFailed", dag_id="a", task_id="u", check="rows")],
    ),
}


@pytest.mark.parametrize("case", INHIBITIONS)
def test_an_alert_hides_its_consequences_and_nothing_else(
    case: str, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    causes, hidden, shown = INHIBITIONS[case]
    text = (FOLDER / "alertmanager.yml").read_text(encoding="utf-8")
    with alertmanager(tmp_path, text, tool("prometheus-alertmanager")) as running:
        running.post(*causes, *hidden, *shown)
        wanted = {frozenset(each["labels"].items()) for each in hidden}
        deadline = time.monotonic() + 10
        # a source counts from the moment on in which the inhibitor has seen it
        while (found := running.suppressed()) != wanted and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.2)
        assert running.suppressed() == found == wanted
