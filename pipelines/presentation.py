"""Gives a DAG what the UI shows of it besides its tasks: the text for the Code tab, and its docs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pipelines import PIPELINE_FILE
from pipelines.code_tab import CodeFolder, open_code_folder
from pipelines.dag_docs import dag_docs
from pipelines.hidden import hide, mask
from pipelines.source_url import SourceUrl, SourceUrlError, configured_source_url

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from schemas.spec import Pipeline

log = logging.getLogger(__name__)


class Presentation:
    """What the UI shows of the DAGs of one load.

    :param code: where the texts for the Code tab are kept
    :param url: where the files are in the repository, if that is known
    """

    def __init__(self, code: CodeFolder, url: SourceUrl | None) -> None:
        self._code = code
        self._url = url
        self._kept: dict[str, str | None] = {}

    def add(self, dag: DAG, pipeline: Pipeline, shown: str, text: str) -> None:
        """Add it to a DAG.

        :param dag: the DAG
        :param pipeline: what it was built from
        :param shown: its file, as diagnostics name it
        :param text: what the file says, as its check left it
        """
        if shown not in self._kept:
            self._kept[shown] = self._code.keep(shown, mask(text, pipeline.secrets))
        setattr(dag, PIPELINE_FILE, self._kept[shown])
        dag.doc_md = hide(dag_docs(pipeline, shown, own=dag.doc_md, url=self._url), pipeline.secrets)

    def finish(self) -> None:
        """Remove what no DAG needs any more."""
        self._code.remove_unused()


def open_presentation() -> Presentation:
    """Open it with the settings of this Airflow."""
    try:
        url = configured_source_url()
    except SourceUrlError as error:
        # the plugin, which has no DAGs that it would cost, raises it
        log.warning("%s", error)
        url = None
    return Presentation(open_code_folder(), url)
