"""FeatureEngineering: declared features, encoding and scaling, and one pipeline that takes raw rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
import yaml
from airflow.sdk.exceptions import AirflowFailException
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier

from operators.artifacts import Artifact
from operators.data.download_data import DownloadDataOperator
from operators.data.feature_engineering import FeatureEngineeringOperator
from operators.data.preprocess_data import PreprocessDataOperator
from operators.data.validate_data import ValidateDataOperator

OWN_TYPES = [f"operators.data.transformers.{name}" for name in ("CleanNumbers", "CleanCategories", "DeclaredFeatures")]
OPERATORS = {
    "download_data": DownloadDataOperator,
    "validate_data": ValidateDataOperator,
    "preprocess_data": PreprocessDataOperator,
    "feature_engineering": FeatureEngineeringOperator,
}


def shop(rows: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "income": rng.normal(50, 10, rows).round(2),
            "debt": rng.integers(0, 4, rows).astype(float),
            "city": rng.choice(["Ulm", "Köln", "Bonn"], rows),
            "bought": rng.choice(["no", "yes"], rows),
        }
    )


def engineer(data: Any, **parameters: Any) -> FeatureEngineeringOperator:
    return FeatureEngineeringOperator(task_id="feature_engineering", data=data, **parameters)


def load(artifact: Artifact) -> Any:
    return skops.io.loads(artifact.read_bytes("transformer.skops"), trusted=[*OWN_TYPES, "numpy.dtype"])


@pytest.fixture
def preprocessed(run_task, publish_table):
    """Preprocess a table; gives the reference."""
    tries = iter(range(1, 100))

    def run(frame: pd.DataFrame, **parameters: Any) -> dict[str, Any]:
        operator = PreprocessDataOperator(
            task_id="preprocess_data", data=publish_table(frame), **{"target": "bought"} | parameters
        )
        return run_task(operator, try_number=next(tries)).result

    return run


@pytest.fixture
def features(run_task, preprocessed, published):
    """Make features of a table; gives the artefact."""
    tries = iter(range(1, 100))

    def run(frame: pd.DataFrame, before: dict[str, Any] | None = None, **parameters: Any) -> Artifact:
        operator = engineer(preprocessed(frame, **before or {}), **parameters)
        return published(run_task(operator, try_number=next(tries)).result)

    return run


@pytest.fixture
def refused(run_task, preprocessed):
    """Ask for features that cannot be made; gives the message."""

    def run(frame: pd.DataFrame | None = None, **parameters: Any) -> str:
        data = preprocessed(shop() if frame is None else frame)
        return str(run_task(engineer(data, **parameters), raises=AirflowFailException).error)

    return run


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"ratio": ["a", "b"]}, [2.0, np.nan, -0.5]),
        ({"difference": ["a", "b"]}, [2.0, 3.0, -3.0]),
        ({"product": ["a", "b", "b"]}, [16.0, 0.0, -4.0]),
        ({"sum": ["a", "b"]}, [6.0, 3.0, 1.0]),
        ({"mean": ["a", "b"]}, [3.0, 1.5, 0.5]),
        ({"log1p": "a"}, [np.log(5), np.log(4), np.nan]),
        ({"power": ["b", 2]}, [4.0, 0.0, 4.0]),
        ({"power": ["b", -1]}, [0.5, np.nan, 0.5]),
        ({"power": ["a", 1000]}, [np.nan, np.nan, 1.0]),
        ({"bin": {"column": "a", "edges": [0, 4]}}, [2.0, 1.0, 0.0]),
    ],
)
def test_each_kind_of_feature(spec, expected):
    from operators.data.transformers import DeclaredFeatures

    rows = pd.DataFrame({"a": [4.0, 3.0, -1.0], "b": [2.0, 0.0, 2.0]})
    got = DeclaredFeatures({"new": spec}).fit(rows).transform(rows)
    assert list(got) == ["a", "b", "new"]
    np.testing.assert_allclose(got["new"], expected)


def test_missing_values_make_missing_features():
    from operators.data.transformers import DeclaredFeatures

    rows = pd.DataFrame({"a": [1.0, np.nan]})
    spec = {"group": {"bin": {"column": "a", "edges": [0]}}, "twice": {"sum": ["a", "a"]}}
    got = DeclaredFeatures(spec).fit(rows).transform(rows)
    assert got["group"].isna().tolist() == got["twice"].isna().tolist() == [False, True]


def test_feature_may_use_the_ones_before_it(features):
    spec = {"left": {"difference": ["income", "debt"]}, "share": {"ratio": ["left", "income"]}}
    matrix = features(shop(), features=spec).read_frame("train.parquet")
    np.testing.assert_allclose(matrix["share"], (matrix["income"] - matrix["debt"]) / matrix["income"])


def test_quantile_bins_are_those_of_the_training_rows(features):
    artifact = features(shop(), features={"group": {"bin": {"column": "income", "quantiles": 4}}})
    train = artifact.read_frame("train.parquet")
    edges = load(artifact).named_steps["declare"].edges_["group"]
    np.testing.assert_allclose(edges, train["income"].quantile([0.25, 0.5, 0.75]))
    assert train["group"].value_counts().max() <= 23


@pytest.mark.parametrize(("impute", "missing"), [("median", False), ("mean", False), ("none", True)])
def test_ratio_to_zero_is_filled_from_the_training_rows(features, impute, missing):
    artifact = features(shop(), features={"load": {"ratio": ["income", "debt"]}}, impute=impute)
    train = artifact.read_frame("train.parquet")
    zero = train["debt"] == 0
    assert zero.any()
    assert train.loc[zero, "load"].isna().all() == missing
    if not missing:
        assert train.loc[zero, "load"].unique() == pytest.approx([train.loc[~zero, "load"].agg(impute)])


@pytest.mark.parametrize(
    ("encode", "columns"),
    [("one_hot", ["income", "debt", "city_Bonn", "city_Köln", "city_Ulm"]), ("ordinal", ["income", "debt", "city"])],
)
def test_encodings(features, encode, columns):
    artifact = features(shop(), encode=encode)
    matrix = artifact.read_frame("test.parquet").drop(columns="bought")
    assert list(matrix) == artifact.facts["columns"] == columns
    assert all(dtype.kind in "if" for dtype in matrix.dtypes)


@pytest.mark.parametrize(("encode", "expected"), [("one_hot", [0, 0, 0]), ("ordinal", [-1])])
def test_unknown_category_at_prediction_time(features, encode, expected):
    transformer = load(features(shop(), encode=encode))
    row = transformer.transform(pd.DataFrame({"income": [50.0], "debt": [0.0], "city": ["Oslo"]}))
    assert row.iloc[0, 2:].tolist() == expected


@pytest.mark.parametrize("encode", ["one_hot", "ordinal"])
def test_missing_category_that_training_never_had_does_no_harm(features, encode):
    transformer = load(features(shop(), before={"categorical": {"impute": "none"}}, encode=encode))
    row = transformer.transform(pd.DataFrame({"income": [50.0], "debt": [0.0], "city": pd.Series([None], dtype="str")}))
    assert len(row) == 1


@pytest.mark.parametrize(
    ("scale", "statistics"),
    [
        ("standard", lambda x: (x.mean(), 0.0)),
        ("robust", lambda x: (x.median(), 0.0)),
        ("minmax", lambda x: (x.max(), 1.0)),
    ],
)
def test_scaling_is_that_of_the_training_rows(features, scale, statistics):
    artifact = features(shop(), features={"left": {"difference": ["income", "debt"]}}, scale=scale)
    train, test = artifact.read_frame("train.parquet"), artifact.read_frame("test.parquet")
    for column in ("income", "left"):
        value, expected = statistics(train[column])
        assert value == pytest.approx(expected, abs=1e-9)
        assert statistics(test[column])[0] != pytest.approx(expected, abs=1e-9)
    assert set(train["city_Ulm"]) == {0, 1}


def test_selected_columns_and_features_alone_become_the_matrix(features):
    spec = {"left": {"difference": ["income", "debt"]}}
    artifact = features(shop(), features=spec, select=["left", "city"], encode="ordinal")
    assert artifact.facts["columns"] == ["left", "city"]


def test_same_input_gives_the_same_bytes(features):
    runs = [features(shop(), scale="standard").files for _ in range(2)]
    assert all(runs[0][name] == runs[1][name] for name in ("train.parquet", "test.parquet"))


def test_facts_lead_to_the_preprocessing_that_comes_first(features):
    facts = features(shop(), features={"left": {"difference": ["income", "debt"]}}).facts
    assert facts["preprocess"]["kind"] == "split"
    assert (facts["target"], facts["task"], facts["classes"]) == ("bought", "classification", ["no", "yes"])
    assert facts["features"] == ["income", "debt", "city"]
    assert facts["declared"] == {"left": {"difference": ["income", "debt"]}}


def test_file_holds_no_type_beside_our_own(features):
    spec = {"group": {"bin": {"column": "income", "quantiles": 4}}, "load": {"ratio": ["income", "debt"]}}
    for scale in ("standard", "robust", "minmax", "none"):
        data = features(shop(), features=spec, scale=scale).read_bytes("transformer.skops")
        assert set(skops.io.get_untrusted_types(data=data)) <= {*OWN_TYPES, "numpy.dtype"}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"income": {"log1p": "debt"}}, "features.income: there is a column of that name already"),
        ({"bought": {"log1p": "debt"}}, "features.bought: there is a column of that name already"),
        ({"x": {"cube": "debt"}}, "features.x: unknown key 'cube'; allowed are ratio, difference, product, sum, mean"),
        ({"x": {"log1p": "debt", "sum": ["debt", "debt"]}}, "features.x: needs one of ratio, difference"),
        ({"x": "debt"}, "features.x: expected a mapping with ratio"),
        ({"x": {"ratio": ["income"]}}, "features.x.ratio: needs two columns; found ['income']"),
        ({"x": {"ratio": "income"}}, "features.x.ratio: needs two columns; found 'income'"),
        ({"x": {"sum": ["income"]}}, "features.x.sum: needs two or more columns"),
        ({"x": {"log1p": ["income"]}}, "features.x.log1p: needs the name of one column"),
        ({"x": {"log1p": "incom"}}, "features.x.log1p: no column 'incom'; did you mean 'income'?"),
        ({"x": {"log1p": "city"}}, "features.x.log1p: column 'city' holds no numbers"),
        ({"x": {"log1p": "bought"}}, "features.x.log1p: column 'bought' holds no numbers, or is the target"),
        ({"x": {"power": ["income", "debt"]}}, "features.x.power: needs a column and an exponent"),
        ({"x": {"bin": {"column": "income"}}}, "features.x.bin: needs column, and either edges or quantiles"),
        ({"x": {"bin": {"column": "income", "edges": [2, 1]}}}, "features.x.bin.edges: needs increasing numbers"),
        ({"x": {"bin": {"column": "income", "quantiles": 1}}}, "features.x.bin.quantiles: needs a whole number"),
    ],
)
def test_features_that_cannot_be_computed_are_told(refused, spec, said):
    assert refused(features=spec).startswith(f"feature_engineering.{said}")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"encode": "hash"}, "encode: found 'hash'; allowed are one_hot, ordinal, none"),
        ({"encode": "none"}, "encode: none leaves text in 'city'; allowed are one_hot and ordinal"),
        ({"scale": "log"}, "scale: found 'log'; allowed are standard, robust, minmax, none"),
        ({"impute": "zero"}, "impute: found 'zero'; allowed are median, mean, none"),
        ({"select": ["incom"]}, "select: no column 'incom'; did you mean 'income'?"),
        ({"select": []}, "select: names no column"),
    ],
)
def test_choices_that_do_not_fit_are_told(refused, parameters, said):
    assert refused(**parameters).startswith(f"feature_engineering.{said}")


def test_feature_without_any_value_is_told(refused):
    message = refused(shop().assign(debt=0.0), features={"load": {"ratio": ["income", "debt"]}})
    assert "features.load: has no finite value in any of the 90 training rows" in message


def test_one_hot_of_names_is_refused_before_it_fills_the_memory(refused):
    frame = pd.concat([shop()] * 15, ignore_index=True)
    message = refused(frame.assign(city=[f"person {n}" for n in range(len(frame))]))
    assert "encode: one_hot would make 1,350 columns of 'city'; at most 1,000 are allowed" in message


def test_data_must_be_preprocessed(run_task, publish_table):
    error = run_task(engineer(publish_table(shop())), raises=AirflowFailException).error
    assert "feature_engineering.data: needs the result of PreprocessData; found an artefact of kind 'dataset'" in str(
        error
    )


def test_result_is_small(run_task, preprocessed):
    assert len(json.dumps(run_task(engineer(preprocessed(shop()))).result)) <= 1000


def test_the_example_of_the_docstring_makes_its_features(features, docstring_example):
    parameters = docstring_example(FeatureEngineeringOperator)
    parameters.pop("data")
    rng = np.random.default_rng(1)
    columns = ("capital_gain", "capital_loss", "hours_per_week", "age")
    frame = shop().assign(**{name: rng.integers(1, 60, 120) for name in columns})
    matrix = features(frame, **parameters).read_frame("train.parquet")
    assert set(parameters["features"]) <= set(matrix)
    assert not matrix.isna().any().any()


def run_pipeline(run_task, repository: Path, name: str, **download: Any) -> tuple[Any, Any]:
    """Run the four data tasks as a pipeline's YAML has them; gives what the last two returned."""
    tasks = yaml.safe_load((repository / f"pipelines/{name}.yaml").read_text())[name]["tasks"]
    tasks["download_data"] = {"operator": "DownloadData", **(download or tasks["download_data"])}
    results: dict[str, Any] = {}
    for task_id, operator in OPERATORS.items():
        parameters = {k: v for k, v in tasks[task_id].items() if k not in ("operator", "doc_md", "dependencies")}
        if "data" in parameters:
            parameters["data"] = results[parameters["data"]]
        results[task_id] = run_task(operator(task_id=task_id, **parameters)).result
    return results["preprocess_data"], results["feature_engineering"]


