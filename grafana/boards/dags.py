"""Runs and tasks of the DAGs."""

from __future__ import annotations

from boards.panel import DAG_LINK, DAG_VARIABLE, Board, events, panel

_RATE = "[$__rate_interval]"
_DAG = '{dag_id=~"$dag_id"}'


def _mean(metric: str, by: str = "dag_id") -> str:
    return f"sum by ({by}) (rate({metric}_sum{_DAG}{_RATE})) / (sum by ({by}) (rate({metric}_count{_DAG}{_RATE})) > 0)"


def _quantile(quantile: float, metric: str, by: str = "dag_id", selector: str = _DAG) -> str:
    return f"histogram_quantile({quantile}, sum by (le, {by}) (rate({metric}_bucket{selector}{_RATE})))"


BOARD = Board(
    "airflow-dags",
    "Airflow DAGs and tasks",
    "How long runs take, how late they are, which tasks fail, retry or wait.",
    {
        "Runs": (
            panel(
                "Duration of successful runs",
                "Mean and 95th percentile.",
                (_mean("airflow_dagrun_duration_success"), "{{dag_id}} mean"),
                (_quantile(0.95, "airflow_dagrun_duration_success"), "{{dag_id}} p95"),
                unit="s",
                link=DAG_LINK,
            ),
            panel(
                "Duration of failed runs",
                "Mean. Short: an early check fails. Long: a timeout, or the last gate.",
                (_mean("airflow_dagrun_duration_failed"), "{{dag_id}}"),
                unit="s",
                link=DAG_LINK,
                runbook="AirflowDagRunFailed",
            ),
            panel(
                "Schedule delay",
                "From the moment a run was due until it was started; above 10 s warns, above 60 s pages.",
                (_mean("airflow_dagrun_schedule_delay"), "{{dag_id}}"),
                unit="s",
                steps=((None, "green"), (10, "yellow"), (60, "red")),
                link=DAG_LINK,
                runbook="AirflowDagScheduleDelayCritical",
            ),
            panel(
                "Age of the last success",
                "Of a DAG that has never succeeded, since its first run. How old it may be: pipelines alerts.",
                (f"time() - dag:last_success:timestamp_seconds{_DAG}", "{{dag_id}}"),
                unit="s",
                link=DAG_LINK,
                runbook="PipelineNotFresh",
            ),
            panel(
                "Delay of the first task",
                "From the start of a run until its first task starts, 95th percentile.",
                (_quantile(0.95, "airflow_dagrun_first_task_start_delay"), "{{dag_id}}"),
                unit="s",
                link=DAG_LINK,
            ),
            panel(
                "Dependency check",
                "Mean time of the scheduler to find out which tasks of a run may start.",
                f"sum(rate(airflow_dagrun_dependency_check_sum{_RATE})) "
                f"/ (sum(rate(airflow_dagrun_dependency_check_count{_RATE})) > 0)",
                unit="s",
            ),
            panel(
                "Deadlines",
                "Runs that missed, or kept, a deadline of their YAML.",
                (events("airflow_deadline_alerts_deadline_missed", "1h", "dag_id"), "{{dag_id}} missed"),
                (events("airflow_deadline_alerts_deadline_not_missed", "1h", "dag_id"), "{{dag_id}} kept"),
                runbook="AirflowDeadlineMissed",
            ),
        ),
        "Tasks": (
            panel(
                "Tasks that ended, by state",
                "A minute. up_for_retry is a failed try with retries left.",
                (f"sum by (state) (rate(airflow_ti_finish{_DAG}{_RATE})) * 60", "{{state}}"),
                stack=True,
            ),
            panel(
                "Most failures, 1 h",
                "Failed tries of each task, those that are retried included.",
                (
                    f"topk(10, {events(f'airflow_ti_failures{_DAG}', '1h', 'dag_id, task_id')})",
                    "{{dag_id}}.{{task_id}}",
                ),
                kind="bargauge",
                link=DAG_LINK,
                runbook="AirflowTaskFailureRatioHigh",
            ),
            panel(
                "Retries",
                "Tries that failed and are repeated.",
                (
                    'sum by (dag_id, task_id) (increase(airflow_ti_finish{state="up_for_retry",dag_id=~"$dag_id"}'
                    f"{_RATE}))",
                    "{{dag_id}}.{{task_id}}",
                ),
                link=DAG_LINK,
                runbook="AirflowTaskRetriesHigh",
            ),
            panel(
                "Longest tasks",
                "Median duration of each task in the last hour.",
                (
                    "topk(10, histogram_quantile(0.5, sum by (le, dag_id, task_id) "
                    f"(rate(airflow_task_duration_bucket{_DAG}[1h]))))",
                    "{{dag_id}}.{{task_id}}",
                ),
                kind="bargauge",
                unit="s",
                link=DAG_LINK,
            ),
            panel(
                "Duration of tasks",
                "95th percentile.",
                (_quantile(0.95, "airflow_task_duration"), "{{dag_id}}"),
                unit="s",
                link=DAG_LINK,
            ),
            panel(
                "Wait for a slot",
                "From scheduled to queued, 95th percentile: a full pool, or max_active_tasks.",
                (_quantile(0.95, "airflow_task_scheduled_duration", "queue", ""), "{{queue}}"),
                unit="s",
                runbook="AirflowTasksStuckQueued",
            ),
            panel(
                "Operators that fail",
                "Failed tries of each operator, of all its tries in the last hour.",
                (
                    "operator:failures:increase1h / (operator:failures:increase1h "
                    "+ (operator:successes:increase1h or 0 * operator:failures:increase1h))",
                    "{{operator_name}}",
                ),
                kind="bargauge",
                unit="percentunit",
                steps=((None, "green"), (0.1, "yellow"), (0.5, "red")),
                runbook="AirflowOperatorFailureRatioHigh",
            ),
            panel(
                "Task instances created",
                "A minute, by kind of operator.",
                (f"sum by (task_type) (rate(airflow_task_instance_created{_RATE})) * 60", "{{task_type}}"),
            ),
        ),
    },
    (DAG_VARIABLE,),
)
