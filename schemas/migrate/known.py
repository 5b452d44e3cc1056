"""What dag-factory and Airflow 2 call differently, or have and we do not: the tables of the migration."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto


class Scope(Enum):
    """The kind of mapping that a key stands in."""

    FILE = auto()
    DAG = auto()
    """A pipeline, or the ``default`` block."""
    ARGS = auto()
    """Any ``default_args``."""
    GROUP = auto()
    TASK = auto()
    VALUE = auto()
    """Whatever stands inside a parameter."""


_SECONDS_OF_TASKS = {
    f"{name}_{unit}": name
    for name in ("retry_delay", "max_retry_delay", "execution_timeout", "execution_delta")
    for unit in ("sec", "secs")
}
SECONDS = frozenset((*_SECONDS_OF_TASKS, "dagrun_timeout_sec", "dagrun_timeout_secs"))
"""Keys of dag-factory before 1.0 whose number is seconds."""

RENAMED: Mapping[Scope, Mapping[str, str]] = {
    Scope.DAG: {
        "schedule_interval": "schedule",
        "concurrency": "max_active_tasks",
        "dagrun_timeout_sec": "dagrun_timeout",
        "dagrun_timeout_secs": "dagrun_timeout",
        "timetable": "schedule",
    },
    Scope.ARGS: {"task_concurrency": "max_active_tis_per_dag", **_SECONDS_OF_TASKS},
    Scope.TASK: {"task_concurrency": "max_active_tis_per_dag", **_SECONDS_OF_TASKS},
}
"""Old name -> new name, of the same meaning."""

WITHOUT_EFFECT: Mapping[Scope, frozenset[str]] = {
    Scope.DAG: frozenset(("default_view", "orientation")),
    Scope.ARGS: frozenset(("provide_context",)),
    Scope.TASK: frozenset(("provide_context",)),
}
"""Keys that Airflow 3 has no use for; they can go."""

OFF_BY_ITSELF: Mapping[Scope, frozenset[str]] = {
    Scope.ARGS: frozenset(("email_on_failure", "email_on_retry")),
    Scope.TASK: frozenset(("email_on_failure", "email_on_retry")),
}
"""Keys that can go where they say false."""

IGNORED_BEFORE: Mapping[Scope, frozenset[str]] = {
    Scope.DAG: frozenset(
        ("fail_fast", "max_consecutive_failed_dag_runs", "owner_links", "dagrun_timeout_sec", "dagrun_timeout_secs")
    ),
    Scope.ARGS: frozenset(("task_concurrency", *_SECONDS_OF_TASKS)),
}
"""Keys that dag-factory 1 drops without a word, and that have an effect here, by themselves or under a new name."""

TRIGGER_RULES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}
"""Trigger rules that Airflow 3 has under another name."""

_TELL = 'add a task with "operator: SendNotification" and "teardown: true": it runs whatever happened, and tells'
_NAMED = "put the function into operators/functions.py and name it by its import path"
_CALLBACKS = {
    f"on_{event}_callback{suffix}": f"{_NAMED}: on_{event}_callback: operators.functions.name"
    for event in ("execute", "success", "failure", "retry", "skipped")
    for suffix in ("_name", "_file")
}
_FUNCTIONS = {
    f"{name}{suffix}": f"{_NAMED}: {name}: operators.functions.name"
    for name in ("python_callable", "response_check", "execution_date_fn")
    for suffix in ("_name", "_file", "_lambda")
} | {
    f"{name}_check{suffix}": f"{_NAMED}: {name}: operators.functions.name"
    for name in ("success", "failure")
    for suffix in ("", "_name", "_file", "_lambda")
}
_SLAS = "Airflow 3 has no SLAs; use execution_timeout or dagrun_timeout"
_OF_TASKS = {
    **_CALLBACKS,
    "email": f"mails on failure are not supported here; {_TELL}",
    "email_on_failure": f"mails on failure are not supported here; {_TELL}",
    "email_on_retry": f"mails on a retry are not supported here; {_TELL}",
    "sla": _SLAS,
    "sla_secs": _SLAS,
    "inlets": 'list the assets themselves: ["s3://bucket/key"]',
    "outlets": 'list the assets themselves: ["s3://bucket/key"]',
    "resources": "Airflow 3 has no resources of a task; set them for the executor",
}

_OF_PIPELINES = (
    "catchup",
    "concurrency",
    "dagrun_timeout",
    "description",
    "max_active_runs",
    "max_active_tasks",
    "params",
    "schedule",
    "schedule_interval",
    "tags",
)

INSTEAD: Mapping[Scope, Mapping[str, str]] = {
    Scope.FILE: {
        "__extends__": 'files take nothing from each other; write what pipelines share under "default:", in each file',
        "task_groups": "dag-factory ignores it here; task groups stand inside a pipeline",
    },
    Scope.DAG: {
        **_CALLBACKS,
        "sla_miss_callback": _SLAS,
        "doc_md_file_path": 'not supported; put the text under "doc_md: |"',
        "doc_md_python_callable_name": 'not supported; put the text under "doc_md: |"',
        "doc_md_python_callable_file": 'not supported; put the text under "doc_md: |"',
        "doc_md_python_arguments": 'not supported; put the text under "doc_md: |"',
    },
    Scope.ARGS: {
        **_OF_TASKS,
        **{key: "it has no effect in default_args; it stands at the pipeline" for key in _OF_PIPELINES},
        "timezone": "the time zone stands at the pipeline, and is that of all its dates",
    },
    Scope.GROUP: {
        "add_suffix_on_collision": "not supported; give each group a name of its own",
        "group_id": "the group's name is its key",
    },
    Scope.TASK: {
        **_OF_TASKS,
        **_FUNCTIONS,
        "variables_as_arguments": 'write the variable into the parameter: "{{ var.value.name }}"',
        "task_group": 'write the name of the group in "task_group_name"',
    },
}
"""What to write instead of a key that is not ours and cannot be rewritten."""

INSTEAD_OF_SCHEDULE = {
    "assets": 'list the assets themselves: ["s3://bucket/key"], {and: […]} or {or: […]}',
    "timetable": 'name one of Airflow\'s own timetables, as in {timetable: CronTriggerTimetable, cron: "0 6 * * *"}',
    "timedelta": "write a cron expression or a preset: months and years have no length of their own",
}
