"""Retry policies: the errors that a pipeline file may name, and what Airflow takes of what it says of them."""

from __future__ import annotations

import builtins
import importlib
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from operators.thresholds import parse_duration

_PYTHON = "builtins"
_MODULES = (_PYTHON, "airflow.sdk.exceptions", "requests.exceptions")
"""Where the errors are from; nothing else is imported for a name in a file."""


def exception_paths() -> Iterator[str]:
    """Yield the errors that a pipeline file may name: those of Python without their module."""
    for name in _MODULES:
        module = importlib.import_module(name)
        for attribute, value in sorted(vars(module).items()):
            if inspect.isclass(value) and issubclass(value, Exception) and value.__module__ == name:
                yield attribute if module is builtins else f"{name}.{attribute}"


def retry_policy_of(config: Mapping[str, Any]) -> Any:
    """Make what ``BaseOperator(retry_policy=…)`` takes.

    :param config: ``rules`` and ``default``
    """
    from airflow.sdk import ExceptionRetryPolicy, RetryAction

    rules = [_rule(rule) for rule in config["rules"]]
    return ExceptionRetryPolicy(rules=rules, default=RetryAction(config.get("default", "default")))


def _rule(config: Mapping[str, Any]) -> Any:
    from airflow.sdk import RetryAction, RetryRule

    arguments = {key: value for key, value in config.items() if key in ("reason", "match_subclasses")}
    if "retry_delay" in config:
        arguments["retry_delay"] = parse_duration(config["retry_delay"], where="retry_delay")
    names = config["exception"]
    errors: Any = [_error(name) for name in names] if isinstance(names, list) else _error(names)
    return RetryRule(exception=errors, action=RetryAction(config.get("action", "retry")), **arguments)


def _error(name: str) -> type[BaseException]:
    """Import the class of an error that is in the list.

    :raises LookupError: if it is not
    """
    if name not in set(exception_paths()):
        raise LookupError(f"{name} is no error that a pipeline file may name")
    module, _, attribute = name.rpartition(".")
    error: type[BaseException] = getattr(importlib.import_module(module or _PYTHON), attribute)
    return error
