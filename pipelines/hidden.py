"""Keeps what the check took for a secret out of everything that Airflow shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from schemas.spec import Pipeline

_HIDDEN = "***"
_MASK = "*"
_FOR_PEOPLE = frozenset({
    "description", "display_name", "dag_display_name", "task_display_name", "doc", "doc_json", "doc_md", "doc_rst",
    "doc_yaml", "label", "title", "tooltip",
})  # fmt: skip
"""Keys whose texts are there to be read; no task needs what they say."""


def hide(text: str, secrets: Iterable[str]) -> str:
    """Give a text without secrets.

    :param secrets: the longest first, or a part of one could stay
    """
    for secret in secrets:
        text = text.replace(secret, _HIDDEN)
    return text


def mask(text: str, secrets: Iterable[str]) -> str:
    """Give a source text with asterisks in the place of secrets: lines and columns stay."""
    for secret in secrets:
        text = text.replace(secret, "".join(char if char.isspace() else _MASK for char in secret))
    return text


def without_secrets(pipeline: Pipeline) -> Pipeline:
    """Give the pipeline without secrets in the texts that are there to be read."""
    if not pipeline.secrets:
        return pipeline
    tasks = tuple(replace(task, config=_cleaned(task.config, pipeline.secrets)) for task in pipeline.tasks)
    return replace(pipeline, config=_cleaned(pipeline.config, pipeline.secrets), tasks=tasks)


def mask_for_tasks(secrets: Iterable[str]) -> None:
    """Let Airflow hide secrets in this process: in the logs of a task and in its rendered templates."""
    from airflow.sdk.log import mask_secret

    for secret in secrets:
        mask_secret(secret)


def _cleaned(value: Any, secrets: Sequence[str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _cleaned(part, secrets, name) for name, part in value.items()}
    if isinstance(value, list):
        return [_cleaned(part, secrets, key) for part in value]
    return hide(value, secrets) if isinstance(value, str) and key in _FOR_PEOPLE else value
