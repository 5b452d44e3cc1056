"""grafana/: the dashboards fit Grafana's own types, those of the version that compose.yaml runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
PINNED = Path(__file__).parent / "grafana_schema"
DASHBOARDS = sorted((ROOT / "grafana/dashboards").glob("*.json"))
OPTIONS = {
    "stat": "StatPanelCfg",
    "gauge": "GaugePanelCfg",
    "bargauge": "BarGaugePanelCfg",
    "timeseries": "TimeSeriesPanelCfg",
    "state-timeline": "StateTimelinePanelCfg",
    "table": "TablePanelCfg",
}
"""Kind of panel -> the module of Grafana with the type of its options."""
pytestmark = pytest.mark.slow


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(f"GRAFANA'S TYPES NOT TESTED: {reason}")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Grafana's types and the TypeScript compiler."""
    npm = shutil.which("npm")
    if npm is None:
        _give_up("npm is not installed")
    folder = tmp_path_factory.mktemp("grafana") / "schema"
    shutil.copytree(PINNED, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        _give_up(f"npm ci failed: {done.stderr[-500:]}")
    return folder


def errors(project: Path, dashboard: dict[str, Any]) -> list[str]:
    """Compile a dashboard as TypeScript, which must satisfy Grafana's types; give what the compiler says."""
    lines = ["import type { OurDashboard, Plain } from './dashboard';"]
    lines += [
        f"import type {{ Options as {module} }} from "
        f"'@grafana/schema/dist/esm/raw/composable/{module.removesuffix('PanelCfg').lower()}/panelcfg/x/{module}_types.gen';"
        for module in OPTIONS.values()
    ]
    lines.append(f"export const dashboard = {json.dumps(dashboard, indent=1)} satisfies OurDashboard;")
    for number, panel in enumerate(panel for panel in dashboard["panels"] if panel["type"] != "row"):
        options, module = json.dumps(panel.get("options", {})), OPTIONS[panel["type"]]
        lines.append(f"export const options{number} = {options} satisfies Partial<Plain<{module}>>;")
    (project / "check.ts").write_text("\n".join(lines))
    strict = ["--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler"]
    command = [project / "node_modules/.bin/tsc", *strict, "--target", "es2022", "check.ts"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout.splitlines()


def test_the_types_are_those_of_the_version_that_compose_runs() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    pinned = json.loads((PINNED / "package.json").read_text())["dependencies"]["@grafana/schema"]
    found = re.search(r"grafana/grafana:(\d+\.\d+)\.", compose)
    assert found is not None
    assert pinned.startswith(found[1] + ".")


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_fits_the_types_of_grafana(project: Path, path: Path) -> None:
    assert errors(project, json.loads(path.read_text())) == []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda board: board.update(refresh=30), "Type 'number' is not assignable to type 'string"),
        (lambda board: board["panels"][1].update(titel="x"), "'\"titel\"' does not exist"),
        (lambda board: board["panels"][1]["gridPos"].update(w="8"), "Type 'string' is not assignable to type 'number'"),
        (lambda board: board["panels"][1]["options"].update(colorMode="all"), "Type '\"all\"' is not assignable"),
    ],
    ids=["type", "unknown-key", "grid", "option"],
)
def test_what_does_not_fit_is_said(project: Path, spoil: Any, message: str) -> None:
    board = json.loads((ROOT / "grafana/dashboards/airflow-overview.json").read_text())
    spoil(board)
    assert message in "\n".join(errors(project, board))
