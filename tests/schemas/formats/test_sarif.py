"""SARIF: valid against the standard's own schema, for every diagnostic that the cases print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from schemas.checker import Report, check_files
from schemas.formats.display import Display
from schemas.formats.sarif import render

SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-2.1.0.schema.json").read_text(encoding="utf-8"))


def run_of(report: Report) -> dict[str, Any]:
    document = json.loads(render(report, Display()))
    errors = [error.message for error in Draft4Validator(SCHEMA).iter_errors(document)]
    assert errors == []
    (run,) = document["runs"]
    return dict(run)


@pytest.mark.parametrize("name", ["report", "clean_report", "case_report"])
def test_it_is_what_the_standard_says(name: str, request: pytest.FixtureRequest) -> None:
    report = request.getfixturevalue(name)
    assert len(run_of(report)["results"]) == len(report.diagnostics)


def test_a_result_leads_to_its_rule_and_its_place(report: Report) -> None:
    run = run_of(report)
    result = run["results"][0]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "P101"
    (location,) = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "broken%2C%20100%25.yaml"},
        "region": {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 10},
    }


def test_columns_count_characters_not_utf16_units(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a:\n  tasks:\n    b: {doc_md: 🚀🚀, operator: Nothing}\n", encoding="utf-8")
    run = run_of(check_files([path], relative_to=tmp_path))
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert (run["columnKind"], region["startColumn"]) == ("unicodeCodePoints", 31)


def test_a_rule_brings_its_explanation(report: Report) -> None:
    rules = {rule["id"]: rule for rule in run_of(report)["tool"]["driver"]["rules"]}
    assert "### Wrong" in rules["P101"]["help"]["markdown"]
    assert rules["P403"]["defaultConfiguration"] == {"level": "warning"}
    assert rules["P101"]["name"] == "UnknownKey"


def test_a_file_elsewhere_has_a_whole_uri(tmp_path: Path) -> None:
    path = tmp_path / "a b.yaml"
    path.write_text("")
    location = run_of(check_files([path]))["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == path.as_uri()
