"""What constructors of installed operators refuse, and their signatures do not tell: narrower schemas of parameters.

Random pipelines that are made of the schema, and then built, show what is missing here (``tests/random_pipelines``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

_STANDARD = "airflow.providers.standard"
_SQL = "airflow.providers.common.sql.operators.sql"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY: Schema = {"enum": [spelling for day in _DAYS for spelling in (day, day.upper(), day.lower())]}
_WEEK_DAY: Schema = {"anyOf": [_DAY, {"type": "array", "items": _DAY, "minItems": 1}]}
_COMPARED: Schema = {
    name: {"type": ["number", "string"], "description": f"The result has to be {words} this."}
    for name, words in {
        "equal_to": "equal to",
        "greater_than": "more than",
        "geq_to": "at least",
        "less_than": "less than",
        "leq_to": "at most",
    }.items()
}
_WITHOUT_SEMICOLON: Schema = {"pattern": "^[^;]*$", "patternErrorMessage": "A part of a query, without a semicolon."}
_COLUMN_CHECK: Schema = {
    "type": "object",
    "properties": {
        **_COMPARED,
        "tolerance": {"type": "number", "description": "By which part of the bound the result may miss it."},
        "partition_clause": {"type": "string", "description": "A condition that chooses the rows."},
    },
    "additionalProperties": False,
    "minProperties": 1,
}
_RUN_STATES: Schema = {"items": {"enum": ["queued", "running", "success", "failed"]}}
_NO_TEXT: Schema = {"type": ["object", "array", "null"]}
REMOVED: Schema = {"not": {}}
"""For parameters that a pipeline file cannot give."""

REFINED: Mapping[str, Schema] = {
    # the file would be read by whoever loads the pipeline, whatever it is
    "airflow.providers.smtp.notifications.smtp.SmtpNotifier.template": REMOVED,
    # dag-factory looks into the headers
    "airflow.providers.http.operators.http.HttpOperator.headers": {
        "type": "object",
        "additionalProperties": {"type": "string"},
    },
    "airflow.sdk.bases.sensor.BaseSensorOperator.mode": {"enum": ["poke", "reschedule"]},
    f"{_STANDARD}.operators.hitl.HITLOperator.options": {"minItems": 1},
    f"{_STANDARD}.operators.hitl.ApprovalOperator.defaults": {"enum": ["Approve", "Reject"]},
    f"{_STANDARD}.operators.python._BasePythonVirtualenvOperator.serializer": {
        "enum": ["pickle", "cloudpickle", "dill", None]
    },
    f"{_STANDARD}.operators.python.ExternalPythonOperator.python": {"minLength": 1},
    f"{_STANDARD}.operators.python.PythonVirtualenvOperator.python_version": {
        "pattern": "^3(\\.[0-9]+){0,2}$",
        "patternErrorMessage": "Write a version of Python 3, as in 3.11.",
    },
    f"{_STANDARD}.operators.trigger_dagrun.TriggerDagRunOperator.allowed_states": _RUN_STATES,
    f"{_STANDARD}.operators.trigger_dagrun.TriggerDagRunOperator.failed_states": _RUN_STATES,
    f"{_STANDARD}.operators.weekday.BranchDayOfWeekOperator.week_day": _WEEK_DAY,
    f"{_STANDARD}.sensors.weekday.DayOfWeekSensor.week_day": _WEEK_DAY,
    f"{_STANDARD}.sensors.external_task.ExternalTaskMarker.logical_date": {
        "anyOf": [{"$ref": "#/$defs/date"}, {"type": "string"}]
    },
    f"{_STANDARD}.sensors.external_task.ExternalTaskMarker.recursion_depth": {"minimum": 1},
    f"{_SQL}.SQLColumnCheckOperator.column_mapping": {
        "additionalProperties": {
            "type": "object",
            "propertyNames": {"enum": ["null_check", "distinct_check", "unique_check", "min", "max"]},
            "additionalProperties": _COLUMN_CHECK,
            "minProperties": 1,
        },
        "minProperties": 1,
    },
    f"{_SQL}.SQLColumnCheckOperator.partition_clause": _WITHOUT_SEMICOLON,
    f"{_SQL}.SQLExecuteQueryOperator.parameters": _NO_TEXT,
    f"{_SQL}.SQLIntervalCheckOperator.days_back": {"type": "integer"},
    f"{_SQL}.SQLIntervalCheckOperator.ratio_formula": {"enum": ["max_over_min", "relative_diff"]},
    f"{_SQL}.SQLTableCheckOperator.checks": {
        "additionalProperties": {
            "type": "object",
            "properties": {
                "check_statement": {"type": "string", "description": "A condition that has to hold."},
                "partition_clause": {"type": "string", "description": "A condition that chooses the rows."},
            },
            "required": ["check_statement"],
            "additionalProperties": False,
        },
        "minProperties": 1,
    },
    f"{_SQL}.SQLTableCheckOperator.partition_clause": _WITHOUT_SEMICOLON,
}
"""Path of a class and a parameter -> keywords that take the place of those of its type.

It holds for the operators that derive from the class as well.
"""
