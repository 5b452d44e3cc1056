"""ValidateData: what it judges, what it takes out, and what it says about it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from airflow.sdk.exceptions import AirflowFailException

from operators.data.download_data import DownloadDataOperator
from operators.data.validate_data import ValidateDataOperator

PEOPLE = pd.DataFrame(
    {
        "name": ["Ada", "Alan", "Grace", "Edsger", "Barbara", "Donald", "Niklaus", "Tony", "John", "Dana"],
        "age": [36, 41, 85, 72, 29, 88, 90, 92, 84, 45],
        "sex": ["Female", "Male", "Female", "Male", "Female", "Male", "Male", "Male", "Male", None],
    }
)


def validate(data: Any, **parameters: Any) -> ValidateDataOperator:
    return ValidateDataOperator(task_id="validate_data", data=data, **parameters)


@pytest.fixture
def judge(run_task, publish_table, artifact_root: Path):
    """Judge a table; gives the verdicts by name, the XCom summary, the result and the error."""

    def run(frame: pd.DataFrame, *, fails: bool = False, **parameters: Any):
        operator = validate(publish_table(frame), **parameters)
        done = run_task(
            operator,
            raises=AirflowFailException if fails else None,
            try_number=len(list(artifact_root.rglob("verdicts.json"))),
        )
        told = json.loads(Path(done.xcom["verdict"]["verdicts"].removeprefix("file://")).read_text())
        return {v["name"]: v for v in told["verdicts"]}, done.xcom["verdict"], done, told

    return run


def with_cell(column: str, row: int, value: Any) -> pd.DataFrame:
    cells = PEOPLE[column].tolist()
    cells[row] = value
    return PEOPLE.assign(**{column: [str(cell) for cell in cells] if isinstance(value, str) else cells})


def test_sound_table_passes_whole(judge, published):
    columns = {
        "name": {"type": "text", "pattern": "[A-Z][a-z]+", "unique": True},
        "age": {"type": "integer", "between": [16, 100]},
        "sex": {"type": "category", "allowed": ["Female", "Male"], "nulls": {"fail": "10%"}},
    }
    verdicts, summary, done, told = judge(PEOPLE, columns=columns, rows={"min": 5}, duplicates={"fail": 0})
    assert {v["verdict"] for v in verdicts.values()} == {"pass"}
    assert set(verdicts) == {
        *("rows", "columns.present", "duplicates", "name.pattern", "name.unique"),
        *("age.type", "age.between", "sex.allowed", "sex.nulls"),
    }
    assert (summary["verdict"], done.result["rows"]) == ("pass", 10)
    assert (told["facts"]["rows_in"], told["facts"]["rows_rejected"]) == (10, 0)
    pd.testing.assert_frame_equal(published(done.result).read_frame("data.parquet"), PEOPLE)


@pytest.mark.parametrize(
    ("frame", "parameters", "name", "observed", "message"),
    [
        (PEOPLE, {"rows": {"min": 11}}, "rows", 10, ""),
        (PEOPLE, {"columns": {"wage": {}}}, "columns.present", "0 of 1", "missing 'wage'"),
        (PEOPLE, {"columns": {"age": {}}, "on_extra_columns": "fail"}, "columns.extra", 2, "'name', 'sex'"),
        (with_cell("age", 0, "old"), {"columns": {"age": {"type": "integer"}}}, "age.type", 0.1, "'old' (1)"),
        (with_cell("age", 0, 36.5), {"columns": {"age": {"type": "integer"}}}, "age.type", 0.1, "'36.5' (1)"),
        (with_cell("age", 0, float("inf")), {"columns": {"age": {"type": "number"}}}, "age.type", 0.1, "inf"),
        (PEOPLE, {"columns": {"age": {"between": [16, 91]}}}, "age.between", 0.1, "'92' (1)"),
        (PEOPLE, {"columns": {"age": {"min": 30}}}, "age.min", 0.1, "'29' (1)"),
        (PEOPLE, {"columns": {"age": {"max": 91}}}, "age.max", 0.1, "'92' (1)"),
        (PEOPLE, {"columns": {"sex": {"nulls": {"fail": "5%"}}}}, "sex.nulls", 0.1, "1 of 10 rows"),
        (PEOPLE, {"columns": {"sex": {"allowed": ["Male"]}}}, "sex.allowed", 0.3, "'Female' (3)"),
        (PEOPLE, {"columns": {"age": {"allowed": [36, 41]}}}, "age.allowed", 0.8, "'29' (1)"),
        (PEOPLE, {"columns": {"name": {"pattern": "[A-Z][a-z]{3,}"}}}, "name.pattern", 0.1, "'Ada' (1)"),
        (with_cell("name", 1, "Ada"), {"columns": {"name": {"unique": True}}}, "name.unique", 0.1, "'Ada' (1)"),
        (pd.concat([PEOPLE, PEOPLE.head(2)]), {"duplicates": {"fail": "10%"}}, "duplicates", 1 / 6, "2 of 12 rows"),
        (PEOPLE, {"duplicates": {"keys": ["sex"], "fail": 0}}, "duplicates", 0.7, "7 of 10 rows"),
    ],
)
def test_each_rule_fails_and_says_what_it_found(judge, frame, parameters, name, observed, message):
    verdicts, summary, done, _ = judge(frame, fails=True, **parameters)
    assert verdicts[name]["verdict"] == "fail"
    assert verdicts[name]["observed"] == pytest.approx(observed)
    assert message in verdicts[name]["message"]
    assert summary["failing"] == [name]
    assert f"{name} fail: observed" in str(done.error)


def test_range_counts_cells_that_are_no_numbers_as_bad(judge):
    verdicts, *_ = judge(with_cell("age", 0, "old"), fails=True, columns={"age": {"between": [16, 100]}})
    assert (verdicts["age.type"]["verdict"], verdicts["age.between"]["verdict"]) == ("fail", "pass")


@pytest.mark.parametrize(("bad", "outcome"), [({"warn": 0, "fail": "20%"}, "warn"), ({"fail": "20%"}, "pass")])
def test_tolerated_bad_rows_are_quarantined_with_their_reason(judge, published, bad, outcome):
    columns = {"age": {"between": [16, 91], "bad": bad}, "sex": {"allowed": ["Female", "Male"]}}
    verdicts, _, done, told = judge(PEOPLE, columns=columns)
    artifact = published(done.result)
    assert verdicts["age.between"]["verdict"] == outcome
    assert artifact.read_frame("data.parquet")["name"].tolist() == [n for n in PEOPLE["name"] if n != "Tony"]
    rejected = artifact.read_frame("rejected.parquet")
    assert rejected[["name", "rejected_because"]].values.tolist() == [["Tony", "age.between"]]
    assert (told["facts"]["rows_in"], told["facts"]["rows_rejected"], done.result["rows"]) == (10, 1, 9)


def test_row_that_breaks_two_rules_names_both(judge, published):
    columns = {"age": {"between": [16, 91], "bad": {"fail": 1}}, "name": {"pattern": "[^T].*", "bad": {"fail": 1}}}
    _, _, done, _ = judge(PEOPLE, columns=columns)
    rejected = published(done.result).read_frame("rejected.parquet")
    assert rejected["rejected_because"].tolist() == ["age.between; name.pattern"]


@pytest.mark.parametrize(
    ("policy", "rows", "files"), [("drop", 9, False), ("keep", 10, False), ("quarantine", 9, True)]
)
def test_policies_for_bad_rows(judge, published, policy, rows, files):
    columns = {"age": {"between": [16, 91], "bad": {"fail": "20%"}}}
    _, _, done, told = judge(PEOPLE, columns=columns, on_bad_rows=policy)
    assert done.result["rows"] == rows
    assert ("rejected.parquet" in published(done.result).files) == files
    assert told["facts"]["rows_rejected"] == 10 - rows


def test_tolerated_duplicates_are_taken_out_but_the_first(judge, published):
    frame = pd.concat([PEOPLE, PEOPLE.head(1)])
    _, summary, done, _ = judge(frame, duplicates={"warn": 0, "fail": "50%"})
    assert (summary["verdict"], summary["warned"], done.result["rows"]) == ("warn", 1, 10)
    assert published(done.result).read_frame("rejected.parquet")["rejected_because"].tolist() == ["duplicates"]


def test_missing_values_stay_for_the_next_task(judge, published):
    _, _, done, _ = judge(PEOPLE, columns={"sex": {"allowed": ["Female", "Male"], "nulls": {"fail": "20%"}}})
    assert published(done.result).read_frame("data.parquet")["sex"].isna().sum() == 1


def test_columns_are_passed_on_as_declared(judge, published):
    frame = pd.DataFrame(
        {
            "age": ["36", "41", "x", "85"],
            "grade": [1.0, 2.0, 2.0, None],
            "member": ["true", "False", "TRUE", "true"],
            "since": ["2026-01-01", "2026-01-02T10:00:00", "2026-01-03", None],
        }
    )
    columns = {
        "age": {"type": "integer", "bad": {"fail": "50%"}},
        "grade": {"type": "category"},
        "member": {"type": "boolean"},
        "since": {"type": "datetime"},
    }
    result = published(judge(frame, columns=columns)[2].result).read_frame("data.parquet")
    assert result["age"].tolist() == [36, 41, 85]
    assert result["grade"].tolist()[:2] == ["1", "2"]
    assert result["grade"].isna()[2]
    assert result["member"].tolist() == [True, False, True]
    assert str(result["since"].dtype).startswith("datetime64")


def test_kept_unreadable_cells_are_not_turned_into_missing_values(judge, published):
    columns = {"age": {"type": "integer", "bad": {"fail": "50%"}}}
    done = judge(with_cell("age", 0, "old"), columns=columns, on_bad_rows="keep")[2]
    assert published(done.result).read_frame("data.parquet")["age"].tolist()[:2] == ["old", "41"]


def test_optional_column_may_be_absent(judge):
    verdicts, *_ = judge(PEOPLE, columns={"wage": {"required": False, "min": 0}, "age": {}})
    assert verdicts["columns.present"]["observed"] == "1 of 1"


@pytest.mark.parametrize(("policy", "outcome"), [("warn", "warn"), ("allow", None)])
def test_extra_columns_by_policy(judge, policy, outcome):
    verdicts, *_ = judge(PEOPLE, columns={"age": {}}, on_extra_columns=policy)
    assert verdicts.get("columns.extra", {}).get("verdict") == outcome


@pytest.mark.parametrize(("hours", "outcome"), [(1, "pass"), (30, "warn"), (48, "fail")])
def test_freshness_is_the_age_of_the_newest_row(judge, hours, outcome):
    newest = datetime.now(UTC) - timedelta(hours=hours)
    frame = pd.DataFrame({"at": [newest.isoformat(), (newest - timedelta(days=9)).isoformat()]})
    freshness = {"column": "at", "warn": "24h", "fail": "36h"}
    verdicts, *_ = judge(frame, fails=outcome == "fail", freshness=freshness)
    assert verdicts["freshness"]["verdict"] == outcome
    assert verdicts["freshness"]["observed"] == pytest.approx(hours * 3600, abs=60)


def test_freshness_of_a_column_without_times_is_inconclusive_and_stops(judge):
    verdicts, *_ = judge(PEOPLE, fails=True, freshness={"column": "name", "fail": "1h"})
    assert verdicts["freshness"]["verdict"] == "inconclusive"


def test_table_without_rows_is_inconclusive_not_sound(judge):
    verdicts, *_ = judge(PEOPLE.head(0), fails=True, columns={"age": {"between": [0, 1]}})
    assert verdicts["age.between"]["verdict"] == "inconclusive"


def test_failed_check_leaves_report_and_rejected_rows_but_no_table(judge, artifact_root: Path):
    _, summary, _, _ = judge(PEOPLE, fails=True, columns={"sex": {"allowed": ["Male"]}})
    folder = Path(summary["report"].removeprefix("file://")).parent
    assert {path.name for path in folder.iterdir()} == {
        *("manifest.json", "verdicts.json", "report.html", "rejected.parquet"),
    }


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"columns": {"age": {"typ": "integer"}}}, "columns.age: unknown key 'typ'; allowed are type, between"),
        ({"columns": {"age": {"type": "int"}}}, "columns.age.type: found 'int'; allowed are number, integer"),
        ({"columns": {"age": {"between": [9, 1]}}}, "columns.age: the lower bound 9 is above the upper bound 1"),
        ({"columns": {"age": {"between": [9]}}}, "columns.age.between: needs two bounds"),
        ({"columns": {"age": {"between": [1, 9], "min": 1}}}, "columns.age: give between, or min and max"),
        ({"columns": {"name": {"type": "text", "min": 1}}}, "columns.name: between, min and max are for numbers"),
        ({"columns": {"age": {"type": "integer", "pattern": "."}}}, "columns.age.pattern: is for category and text"),
        ({"columns": {"name": {"pattern": "(a"}}}, "columns.name.pattern: '(a' is no regular expression"),
        ({"columns": {"name": {"allowed": [False, "SE"]}}}, 'put texts in quotes, as in "yes"'),
        ({"columns": {"age": {"bad": {"fale": 0}}}}, "columns.age.bad: a threshold takes"),
        ({"rows": {"minimum": 1}}, "rows: a threshold takes min, max"),
        ({"duplicates": {"keys": ["nme"], "fail": 0}}, "duplicates.keys: no column 'nme'; did you mean 'name'?"),
        ({"freshness": {"fail": "1h"}}, "freshness.column: name the column"),
        ({"on_bad_rows": "delete"}, "on_bad_rows: found 'delete'; allowed are quarantine, drop, keep"),
        ({"on_extra_columns": "drop"}, "on_extra_columns: found 'drop'; allowed are allow, warn, fail"),
    ],
)
def test_parameters_without_a_meaning_name_themselves(run_task, publish_table, parameters, said):
    error = run_task(validate(publish_table(PEOPLE), **parameters), raises=AirflowFailException).error
    assert str(error).startswith("validate_data.")
    assert said in str(error)


def test_data_must_be_a_table(run_task, publish_table):
    error = run_task(validate(publish_table(PEOPLE, kind="model")), raises=AirflowFailException).error
    assert "validate_data.data: needs a table, as DownloadData makes it" in str(error)
    error = run_task(validate("download_data"), raises=AirflowFailException).error
    assert "validate_data.data: expected the result of an upstream task" in str(error)


def test_values_from_the_data_are_escaped_in_the_report(judge):
    frame = with_cell("name", 0, "<script>alert(1)</script>")
    _, summary, *_ = judge(frame, fails=True, columns={"name": {"type": "category", "allowed": ["Ada"]}})
    page = Path(summary["report"].removeprefix("file://")).read_text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page


def test_report_shows_histograms_categories_and_rejected_rows(judge):
    columns = {"age": {"between": [16, 91], "bad": {"fail": 1}}, "sex": {"type": "category"}}
    page = Path(judge(PEOPLE, columns=columns)[1]["report"].removeprefix("file://")).read_text()
    for part in ("<svg", "Distributions", "Most frequent categories", "Rejected rows: 1 of 1", "age.between"):
        assert part in page
    assert not [link for link in ("<script src", "<link", 'src="http') if link in page]


def test_result_is_small_and_the_same_each_time(judge, published):
    columns = {"age": {"between": [16, 91], "bad": {"fail": 1}}}
    first, second = (judge(PEOPLE, columns=columns)[2] for _ in range(2))
    assert published(first.result).files["data.parquet"] == published(second.result).files["data.parquet"]
    assert len(json.dumps(first.result)) <= 1000
    assert len(json.dumps(first.xcom["verdict"])) <= 1000


def test_the_example_of_the_docstring_judges_people(judge, docstring_example):
    parameters = docstring_example(ValidateDataOperator) | {"rows": {"min": 3}}
    parameters.pop("data")
    parameters["columns"]["sex"]["nulls"] = {"warn": "1%", "fail": "10%"}
    assert judge(PEOPLE, **parameters)[1]["verdict"] == "warn"


def pipeline_task(repository: Path, pipeline: str, task: str) -> dict[str, Any]:
    parameters = yaml.safe_load((repository / f"pipelines/{pipeline}.yaml").read_text())[pipeline]["tasks"][task]
    return {
        key: value for key, value in parameters.items() if key not in ("operator", "doc_md", "dependencies", "data")
    }


def test_breast_cancer_passes_its_pipeline_checks(run_task, repository: Path):
    data = run_task(DownloadDataOperator(task_id="download_data", source="sample://breast_cancer")).result
    run = run_task(validate(data, **pipeline_task(repository, "ml_pipeline", "validate_data")))
    assert run.result["rows"] == 569
    assert run.xcom["verdict"]["verdict"] == "pass"


def test_census_labels_written_in_two_ways_stop_the_run(run_task, repository: Path, shared_data: Path):
    source = f"file://{shared_data / 'adult.csv'}"
    data = run_task(DownloadDataOperator(task_id="d", source=source, csv={"missing_values": ["?"]})).result
    operator = validate(data, **pipeline_task(repository, "census_income", "validate_data"))
    run = run_task(operator, raises=AirflowFailException)
    assert run.xcom["verdict"]["failing"] == ["income.allowed"]
    assert "16,281 of 48,842 rows: '<=50K.' (12,435), '>50K.' (3,846)" in str(run.error)
