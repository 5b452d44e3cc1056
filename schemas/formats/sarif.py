"""The form for code scanning: SARIF 2.1.0, with the rules and their explanations beside the results.

Source of the form: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.catalogue import Rule, rule_of
from schemas.diagnostic import Diagnostic
from schemas.formats.display import Display

if TYPE_CHECKING:
    from schemas.checker import Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(report: Report, display: Display) -> str:
    """Render the report as one SARIF run."""
    import json

    codes = sorted({diagnostic.code for diagnostic in report.diagnostics})
    run = {
        "tool": {"driver": {"name": "pipelines check", "version": _version(), "rules": [*map(_rule, codes)]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, codes.index(diagnostic.code)) for diagnostic in report.diagnostics],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _version() -> str:
    from schemas.version import installed_version

    return installed_version()


def _rule(code: str) -> dict[str, Any]:
    from schemas.explanations import read_explanation

    rule: Rule = rule_of(code)
    explanation = read_explanation(rule.code)
    return {
        "id": rule.code,
        "name": _pascal_case(rule.name),
        "shortDescription": {"text": rule.summary},
        "help": {"text": explanation, "markdown": explanation},
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _pascal_case(name: str) -> str:
    """Write a name as SARIF's viewers expect it (§3.49.7): ``UnknownKey``."""
    return "".join(word.capitalize() for word in name.split("-"))


def _result(diagnostic: Diagnostic, index: int) -> dict[str, Any]:
    message = f"{diagnostic.message}\nhint: {diagnostic.hint}" if diagnostic.hint else diagnostic.message
    location = {"artifactLocation": {"uri": _uri(diagnostic.path)}, "region": _region(diagnostic)}
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": str(diagnostic.severity),
        "message": {"text": message},
        "locations": [{"physicalLocation": location}],
    }


def _region(diagnostic: Diagnostic) -> dict[str, int]:
    region = {"startLine": diagnostic.line, "startColumn": diagnostic.column}
    if (diagnostic.end_line, diagnostic.end_column) > (diagnostic.line, diagnostic.column):
        region |= {"endLine": diagnostic.end_line, "endColumn": diagnostic.end_column}
    return region


def _uri(path: str) -> str:
    """Write a path as a URI; one relative to where the check ran stays relative."""
    from pathlib import Path
    from urllib.parse import quote

    return Path(path).as_uri() if Path(path).is_absolute() else quote(path)
