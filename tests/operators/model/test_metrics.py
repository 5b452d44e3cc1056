from __future__ import annotations

import math

import numpy as np
import pytest

from operators.mistakes import DataMistakeError
from operators.model.metrics import Predictions, find_positive_class, metrics_for


def binary(truth: str, probability: list[float], positive: str = "p") -> Predictions:
    """``truth`` is one letter per row, p or n; the model says p from one half on."""
    proba = np.array(probability)
    return Predictions(
        truth=np.array(list(truth)),
        predicted=np.where(proba >= 0.5, "p", "n"),
        classes=("n", "p"),
        positive_class=positive,
        scores=proba if positive == "p" else 1 - proba,
        probabilities=np.column_stack([1 - proba, proba]),
    )


def measure(name: str, predictions: Predictions) -> float:
    task = "classification" if predictions.classes else "regression"
    return metrics_for(task)[name].measure(predictions)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accuracy", 0.75),
        ("balanced_accuracy", 0.75),
        ("precision", 2 / 3),
        ("recall", 1.0),
        ("f1", 0.8),
        ("roc_auc", 1.0),
        ("average_precision", 1.0),
        ("brier_score", (0.1**2 + 0.6**2 + 0.2**2 + 0.1**2) / 4),
        ("log_loss", -(math.log(0.9) + math.log(0.4) + math.log(0.8) + math.log(0.9)) / 4),
        ("matthews", 0.5773502691896258),
    ],
)
def test_two_classes(name: str, expected: float) -> None:
    assert measure(name, binary("nnpp", [0.1, 0.6, 0.8, 0.9])) == pytest.approx(expected)


def test_the_positive_class_decides_what_is_found() -> None:
    of_p, of_n = (binary("nnpp", [0.1, 0.6, 0.8, 0.9], positive) for positive in "pn")

    assert (measure("recall", of_p), measure("recall", of_n)) == (1.0, 0.5)
    assert (measure("precision", of_p), measure("precision", of_n)) == (pytest.approx(2 / 3), 1.0)
    assert measure("roc_auc", of_n) == measure("roc_auc", of_p) == 1.0
    assert measure("brier_score", of_n) == pytest.approx(measure("brier_score", of_p))


def test_three_classes_are_averaged() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.2, 0.6, 0.2]])
    predictions = Predictions(
        truth=np.array(["a", "b", "c", "c"]),
        predicted=np.array(["a", "b", "c", "b"]),
        classes=("a", "b", "c"),
        scores=probabilities,
        probabilities=probabilities,
    )

    assert measure("recall", predictions) == pytest.approx((1 + 1 + 0.5) / 3)
    assert measure("precision", predictions) == pytest.approx((1 + 0.5 + 1) / 3)
    for name in metrics_for("classification"):
        assert math.isfinite(measure(name, predictions)), name


@pytest.mark.parametrize(("name", "expected"), [("mae", 1.0), ("rmse", 5 / 3), ("max_error", 3.0), ("mape", 1 / 3)])
def test_numbers(name: str, expected: float) -> None:
    predictions = Predictions(truth=np.array([1.0, 2.0, 3.0]), predicted=np.array([1.0, 2.0, 6.0]))

    assert measure(name, predictions) == pytest.approx(expected if name != "rmse" else math.sqrt(3))


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_rows_of_one_class_allow_no_ranking(name: str) -> None:
    assert math.isnan(measure(name, binary("nnnn", [0.1, 0.2, 0.3, 0.4])))


def test_precision_of_a_model_that_finds_nothing_is_not_a_number() -> None:
    predictions = binary("nnpp", [0.1, 0.1, 0.2, 0.3])

    assert math.isnan(measure("precision", predictions))
    assert measure("recall", predictions) == 0.0


def test_no_rows_allow_nothing() -> None:
    nothing = binary("np", [0.1, 0.9]).only(np.array([False, False]))

    assert all(math.isnan(measure(name, nothing)) for name in metrics_for("classification"))


def test_a_model_without_probabilities_has_no_log_loss() -> None:
    predictions = Predictions(truth=np.array(["n", "p"]), predicted=np.array(["n", "p"]), classes=("n", "p"))

    assert math.isnan(measure("log_loss", predictions))
    assert math.isnan(measure("roc_auc", predictions))


def test_gain_is_positive_where_the_model_is_better() -> None:
    metrics = metrics_for("classification")

    assert metrics["roc_auc"].gain(0.9, 0.8) == pytest.approx(0.1)
    assert metrics["log_loss"].gain(0.2, 0.3) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("wanted", "classes", "found"),
    [("p", ("n", "p"), "p"), (1, (0, 1), 1), ("1", (0, 1), 1), (1, ("0", "1"), "1"), (True, (False, True), True)],
)
def test_the_positive_class_is_found_however_yaml_reads_it(wanted: object, classes: object, found: object) -> None:
    assert find_positive_class(wanted, classes) == found


@pytest.mark.parametrize(
    ("wanted", "classes", "message"),
    [
        (None, ("n", "p"), "say which class is looked for, one of 'n', 'p'; found None"),
        ("q", ("n", "p"), "one of 'n', 'p'; found 'q'"),
        ("a", ("a", "b", "c"), "leave it out; the target has 3 classes"),
    ],
)
def test_an_unclear_positive_class_is_refused(wanted: object, classes: object, message: str) -> None:
    with pytest.raises(DataMistakeError, match=message):
        find_positive_class(wanted, classes)
