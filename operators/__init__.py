"""The operators of this project; the loader and the checker know them by the short names below."""

from __future__ import annotations

from types import MappingProxyType

OPERATORS = MappingProxyType(
    {
        "DownloadData": "operators.data.download_data.DownloadDataOperator",
        "ValidateData": "operators.data.validate_data.ValidateDataOperator",
        "PreprocessData": "operators.data.preprocess_data.PreprocessDataOperator",
        "FeatureEngineering": "operators.data.feature_engineering.FeatureEngineeringOperator",
        "TrainModel": "operators.model.train_model.TrainModelOperator",
        "EvaluateModel": "operators.model.evaluate_model.EvaluateModelOperator",
        "DeployModel": "operators.deploy.deploy_model.DeployModelOperator",
        "SendNotification": "operators.notify.send_notification.SendNotificationOperator",
        "CheckDagRuns": "operators.health.check_dag_runs.CheckDagRunsOperator",
        "CheckTaskFailures": "operators.health.check_task_failures.CheckTaskFailuresOperator",
        "CheckSchedulerHealth": "operators.health.check_scheduler_health.CheckSchedulerHealthOperator",
        "GenerateHealthReport": "operators.health.generate_health_report.GenerateHealthReportOperator",
        "SendAlerts": "operators.notify.send_alerts.SendAlertsOperator",
        "MonitoringComplete": "operators.health.monitoring_complete.MonitoringCompleteOperator",
    }
)
"""YAML short name -> import path of the operator class."""
