"""Makes the parameters of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.build.plain import copied


def params_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Make what ``DAG(params=…)`` takes.

    :param config: name -> default, or what the value must be in the words of JSON Schema
    """
    return {name: _param(value) for name, value in config.items()}


def _param(value: Any) -> Any:
    from airflow.sdk import Param

    return Param(**copied(value)) if isinstance(value, dict) else value
