"""What this package tells Airflow's metrics backend of itself; the names begin with ``pipeline.``."""

from __future__ import annotations

BROKEN_FILES = "pipeline.files_broken"
"""Gauge: how many YAML files have a pipeline that cannot be built. Airflow counts them all as one import error."""


def send_broken_files(number: int) -> None:
    """Send how many files are broken.

    :param number: of them; 0 is sent too, or the last one would stay
    """
    from airflow.sdk.configuration import conf
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics import stats_utils

    # a process that parses a file has no backend yet: Airflow makes one for tasks only
    legacy = conf.getboolean("metrics", "legacy_names_on")
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=legacy)
    stats.gauge(BROKEN_FILES, number)
