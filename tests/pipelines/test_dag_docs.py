"""The docs of a DAG: from the YAML alone, the same each time."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipelines.dag_docs import dag_docs
from pipelines.source_url import SourceUrl
from schemas.checker import check_source
from schemas.source import parse_source
from schemas.spec import Pipeline

TEXT = """\
churn:
  description: Who will leave
  doc_md: |
    Asked by *marketing*.
  schedule: 0 6 * * 1-5
  timezone: Europe/Berlin
  default_args: {owner: ml-team}
  tasks:
    download: {operator: DownloadData, source: sample://wine, owner: data-team}
    validate:
      operator: ValidateData
      dependencies: [download]
      data: download
      rows: {min: 150}
      columns:
        target: {type: category, nulls: {fail: 0}}
        alcohol: {type: number, between: [5, 20], bad: {warn: 0, fail: 1%}}
"""
DOCS = """\
**Who will leave**

Asked by *marketing*.

- Runs from Monday to Friday at 06:00 Europe/Berlin (`0 6 * * 1-5`)
- Owner: data-team, ml-team
- Declared in `pipelines/churn.yaml`

### Thresholds

| task | what | bounds |
|---|---|---|
| validate | rows | min 150 |
| validate | columns.target.nulls | fail 0 |
| validate | columns.alcohol | between 5 to 20 |
| validate | columns.alcohol.bad | warn 0, fail 1% |"""


def pipeline_of(text: str) -> Pipeline:
    checked = check_source(parse_source(Path("churn.yaml"), text), shown_as="churn.yaml")
    return checked.pipelines[0]


def docs_of(text: str, own: str | None = None, url: SourceUrl | None = None) -> str:
    return dag_docs(pipeline_of(text), "pipelines/churn.yaml", own=own, url=url)


def test_everything_that_the_yaml_says_of_the_pipeline_stands_in_it() -> None:
    assert docs_of(TEXT, own="Asked by *marketing*.\n") == DOCS


def test_without_docs_of_its_own_the_description_stands_there_once() -> None:
    docs = docs_of(TEXT)
    assert docs.startswith("**Who will leave**\n\n- Runs ")
    assert docs.count("Who will leave") == 1


def test_docs_that_repeat_the_description_are_not_said_twice() -> None:
    assert docs_of(TEXT, own="Who will leave\n").count("Who will leave") == 1


def test_a_pipeline_of_which_nothing_is_said_has_when_it_runs_and_where_it_is() -> None:
    text = "a:\n  tasks:\n    b: {operator: airflow.providers.standard.operators.empty.EmptyOperator}\n"
    assert docs_of(text) == "- Runs only when it is triggered\n- Declared in `pipelines/churn.yaml`"


def test_the_file_is_a_link_if_the_repository_is_known() -> None:
    url = SourceUrl.parse("https://github.com/acme/ml/blob/main/{path}#L{line}")
    assert "- Declared in [pipelines/churn.yaml](https://github.com/acme/ml/blob/main/pipelines/churn.yaml)" in docs_of(
        TEXT, url=url
    )


def test_comments_and_lines_do_not_change_it() -> None:
    moved = "# a comment\n\n" + TEXT.replace("  tasks:", "\n  # another\n  tasks:")
    assert docs_of(moved) == docs_of(TEXT)


def test_templates_and_variables_stay_as_they_are_written() -> None:
    text = TEXT.replace("Who will leave", '"{{ var.value.who }} of ${TEAM}"')
    assert "**{{ var.value.who }} of ${TEAM}**" in docs_of(text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30), st.text("ab|`*\\ \n<", min_size=1))
def test_no_name_breaks_the_table(description: str, column: str) -> None:
    pipeline = pipeline_of(TEXT)
    task = replace(pipeline.tasks[1], thresholds={f"columns.{column}": "min 1"})
    other = replace(pipeline, config={**pipeline.config, "description": description}, tasks=(task,))
    last = dag_docs(other, "pipelines/churn.yaml").splitlines()[-1]
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", last)) == 4
    assert last.startswith("| validate | columns.")
