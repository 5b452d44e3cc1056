"""The board to look at first: is Airflow alive, do runs succeed, what is firing."""

from __future__ import annotations

from boards.panel import DAG_LINK, DAG_VARIABLE, Board, events, panel

_ALIVE = ((None, "red"), (1, "yellow"), (6, "green"))
_NONE_IS_GOOD = ((None, "green"), (1, "red"))


def _heartbeat(metric: str) -> str:
    return f"(sum(rate(airflow_{metric}[$__rate_interval])) or vector(0)) * 60"


def _count(state: str) -> str:
    return events(f'airflow_dagrun_duration_{state}_count{{dag_id=~"$dag_id"}}', "$__rate_interval", "dag_id")


BOARD = Board(
    "airflow-overview",
    "Airflow overview",
    "Whether Airflow is alive, whether runs succeed, and which alerts are firing.",
    {
        "Alive": (
            panel(
                "Scheduler",
                "Heartbeats a minute, about 12 for each scheduler. None for two minutes: nothing is started any more.",
                _heartbeat("scheduler_heartbeat"),
                kind="stat",
                steps=_ALIVE,
                runbook="AirflowSchedulerHeartbeatMissing",
            ),
            panel(
                "DAG processor",
                "Heartbeats a minute. None: edits of the YAML are not seen, DAG callbacks do not run.",
                _heartbeat("dag_processor_heartbeat"),
                kind="stat",
                steps=_ALIVE,
                runbook="AirflowDagProcessorHeartbeatMissing",
            ),
            panel(
                "Triggerer",
                "Heartbeats a minute. None: deferred tasks and deadlines wait.",
                _heartbeat("triggerer_heartbeat"),
                kind="stat",
                steps=_ALIVE,
                runbook="AirflowTriggererHeartbeatMissing",
            ),
            panel(
                "API server",
                "1 if the health page answers and every component in it is healthy (blackbox probe).",
                'min(probe_success{job="airflow-health"})',
                kind="stat",
                steps=((None, "red"), (1, "green")),
                runbook="AirflowApiServerUnhealthy",
            ),
            panel(
                "Import errors",
                "DAG files that Airflow cannot load (median of five minutes: a callback resets the count).",
                "quantile_over_time(0.5, airflow_dag_processing_import_errors[5m])",
                kind="stat",
                steps=_NONE_IS_GOOD,
                runbook="AirflowDagImportErrors",
            ),
            panel(
                "Health checks",
                "The worst verdict of the monitoring pipeline's last run.",
                "max(health_verdict)",
                kind="stat",
                verdicts=True,
                steps=((None, "green"), (1, "yellow"), (2, "blue"), (3, "red")),
                runbook="HealthCheckFailed",
            ),
        ),
        "Runs": (
            panel(
                "DAG runs running",
                "Runs that are active now.",
                "airflow_scheduler_dagruns_running",
                kind="stat",
            ),
            panel(
                "DAGs",
                "DAGs in the last parse (the largest of five minutes, for the same reason as import errors).",
                "max_over_time(airflow_dagbag_size[5m])",
                kind="stat",
                runbook="AirflowDagBagEmpty",
            ),
            panel(
                "Task success, 1 h",
                "Tasks that succeeded, of those that ended in the last hour.",
                'sum(increase(airflow_ti_finish{state="success"}[1h])) '
                '/ sum(increase(airflow_ti_finish{state=~"success|failed"}[1h]))',
                kind="stat",
                unit="percentunit",
                steps=((None, "red"), (0.9, "yellow"), (0.99, "green")),
                runbook="AirflowTaskErrorBudgetBurn",
            ),
            panel(
                "Error budget burn, 1 h",
                "How many times faster than allowed tasks fail (allowed: 1 of 100). 14.4 for an hour pages.",
                "(airflow:ti_errors:ratio_rate1h or vector(0)) / 0.01",
                kind="stat",
                steps=((None, "green"), (1, "yellow"), (14.4, "red")),
                runbook="AirflowTaskErrorBudgetBurn",
            ),
            panel(
                "Last health run",
                "Time since the monitoring pipeline last went through; two hours is too long for an hourly one.",
                "time() - max(health_last_success_timestamp_seconds)",
                kind="stat",
                unit="s",
                steps=((None, "green"), (7200, "red")),
                runbook="HealthPipelineSilent",
            ),
            panel(
                "Broken pipeline files",
                "YAML files with an error; their pipelines do not run, all others do.",
                "max(pipeline_files_broken)",
                kind="stat",
                steps=_NONE_IS_GOOD,
                runbook="PipelineFilesBroken",
            ),
            panel(
                "Runs that succeeded",
                "Successful runs of each DAG.",
                (
                    _count("success"),
                    "{{dag_id}}",
                ),
                link=DAG_LINK,
            ),
            panel(
                "Runs that failed",
                "Failed runs of each DAG; each is an alert.",
                (
                    _count("failed"),
                    "{{dag_id}}",
                ),
                link=DAG_LINK,
                runbook="AirflowDagRunFailed",
            ),
        ),
        "Alerts": (
            panel(
                "Firing",
                "Alerts that fire now. Empty is good.",
                'sort_desc(count by (alertname, severity) (ALERTS{alertstate="firing",severity!="none"}))',
                kind="table",
                link=("Runbook", "${runbook}#${__data.fields.alertname}"),
            ),
        ),
    },
    (DAG_VARIABLE,),
)
