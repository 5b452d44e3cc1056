"""Sends what loading the pipelines found to Airflow's metrics backend, in processes for which Airflow makes none."""

from __future__ import annotations

from operators.stats import PIPELINE_FILES_BROKEN, emit


def send_broken_files(number: int) -> None:
    """Send how many files are broken; Airflow counts them all as one import error.

    :param number: of them; 0 is sent too, or the last one would stay
    """
    from airflow.sdk.configuration import conf
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics import stats_utils

    # a process that parses a file has no backend yet: Airflow makes one for tasks only
    legacy = conf.getboolean("metrics", "legacy_names_on")
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=legacy)
    emit(PIPELINE_FILES_BROKEN, number)
