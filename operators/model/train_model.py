"""TrainModel: fits one scikit-learn estimator and stores it, with everything fitted before it, as one skops file."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from airflow.sdk import BaseOperator

from operators import stats
from operators.artifacts import ArtifactWriter
from operators.mistakes import DataMistakeError, mistakes_fail_the_task
from operators.model.estimators import make_estimator
from operators.model.model_file import MODEL
from operators.model.profile import make_profile
from operators.model.training_data import TrainingData, read_training_data
from operators.parameters import Seed, TaskResult, shape
from operators.trusted_types import import_skops

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from airflow.sdk import Context

log = logging.getLogger("airflow.task")

SAMPLE = "sample.parquet"
_SAMPLE_ROWS = 200
_PROGRESS_SECONDS = 30
_WARNINGS_KEPT = 5


class TrainModelOperator(BaseOperator):
    """Fit an estimator on the training split and publish a model that takes raw rows.

    The published pipeline is the fitted preprocessing, the fitted feature engineering and the estimator. Before it is
    published, its predictions on raw rows are compared with the estimator's on the transformed matrix, so that what
    is served is what was trained.

    .. code-block:: yaml

        train_model:
          operator: TrainModel
          dependencies: [feature_engineering]
          data: feature_engineering
          estimator: sklearn.linear_model.LogisticRegression
          parameters: {C: 0.5, max_iter: 2000}
          random_state: 7

    :param data: result of a FeatureEngineering or PreprocessData task (templated)
    :param estimator: dotted scikit-learn name of a classifier or regressor (templated)
    :param parameters: arguments of the estimator, plain values only (templated)
    :param random_state: seed, for estimators that have one
    """

    template_fields: Sequence[str] = ("data", "estimator", "parameters")

    def __init__(
        self,
        *,
        data: TaskResult,
        estimator: Annotated[str, shape(pattern=r"^sklearn(\.[a-z_]+)+\.[A-Z][A-Za-z0-9]*$")],
        parameters: Mapping[str, Any] | None = None,
        random_state: Seed | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.data = data
        self.estimator = estimator
        self.parameters = parameters
        self.random_state = random_state

    def execute(self, context: Context) -> dict[str, Any]:
        """Fit, check and publish.

        :returns: the reference of an artefact of kind ``model``
        :raises AirflowFailException: if the estimator, its parameters or the data cannot be used
        """
        with mistakes_fail_the_task(self.task_id):
            model = make_estimator(self.estimator, dict(self.parameters or {}), self.random_state)
            data = read_training_data(self.data)
            check_task(model, data.facts["task"])
            seconds, notes = self._fit(model, data)
            pipeline = compose(data, model)
        return self._publish(context, pipeline, data, {"fit_seconds": round(seconds, 3), "fit_warnings": notes})

    def _fit(self, model: Any, data: TrainingData) -> tuple[float, list[str]]:
        what = f"{self.estimator} on {len(data.train)} rows and {data.train.shape[1]} columns"
        with report_progress(f"fitting {what}"):
            started = time.perf_counter()
            notes = fit(model, data.train, data.train_target)
            seconds = time.perf_counter() - started
        log.info("fitted %s in %.2f s", what, seconds)
        for note in notes:
            log.warning("while fitting: %s", note)
        return seconds, notes

    def _publish(
        self, context: Context, pipeline: Any, data: TrainingData, fit_facts: Mapping[str, Any]
    ) -> dict[str, Any]:
        import sklearn

        stored: bytes = import_skops().dumps(pipeline, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
        artifact = ArtifactWriter(context)
        artifact.write_bytes(MODEL, stored)
        artifact.write_frame(SAMPLE, data.raw_test.head(_SAMPLE_ROWS))
        artifact.write_json(
            "profile.json", make_profile(data.raw_train, data.facts["numeric"], data.facts["categorical"])
        )
        facts = {
            "estimator": self.estimator,
            "parameters": dict(self.parameters or {}),
            "random_state": self.random_state,
            **data.facts,
            "training_rows": len(data.train),
            "matrix_columns": data.train.shape[1],
            **fit_facts,
            "sklearn_version": sklearn.__version__,
            "model_sha256": hashlib.sha256(stored).hexdigest(),
            "data_sha256": self.data["sha256"],
            "split": data.split.to_xcom(),
            "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        ti = context["ti"]
        stats.emit(stats.ML_TRAIN_DURATION, fit_facts["fit_seconds"], dag_id=ti.dag_id, task_id=ti.task_id)
        reference = artifact.publish("model", rows=len(data.train), facts=facts)
        log.info("published %s (%d bytes)", artifact.uri_of(MODEL), len(stored))
        return reference.to_xcom()


def check_task(model: Any, task: str) -> None:
    """Refuse a regressor for classes and a classifier for numbers.

    :raises DataMistakeError: if they do not fit
    """
    from sklearn.base import is_classifier

    if is_classifier(model) != (task == "classification"):
        kind = "a classifier" if is_classifier(model) else "a regressor"
        raise DataMistakeError(f"estimator: {type(model).__name__} is {kind}, but the target makes this a {task}")


def fit(model: Any, matrix: pd.DataFrame, target: np.ndarray[Any, Any]) -> list[str]:
    """Fit in place.

    :returns: the first line of each warning, e.g. that the solver did not converge
    :raises DataMistakeError: if scikit-learn refuses the parameters or the data; both come from the YAML
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(matrix, target)
        except (ValueError, TypeError) as error:
            raise DataMistakeError(f"parameters: {type(model).__name__} cannot be fitted. {error}") from None
    lines = [f"{w.category.__name__}: {str(w.message).strip().splitlines()[0]}" for w in caught]
    return list(dict.fromkeys(lines))[:_WARNINGS_KEPT]


def compose(data: TrainingData, model: Any) -> Any:
    """Put the fitted steps together and check that raw rows give what the matrix gives.

    :returns: a fitted :class:`sklearn.pipeline.Pipeline` that takes raw rows
    :raises DataMistakeError: if a prediction differs, which means that serving would not do what training did
    """
    import numpy as np
    from sklearn.pipeline import Pipeline

    pipeline = Pipeline([*data.transformers, ("estimator", model)])
    rows = min(_SAMPLE_ROWS, len(data.test))
    served = _outputs(pipeline, data.raw_test.head(rows))
    trained = _outputs(model, data.test.head(rows))
    same = np.isclose(served, trained, rtol=1e-6, atol=1e-9) if served.dtype.kind == "f" else served == trained
    differing = int(rows - same.reshape(rows, -1).all(axis=1).sum())
    if differing:
        raise DataMistakeError(
            f"data: {differing} of {rows} predictions on raw rows differ from those on the transformed rows; "
            "the transformers do not repeat at serving time what was done before training"
        )
    log.info("predictions on %d raw rows agree with those on the transformed rows", rows)
    return pipeline


def _outputs(model: Any, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
    import numpy as np

    return np.asarray(model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows))


@contextmanager
def report_progress(what: str, *, every: float = _PROGRESS_SECONDS) -> Iterator[None]:
    """Log a line now and again while something long runs.

    :param what: what runs, with its size
    :param every: seconds between two lines
    """
    done = threading.Event()
    started = time.monotonic()

    def tell() -> None:
        while not done.wait(every):
            log.info("still %s, for %.0f s now", what, time.monotonic() - started)

    log.info("%s", what)
    thread = threading.Thread(target=tell, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
