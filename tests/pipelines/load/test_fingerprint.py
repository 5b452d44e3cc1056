"""The fingerprint: new rules, another schema, other operators or libraries, and files are checked again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipelines.load.conftest import text_of

PRINT = "from pipelines.load.fingerprint import fingerprint; print(fingerprint())"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A copy of the project's rooms, which a process can be made to import."""
    root = tmp_path_factory.mktemp("checkout")
    for room in ("pipelines", "schemas", "operators"):
        shutil.copytree(repository / room, root / room, ignore=shutil.ignore_patterns("__pycache__", "embedded"))
    return root


def run(root: Path, program: str, *arguments: object, **environment: str) -> str:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {program}", *map(str, arguments)]
    result = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | environment, cwd=root, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_it_stays_the_same_while_nothing_changes(copy: Path) -> None:
    assert run(copy, PRINT) == run(copy, PRINT)


def append(name: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / name
        path.write_text(path.read_text() + "\n")

    return change


CHANGES = [
    "schemas/rules/graph.py",
    "schemas/pipeline.schema.json",
    "schemas/surroundings.py",
    "operators/data/validate_data.py",
    "pipelines/build/tasks.py",
    "pipelines/load/spec_codec.py",
    "pipelines/loader.py",
    "pipelines/policy.py",
]


@pytest.mark.parametrize("name", CHANGES)
def test_it_changes_with_the_code(copy: Path, name: str) -> None:
    before = run(copy, PRINT)
    append(name)(copy)
    assert run(copy, PRINT) != before


def test_it_changes_with_the_environment(copy: Path) -> None:
    plain = run(copy, PRINT)
    assert run(copy, PRINT, PIPELINES_ENVIRONMENT="prod") not in (plain, run(copy, PRINT, PIPELINES_ENVIRONMENT="dev"))
    assert run(copy, PRINT, PIPELINES_ENVIRONMENT="") == plain


def test_it_changes_with_what_is_installed(copy: Path, tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    (packages / "some_provider-1.0.dist-info").mkdir(parents=True)
    with_packages = f"sys.path.append({str(packages)!r}); {PRINT}"
    before = run(copy, with_packages)
    (packages / "some_provider-1.0.dist-info").rename(packages / "some_provider-1.1.dist-info")
    assert run(copy, with_packages) not in (before, run(copy, PRINT))


def test_it_changes_with_the_policies_of_this_airflow(copy: Path, tmp_path: Path) -> None:
    policies = tmp_path / "airflow_local_settings.py"
    policies.write_text("")
    with_policies = f"sys.path.append({str(tmp_path)!r}); import airflow_local_settings; {PRINT}"
    before = run(copy, with_policies)
    policies.write_text("def dag_policy(dag): ...")
    assert run(copy, with_policies) not in (before, run(copy, PRINT))


def test_it_is_that_of_the_code_which_the_process_has(copy: Path) -> None:
    """An upgrade under a running process: what it finds out belongs to the old code, not to the new one."""
    program = (
        f"{PRINT}; from pathlib import Path; p = Path('schemas/rules/cycles.py'); p.write_text('# new'); {PRINT}; "
        "p.unlink()"
    )
    first, second = run(copy, program).split()
    assert first == second


LOAD = """
from pathlib import Path
from pipelines.loader import InvalidPipelineError, load, raise_problems
folder = Path(sys.argv[1])
try:
    raise_problems(folder)
    print(sorted(load(folder).dags))
except InvalidPipelineError as error:
    print([diagnostic.code for diagnostic in error.diagnostics], sorted(load(folder).dags))
"""


@pytest.mark.airflow
def test_a_file_is_checked_again_when_the_schema_is_another(copy: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pipelines"
    folder.mkdir()
    (folder / "a.yaml").write_text(text_of("a"))
    assert run(copy, LOAD, folder).splitlines()[-1] == "['a']"
    schema = copy / "schemas" / "pipeline.schema.json"
    text = schema.read_text()
    schema.write_text(text.replace('"bash_command": {', '"bash_commando": {'))
    assert "'P101'" in run(copy, LOAD, folder).splitlines()[-1]
    schema.write_text(text)
    assert run(copy, LOAD, folder).splitlines()[-1] == "['a']"
