"""Finds the callbacks of a pipeline, wherever they may stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.outline import Outline, Path

CALLBACKS = frozenset(f"on_{event}_callback" for event in ("execute", "success", "failure", "retry", "skipped"))
"""The arguments of tasks that take callbacks; those of pipelines are among them."""


def iter_calls(outline: Outline) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every callback that has parameters, with its path.

    :param outline: a pipeline
    """
    for owner, path in _iter_owners(outline):
        for key in CALLBACKS:
            if key in owner:
                yield from _calls(owner[key], (*path, key))


def iter_rendered(outline: Outline) -> Iterator[tuple[Path, Any]]:
    """Yield the parameters of notifiers that Airflow renders, with their paths."""
    for path, call in iter_calls(outline):
        notifier, operators = call.get("callback"), outline.operators
        if operators is not None and isinstance(notifier, str):
            for key in operators.rendered_keys(notifier) & call.keys():
                yield (*path, key), call[key]


def _iter_owners(outline: Outline) -> Iterator[tuple[dict[str, Any], Path]]:
    pairs: list[tuple[Any, Path]] = [(outline.config, (outline.dag_id,))]
    pairs += [(group.config, group.path) for group in outline.groups]
    pairs += [(owner.get("default_args"), (*path, "default_args")) for owner, path in pairs if isinstance(owner, dict)]
    pairs += [(task.config, task.path) for task in outline.tasks]
    for owner, path in pairs:
        if isinstance(owner, dict):
            yield owner, path


def _calls(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
    elif isinstance(value, list):
        yield from (((*path, index), item) for index, item in enumerate(value) if isinstance(item, dict))
