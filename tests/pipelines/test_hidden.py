"""What looks like a secret is shown nowhere, whatever a comment says of it; on a running Airflow: tests/running."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.code_tab import CodeFolder
from pipelines.hidden import hide
from pipelines.loader import Loaded, load
from pipelines.presentation import Presentation
from schemas.checker import check_file

BASH = "airflow.providers.standard.operators.bash.BashOperator"
SECRET = "hunter2-and-more"
TEXT = f"""\
leaky:
  description: the token is {SECRET}
  tasks:
    read:
      operator: {BASH}
      doc_md: say "{SECRET}"
      bash_command: 'run --as ${{USER}} {{{{ var.value.who }}}}'
      env:
        API_TOKEN: {SECRET}
        OTHER_TOKEN: "{SECRET},\\"too\\""  # pipelines: ignore=P721 words, not a token
"""


def write(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "pipelines"
    folder.mkdir()
    (folder / "leaky.yaml").write_text(text)
    return folder


def loaded(tmp_path: Path, text: str = TEXT) -> Loaded:
    return load(write(tmp_path, text), presentation=Presentation(CodeFolder(tmp_path / "pipelines-code"), None))


def test_the_code_tab_shows_asterisks_and_everything_else_as_it_is_written(tmp_path: Path) -> None:
    dag = loaded(tmp_path).dags["leaky"]
    shown = Path(dag.pipeline_file).read_text()
    assert "API_TOKEN: ****************\n" in shown
    assert re.search(r"OTHER_TOKEN: \*{26}  # pipelines: ignore=P721 words, not a token\n", shown)
    assert SECRET not in shown
    assert "${USER} {{ var.value.who }}" in shown


def test_descriptions_and_docs_do_not_repeat_it(tmp_path: Path) -> None:
    dag = loaded(tmp_path).dags["leaky"]
    task = dag.get_task("read")
    assert (dag.description, task.doc_md) == ("the token is ***", 'say "***"')
    assert SECRET not in str(dag.doc_md)


def test_the_task_gets_it(tmp_path: Path) -> None:
    task = loaded(tmp_path).dags["leaky"].get_task("read")
    assert task.env == {"API_TOKEN": SECRET, "OTHER_TOKEN": f'{SECRET},"too"'}
    assert task.bash_command == "run --as ${USER} {{ var.value.who }}"


def test_a_process_that_runs_a_task_hides_it_in_logs_and_rendered_templates(tmp_path: Path) -> None:
    from airflow.sdk._shared.secrets_masker import redact

    load(write(tmp_path, TEXT), dag_id="leaky")
    assert redact({"bash_command": f"TOKEN={SECRET} run"}) == {"bash_command": "TOKEN=*** run"}


def test_the_words_of_a_library_that_refuses_a_pipeline_do_not_tell_it(tmp_path: Path) -> None:
    [problem] = loaded(tmp_path, TEXT + f"      executor: {SECRET}\n").diagnostics
    assert problem.code == "P900"
    assert "specifies executor '***'" in problem.message


def test_a_pipeline_without_secrets_is_left_as_it_is(repository: Path) -> None:
    pipeline = check_file(repository / "pipelines" / "ml_pipeline.yaml").pipelines[0]
    assert pipeline.secrets == ()


@pytest.mark.parametrize(("secrets", "text"), [(("abcd", "ab"), "*** ***c"), (("ab",), "***cd ***c"), ((), "abcd abc")])
def test_the_longest_secret_is_hidden_first(secrets: tuple[str, ...], text: str) -> None:
    assert hide("abcd abc", secrets) == text