def composed(preprocess: Artifact, features: Artifact, estimator: Any) -> Pipeline:
    train = features.read_frame("train.parquet")
    target = features.facts["target"]
    model = estimator.fit(train.drop(columns=target), train[target])
    return Pipeline([("preprocess", load(preprocess)), ("features", load(features)), ("estimator", model)])


def test_raw_rows_through_the_whole_pipeline_equal_the_matrix(run_task, published, repository: Path):
    preprocess, features = map(published, run_pipeline(run_task, repository, "ml_pipeline"))
    pipeline = composed(preprocess, features, LogisticRegression(max_iter=2000))
    raw, matrix = preprocess.read_frame("test_raw.parquet"), features.read_frame("test.parquet")
    served = pipeline.predict_proba(raw[features.facts["features"]])
    trained = pipeline.named_steps["estimator"].predict_proba(matrix.drop(columns="target"))
    np.testing.assert_allclose(served, trained)
    assert (pipeline.predict(raw) == raw["target"]).mean() > 0.95
    assert (len(raw), preprocess.facts["train_rows"]) == (143, 426)


def test_census_pipeline_up_to_the_matrix(run_task, published, repository: Path, shared_data: Path, tmp_path: Path):
    adult = (shared_data / "adult.csv").read_text().replace("K.\n", "K\n")
    (tmp_path / "adult.csv").write_text(adult)
    download = {"source": f"file://{tmp_path / 'adult.csv'}", "csv": {"missing_values": ["?"]}}
    preprocess, features = map(published, run_pipeline(run_task, repository, "census_income", **download))
    raw, matrix = preprocess.read_frame("test_raw.parquet"), features.read_frame("test.parquet")
    pipeline = composed(preprocess, features, DecisionTreeClassifier(max_depth=6, random_state=1))
    got = pipeline[:-1].transform(raw.head(500))
    pd.testing.assert_frame_equal(got, matrix.head(500).drop(columns="income"), check_dtype=False)
    assert (pipeline.predict(raw) == raw["income"]).mean() > 0.84
    assert features.facts["classes"] == ["<=50K", ">50K"]
    assert not matrix.isna().any().any()
