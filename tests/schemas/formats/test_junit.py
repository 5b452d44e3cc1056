"""JUnit: one test case for each file, which fails where the check would."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from schemas.checker import Report, check_files
from schemas.formats.display import Display
from schemas.formats.junit import render


def suite_of(report: Report, *, strict: bool = False) -> ET.Element:
    suites = ET.fromstring(render(report, Display(strict=strict)))  # noqa: S314 (our own output)
    (suite,) = suites
    for element in (suites, suite):
        assert int(element.attrib["tests"]) == len(suite.findall("testcase"))
        assert int(element.attrib["failures"]) == len(suite.findall("testcase/failure"))
    return suite


def test_a_file_is_a_case_and_an_error_fails_it(report: Report) -> None:
    cases = suite_of(report).findall("testcase")
    assert [case.attrib["name"] for case in cases] == ["broken, 100%.yaml", "clean.yaml", "warned.yaml"]
    failure = cases[0].find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "P101"
    assert failure.attrib["message"].startswith("broken, 100%.yaml:2:3: P101 unknown key")
    assert "^~~~~~~" in str(failure.text)


def test_a_warning_is_output_and_fails_only_where_the_check_is_strict(report: Report) -> None:
    warned = suite_of(report).findall("testcase")[2]
    assert warned.find("failure") is None
    assert "P403" in str(warned.findtext("system-out"))
    assert suite_of(report, strict=True).findall("testcase")[2].find("failure") is not None


def test_a_clean_file_is_an_empty_case(clean_report: Report) -> None:
    (case,) = suite_of(clean_report)
    assert list(case) == []


def test_every_case_is_well_formed(case_report: Report) -> None:
    assert len(suite_of(case_report)) == len(case_report.files)


def test_characters_that_xml_has_not_do_not_break_it(tmp_path: Path) -> None:
    path = tmp_path / "bell.yaml"
    path.write_bytes(b"orders: \x07 ]]> \xef\xbf\xbf & <\n")
    assert "P003" in str(suite_of(check_files([path], relative_to=tmp_path)).findtext("testcase/failure"))
