"""What the documents say is true: their YAML checks clean, their outputs are printed, what they name exists.

The long commands are tried elsewhere: `make run` and `make stop` in tests/running/test_make_run.py, broken files in a
running Airflow in tests/running/test_isolation.py, an installation that fails in tests/pipelines/embedded/.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest
import yaml

from pipelines.cli import main
from schemas.checker import Report, check_files
from tests.docs.metrics_page import metrics_page
from tests.docs.operators_page import SCHEMA, operators_page

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/step-by-step.md",
    "docs/quick-reference.md",
    "docs/terminal.md",
    "docs/troubleshooting.md",
    "docs/operators.md",
    "docs/yaml.md",
    "docs/ui.md",
    "docs/health.md",
)
"""The pages of docs/ that are not here have tests of their own."""
EVERY_PAGE = [*PAGES, *sorted({f"docs/{p.name}" for p in (REPOSITORY / "docs").glob("*.md")} - set(PAGES))]


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    line: int
    info: str
    text: str


def iter_blocks(page: str) -> Iterator[Block]:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    for match in re.finditer(r"^```(\S[^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[2])


BLOCKS = [block for page in PAGES for block in iter_blocks(page)]


def blocks(*infos: str) -> pytest.MarkDecorator:
    chosen = [block for block in BLOCKS if block.info in infos]
    assert chosen, infos
    return pytest.mark.parametrize("block", chosen, ids=lambda block: f"{block.page}:{block.line}")


def checked(folder: Path, text: str) -> Report:
    path = folder / "pipelines" / "example.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return check_files([path], relative_to=folder)


def problems(folder: Path, text: str) -> list[str]:
    return [f"{d.path}:{d.line}: {d.code} {d.message}" for d in checked(folder, text).diagnostics]


def whole(fragment: str) -> str:
    """Make a file of what stands under a pipeline."""
    text = "example:\n" + textwrap.indent(fragment, "  ")
    if "owner" not in fragment:
        text += "  default_args: {owner: ml-team, execution_timeout: 30m}\n"
    if not re.search(r"^tasks:", fragment, re.MULTILINE):
        text += "  tasks: {load: {operator: DownloadData, source: sample://iris}}\n"
    return text


# -- YAML -------------------------------------------------------------------------------------------------------------


@blocks("yaml")
def test_a_pipeline_checks_clean(block: Block, tmp_path: Path) -> None:
    assert problems(tmp_path, block.text) == []


@blocks("yaml fragment")
def test_what_stands_under_a_pipeline_checks_clean(block: Block, tmp_path: Path) -> None:
    assert problems(tmp_path, whole(block.text)) == []


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if block.page == "docs/yaml.md" and block.info in ("yaml", "yaml fragment")],
    ids=lambda block: f"{block.page}:{block.line}",
)
def test_an_example_of_the_yaml_page_is_built(block: Block, tmp_path: Path) -> None:
    from pipelines.build import build_dag

    pipelines = checked(tmp_path, block.text if block.info == "yaml" else whole(block.text)).pipelines
    assert pipelines
    for pipeline in pipelines:
        assert build_dag(pipeline).tasks


@blocks("yaml part of ml_pipeline")
def test_what_is_to_be_changed_is_there(block: Block) -> None:
    assert block.text in (REPOSITORY / "pipelines" / "ml_pipeline.yaml").read_text(encoding="utf-8")


@blocks("yaml task of ml_pipeline")
def test_a_task_can_be_added(block: Block, tmp_path: Path) -> None:
    text = (REPOSITORY / "pipelines" / "ml_pipeline.yaml").read_text(encoding="utf-8")
    assert problems(tmp_path, f"{text}\n{block.text}") == []


@blocks("yaml wrong")
def test_a_mistake_is_answered_as_the_page_says(block: Block, tmp_path: Path) -> None:
    name = block.text.partition("\n")[0].removeprefix("# ")
    following = next(b for b in BLOCKS if b.page == block.page and b.line > block.line)
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text(block.text, encoding="utf-8")

    run = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "check"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    expected = [line for line in following.text.splitlines() if not line.startswith("$ ")]
    assert run.stdout.splitlines() == expected
    assert run.returncode == 1


def readme_pipeline() -> str:
    return next(block.text for block in BLOCKS if block.page == "README.md" and block.info == "yaml")


def test_the_pipeline_of_the_readme_is_as_short_as_it_says() -> None:
    assert len(readme_pipeline().splitlines()) == 15


@pytest.mark.airflow
# dag.test() runs Airflow's own server inside this process, which warns of what its libraries will drop one day
@pytest.mark.filterwarnings("ignore")
def test_the_pipeline_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every task of it, down to the deployed model."""
    # dag.test() looks for the DAG in the configured folder, which Airflow reads once in a process
    folder = Path(os.environ["AIRFLOW_HOME"]) / "dags"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("dags.py", "problems.py", ".airflowignore"):
        shutil.copy(REPOSITORY / "pipelines" / name, folder / name)
    (folder / "wine.yaml").write_text(readme_pipeline(), encoding="utf-8")
    monkeypatch.setenv("AIRFLOW__PIPELINES__ARTIFACT_ROOT", f"file://{tmp_path}/artifacts")
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
    from pipelines.loader import load

    loaded = load(folder)
    assert loaded.diagnostics == ()
    run = loaded.dags["wine"].test()

    assert {task.task_id: str(task.state) for task in run.get_task_instances()} == dict.fromkeys(
        yaml.safe_load(readme_pipeline())["wine"]["tasks"], "success"
    )


