"""Gives a DAG what the UI shows of it besides its tasks: the text for the Code tab, and its docs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING

from pipelines import PIPELINE_FILE
from pipelines.code_tab import CodeFolder, open_code_folder
from pipelines.dag_docs import dag_docs
from pipelines.hidden import hide, mask
from pipelines.source_url import SourceUrl, SourceUrlError, configured_source_url

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from schemas.checker import CheckedFile

log = logging.getLogger(__name__)


class Presentation:
    """What the UI shows of the DAGs of one load.

    :param code: where the texts for the Code tab are kept
    :param url: where the files are in the repository, if that is known
    """

    def __init__(self, code: CodeFolder, url: SourceUrl | None) -> None:
        self._code = code
        self._url = url

    def add(self, file: CheckedFile, dags: Mapping[str, DAG]) -> None:
        """Add it to the DAGs of a file.

        :param dags: DAG id -> DAG; those of other files are left alone
        """
        secrets = file.pipelines[0].secrets if file.pipelines else ()
        text = mask(file.text, secrets)
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        kept = self._code.keep(file.shown, digest, lambda: text)
        for pipeline in file.pipelines:
            dag = dags.get(pipeline.dag_id)
            if dag is not None:
                setattr(dag, PIPELINE_FILE, None if kept is None else str(kept))
                docs = dag_docs(pipeline, file.shown, own=dag.doc_md, url=self._url)
                dag.doc_md = hide(docs, pipeline.secrets)

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
