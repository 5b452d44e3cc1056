"""The names that Airflow 3.3 gives to templates; a test compares them with the Airflow that is installed."""

from __future__ import annotations

from collections.abc import Mapping

VARIABLES = frozenset(
    {
        "asset_state_store", "conn", "dag", "dag_run", "data_interval_end", "data_interval_start", "ds", "ds_nodash",
        "exception", "expanded_ti_count", "inlet_events", "inlets", "logical_date", "macros", "map_index_template",
        "outlet_events", "outlets", "params", "partition_date", "partition_key", "prev_data_interval_end_success",
        "prev_data_interval_start_success", "prev_end_date_success", "prev_start_date_success", "reason", "run_id",
        "task", "task_instance", "task_instance_key_str", "task_reschedule_count", "task_state_store",
        "templates_dict", "test_mode", "ti", "triggering_asset_events", "try_number", "ts", "ts_nodash",
        "ts_nodash_with_tz", "var",
    }
)  # fmt: skip
"""What the context of a task holds."""

REMOVED: Mapping[str, str] = {
    "conf": "airflow.cfg cannot be read in templates; use var.value or a param",
    "execution_date": "use logical_date",
    "next_ds": "use data_interval_end | ds",
    "next_ds_nodash": "use data_interval_end | ds_nodash",
    "next_execution_date": "use data_interval_end",
    "prev_ds": "use macros.ds_add(ds, -1), or what fits the schedule",
    "prev_ds_nodash": "use macros.ds_add(ds, -1) | replace('-', ''), or what fits the schedule",
    "prev_execution_date": "use logical_date minus the schedule's interval",
    "prev_execution_date_success": "use prev_data_interval_start_success",
    "tomorrow_ds": "use macros.ds_add(ds, 1)",
    "tomorrow_ds_nodash": "use macros.ds_add(ds, 1) | replace('-', '')",
    "triggering_dataset_events": "use triggering_asset_events",
    "yesterday_ds": "use macros.ds_add(ds, -1)",
    "yesterday_ds_nodash": "use macros.ds_add(ds, -1) | replace('-', '')",
}
"""Variables of Airflow 2 that Airflow 3 has no more, and what takes their place."""

MACROS = frozenset(
    {"datetime", "datetime_diff_for_humans", "dateutil", "ds_add", "ds_format", "ds_format_locale", "json", "random",
     "time", "timedelta", "uuid", "yaml"}
)  # fmt: skip
"""What ``macros`` has; plugins can add to it."""

FILTERS = frozenset({"ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz"})
"""Filters beyond those of Jinja."""

PARAMS_METHODS = frozenset({"get", "items", "keys", "values", "copy", "dump"})
"""Attributes of ``params`` that are no parameters."""
