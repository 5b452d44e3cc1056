from __future__ import annotations

import pytest
from sklearn.linear_model import LogisticRegression

from operators.model.estimators import MODULES, EstimatorError, estimator_classes, find_estimator, make_estimator


def test_an_estimator_is_made_from_plain_values() -> None:
    made = make_estimator("sklearn.linear_model.LogisticRegression", {"C": 0.5}, 7)

    assert isinstance(made, LogisticRegression)
    assert (made.C, made.random_state) == (0.5, 7)


def test_a_seed_is_ignored_where_nothing_is_random() -> None:
    assert "random_state" not in make_estimator("sklearn.naive_bayes.GaussianNB", {}, 7).get_params()


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_estimators_that_need_no_arguments(module: str) -> None:
    for cls in estimator_classes(module).values():
        assert not set(cls.__abstractmethods__ if hasattr(cls, "__abstractmethods__") else ())
        assert cls.__module__.startswith("sklearn.")


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "builtins.eval",
        "subprocess.Popen",
        "sklearn.linear_model.__builtins__",
        "sklearn.linear_model._base.LinearRegression",
        "sklearn.linear_model.ridge_regression",
        "sklearn.ensemble.StackingClassifier",
        "sklearn.ensemble.IsolationForest",
        "sklearn.linear_model.MultiTaskLasso",
        "sklearn.model_selection.GridSearchCV",
        "sklearn.pipeline.Pipeline",
        "LogisticRegression",
        "",
    ],
)
def test_what_is_not_in_the_closed_list_is_refused(name: str) -> None:
    with pytest.raises(EstimatorError, match="is not an estimator that can be used"):
        find_estimator(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("sklearn.linear_model.LogisticRegresion", "sklearn.linear_model.LogisticRegression"),
        ("RandomForestClassifier", "sklearn.ensemble.RandomForestClassifier"),
        ("sklearn.tree.RandomForestClassifier", "sklearn.ensemble.RandomForestClassifier"),
        ("sklearn.ensemble.histgradientboostingclassifier", "sklearn.ensemble.HistGradientBoostingClassifier"),
    ],
)
def test_the_nearest_name_is_offered(name: str, meant: str) -> None:
    with pytest.raises(EstimatorError, match=f"Did you mean '{meant}'"):
        find_estimator(name)


def test_an_unknown_parameter_names_the_nearest_and_all() -> None:
    with pytest.raises(EstimatorError) as caught:
        make_estimator("sklearn.ensemble.RandomForestClassifier", {"n_estimator": 10}, None)

    assert "has no parameter 'n_estimator'; did you mean 'n_estimators'?" in str(caught.value)
    assert "max_depth" in str(caught.value)


@pytest.mark.parametrize("value", [print, object(), {"a": {1, 2}}, [lambda: 1], LogisticRegression()])
def test_a_parameter_that_is_no_plain_value_is_refused(value: object) -> None:
    with pytest.raises(EstimatorError, match="only numbers, strings"):
        make_estimator("sklearn.linear_model.LogisticRegression", {"C": value}, None)
