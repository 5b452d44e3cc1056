"""Makes the parameters of a run."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any


def params_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Make what ``DAG(params=…)`` takes.

    :param config: name -> default, or what the value must be in the words of JSON Schema
    """
    return {name: _param(value) for name, value in config.items()}


def _param(value: Any) -> Any:
    from airflow.sdk import Param

    return Param(**copy.deepcopy(value)) if isinstance(value, dict) else value
