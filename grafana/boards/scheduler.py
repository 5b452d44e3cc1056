"""The scheduler, its executor and pools, the triggerer and assets."""

from __future__ import annotations

from boards.panel import POOL_VARIABLE, Board, panel

_RATE = "[$__rate_interval]"


def _p95(metric: str) -> str:
    return f"histogram_quantile(0.95, sum by (le) (rate({metric}_bucket{_RATE})))"


BOARD = Board(
    "airflow-scheduler",
    "Airflow scheduler and executor",
    "How fast the scheduler turns, and whether there is room for what it wants to start.",
    {
        "Scheduler": (
            panel(
                "Loop",
                "Duration of a scheduler loop, 95th percentile; above 10 s warns.",
                (_p95("airflow_scheduler_scheduler_loop_duration"), "p95"),
                unit="s",
                steps=((None, "green"), (10, "red")),
                runbook="AirflowSchedulerLoopSlow",
            ),
            panel(
                "Critical section",
                "Time in which one scheduler alone chooses tasks, and of that the database's part (95th percentile).",
                (_p95("airflow_scheduler_critical_section_duration"), "all"),
                (_p95("airflow_scheduler_critical_section_query_duration"), "query"),
                unit="s",
                runbook="AirflowSchedulerLoopSlow",
            ),
            panel(
                "Executor heartbeat",
                "Mean time that the scheduler spends in its executor.",
                (
                    f"sum by (executor) (rate(airflow_scheduler_executor_heartbeat_duration_sum{_RATE})) "
                    f"/ (sum by (executor) (rate(airflow_scheduler_executor_heartbeat_duration_count{_RATE})) > 0)",
                    "{{executor}}",
                ),
                unit="s",
            ),
            panel(
                "Tasks ready and starving",
                "Ready: may start now. Starving: may start, but no slot of their pool is free.",
                ("airflow_scheduler_tasks_executable", "ready"),
                ("airflow_scheduler_tasks_starving", "starving"),
                runbook="AirflowPoolStarving",
            ),
            panel(
                "Orphaned tasks, 1 h",
                "Tasks of a scheduler or worker that vanished: adopted by another, or cleared to start anew.",
                ("sum(increase(airflow_scheduler_orphaned_tasks_cleared[1h]))", "cleared"),
                ("sum(increase(airflow_scheduler_orphaned_tasks_adopted[1h]))", "adopted"),
                runbook="AirflowOrphanedTasksCleared",
            ),
            panel(
                "Serialized DAGs in memory",
                "Look-ups of a DAG that the scheduler had in memory.",
                f"sum(rate(airflow_scheduler_dag_bag_cache_hit{_RATE})) "
                f"/ (sum(rate(airflow_scheduler_dag_bag_cache_hit{_RATE})) "
                f"+ (sum(rate(airflow_scheduler_dag_bag_cache_miss{_RATE})) or vector(0)))",
                unit="percentunit",
            ),
        ),
        "Executor and pools": (
            panel(
                "Executor",
                "Tasks that run, wait in the executor's queue, and slots that are free.",
                (
                    '{__name__=~"airflow_executor_(running_tasks|queued_tasks|open_slots)"}',
                    "{{executor_class_name}} {{status}}",
                ),
                runbook="AirflowExecutorSaturated",
            ),
            panel(
                "Tasks by state now",
                "Queued for 15 minutes without a pause is an alert.",
                ('sum by (__name__) ({__name__=~"airflow_ti_(scheduled|queued|running|deferred)"})', "{{__name__}}"),
                stack=True,
                runbook="AirflowTasksStuckQueued",
            ),
            panel(
                "Pool slots",
                "By what they are used for.",
                (
                    "sum by (__name__, pool_name) "
                    '({__name__=~"airflow_pool_(open|queued|running|deferred|scheduled)_slots",pool_name=~"$pool_name"})',
                    "{{pool_name}} {{__name__}}",
                ),
                runbook="AirflowPoolExhausted",
            ),
            panel(
                "Pool utilisation",
                "Slots that are taken by what runs or is queued, of all that are not deferred.",
                (
                    '(airflow_pool_running_slots{pool_name=~"$pool_name"} + airflow_pool_queued_slots) '
                    "/ (airflow_pool_running_slots + airflow_pool_queued_slots + airflow_pool_open_slots)",
                    "{{pool_name}}",
                ),
                kind="gauge",
                unit="percentunit",
                steps=((None, "green"), (0.8, "yellow"), (1, "red")),
                runbook="AirflowPoolExhausted",
            ),
            panel(
                "Pools with starving tasks",
                "Tasks that wait for a slot of their pool.",
                ('airflow_pool_starving_tasks{pool_name=~"$pool_name"}', "{{pool_name}}"),
                runbook="AirflowPoolStarving",
            ),
        ),
        "Triggerer and assets": (
            panel(
                "Triggers",
                "Triggers that run, and how many more the triggerer takes.",
                ("airflow_triggers_running", "{{hostname}} running"),
                ("airflow_triggerer_capacity_left", "{{hostname}} capacity left"),
                runbook="AirflowTriggererNoCapacity",
            ),
            panel(
                "Triggers that ended",
                "A minute. A trigger that blocks the main thread delays all others.",
                (f"sum(rate(airflow_triggers_succeeded{_RATE})) * 60", "succeeded"),
                (f"sum(rate(airflow_triggers_failed{_RATE})) * 60", "failed"),
                (f"sum(rate(airflow_triggers_blocked_main_thread{_RATE})) * 60", "blocked the main thread"),
                runbook="AirflowTriggersFailing",
            ),
            panel(
                "Assets",
                "Updates of assets, and runs that they started, a minute.",
                (f"sum(rate(airflow_asset_updates{_RATE})) * 60", "updates"),
                (f"sum(rate(airflow_asset_triggered_dagruns{_RATE})) * 60", "runs"),
            ),
        ),
    },
    (POOL_VARIABLE,),
)
