from __future__ import annotations

import os
import subprocess
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from operators.deploy.deploy_model import _judge_agreement, _judge_answers, _judge_loading
from operators.deploy.smoke_test import SmokeResult, answer, run_smoke_test
from operators.trusted_types import TRUSTED_TYPES, import_skops

ROWS = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})


def test_a_model_answers_every_row_as_it_does_here() -> None:
    model = LogisticRegression().fit(ROWS, ["no", "no", "yes", "yes"])

    result = run_smoke_test(import_skops().dumps(model), ROWS, TRUSTED_TYPES)

    assert result.error == ""
    assert np.allclose(result.answers, model.predict_proba(ROWS))
    assert len(result.latencies_ms) == 4
    assert result.load_seconds > 0


def test_a_file_that_is_no_model_says_why() -> None:
    result = run_smoke_test(b"not a zip", ROWS, TRUSTED_TYPES)

    assert result.error.startswith("the process ended with code 1: BadZipFile")
    assert _judge_loading(result).outcome == "fail"


def test_an_untrusted_type_is_refused_in_the_fresh_process_too() -> None:
    result = run_smoke_test(import_skops().dumps(FunctionTransformer(func=os.system)), ROWS, TRUSTED_TYPES)

    assert "posix.system" in result.error


def test_a_model_that_misses_a_column_says_so() -> None:
    model = LinearRegression().fit(ROWS, [1, 2, 3, 4])

    result = run_smoke_test(import_skops().dumps(model), ROWS[["a"]], TRUSTED_TYPES)

    assert "ValueError: The feature names should match those that were passed during fit" in result.error
    assert result.error.endswith("yet now missing: - b")


def test_the_fresh_process_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    from operators.deploy import smoke_test

    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", "postgres://user:secret@host")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    assert "secret" not in str(smoke_test._environment())


def test_a_model_that_hangs_is_stopped() -> None:
    model = LinearRegression().fit(ROWS, [1, 2, 3, 4])

    with pytest.raises(subprocess.TimeoutExpired):
        run_smoke_test(import_skops().dumps(model), ROWS, TRUSTED_TYPES, timeout_seconds=0.01)


def result_of(*answers: tuple[Any, ...]) -> SmokeResult:
    return SmokeResult(0.1, answers, (1.0,) * len(answers))


@pytest.mark.parametrize(
    ("answers", "finite", "same"),
    [
        ([(0.5, 0.5), (0.9, 0.1)], "pass", "pass"),
        ([(0.5, 0.5), (0.9 + 1e-9, 0.1)], "pass", "pass"),
        ([(0.5, 0.5), (0.8, 0.2)], "pass", "fail"),
        ([(0.5, 0.5), (float("nan"), 0.1)], "fail", "fail"),
        ([(0.5, 0.5)], "fail", "fail"),
        ([(0.5, 0.5), (0.9,)], "fail", "fail"),
    ],
)
def test_answers_must_be_complete_finite_and_the_same(answers: list[Any], finite: str, same: str) -> None:
    expected = [[0.5, 0.5], [0.9, 0.1]]

    assert _judge_answers(result_of(*answers), expected).outcome == finite
    assert _judge_agreement(result_of(*answers), expected).outcome == same


def test_labels_are_compared_as_they_are() -> None:
    assert _judge_agreement(result_of(("yes",), ("no",)), [["yes"], ["no"]]).outcome == "pass"
    assert _judge_agreement(result_of(("yes",), ("no",)), [["yes"], ["yes"]]).outcome == "fail"


def test_a_model_without_probabilities_answers_with_its_label() -> None:
    class Constant(BaseEstimator):
        def predict(self, rows: pd.DataFrame) -> Any:
            return np.array(["yes"] * len(rows))

    assert answer(Constant(), ROWS.head(2)) == [["yes"], ["yes"]]
