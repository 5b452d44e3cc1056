"""The form for CI servers: JUnit's XML, one test case for each file.

Source of the form: the XML of Ant's JUnit task, as Jenkins and GitLab read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.diagnostic import Diagnostic, Severity, printable
from schemas.formats.display import Display
from schemas.formats.text import render_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from schemas.checker import Report


def render(report: Report, display: Display) -> str:
    """Render the report as one test suite; warnings fail a file only where the check is strict."""
    from xml.etree import ElementTree as ET

    by_path: dict[str, list[Diagnostic]] = {file.shown: [] for file in report.files}
    for diagnostic in report.diagnostics:
        by_path.setdefault(diagnostic.path, []).append(diagnostic)
    texts = report.texts
    cases = [_case(path, diagnostics, texts, display) for path, diagnostics in by_path.items()]
    failures = sum(case.find("failure") is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": "0"}
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite", {"name": "pipelines check", **counts})
    suite.extend(cases)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode")


def _case(shown: str, diagnostics: list[Diagnostic], texts: Mapping[str, str], display: Display) -> Element:
    from xml.etree import ElementTree as ET

    path = printable(shown)
    case = ET.Element("testcase", {"classname": "pipelines", "name": path, "file": path})
    failing: list[Diagnostic] = []
    others: list[Diagnostic] = []
    for diagnostic in diagnostics:
        fails = display.strict or diagnostic.severity is Severity.ERROR
        (failing if fails else others).append(diagnostic)
    if failing:
        kinds = ", ".join(sorted({d.code for d in failing}))
        element = ET.SubElement(case, "failure", {"type": kinds, "message": _headlines(failing)})
        element.text = _text(failing, texts)
    if others:
        ET.SubElement(case, "system-out").text = _text(others, texts)
    return case


def _headlines(diagnostics: list[Diagnostic]) -> str:
    more = f" (and {len(diagnostics) - 1} more)" if len(diagnostics) > 1 else ""
    return f"{diagnostics[0]}{more}"


def _text(diagnostics: list[Diagnostic], texts: Mapping[str, str]) -> str:
    return f"\n{render_text(diagnostics, texts)}\n"
