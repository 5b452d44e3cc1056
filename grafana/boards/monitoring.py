"""What watches over Airflow, watched itself."""

from __future__ import annotations

from boards.panel import Board, events, panel

_RATE = "[$__rate_interval]"
_STEPS = ((None, "green"), (1, "yellow"), (2, "blue"), (3, "red"))

BOARD = Board(
    "airflow-monitoring",
    "Monitoring itself",
    "Whether the health checks run, alerts are delivered, and metrics arrive whole.",
    {
        "Health checks": (
            panel(
                "Checks",
                "Verdict of each health check.",
                ("max by (check) (health_verdict)", "{{check}}"),
                kind="statetimeline",
                verdicts=True,
                steps=_STEPS,
                runbook="HealthCheckFailed",
            ),
            panel(
                "Problems found",
                "By check and severity.",
                ("max by (check, severity) (health_problems)", "{{check}} {{severity}}"),
                runbook="HealthCheckFailed",
            ),
            panel(
                "Duration and requests of a check",
                "More than 10 requests or 2 s is more than a check may cost.",
                ("max by (check) (health_check_duration_seconds)", "{{check}} seconds"),
                ("max by (check) (health_requests)", "{{check}} requests"),
            ),
            panel(
                "Alerts of SendAlerts",
                "Open ones, and messages of the last hour by channel and outcome.",
                ("max by (severity) (health_alerts_open)", "open {{severity}}"),
                (
                    events("health_alerts_sent_total", "1h", "channel, outcome"),
                    "{{channel}} {{outcome}}",
                ),
                runbook="HealthAlertsUndelivered",
            ),
            panel(
                "Notifications of pipelines, 1 h",
                "Messages of SendNotification by channel and outcome.",
                (
                    events("pipeline_notifications_total", "1h", "channel, outcome"),
                    "{{channel}} {{outcome}}",
                ),
                runbook="PipelineNotificationsFailing",
            ),
        ),
        "Metrics": (
            panel(
                "Targets",
                "1 if Prometheus can scrape it.",
                ("up", "{{job}}"),
                kind="stat",
                span=24,
                steps=((None, "red"), (1, "green")),
                runbook="TargetDown",
            ),
            panel(
                "StatsD lines",
                "A second, as they arrive at the exporter.",
                f"sum(rate(statsd_exporter_lines_total{_RATE}))",
                runbook="AirflowMetricsExporterDown",
            ),
            panel(
                "StatsD lines that were lost",
                "Dropped packets and lines that could not be read. Unmapped ones are not lost: they keep their name.",
                ("sum(increase(statsd_exporter_udp_packet_drops_total[5m]))", "dropped"),
                ("sum(increase(statsd_exporter_sample_errors_total[5m])) or vector(0)", "unreadable"),
                ("sum(increase(statsd_exporter_events_error_total[5m])) or vector(0)", "refused"),
                runbook="StatsdExporterBadLines",
            ),
            panel("Series", "By target.", ("sum by (job) (scrape_samples_scraped)", "{{job}}")),
            panel(
                "Evaluation of rules",
                "Time of the last evaluation, by group.",
                ("max by (rule_group) (prometheus_rule_group_last_duration_seconds)", "{{rule_group}}"),
                unit="s",
                runbook="PrometheusRuleFailures",
            ),
            panel(
                "Error budget of tasks",
                "Share of tasks that failed, over five minutes, an hour and six hours.",
                ("airflow:ti_errors:ratio_rate5m", "5 m"),
                ("airflow:ti_errors:ratio_rate1h", "1 h"),
                ("airflow:ti_errors:ratio_rate6h", "6 h"),
                unit="percentunit",
                runbook="AirflowTaskErrorBudgetBurn",
            ),
        ),
    },
)
