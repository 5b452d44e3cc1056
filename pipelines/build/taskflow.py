"""Makes tasks of functions, as the decorators of Airflow's TaskFlow do."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from schemas.contract import load_contract

_PACKAGES = ("airflow.sdk.definitions.decorators.", "airflow.decorators.", "airflow.sdk.")
"""Before the name of a decorator in dag-factory's files; all mean the same."""
_MAPPINGS = ("expand", "expand_kwargs")


def make_decorated(parameters: Mapping[str, Any]) -> Any:
    """Make the task of a function.

    dag-factory would, but it knows no parameters that can only be named, and cannot map over sets of arguments.

    :param parameters: ``decorator`` and ``python_callable``, the arguments of the function, and those of the task
    :returns: the task
    """
    function = parameters["python_callable"]
    names = _argument_names(function, parameters)
    arguments = {key: value for key, value in parameters.items() if key in names}
    mappings = {key: value for key, value in parameters.items() if key in _MAPPINGS}
    taken = {"decorator", "python_callable", *arguments, *mappings}
    own = {key: value for key, value in parameters.items() if key not in taken}
    task = _decorator(parameters["decorator"])(**own)(function)
    if not mappings:
        return task(**arguments).operator
    if arguments:
        task = task.partial(**arguments)
    result = (
        task.expand(**mappings["expand"]) if "expand" in mappings else task.expand_kwargs(mappings["expand_kwargs"])
    )
    return result.operator


def _argument_names(function: Any, parameters: Mapping[str, Any]) -> set[str]:
    """Name the arguments of a function; one that takes any also has the keys that nothing else takes."""
    found = inspect.signature(function).parameters
    names = {name for name, parameter in found.items() if parameter.kind in _NAMED}
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in found.values()):
        contract = load_contract()
        own = contract.kind_of({"decorator": parameters["decorator"]}).properties
        names |= parameters.keys() - contract.task_keys - own.keys() - _OF_THE_BUILD
    return names


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_OF_THE_BUILD = {"dag", "default_args", "task_group"}


def _decorator(name: str) -> Any:
    """Give the decorator that a name of the schema stands for: ``task``, or one of those that it has."""
    from airflow.sdk import task

    package = next((package for package in _PACKAGES if name.startswith(package)), "")
    kind = name.removeprefix(package).removeprefix("task").removeprefix(".")
    return getattr(task, kind) if kind else task
