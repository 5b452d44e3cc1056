"""Makes the partition mappers of a schedule by partitioned assets, and their windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_PERIODS = ("Hour", "Day", "Week", "Month", "Quarter", "Year")


def mapper_of(value: Mapping[str, Any]) -> Any:
    """Make a partition mapper.

    :param value: ``mapper``, its name in ``airflow.sdk``, with its arguments beside it
    """
    import airflow.sdk

    if value["mapper"] not in _MAPPERS:
        raise ValueError(f"{value['mapper']} is no partition mapper")
    arguments = {key: _argument(key, argument) for key, argument in value.items() if key not in ("mapper", "mappers")}
    return getattr(airflow.sdk, value["mapper"])(*map(mapper_of, value.get("mappers", ())), **arguments)


def _window(value: Mapping[str, Any]) -> Any:
    import airflow.sdk

    if value["window"] not in _WINDOWS:
        raise ValueError(f"{value['window']} is no window")
    arguments = {key: argument for key, argument in value.items() if key != "window"}
    return getattr(airflow.sdk, value["window"])(**arguments)


def _wait_policy(value: Mapping[str, Any]) -> Any:
    from airflow.sdk import MinimumCount

    return MinimumCount(value["minimum_count"])


def _argument(key: str, value: Any) -> Any:
    make = _OBJECTS.get(key)
    return value if make is None else make(value)


_OBJECTS: dict[str, Callable[[Any], Any]] = {
    "upstream_mapper": mapper_of,
    "downstream_mapper": mapper_of,
    "window": _window,
    "wait_policy": _wait_policy,
}
_MAPPERS = (
    "IdentityMapper",
    "AllowedKeyMapper",
    "FixedKeyMapper",
    "ProductMapper",
    "ChainMapper",
    "RollupMapper",
    "FanOutMapper",
    *(f"StartOf{period}Mapper" for period in _PERIODS),
)
_WINDOWS = ("SegmentWindow", *(f"{period}Window" for period in _PERIODS))
