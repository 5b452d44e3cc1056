"""What the ML pipelines found: data, gates, models."""

from __future__ import annotations

from boards.panel import DAG_LINK, Board, events, panel

_DAG = 'dag_id=~"$dag_id"'
_STEPS = ((None, "green"), (1, "yellow"), (2, "blue"), (3, "red"))

BOARD = Board(
    "airflow-ml",
    "ML pipelines",
    "Verdicts on data and models with their thresholds, the champion over time, and how long things take.",
    {
        "Verdicts": (
            panel(
                "Verdicts of tasks",
                "The worst verdict of each task that judges: data, gates, deployment, health.",
                ("max by (dag_id, task_id) (pipeline_verdict{" + _DAG + "})", "{{dag_id}}.{{task_id}}"),
                kind="statetimeline",
                verdicts=True,
                steps=_STEPS,
                link=DAG_LINK,
                runbook="PipelineVerdictFailed",
            ),
            panel(
                "Verdicts given, 1 h",
                "By what they say.",
                (events("pipeline_verdicts_total{" + _DAG + "}", "1h", "verdict"), "{{verdict}}"),
                stack=True,
            ),
            panel(
                "Rows",
                "Rows that came in, were rejected, and went into the training and the test split.",
                ("max by (dag_id, kind) (ml_data_rows{" + _DAG + "})", "{{dag_id}} {{kind}}"),
                link=DAG_LINK,
            ),
            panel(
                "Data checks",
                "Verdict of each check of ValidateData.",
                ("max by (dag_id, check) (ml_data_check{" + _DAG + "})", "{{dag_id}} {{check}}"),
                kind="statetimeline",
                verdicts=True,
                steps=_STEPS,
                link=DAG_LINK,
                runbook="MlDataCheckFailed",
            ),
        ),
        "Quality gates": (
            panel(
                "Gates",
                "Verdict of each gate of EvaluateModel.",
                ("max by (dag_id, gate) (ml_gate_verdict{" + _DAG + "})", "{{dag_id}} {{gate}}"),
                kind="statetimeline",
                verdicts=True,
                steps=_STEPS,
                link=DAG_LINK,
                runbook="MlGateFailed",
            ),
            panel(
                "Observed and threshold",
                "What each gate compared; the thresholds are those of the YAML.",
                ("max by (dag_id, gate) (ml_gate_observed{" + _DAG + "})", "{{dag_id}} {{gate}}"),
                (
                    "max by (dag_id, gate, bound) (ml_gate_threshold{" + _DAG + "})",
                    "{{dag_id}} {{gate}} {{bound}}",
                ),
                lowest=None,
                link=DAG_LINK,
                runbook="MlGateFailed",
            ),
            panel(
                "Runs in a row that failed",
                "How many runs in a row have failed each gate; 0 after one that has not.",
                ("max by (dag_id, gate) (ml_gate_consecutive_failures{" + _DAG + "})", "{{dag_id}} {{gate}}"),
                link=DAG_LINK,
                runbook="MlGateFailsRepeatedly",
            ),
            panel(
                "Metrics of the judged model",
                "Every metric, with a gate or without.",
                ("max by (dag_id, model, metric) (ml_metric{" + _DAG + "})", "{{model}} {{metric}}"),
                lowest=None,
                link=DAG_LINK,
            ),
        ),
        "Models": (
            panel(
                "Champion over time",
                "The version that each alias points to.",
                ("max by (model, alias) (ml_model_version{" + _DAG + "})", "{{model}} {{alias}}"),
                link=DAG_LINK,
            ),
            panel(
                "Age of the champion",
                "Time since the model that an alias points to was trained.",
                (
                    "time() - max by (model, alias) (ml_model_trained_timestamp_seconds{" + _DAG + "})",
                    "{{model}} {{alias}}",
                ),
                unit="s",
                link=DAG_LINK,
                runbook="MlModelTooOld",
            ),
            panel(
                "Deployments, 24 h",
                "By how they ended.",
                (
                    events("ml_deployments_total{" + _DAG + "}", "24h", "model, outcome"),
                    "{{model}} {{outcome}}",
                ),
                kind="bargauge",
            ),
            panel(
                "Duration of training",
                "Of the last fit.",
                ("max by (dag_id, task_id) (ml_train_duration_seconds{" + _DAG + "})", "{{dag_id}}.{{task_id}}"),
                unit="s",
                link=DAG_LINK,
            ),
            panel(
                "Latency of a prediction",
                "One row at a time, as measured by the smoke test.",
                (
                    "max by (model, quantile) (ml_predict_latency_seconds{" + _DAG + "})",
                    "{{model}} p{{quantile}}",
                ),
                unit="s",
            ),
        ),
    },
    (("dag_id", "DAG", "label_values(pipeline_verdict, dag_id)"),),
)
