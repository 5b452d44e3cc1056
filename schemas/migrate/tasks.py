"""Rewrites what dag-factory's tasks have in other forms: functions out of files, mapped results, Airflow variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from schemas.contract import Contract
from schemas.migrate.edits import Edit
from schemas.migrate.known import Scope
from schemas.migrate.operators import MOVED
from schemas.migrate.walk import Found

_FUNCTION = re.compile(
    r"(?P<key>python_callable|execution_date_fn|response_check|(?:success|failure)_check|on_\w+_callback)_(?:name|file)"
)
_RENAMED = {"success_check": "success", "failure_check": "failure"}
_MAPPED = re.compile(r"X[Cc]omArg\((?P<task>[\w-]+)\)")
_VARIABLES = "variables_as_arguments"


def task_edits(found: Found, contract: Contract) -> list[Edit] | None:
    """Give the changes of a key of a task; None if it is none of these.

    :param found: the key
    :param contract: the schema in use
    """
    if found.entry.key == "expand" and found.scope is Scope.TASK:
        return list(_mapped(found))
    if found.entry.key == _VARIABLES:
        return _variable_edits(found, contract)
    function = function_of(found, contract)
    if function is None or not found.entry.key.endswith("_name"):
        return None
    key = found.entry.key.removesuffix("_name")
    return [found.entry.rename(_RENAMED.get(key, key)), *found.entry.replace(function)]


def is_replaced(found: Found, contract: Contract) -> bool:
    """Tell whether a key can go, as another says the same: the file of a function.

    :param found: the key
    :param contract: the schema in use
    """
    return found.entry.key.endswith("_file") and function_of(found, contract) is not None


def function_of(found: Found, contract: Contract) -> str | None:
    """Give the import path of a function that stands there by its name and file, if a pipeline file may name it."""
    match = _FUNCTION.fullmatch(found.entry.key) if found.scope in (Scope.TASK, Scope.ARGS, Scope.DAG) else None
    if match is None:
        return None
    name, file = (found.siblings.get(f"{match['key']}_{part}") for part in ("name", "file"))
    if not isinstance(name, str) or not isinstance(file, str):
        return None
    paths = (path for path in contract.functions if path.rpartition(".")[2] == name)
    return next((path for path in paths if _is_file_of(file, path.rpartition(".")[0])), None)


def _is_file_of(file: str, module: str) -> bool:
    return f"/{file}".endswith(f"/{module.replace('.', '/')}.py")


def _mapped(found: Found) -> Iterator[Edit]:
    values = found.entry.value
    for key, value in values.items() if isinstance(values, dict) else ():
        match = _MAPPED.search(value) if isinstance(value, str) else None
        if match is not None:
            yield from replace(found.entry, path=(*found.entry.path, key)).replace(f"+{match['task']}")


def _variable_edits(found: Found, contract: Contract) -> list[Edit]:
    """Write variables as templates in the parameters that they are for; the first takes the place of the key."""
    variables = [(key, f'"{{{{ var.value.{name} }}}}"') for key, name in variables_of(found, contract).items()]
    if not variables:
        return []
    (key, template), *others = variables
    value = found.entry.replace(template)
    before = [found.entry.put_before(f"{other}: {text}") for other, text in others]
    return [*before, found.entry.rename(key), *value] if value else []


def variables_of(found: Found, contract: Contract) -> Mapping[str, str]:
    """Give the parameters that are to be variables, if all of them may be templates."""
    value: Any = found.entry.value
    if found.entry.key != _VARIABLES or found.scope is not Scope.TASK or not isinstance(value, list):
        return {}
    operator = str(found.siblings.get("operator"))
    rendered = contract.result_keys({"operator": MOVED.get(operator, operator)})
    variables: dict[str, str] = {}
    for item in value:
        parameter, variable = _pair(item)
        if parameter not in rendered or parameter in found.siblings or not re.fullmatch(r"[A-Za-z_]\w*", variable):
            return {}
        variables[parameter] = variable
    return variables


def _pair(item: Any) -> tuple[str, str]:
    return (str(item.get("attribute")), str(item.get("variable"))) if isinstance(item, dict) else ("", "")
