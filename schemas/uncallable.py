"""Says why a path is none that a pipeline file may name where a function, notifier or trigger is called."""

from __future__ import annotations

from typing import Any

from schemas.contract import Contract
from schemas.diagnostic import Finding
from schemas.outline import Path
from schemas.source import Source
from schemas.spelling import nearest
from schemas.wording import describe_place, shown

_FUNCTION = "function"
_OF_TASK = "function for tasks"
_FUNCTIONS = (_FUNCTION, _OF_TASK)
_TRIGGER = "event trigger"


def uncallable(found: Any, kind: str, path: Path, source: Source, contract: Contract) -> Finding:
    """Give the finding for a path that is not in the list of the schema.

    :param found: what stands there
    :param kind: the title of that list: what is called there
    :param path: where it stands
    :param source: the file
    :param contract: the schema
    """
    place, where = source.tree.find(path).place, describe_place(path, source.data)
    needed = _parameters_needed(found, kind, contract)
    if needed:
        message = f"{where} names {shown(found)} without {' and '.join(map(shown, needed))}, which it needs"
        beside = ", ".join(f"{name}: …" for name in needed)
        return Finding("P102", place, message, f"write {{callback: {found}, {beside}}}")
    message = f"{where} is {shown(found)}, which is no {kind} that a pipeline file may name"
    return Finding("P404", place, message, _hint(found, kind, contract))


def _parameters_needed(found: Any, kind: str, contract: Contract) -> list[str]:
    """List what must stand beside a path that would be right but for that."""
    if kind in (*_FUNCTIONS, _TRIGGER) or not isinstance(found, str):
        return []
    called = contract.notifiers.get(found) or contract.functions.get(found, {})
    is_called = found in contract.notifiers or called.get("x-context")
    return list(called.get("required", ())) if is_called else []


def _hint(found: Any, kind: str, contract: Contract) -> str:
    known = _known(kind, contract)
    if isinstance(found, str) and found in contract.functions:
        taken = sorted(contract.task_keys.intersection(contract.functions[found]["properties"]))
        if kind == _OF_TASK and taken:
            return f'its argument "{taken[0]}" is called as something else that every task has; rename it'
        takes = "its first parameter is the context, so it is for callbacks"
        return takes if kind in _FUNCTIONS else 'the first parameter of a callback is called "context"'
    near = nearest(str(found), known) or _same_name(str(found), known)
    if near:
        return f'did you mean "{near}"?'
    if kind == _TRIGGER:
        return f"event triggers of the installed providers: {', '.join(known)}"
    packages = " and ".join(contract.packages)
    more = "`pipelines schema --callables PACKAGE` adds a package"
    notifiers = "" if kind in _FUNCTIONS else "notifiers come from the installed providers, "
    return f"{notifiers}functions from {packages}; {more}"


def _known(kind: str, contract: Contract) -> list[str]:
    if kind == _TRIGGER:
        return list(contract.triggers)
    functions = {path: bool(schema.get("x-context")) for path, schema in contract.functions.items()}
    if kind in _FUNCTIONS:
        return [path for path, takes_context in functions.items() if not takes_context]
    return [path for path, takes_context in functions.items() if takes_context] + list(contract.notifiers)


def _same_name(found: str, known: list[str]) -> str:
    """Give a path that ends in the same name, or nearly."""
    by_name = {path.rpartition(".")[2]: path for path in known}
    return by_name.get(nearest(found.rpartition(".")[2], list(by_name)), "")
