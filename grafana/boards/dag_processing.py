"""How the DAG processor reads the pipelines."""

from __future__ import annotations

from boards.panel import Board, events, panel

_RATE = "[$__rate_interval]"

BOARD = Board(
    "airflow-dag-processing",
    "Airflow DAG processing",
    "How long files take to parse, which are broken or stale, and what the callbacks do.",
    {
        "Pipelines": (
            panel(
                "Pipeline files",
                "YAML files, and those with an error.",
                ("max(pipeline_files)", "files"),
                ("max(pipeline_files_broken)", "broken"),
                runbook="PipelineFilesBroken",
            ),
            panel(
                "Problems of pipeline files",
                "What the checker finds in them, by severity.",
                ("max by (severity) (pipeline_problems)", "{{severity}}"),
                runbook="PipelineFilesBroken",
            ),
            panel(
                "DAGs and import errors",
                "Both drop to 0 for one parse loop after a DAG callback (Airflow 3.3).",
                ("airflow_dagbag_size", "DAGs"),
                ("airflow_dag_processing_import_errors", "import errors"),
                runbook="AirflowDagImportErrors",
            ),
        ),
        "Parsing": (
            panel(
                "Time to parse, by file",
                "Mean. A file that takes 30 s is given up (dagbag_import_timeout).",
                (
                    f"sum by (bundle_name, file_name) (rate(airflow_dag_processing_last_duration_sum{_RATE})) "
                    f"/ (sum by (bundle_name, file_name) (rate(airflow_dag_processing_last_duration_count{_RATE}))"
                    " > 0)",
                    "{{file_name}}",
                ),
                unit="s",
                steps=((None, "green"), (20, "yellow"), (30, "red")),
                runbook="AirflowDagParsingSlow",
            ),
            panel(
                "Parses",
                "A minute, all files.",
                f"sum(rate(airflow_dag_processing_last_duration_count{_RATE})) * 60",
            ),
            panel(
                "Time to parse everything",
                "One round over all files.",
                "airflow_dag_processing_total_parse_time",
                unit="s",
                runbook="AirflowDagParsingSlow",
            ),
            panel(
                "Files that wait",
                "The processor's queue.",
                "max_over_time(airflow_dag_processing_file_path_queue_size[1m])",
            ),
            panel(
                "Time since the last parse",
                "By file. It grows where a file is never reached.",
                ("max by (file_path) (airflow_dag_processing_last_run_seconds_ago)", "{{file_path}}"),
                unit="s",
                runbook="AirflowDagFileStale",
            ),
            panel(
                "Parses that were given up",
                "Timeouts in the last hour, by file.",
                (events("airflow_dag_processing_processor_timeouts", "1h", "file_path"), "{{file_path}}"),
                runbook="AirflowDagProcessorTimeouts",
            ),
        ),
        "Callbacks": (
            panel(
                "Callback runs",
                "Runs of the processor for callbacks alone, a minute.",
                f"sum(rate(airflow_dag_processing_callback_only_count{_RATE})) * 60",
            ),
            panel(
                "Callbacks that failed",
                "An exception in a DAG callback shows nowhere else.",
                (events("airflow_dag_callback_exceptions", "1h", "dag_id"), "{{dag_id}}"),
                runbook="AirflowCallbackExceptions",
            ),
        ),
    },
)
