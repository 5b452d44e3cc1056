"""What the rules on trigger rules claim, held against Airflow: the graph, what it refuses, how a run ends."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pipelines
from pipelines.build import BuildError, build_dag
from pipelines.loader import load
from schemas.checker import check_file
from schemas.contract import load_contract
from schemas.outline import Outline, iter_outlines
from schemas.rules.full_ids import FullIds
from schemas.rules.task_graph import lay_out
from schemas.rules.trigger_rules import iter_trigger_rule_findings
from schemas.source import parse_source
from schemas.spec import Pipeline

BASH = "airflow.providers.standard.operators.bash.BashOperator"
EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"


def random_pipeline(seed: int) -> str:
    """Groups within groups, tasks in them, dependencies and results of what comes earlier, in any order of the file."""
    rng = random.Random(seed)
    groups = [f"g{index}" for index in range(rng.randint(0, 3))]
    lines = ["orders:", "  task_groups:" if groups else "  description: no groups"]
    for index, name in enumerate(groups):
        says = [f"parent_group_name: {rng.choice(groups[:index])}"] if index and rng.random() < 0.5 else []
        if not says and rng.random() < 0.3:
            says.append("expand: {x: [1, 2]}" if rng.random() < 0.5 or index else "expand: {x: +first}")
        if rng.random() < 0.2:
            says.append("prefix_group_id: false")
        lines.append(f"    {name}: {{{', '.join([*says, 'dependencies: [first]'])}}}")
    tasks = [f"    first: {{operator: {BASH}, bash_command: echo}}"]
    for index in range(rng.randint(2, 8)):
        before = rng.sample([f"t{i}" for i in range(index)], rng.randint(0, min(2, index)))
        waits = [f"{{task: {name}, label: x}}" if rng.random() < 0.3 else name for name in before]
        group = f", task_group_name: {rng.choice(groups)}" if groups and rng.random() < 0.6 else ""
        command = f"+t{rng.randrange(index)}" if index and rng.random() < 0.3 else "echo"
        says = f"operator: {BASH}, bash_command: {command}, dependencies: [{', '.join(waits)}]{group}"
        tasks.append(f"    t{index}: {{{says}}}")
    tasks += [f"    after_{name}: {{operator: {EMPTY}, dependencies: [{name}]}}" for name in groups]
    rng.shuffle(tasks)
    return "\n".join([*lines, "  tasks:", *tasks]) + "\n"


def read(tmp_path: Path, text: str) -> tuple[Pipeline, Outline]:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    (outline,) = iter_outlines(parse_source(path, text).data, load_contract(), text)
    (pipeline,) = check_file(path).pipelines
    return pipeline, outline


@pytest.mark.parametrize("seed", range(60))
def test_the_graph_of_the_tasks_is_the_one_that_airflow_makes(seed: int, tmp_path: Path) -> None:
    pipeline, outline = read(tmp_path, random_pipeline(seed))
    graph, ids = lay_out(outline), FullIds(outline)
    assert graph is not None
    ours = {ids.of(task): {ids.of(graph.tasks[b]) for b in graph.upstream[task.id]} for task in outline.tasks}
    assert ours == {task.task_id: set(task.upstream_task_ids) for task in build_dag(pipeline).tasks}


REFUSED = {
    "P210": f"fail_fast: true\n  tasks:\n    a: {{operator: {EMPTY}, trigger_rule: all_done}}",
    "P215": f"tasks:\n    a: {{operator: {EMPTY}, setup: true}}\n"
    f"    b: {{operator: {EMPTY}, dependencies: [a], trigger_rule: always}}",
    "P216": f"tasks:\n    a: {{operator: {EMPTY}, setup: true, teardown: true}}",
    "P220": f"tasks:\n    a: {{operator: {BASH}, expand: {{bash_command: [a]}}, expand_kwargs: [{{cwd: /data}}]}}",
    "P222": f"tasks:\n    a: {{operator: {BASH}, bash_command: a, expand: {{bash_command: [a]}}}}",
    "P225": f"task_groups: {{g: {{expand: {{x: [1]}}}}}}\n  tasks:\n"
    f"    a: {{operator: {BASH}, expand: {{bash_command: [a]}}, task_group_name: g}}",
    "P227": f"task_groups: {{g: {{expand: {{x: [1]}}}}}}\n  tasks:\n"
    f"    a: {{operator: {BASH}, bash_command: a, task_group_name: g, trigger_rule: always}}\n"
    f"    b: {{operator: {BASH}, bash_command: a, dependencies: [g]}}",
    "P231": f"tasks:\n    a: {{operator: {EMPTY}, teardown: true}}\n"
    f"    b: {{operator: {EMPTY}, teardown: {{setups: [a]}}}}",
    "P521": f"tasks:\n    a: {{operator: {BASH}, bash_command: a}}\n"
    f"    b: {{operator: {BASH}, expand: {{bash_command: \"+a['b']\"}}}}",
    "P304": f"schedule: '@continuous'\n  tasks:\n    a: {{operator: {EMPTY}}}",
}


@pytest.mark.filterwarnings("ignore:Task .a. was never mapped")
@pytest.mark.parametrize("code", REFUSED)
def test_what_is_an_error_airflow_refuses_to_build(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"orders:\n  {REFUSED[code]}\n")
    assert code in {diagnostic.code for diagnostic in check_file(path).diagnostics}
    monkeypatch.setattr("schemas.file_check.RULES", ())
    (pipeline,) = check_file(path).pipelines
    with pytest.raises(BuildError):
        build_dag(pipeline)


FAIL, WORK = f"operator: {BASH}, bash_command: exit 1", f"operator: {EMPTY}"
RUNS = {
    "all_done_comes_last": f"a: {{{FAIL}}}\n    b: {{{WORK}, dependencies: [a], trigger_rule: all_done}}",
    "only_after_a_failure": f"a: {{{FAIL}}}\n    b: {{{WORK}, dependencies: [a], trigger_rule: one_failed}}",
    "deep": f"a: {{{FAIL}}}\n    b: {{{WORK}, dependencies: [a]}}\n"
    f"    c: {{{WORK}, dependencies: [b], trigger_rule: always}}",
    "none_skipped": f"a: {{{FAIL}}}\n    b: {{{WORK}, dependencies: [a], trigger_rule: none_skipped}}",
    "teardown": f"a: {{{FAIL}}}\n    b: {{{WORK}, dependencies: [a], teardown: true}}",
    "another_last_task": f"a: {{{FAIL}}}\n    b: {{{WORK}, dependencies: [a], trigger_rule: all_done}}\n"
    f"    c: {{{WORK}, dependencies: [a]}}",
    "none_failed": f"a: {{{FAIL}}}\n    b: {{{WORK}, dependencies: [a], trigger_rule: none_failed}}",
}


@pytest.fixture(scope="module")
def metadata_database() -> None:
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)


@pytest.mark.airflow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("metadata_database")
def test_a_run_succeeds_in_spite_of_a_failed_task_exactly_where_a_warning_says_so() -> None:
    # dag.test() looks for the DAG in the configured folder, which Airflow reads once in a process
    folder = Path(os.environ["AIRFLOW_HOME"]) / "dags"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("dags.py", "problems.py", ".airflowignore"):
        shutil.copy(Path(pipelines.__file__).with_name(name), folder / name)
    text = "\n".join(f"{name}:\n  tasks:\n    {tasks}" for name, tasks in RUNS.items())
    (folder / "runs.yaml").write_text(text)
    source = parse_source(Path("runs.yaml"), text)
    outlines = iter_outlines(source.data, load_contract(), text)
    warned = {o.dag_id: {f.code for f in iter_trigger_rule_findings(o, source.tree)} for o in outlines}
    ended = {name: str(load(folder, dag_id=name).dags[name].test().state) for name in RUNS}
    assert ended == {name: "success" if codes == {"P212"} else "failed" for name, codes in warned.items()}
    assert "success" in ended.values()
    assert "failed" in ended.values()
