"""The catalogue of rules: what each code is called, how grave it is, and whether a comment may silence it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """An error stops the file from becoming a DAG; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Rule(NamedTuple):
    """One kind of problem. Its explanation is ``explanations/<code>.md``."""

    code: str
    """Stable; never given to another rule, even after this one is gone."""
    name: str
    """What people call it, e.g. ``unknown-key``."""
    severity: Severity
    summary: str
    """One line, lower case, no full stop."""
    ignorable: bool = False
    """Whether ``# pipelines: ignore=<code>`` works: only where the DAG can be built, and run safely, all the same."""


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

_RULES = (
    # the source
    Rule("P001", "unreadable-file", _ERROR, "the file cannot be read"),
    Rule("P002", "not-utf8", _ERROR, "the file is not UTF-8 text"),
    Rule("P003", "syntax-error", _ERROR, "the text is not YAML"),
    Rule("P004", "duplicate-key", _ERROR, "a key is given twice in one mapping"),
    Rule("P005", "bad-alias", _ERROR, "an alias that leads nowhere, into itself, or to too many values"),
    Rule("P006", "forbidden-tag", _ERROR, "a YAML tag that is not for plain values"),
    Rule("P007", "key-not-text", _ERROR, "a key that YAML does not read as text"),
    Rule("P008", "nested-too-deep", _ERROR, "mappings and lists nested deeper than any pipeline needs"),
    Rule("P009", "second-document", _ERROR, "more than one YAML document in a file"),
    Rule("P010", "empty-file", _ERROR, "a file that declares no pipeline"),
    Rule("P011", "ignore-without-rule", _WARNING, "an ignore comment that names no rule"),
    Rule("P012", "ignore-refused", _WARNING, "an ignore comment for a rule that cannot be ignored"),
    Rule("P013", "unused-ignore", _WARNING, "an ignore comment where there is nothing to ignore"),
    # the shape
    Rule("P101", "unknown-key", _ERROR, "a key that nothing reads"),
    Rule("P102", "missing-key", _ERROR, "a key that is needed is not there"),
    Rule("P103", "wrong-type", _ERROR, "a value of another type than the key takes"),
    Rule("P104", "value-not-allowed", _ERROR, "a value that is not one of those allowed"),
    Rule("P105", "wrong-form", _ERROR, "a text that has not the form the key needs"),
    Rule("P106", "out-of-range", _ERROR, "a number that is too small or too large"),
    Rule("P107", "wrong-count", _ERROR, "too few or too many items, keys or characters"),
    Rule("P108", "bad-name", _ERROR, "a name that Airflow does not take for a pipeline, task or group"),
    # the graph
    Rule("P201", "unknown-dependency", _ERROR, "a dependency on a task or group that is not defined"),
    Rule("P202", "own-dependency", _ERROR, "a task or group that depends on itself"),
    Rule("P203", "duplicate-id", _ERROR, "two tasks or groups of one pipeline with the same name"),
    Rule("P204", "cycle", _ERROR, "dependencies that go round in a circle"),
    Rule("P205", "unknown-group", _ERROR, "a task group that is not defined"),
    Rule("P206", "duplicate-pipeline", _ERROR, "a pipeline whose id another file has already"),
    # schedule and time
    Rule("P301", "bad-schedule", _ERROR, "a schedule that is neither a cron expression nor a preset"),
    Rule("P302", "unknown-timezone", _ERROR, "a time zone that does not exist"),
    Rule("P303", "bad-date", _ERROR, "a text that is not a date"),
    # values that would run code
    Rule("P401", "code-in-yaml", _ERROR, "a key that names Python code to import"),
    Rule("P402", "object-in-yaml", _ERROR, "a key that would build a Python object"),
    Rule(
        "P403",
        "operator-not-in-schema",
        _WARNING,
        "an operator whose parameters the schema does not know",
        ignorable=True,
    ),
    # references between tasks
    Rule("P501", "unknown-reference", _ERROR, "the result of a task that is not defined"),
    Rule("P502", "reference-not-upstream", _ERROR, "the result of a task that does not run before"),
    # the build
    Rule("P900", "cannot-be-built", _ERROR, "a pipeline that Airflow refuses although its file is in order"),
)

CATALOGUE: Mapping[str, Rule] = {rule.code: rule for rule in _RULES}
"""Code -> rule, in the order of the codes."""


def rule_of(code: str) -> Rule:
    """Look a rule up.

    :param code: as a diagnostic has it
    :raises LookupError: if the code is not in the catalogue, with what its author must add
    """
    try:
        return CATALOGUE[code]
    except KeyError:
        message = (
            f"{code} is not in schemas/catalogue.py: add it there, and its explanation schemas/explanations/{code}.md"
        )
        raise LookupError(message) from None