@blocks("python health check")
def test_a_health_check_is_one_module_and_one_block_of_yaml(block: Block, tmp_path: Path) -> None:
    """The page's example, beside a copy of this project's packages: its schema, its check, and a report with it."""
    for name in ("pipelines", "operators", "schemas"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "operators" / "health" / "check_disk_space.py").write_text(block.text, encoding="utf-8")
    task = next(b.text for b in BLOCKS if b.page == block.page and b.info == "yaml health check")
    monitoring = tmp_path / "pipelines" / "monitoring.yaml"
    text = monitoring.read_text(encoding="utf-8")
    text = text.replace("  tasks:\n", f"  tasks:\n{task}\n", 1)
    monitoring.write_text(text.replace("check_scheduler_health]", "check_scheduler_health, check_disk_space]"), "utf-8")
    variables = {"PYTHONPATH": str(tmp_path), "AIRFLOW_HOME": str(tmp_path / "airflow")}

    def run(*arguments: str, code: int = 0) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env={**os.environ, **variables}, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    run("-m", "pipelines.cli", "schema", "--provider", "apache-airflow-providers-standard")
    assert run("-m", "pipelines.cli", "check", "pipelines/monitoring.yaml") == ""
    (tmp_path / "wrong.yaml").write_text(monitoring.read_text().replace("warn: 2%}", "warn: 0.5%}"), encoding="utf-8")
    assert "P602" in run("-m", "pipelines.cli", "check", "wrong.yaml", code=1)
    shutil.copytree(REPOSITORY / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "look.py").write_text(LOOK, encoding="utf-8")
    verdict, measures = run("look.py").splitlines()[-2:]
    assert re.fullmatch(r"free pass 0\.\d+ [\d.]+ of [\d.]+ GB", verdict)
    assert re.fullmatch(r"check_disk_space \{'free GB': [\d.]+\}", measures)


LOOK = """
import os
from pathlib import Path
os.environ["AIRFLOW__PIPELINES__ARTIFACT_ROOT"] = f"file://{Path.cwd()}/artifacts"
from operators.artifacts import Reference
from operators.health.health_report import read_check, read_health_report
from pipelines.loader import load
from tests.operators.conftest import TaskInstance

tasks = {task.task_id: task for task in load(Path("pipelines")).dags["monitoring"].tasks}

def run(task_id, **changed):
    task = tasks[task_id]
    for name, value in changed.items():
        setattr(task, name, value)
    return task.execute({"ti": TaskInstance("monitoring", "r", task_id)})

found = run("check_disk_space")
report, _ = read_health_report(run("generate_health_report", checks=[None, None, None, found]), where="test")
(check,) = [check for check in report.checks if check.is_measured]
(verdict,) = check.verdicts
print(verdict.name, verdict.outcome, f"{verdict.observed:.4f}", verdict.message)
print(check.task_id, dict(check.measures))
"""


# -- commands ---------------------------------------------------------------------------------------------------------


def commands() -> Iterator[tuple[str, str]]:
    """Give page and command of every line after a dollar, and of every piece of code in the text."""
    for page in PAGES:
        text = (REPOSITORY / page).read_text(encoding="utf-8")
        for match in re.finditer(r"^\$ (.*)$|`([^`\n]+)`", text, re.MULTILINE):
            yield page, (match[1] or match[2]).partition("  #")[0].strip()


