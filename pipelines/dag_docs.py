"""Writes what the UI shows under *Dag Docs*: what the YAML says of a pipeline, and every threshold in one table.

The text depends on the pipeline alone, and on nothing in it that may change without a change of the pipeline: no line
numbers, for a comment would move them, and a changed text is a new version of the DAG.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from pipelines.schedule_words import schedule_in_words

if TYPE_CHECKING:
    from pipelines.source_url import SourceUrl
    from schemas.spec import Pipeline

_MARKUP = str.maketrans({char: f"\\{char}" for char in "\\`*[]<>|~&"})
"""What would be markup, or end the cell of a table."""


def dag_docs(pipeline: Pipeline, shown: str, *, own: str | None = None, url: SourceUrl | None = None) -> str:
    """Write the docs of a DAG, in Markdown.

    :param pipeline: what was checked
    :param shown: its file, as diagnostics name it
    :param own: the docs that the YAML gives; its ``doc_md``
    :param url: where the file is in the repository, if that is known
    """
    return "\n\n".join(_iter_parts(pipeline, shown, own, url))


def _iter_parts(pipeline: Pipeline, shown: str, own: str | None, url: SourceUrl | None) -> Iterator[str]:
    description = pipeline.config.get("description")
    own = (own or "").strip()
    if description and str(description).strip() not in ("", own):
        yield f"**{_plain(str(description))}**"
    if own:
        yield own
    yield "\n".join(_iter_facts(pipeline, shown, url))
    rows = [(task.id, *threshold) for task in pipeline.tasks for threshold in task.thresholds.items()]
    if rows:
        yield "### Thresholds"
        yield "\n".join(
            ["| task | what | bounds |", "|---|---|---|", *(f"| {' | '.join(map(_plain, row))} |" for row in rows)]
        )


def _iter_facts(pipeline: Pipeline, shown: str, url: SourceUrl | None) -> Iterator[str]:
    timezone = str(pipeline.config.get("timezone", "UTC"))
    yield f"- Runs {schedule_in_words(pipeline.config.get('schedule'), timezone)}"
    owners = _owners(pipeline)
    if owners:
        yield f"- Owner: {', '.join(map(_plain, owners))}"
    file = f"`{shown}`" if url is None else f"[{_plain(shown)}]({url.of_file(shown)})"
    yield f"- Declared in {file}"


def _owners(pipeline: Pipeline) -> list[str]:
    shared = (pipeline.config.get("default_args") or {}).get("owner")
    owners = [task.config.get("owner", shared) for task in pipeline.tasks]
    return list(dict.fromkeys(str(owner) for owner in owners if owner))


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return " ".join(text.split()).translate(_MARKUP)
