"""Where the operators of Airflow 2 are today."""

from __future__ import annotations

from collections.abc import Mapping

_STANDARD = "airflow.providers.standard"
_SQL = "airflow.providers.common.sql"
_PYTHON = (
    "PythonOperator",
    "BranchPythonOperator",
    "ShortCircuitOperator",
    "PythonVirtualenvOperator",
    "ExternalPythonOperator",
    "BranchExternalPythonOperator",
    "BranchPythonVirtualenvOperator",
)
_CHECKS = (
    "BranchSQLOperator",
    "SQLCheckOperator",
    "SQLColumnCheckOperator",
    "SQLIntervalCheckOperator",
    "SQLTableCheckOperator",
    "SQLThresholdCheckOperator",
    "SQLValueCheckOperator",
)

# new module -> (names of its classes, old modules)
_MOVES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    f"{_STANDARD}.operators.bash": (("BashOperator",), ("operators.bash", "operators.bash_operator")),
    f"{_STANDARD}.operators.python": (_PYTHON, ("operators.python", "operators.python_operator")),
    f"{_STANDARD}.operators.empty": (("EmptyOperator",), ("operators.empty",)),
    f"{_STANDARD}.operators.datetime": (("BranchDateTimeOperator",), ("operators.datetime",)),
    f"{_STANDARD}.operators.weekday": (("BranchDayOfWeekOperator",), ("operators.weekday",)),
    f"{_STANDARD}.operators.latest_only": (
        ("LatestOnlyOperator",),
        ("operators.latest_only", "operators.latest_only_operator"),
    ),
    f"{_STANDARD}.operators.trigger_dagrun": (
        ("TriggerDagRunOperator",),
        ("operators.trigger_dagrun", "operators.dagrun_operator"),
    ),
    f"{_STANDARD}.sensors.bash": (("BashSensor",), ("sensors.bash",)),
    f"{_STANDARD}.sensors.date_time": (("DateTimeSensor", "DateTimeSensorAsync"), ("sensors.date_time",)),
    f"{_STANDARD}.sensors.external_task": (
        ("ExternalTaskSensor", "ExternalTaskMarker"),
        ("sensors.external_task", "sensors.external_task_sensor"),
    ),
    f"{_STANDARD}.sensors.filesystem": (("FileSensor",), ("sensors.filesystem",)),
    f"{_STANDARD}.sensors.python": (("PythonSensor",), ("sensors.python",)),
    f"{_STANDARD}.sensors.time": (("TimeSensor", "TimeSensorAsync"), ("sensors.time_sensor",)),
    f"{_STANDARD}.sensors.time_delta": (
        ("TimeDeltaSensor", "TimeDeltaSensorAsync"),
        ("sensors.time_delta", "sensors.time_delta_sensor"),
    ),
    f"{_STANDARD}.sensors.weekday": (("DayOfWeekSensor",), ("sensors.weekday",)),
    f"{_SQL}.operators.generic_transfer": (("GenericTransfer",), ("operators.generic_transfer",)),
    f"{_SQL}.operators.sql": (_CHECKS, ("operators.sql",)),
    f"{_SQL}.sensors.sql": (("SqlSensor",), ("sensors.sql", "sensors.sql_sensor")),
    "airflow.providers.smtp.operators.smtp": (("EmailOperator",), ("operators.email", "operators.email_operator")),
    "airflow.providers.http.sensors.http": (("HttpSensor",), ("sensors.http_sensor",)),
}
_RENAMED = {
    "airflow.operators.dummy.DummyOperator": f"{_STANDARD}.operators.empty.EmptyOperator",
    "airflow.operators.dummy_operator.DummyOperator": f"{_STANDARD}.operators.empty.EmptyOperator",
    "airflow.operators.http_operator.SimpleHttpOperator": "airflow.providers.http.operators.http.HttpOperator",
    "airflow.providers.http.operators.http.SimpleHttpOperator": "airflow.providers.http.operators.http.HttpOperator",
}

MOVED: Mapping[str, str] = {
    **{
        f"airflow.{old}.{name}": f"{new}.{name}"
        for new, (names, olds) in _MOVES.items()
        for old in olds
        for name in names
    },
    **_RENAMED,
}
"""Path in Airflow 2 -> path today, of the same class or the one that took its place."""