COMMANDS = sorted(set(commands()))


def chosen_commands(pattern: str) -> list[tuple[str, re.Match[str]]]:
    found = [(page, match) for page, command in COMMANDS if (match := re.match(pattern, command))]
    assert found, pattern
    return found


def test_make_targets_exist() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    used = {
        target
        for _, match in chosen_commands(r"(?:\S+=\S+ )*(make\b.*)")
        for target in re.findall(r"make ([a-z-]+)", match[1])
    }
    assert used <= targets


def test_make_help_lists_what_the_pages_name() -> None:
    shown = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    table = (REPOSITORY / "docs" / "quick-reference.md").read_text(encoding="utf-8")
    for target in re.findall(r"make ([a-z]+)", "\n".join(line for line in table.splitlines() if line.startswith("|"))):
        assert target == "help" or f"make {target}" in shown


def test_variables_of_make_exist() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    used = {name for _, match in chosen_commands(r"(make\b.*)") for name in re.findall(r"\b([A-Z]+)=", match[1])}
    assert {name for name in used if f"$({name})" not in makefile} == set()


@pytest.mark.parametrize("code", sorted({m[1] for _, m in chosen_commands(r".*pipelines explain (P\d+)")}))
def test_codes_can_be_explained(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", code]) == 0
    assert capsys.readouterr().out.startswith(code)


@pytest.mark.parametrize("command", sorted({m[1] for _, m in chosen_commands(r"(?:\.venv/bin/)?pipelines ([a-z]+)")}))
def test_subcommands_exist(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_the_pipelines_here_are_clean_in_every_format(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--format", form, str(REPOSITORY / "pipelines")]) == 0


def test_files_that_the_pages_name_exist() -> None:
    rooms = "pipelines|schemas|operators|tests|prometheus|grafana|docs|stack"
    pattern = rf"((?:{rooms})/[\w./-]+\.(?:py|md|yaml|yml|json))$"
    made_by_the_reader = {"pipelines/wine.yaml", "pipelines/churn.yaml", "operators/data/count_rows.py"}
    named = {match[1] for _, match in chosen_commands(pattern)} - made_by_the_reader
    assert {name for name in named if not (REPOSITORY / name).exists()} == set()


# -- links ------------------------------------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_links_lead_somewhere(page: str) -> None:
    text = re.sub(r"^```.*?^```$", "", (REPOSITORY / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        path = ((REPOSITORY / page).parent / name) if name else REPOSITORY / page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


@pytest.mark.parametrize("path", sorted((REPOSITORY / "docs" / "images").iterdir()), ids=lambda path: path.name)
def test_images_are_small_and_used(path: Path) -> None:
    assert path.stat().st_size <= 300_000
    assert any(path.name in (REPOSITORY / page).read_text(encoding="utf-8") for page in PAGES)


# -- generated, and PromQL --------------------------------------------------------------------------------------------


def test_the_page_of_the_operators_is_up_to_date() -> None:
    """Write it anew with `.venv/bin/python tests/docs/operators_page.py > docs/operators.md`."""
    page = (REPOSITORY / "docs" / "operators.md").read_text(encoding="utf-8")
    assert page == operators_page(json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_page_of_the_metrics_is_up_to_date() -> None:
    """Write it anew with `make docs`."""
    assert (REPOSITORY / "docs" / "metrics.md").read_text(encoding="utf-8") == metrics_page()


def expressions() -> list[str]:
    lines = [line for block in BLOCKS if block.info == "promql" for line in block.text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def test_promql_asks_for_series_that_rules_or_panels_know() -> None:
    folders = ("prometheus/rules/*.yml", "grafana/dashboards/*.json")
    sources = [path for pattern in folders for path in REPOSITORY.glob(pattern)]
    known = set(re.findall(r"\bairflow[_:][\w:]+", "\n".join(path.read_text(encoding="utf-8") for path in sources)))
    used = set(re.findall(r"\bairflow[_:][\w:]+", "\n".join(expressions())))
    assert used
    assert used <= known


def test_promql_parses(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    rules = [{"record": f"docs:expression:n{n}", "expr": expression} for n, expression in enumerate(expressions())]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "docs", "rules": rules}]}))
    checked = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
