"""The docs that the UI shows of a DAG: they have the words of the YAML, which may differ where nothing else does."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.dag_docs import dag_docs
from pipelines.plan.changes import Change, Kind
from pipelines.plan.facts import Path
from schemas.spec import Pipeline


def iter_changes_of_docs(before: tuple[Pipeline, str], after: tuple[Pipeline, str]) -> Iterator[Change]:
    """Yield what makes the docs of a pipeline differ that is otherwise built as before.

    :param before: it, and its file as diagnostics name it
    :param after: the same later
    """
    texts = [dag_docs(pipeline, file, own=pipeline.config.get("doc_md")) for pipeline, file in (before, after)]
    if texts[0] == texts[1]:
        return
    if before[1] != after[1]:
        yield Change(Kind.RESPELLED, "file", None, before[1], after[1])
        return
    schedules = [str(pipeline.config.get("schedule")) for pipeline, _ in (before, after)]
    path: Path = ("schedule",)
    if schedules[0] != schedules[1]:
        yield Change(Kind.RESPELLED, "schedule", None, schedules[0], schedules[1], path, path)
    else:
        yield Change(Kind.RESPELLED, "the docs in Airflow", note="what they say of it is written differently")
