"""Sends what loading the pipelines found to Airflow's metrics backend, in processes for which Airflow makes none."""

from __future__ import annotations

from collections.abc import Mapping

from operators.stats import PIPELINE_FILES, PIPELINE_FILES_BROKEN, PIPELINE_PROBLEMS, emit


def send_findings(files: int, broken: int, problems: Mapping[str, int]) -> None:
    """Send what there is, and what is wrong with it; Airflow counts all broken files as one import error.

    :param files: YAML files of pipelines
    :param broken: those with an error; 0 is sent too, or the last number would stay
    :param problems: severity -> how many
    """
    from airflow.sdk.configuration import conf
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics import stats_utils

    # a process that parses a file has no backend yet: Airflow makes one for tasks only
    legacy = conf.getboolean("metrics", "legacy_names_on")
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=legacy)
    emit(PIPELINE_FILES, files)
    emit(PIPELINE_FILES_BROKEN, broken)
    for severity, number in problems.items():
        emit(PIPELINE_PROBLEMS, number, severity=severity)
