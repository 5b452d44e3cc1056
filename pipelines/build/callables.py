"""Imports what a YAML file names: only functions, notifiers and triggers that the schema lists, and nothing else."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from schemas.contract import load_contract


class NotAllowedError(Exception):
    """A path that is not in the schema's list, or is not what the list says it is."""


def function_of(path: str) -> Any:
    """Import a function that pipeline files may name.

    :param path: its import path
    :raises NotAllowedError: if it is not in the schema's list, or is no function that is written in its module
    """
    contract = load_contract()
    module, _, name = path.rpartition(".")
    if path not in contract.functions or not any(_is_in(module, package) for package in contract.packages):
        raise NotAllowedError(f"{path} is no function that a pipeline file may name")
    function = getattr(importlib.import_module(module), name)
    if not inspect.isfunction(function) or function.__module__ != module:
        raise NotAllowedError(f"{path} is no function of its module")
    return function


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def notifier_of(path: str) -> Any:
    """Import a notifier class.

    :param path: its import path
    :raises NotAllowedError: if it is not in the schema's list, or is no notifier
    """
    from airflow.sdk import BaseNotifier

    return _class_of(path, load_contract().notifiers, BaseNotifier)


def trigger_of(config: Mapping[str, Any]) -> Any:
    """Make the trigger of an asset's watcher.

    :param config: ``trigger``, the import path of its class, with its parameters beside it
    :raises NotAllowedError: if the class is not in the schema's list, or is no event trigger
    """
    from airflow.triggers.base import BaseEventTrigger

    path, parameters = _call(config, "trigger")
    return _class_of(path, load_contract().triggers, BaseEventTrigger)(**parameters)


def _class_of(path: str, allowed: Mapping[str, Any], base: type) -> Any:
    if path not in allowed:
        raise NotAllowedError(f"{path} is no {base.__name__} that a pipeline file may name")
    module, _, name = path.rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    if not (inspect.isclass(cls) and issubclass(cls, base)):
        raise NotAllowedError(f"{path} is no {base.__name__}")
    return cls


def callback_of(value: Any) -> Any:
    """Make what Airflow calls with the context: a notifier, or a function with its parameters bound.

    :param value: a path, ``callback`` with parameters beside it, or a list of these
    :raises NotAllowedError: if a path is not in the schema's lists
    """
    if isinstance(value, list):
        return [callback_of(item) for item in value]
    path, parameters = _call(value, "callback")
    if path in load_contract().notifiers:
        return notifier_of(path)(**parameters)
    function = function_of(path)
    return functools.partial(function, **parameters) if parameters else function


def callback_parts(value: Any) -> tuple[Any, dict[str, Any]]:
    """Give what is called, a notifier class or a function, and its parameters.

    :param value: a path, or ``callback`` with parameters beside it
    :raises NotAllowedError: if the path is not in the schema's lists
    """
    path, parameters = _call(value, "callback")
    called = notifier_of(path) if path in load_contract().notifiers else function_of(path)
    return called, parameters


def _call(value: Any, key: str) -> tuple[str, dict[str, Any]]:
    if isinstance(value, str):
        return value, {}
    return value[key], {name: parameter for name, parameter in value.items() if name != key}
