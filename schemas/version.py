"""The version of what is installed."""

from __future__ import annotations


def installed_version() -> str:
    """Give the version of the package, or ``unknown`` in a checkout that is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("ml-pipelines-airflow")
    except PackageNotFoundError:
        return "unknown"
