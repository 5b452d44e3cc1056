"""Checking files: which pipelines are sound, and that one broken pipeline leaves the others alone."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from schemas.checker import MAX_FINDINGS, check_file, check_files, iter_pipeline_files

EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"


def write(folder: Path, **files: str) -> list[Path]:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return sorted(folder.glob("*.yaml"))


def pipeline(dag_id: str, operator: str = EMPTY) -> str:
    return f"{dag_id}:\n  tasks:\n    a: {{operator: {operator}}}\n"


def test_a_broken_pipeline_does_not_take_others_of_its_file_along(tmp_path: Path) -> None:
    files = write(tmp_path, three=pipeline("a") + pipeline("b", "Nonsense") + pipeline("c"))
    report = check_files(files)
    assert [p.dag_id for p in report.pipelines] == ["a", "c"]
    assert [d.code for d in report.diagnostics] == ["P104"]


def test_a_mistake_in_what_they_share_concerns_all_pipelines_of_a_file(tmp_path: Path) -> None:
    files = write(tmp_path, two="default: {catchup: maybe}\n" + pipeline("a") + pipeline("b"))
    assert check_files(files).pipelines == ()


def test_of_two_pipelines_with_one_id_the_first_is_kept_and_the_second_names_it(tmp_path: Path) -> None:
    files = write(tmp_path, one=pipeline("orders"), two=pipeline("other") + pipeline("orders"))
    report = check_files(files, relative_to=tmp_path)
    assert [(p.dag_id, p.path.name) for p in report.pipelines] == [("orders", "one.yaml"), ("other", "two.yaml")]
    (diagnostic,) = report.diagnostics
    assert str(diagnostic).startswith('two.yaml:4:1: P206 pipeline "orders" is defined already, in one.yaml:1 [')


def test_warnings_and_errors_come_sorted_whatever_the_order_of_the_files(tmp_path: Path) -> None:
    files = write(tmp_path, z=pipeline("a", "No"), a=pipeline("b", "No"))
    assert check_files(files).diagnostics == check_files(reversed(files)).diagnostics


def test_hidden_files_and_other_suffixes_are_no_pipelines(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yml", ".hidden.yaml", "c.txt", ".git/d.yaml", "sub/e.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert [path.relative_to(tmp_path).as_posix() for path in iter_pipeline_files(tmp_path)] == [
        "a.yaml",
        "b.yml",
        "sub/e.yaml",
    ]


def test_a_link_to_nothing_is_no_file_that_goes_missing_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").symlink_to(tmp_path / "gone.yaml")
    (diagnostic,) = check_files(iter_pipeline_files(tmp_path)).diagnostics
    assert diagnostic.code == "P001"


def test_a_mistake_that_an_alias_repeats_is_told_once(tmp_path: Path) -> None:
    task = f"{{operator: {EMPTY}, retires: 3}}"
    files = write(tmp_path, one=f"a:\n  tasks:\n    b: &task {task}\n    c: *task\n    d: {{<<: *task}}\n")
    assert [str(d).partition(": ")[2] for d in check_files(files).diagnostics] == [
        'P101 unknown key "retires" in task "b" [unknown-key]'
    ]


def test_the_shipped_pipelines_are_clean(repository: Path) -> None:
    report = check_files(iter_pipeline_files(repository / "pipelines"))
    assert report.diagnostics == ()
    assert {p.dag_id for p in report.pipelines} == {"ml_pipeline", "monitoring", "census_income"}


def test_checking_imports_neither_airflow_nor_the_machine_learning_libraries(repository: Path) -> None:
    program = (
        "import sys; from pipelines.cli import main; code = main(['check']); "
        "heavy = {'airflow', 'pandas', 'sklearn', 'operators', 'dagfactory'} & set(sys.modules); "
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr + run.stdout


@pytest.mark.parametrize("taken", ["a: *task", "a: {<<: *task}", "a: {<<: [*task]}"])
def test_a_pipeline_that_takes_a_mistake_by_an_alias_is_not_built(tmp_path: Path, taken: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        f"orders:\n  tasks:\n    a: &task {{operator: {EMPTY}, retires: 1}}\n"
        f"stock:\n  tasks:\n    {taken}\n"
        f"good:\n  tasks:\n    a: {{operator: {EMPTY}}}\n"
    )
    assert [pipeline.dag_id for pipeline in check_file(path).pipelines] == ["good"]


def test_a_file_with_very_many_problems_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("orders:\n" + "".join(f"  key{number}: 1\n" for number in range(5000)))
    diagnostics = check_file(path).diagnostics
    assert len(diagnostics) == MAX_FINDINGS
    assert diagnostics[-1].hint.endswith("the file has more problems; check again when these are solved")


UNKNOWN = "airflow.providers.ssh.operators.ssh.SSHOperator"
CALLS_CODE = f"last:\n  tasks:\n    x: {{operator: {UNKNOWN}, command: {{__type__: os.system}}}}\n"


def test_what_stands_behind_more_warnings_than_are_printed_is_checked_all_the_same(tmp_path: Path) -> None:
    """Warnings used to count as problems, after so many of which nothing more was looked for, and all was built."""
    tasks = "".join(f"    t{index}: {{operator: {UNKNOWN}}}\n" for index in range(MAX_FINDINGS + 100))
    checked = check_files(write(tmp_path, a=f"first:\n  tasks:\n{tasks}{CALLS_CODE}"))
    assert [p.dag_id for p in checked.pipelines] == ["first"]
    assert "P402" in {diagnostic.code for diagnostic in checked.diagnostics}


def test_behind_more_errors_than_are_looked_for_nothing_is_built(tmp_path: Path) -> None:
    tasks = "".join(f"    t{index}: {{operator: {EMPTY}, dependencies: [no]}}\n" for index in range(MAX_FINDINGS + 100))
    assert check_files(write(tmp_path, a=f"first:\n  tasks:\n{tasks}{CALLS_CODE}")).pipelines == ()


def test_of_a_file_without_problems_next_to_nothing_is_kept_where_it_is_not_to_be_built(tmp_path: Path) -> None:
    """The check of 10,000 files used to take 158 MB: every text and every task of every file."""
    files = write(tmp_path, **{f"f{index}": pipeline(f"p{index}") + f"# {'x' * 10_000}\n" for index in range(200)})
    check_files(files[:1])
    tracemalloc.start()
    try:
        report = check_files(files, for_building=False)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(report.files) == len(files)
    assert kept / len(files) < 2_000
