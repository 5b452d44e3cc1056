"""The operators of this project; the loader and the checker know them by the short names below."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

_HEALTH = Path(__file__).with_name("health")


def _iter_health_checks() -> Iterator[tuple[str, str]]:
    """Every module ``health/check_<name>.py`` is a health check; a new one needs no entry here."""
    for path in sorted(_HEALTH.glob("check_*.py")):
        name = "".join(part.capitalize() for part in path.stem.split("_"))
        yield name, f"operators.health.{path.stem}.{name}Operator"


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
        **dict(_iter_health_checks()),
        "GenerateHealthReport": "operators.health.generate_health_report.GenerateHealthReportOperator",
        "SendAlerts": "operators.notify.send_alerts.SendAlertsOperator",
        "MonitoringComplete": "operators.health.monitoring_complete.MonitoringCompleteOperator",
    }
)
"""YAML short name -> import path of the operator class."""
