"""Makes assets, and the conditions on assets that start a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipelines.build.callables import trigger_of

if TYPE_CHECKING:
    from airflow.sdk import Asset, AssetAlias, AssetWatcher
    from airflow.sdk.definitions.asset import BaseAsset


def asset_of(item: Any) -> Any:
    """Make an asset, an alias, or a reference to an asset.

    :param item: an address, or a mapping with ``uri`` or ``name``, with ``alias``, or with ``ref``
    """
    from airflow.sdk import Asset

    if isinstance(item, str):
        return Asset(item)
    if "ref" in item:
        return Asset.ref(**item["ref"])
    return _alias(item) if "alias" in item else _asset(item)


def _alias(item: Mapping[str, Any]) -> AssetAlias:
    from airflow.sdk import AssetAlias

    return AssetAlias(item["alias"], **{key: value for key, value in item.items() if key != "alias"})


def _asset(item: Mapping[str, Any]) -> Asset:
    from airflow.sdk import Asset, AssetAccessControl

    parameters = dict(item)
    if "watchers" in item:
        parameters["watchers"] = [_watcher(watcher) for watcher in item["watchers"]]
    if "access_control" in item:
        parameters["access_control"] = AssetAccessControl(**item["access_control"])
    return Asset(**parameters)


def _watcher(config: Mapping[str, Any]) -> AssetWatcher:
    from airflow.sdk import AssetWatcher

    return AssetWatcher(name=config["name"], trigger=trigger_of(config["trigger"]))


def condition_of(value: Any) -> BaseAsset | list[BaseAsset]:
    """Make what ``DAG(schedule=…)`` takes for assets.

    :param value: a list, all of which must have been updated, or ``and`` or ``or`` with a list
    """
    return [_operand(item) for item in value] if isinstance(value, list) else _operand(value)


def _operand(item: Any) -> Any:
    from airflow.sdk import AssetAll, AssetAny

    if isinstance(item, dict):
        for key, combine in (("and", AssetAll), ("or", AssetAny)):
            if key in item:
                return combine(*map(_operand, item[key]))
    return asset_of(item)
