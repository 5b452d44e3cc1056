"""What the checker knows of scikit-learn, held against the scikit-learn that is installed."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from operators.data.sample_catalogue import sample_catalogue
from operators.model.estimator_catalogue import estimator_catalogue
from operators.model.estimators import EstimatorError, find_estimator
from schemas.rules.estimators import describe, estimators, fits
from schemas.rules.tables import samples

DATA = Path(__file__).parents[3] / "schemas" / "rules"
VALUES: list[Any] = [
    None, True, False, -1, 0, 1, 2, 7, 1000, -0.5, 0.0, 0.1, 0.5, 1.0, 1.5, 30.0, float("inf"), "", "auto", "nonsense",
    "balanced", "log2", "l2", "squared_error", "rbf", [], [1, 2], [0.1], ["a"], {}, {"a": 1},
]  # fmt: skip


def test_the_list_of_estimators_is_that_of_the_installed_scikit_learn() -> None:
    written = json.loads((DATA / "estimators.json").read_text())
    now = json.loads(json.dumps(estimator_catalogue()))
    assert written == now, "run: python -m operators.model.estimator_catalogue > schemas/rules/estimators.json"


def test_the_list_of_samples_is_that_of_the_installed_scikit_learn() -> None:
    assert samples() == sample_catalogue(), (
        "run: python -m operators.data.sample_catalogue > schemas/rules/samples.json"
    )


@pytest.mark.parametrize("name", estimators())
def test_train_model_takes_each_estimator_of_the_list(name: str) -> None:
    assert find_estimator(name).__name__ == name.rpartition(".")[2]


@pytest.mark.parametrize("name", ["sklearn.cluster.KMeans", "sklearn.ensemble.VotingClassifier", "sklearn.svm.Nothing"])
def test_what_is_not_in_the_list_train_model_does_not_take(name: str) -> None:
    assert name not in estimators()
    with pytest.raises(EstimatorError):
        find_estimator(name)


def scikit_learn_takes(cls: Any, parameter: str, value: Any) -> bool:
    from sklearn.utils._param_validation import InvalidParameterError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = cls(**{parameter: value})
    try:
        estimator._validate_params()
    except InvalidParameterError as error:
        # other parameters are at their defaults, so this is the one that is meant
        return f"'{parameter}' parameter" not in str(error)
    return True


@pytest.mark.parametrize("name", estimators())
def test_a_value_is_refused_exactly_where_scikit_learn_refuses_it(name: str) -> None:
    cls = find_estimator(name)
    for parameter, constraints in estimators()[name].parameters.items():
        for value in VALUES:
            taken = scikit_learn_takes(cls, parameter, value)
            if isinstance(value, dict) and ["list"] in constraints and ["mapping"] not in constraints:
                taken = False  # scikit-learn only looks whether it has a length
            assert fits(value, constraints) == taken, (parameter, value, describe(constraints))


def test_a_template_may_become_anything() -> None:
    assert fits("{{ params.trees }}", [["integer", 1, None, "left"]])


@pytest.mark.parametrize(
    ("constraints", "words"),
    [
        ([["integer", 1, None, "left"], ["null"]], "an integer from 1 on or null"),
        ([["number", 0.0, None, "neither"]], "a number above 0"),
        ([["number", 0.0, 1.0, "both"]], "a number from 0 to 1"),
        ([["fraction", 0.0, 1.0, "right"]], "a number with a decimal point above 0 and up to 1"),
        ([["number", 0.0, 1.0, "left"]], "a number from 0 and below 1"),
        ([["integer", None, None, "both"]], "an integer"),
        ([["options", "gini", "entropy"], ["boolean"]], '"gini", "entropy" or true or false'),
    ],
)
def test_what_a_parameter_takes_is_said_in_words(constraints: list[list[Any]], words: str) -> None:
    assert describe(constraints) == words
