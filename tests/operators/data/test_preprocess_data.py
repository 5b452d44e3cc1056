"""PreprocessData: held-out rows teach nothing, and what was learnt is repeated on raw rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from airflow.sdk.exceptions import AirflowFailException

from operators.artifacts import Artifact
from operators.data.preprocess_data import PreprocessDataOperator

OWN_TYPES = [f"operators.data.transformers.{name}" for name in ("CleanNumbers", "CleanCategories", "DeclaredFeatures")]


def people(rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "age": rng.integers(16, 90, rows).astype(float),
            "wage": rng.lognormal(3, 1, rows),
            "city": rng.choice(["Ulm", "Köln", "Bonn"], rows, p=[0.7, 0.25, 0.05]),
            "member": rng.random(rows) < 0.5,
            "day": pd.date_range("2026-01-01", periods=rows, freq="h"),
            "bought": rng.choice(["no", "yes"], rows, p=[0.8, 0.2]),
        }
    )
    frame.loc[::11, "age"] = np.nan
    frame.loc[::13, "city"] = None
    return frame


def preprocess(data: Any, **parameters: Any) -> PreprocessDataOperator:
    return PreprocessDataOperator(
        task_id="preprocess_data", data=data, **{"target": "bought", "drop": ["day"]} | parameters
    )


def load(artifact: Artifact) -> Any:
    return skops.io.loads(artifact.read_bytes("transformer.skops"), trusted=[*OWN_TYPES, "numpy.dtype"])


@pytest.fixture
def split(run_task, publish_table, published):
    """Preprocess a table; gives the artefact."""
    tries = iter(range(1, 100))

    def run(frame: pd.DataFrame, **parameters: Any) -> Artifact:
        return published(run_task(preprocess(publish_table(frame), **parameters), try_number=next(tries)).result)

    return run


@pytest.fixture
def refused(run_task, publish_table):
    """Preprocess a table that cannot be; gives the message."""

    def run(frame: pd.DataFrame, **parameters: Any) -> str:
        return str(run_task(preprocess(publish_table(frame), **parameters), raises=AirflowFailException).error)

    return run


def test_rows_are_split_and_nothing_is_lost(split):
    frame = people()
    artifact = split(frame)
    train, test = artifact.read_frame("train_raw.parquet"), artifact.read_frame("test_raw.parquet")
    assert (len(train), len(test)) == (150, 50)
    together = pd.concat([train, test]).sort_values("day").reset_index(drop=True)
    pd.testing.assert_frame_equal(together, frame, check_dtype=False)
    assert (train["bought"] == "yes").mean() == pytest.approx((test["bought"] == "yes").mean(), abs=0.02)


def test_facts_tell_the_next_tasks_what_is_there(split):
    facts = split(people()).facts
    assert (facts["target"], facts["task"], facts["classes"]) == ("bought", "classification", ["no", "yes"])
    assert facts["features"] == ["age", "wage", "city", "member"]
    assert (facts["numeric"], facts["categorical"]) == (["age", "wage"], ["city", "member"])
    assert (facts["train_rows"], facts["test_rows"], facts["rows_without_target"]) == (150, 50, 0)


def test_dropped_columns_stay_in_the_raw_rows_for_slices(split):
    artifact = split(people(), drop=["day", "city"])
    assert "city" in artifact.read_frame("test_raw.parquet")
    assert "city" not in artifact.read_frame("test.parquet")


def test_what_is_learnt_is_that_of_the_training_rows_alone(split):
    artifact = split(people(), numeric={"impute": "mean", "clip": ["5%", "95%"]}, categorical={"min_frequency": "10%"})
    train = artifact.read_frame("train_raw.parquet")
    parts = load(artifact).named_transformers_
    clean, impute = parts["numbers"].named_steps["clean"], parts["numbers"].named_steps["impute"]
    numbers = train[["age", "wage"]]
    np.testing.assert_allclose(clean.low_, numbers.quantile(0.05))
    np.testing.assert_allclose(clean.high_, numbers.quantile(0.95))
    np.testing.assert_allclose(impute.statistics_, numbers.clip(clean.low_, clean.high_, axis=1).mean())
    shares = train["city"].fillna("missing").value_counts(normalize=True)
    assert parts["categories"].frequent_[0] == sorted(shares.index[shares >= 0.1])


def test_values_of_the_test_rows_change_nothing_that_is_learnt(split):
    frame = people()
    first = split(frame)
    held_out = frame["day"].isin(first.read_frame("test_raw.parquet")["day"])
    frame.loc[held_out, "wage"] = 1e9
    frame.loc[held_out, "city"] = "Atlantis"
    second = split(frame)
    assert first.files["train.parquet"] == second.files["train.parquet"]
    assert "Atlantis" not in str(load(second).named_transformers_["categories"].__dict__)


def test_same_input_and_seed_give_the_same_bytes_and_another_seed_does_not(split):
    runs = [split(people(), split={"random_state": seed}) for seed in (7, 7, 8)]
    names = [f"{part}{kind}.parquet" for part in ("train", "test") for kind in ("", "_raw")]
    sums = [[run.files[name]["sha256"] for name in names] for run in runs]
    assert sums[0] == sums[1] != sums[2]


@pytest.mark.parametrize("impute", ["median", "mean", "most_frequent", "none"])
def test_numbers_are_filled_as_declared(split, impute):
    rows = pd.DataFrame({"x": [3.0, 3.0, 6.0, 9.0, np.nan] * 8, "y": np.arange(40.0)})
    artifact = split(rows, target="y", drop=[], numeric={"impute": impute})
    known = artifact.read_frame("train_raw.parquet")["x"]
    expected = {"median": known.median(), "mean": known.mean(), "most_frequent": known.mode()[0], "none": np.nan}
    filled = load(artifact).transform(pd.DataFrame({"x": [None, 4.0]}))["x"].tolist()
    np.testing.assert_equal(filled, [expected[impute], 4.0])
    assert artifact.facts["task"] == "regression"


def test_constant_fills_with_its_value(split):
    artifact = split(people(), numeric={"impute": "constant", "value": -1})
    raw, done = artifact.read_frame("train_raw.parquet"), artifact.read_frame("train.parquet")
    assert set(done.loc[raw["age"].isna(), "age"]) == {-1.0}


def test_clip_cuts_at_quantiles_of_the_training_rows(split):
    artifact = split(people(), numeric={"clip": ["10%", "90%"]})
    raw = artifact.read_frame("train_raw.parquet")["wage"]
    for part in ("train", "test"):
        assert artifact.read_frame(f"{part}.parquet")["wage"].between(raw.quantile(0.1), raw.quantile(0.9)).all()


@pytest.mark.parametrize(
    ("how", "unknown", "missing"),
    [
        ({"impute": "missing"}, "Oslo", "missing"),
        ({"impute": "most_frequent"}, "Oslo", "Ulm"),
        ({"impute": "none"}, "Oslo", None),
        ({"impute": "missing", "min_frequency": "10%"}, "infrequent", "missing"),
        ({"impute": "missing", "min_frequency": "20%"}, "infrequent", "infrequent"),
        ({"impute": "most_frequent", "min_frequency": 20}, "infrequent", "Ulm"),
    ],
)
def test_unknown_and_missing_categories_at_prediction_time(split, how, unknown, missing):
    transformer = load(split(people(), categorical=how))
    rows = pd.DataFrame({"age": [30, 31], "wage": [1, 2], "city": ["Oslo", None], "member": [True, None], "more": 1})
    got = transformer.transform(rows)
    assert got["city"][0] == unknown
    assert got["city"][1] == missing or (missing is None and pd.isna(got["city"][1]))


def test_raw_rows_without_target_and_dropped_columns_are_enough(split):
    artifact = split(people())
    raw = artifact.read_frame("test_raw.parquet")
    got = load(artifact).transform(raw[artifact.facts["features"]])
    pd.testing.assert_frame_equal(got, artifact.read_frame("test.parquet").drop(columns="bought"), check_dtype=False)


def test_single_row_reads_like_the_table(split):
    frame = people().assign(code=lambda f: f["age"].round(-1))
    artifact = split(frame.astype({"code": object}), numeric={"impute": "none"})
    raw = artifact.read_frame("test_raw.parquet")
    transformer = load(artifact)
    whole = transformer.transform(raw)
    rows = [transformer.transform(pd.DataFrame([row])) for row in raw.head(20).to_dict("records")]
    pd.testing.assert_frame_equal(pd.concat(rows, ignore_index=True), whole.head(20), check_dtype=False)


def test_number_that_is_text_at_prediction_time_is_an_error(split):
    transformer = load(split(people()))
    with pytest.raises(ValueError, match="could not convert string to float: 'old'"):
        transformer.transform(pd.DataFrame({"age": ["old"], "wage": [1], "city": ["Ulm"], "member": [True]}))


def test_latest_rows_are_held_out_by_time(split):
    artifact = split(people().sample(frac=1, random_state=1), drop=[], split={"by_time": "day", "test_size": "20%"})
    train, test = artifact.read_frame("train_raw.parquet"), artifact.read_frame("test_raw.parquet")
    assert train["day"].max() < test["day"].min()
    assert len(test) == 40
    assert "day" not in artifact.facts["features"]


def test_rows_without_target_are_left_out_and_counted(split):
    frame = people()
    frame.loc[:9, "bought"] = None
    facts = split(frame).facts
    assert (facts["rows_without_target"], facts["train_rows"] + facts["test_rows"]) == (10, 190)


@pytest.mark.parametrize(
    ("target", "declared", "task", "classes"),
    [
        (["no", "yes"] * 50, None, "classification", ["no", "yes"]),
        ([0, 1] * 50, None, "classification", [0, 1]),
        ([True, False] * 50, None, "classification", [False, True]),
        (list(range(100)), None, "regression", None),
        ([0.5, 1.5] * 50, None, "regression", None),
        ([0, 1] * 50, "regression", "regression", None),
        ([1.0, 2.0] * 50, "classification", "classification", ["1", "2"]),
    ],
)
def test_task_follows_the_target_unless_declared(split, target, declared, task, classes):
    frame = pd.DataFrame({"x": range(100), "y": target})
    facts = split(frame, target="y", drop=[], task=declared).facts
    assert (facts["task"], facts["classes"]) == (task, classes)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"target": "bougt"}, "target: no column 'bougt'; did you mean 'bought'?"),
        ({"drop": ["dya"]}, "drop: no column 'dya'; did you mean 'day'?"),
        ({"drop": ["bought"]}, "drop: holds the target 'bought'"),
        ({"drop": []}, "drop: columns of times are no features; drop 'day', or split by_time on it"),
        ({"drop": ["age", "wage", "city", "member", "day"]}, "drop: no column is left as a feature"),
        ({"split": {"size": 1}}, "split: unknown key 'size'; allowed are test_size, stratify, random_state, by_time"),
        ({"split": {"test_size": "120%"}}, "split.test_size: needs a fraction between 0 and 1"),
        (
            {"split": {"test_size": 0.001}},
            "split.test_size: 1 of 200 rows are held out; with 2 classes each part needs",
        ),
        ({"split": {"by_time": "day", "stratify": True}}, "split: give stratify or by_time"),
        ({"split": {"by_time": "city"}, "drop": ["day"]}, "split.by_time: 200 rows of 'city' hold no time"),
        ({"target": "wage", "split": {"stratify": True}}, "split.stratify: needs classes; 'wage' is a quantity"),
        ({"task": "regression"}, "task: regression needs numbers; 'bought' holds str"),
        ({"task": "ranking"}, "task: found 'ranking'; allowed are classification, regression"),
        ({"numeric": {"impute": "zero"}}, "numeric.impute: found 'zero'; allowed are median, mean"),
        ({"numeric": {"impute": "constant"}}, "numeric.value: goes with `impute: constant`"),
        ({"numeric": {"clip": ["99%", "1%"]}}, "numeric.clip: needs two rising quantiles"),
        ({"numeric": {"clip": "1%"}}, "numeric.clip: needs two quantiles"),
        ({"categorical": {"impute": "mode"}}, "categorical.impute: found 'mode'; allowed are missing, most_frequent"),
        ({"categorical": {"min_frequency": 0}}, "categorical.min_frequency: needs a fraction or a number of rows"),
    ],
)
def test_parameters_that_do_not_fit_are_told(refused, parameters, said):
    assert refused(people(), **parameters).startswith(f"preprocess_data.{said}")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bought": "yes"}, "target: 'bought' needs at least two classes; every row has 'yes'"),
        ({"bought": None}, "target: 'bought' needs at least two classes; there are no rows"),
        (
            {"bought": ["once", *["no"] * 199]},
            "split.stratify: each class needs 2 rows, one for each part; one row only",
        ),
        ({"wage": np.nan}, "drop: 'wage' has no value in the 150 training rows; drop it"),
        ({"bought": 2.5}, "target: 'bought' is 2.5 in every training row"),
    ],
)
def test_tables_that_nothing_can_be_learnt_from_are_told(refused, change, said):
    frame = people()
    for name, value in change.items():
        frame[name] = value if value is not None else pd.Series([None] * len(frame), dtype="str")
    assert refused(frame).startswith(f"preprocess_data.{said}")


def test_data_must_be_a_table(run_task, publish_table):
    error = run_task(preprocess(publish_table(people(), kind="model")), raises=AirflowFailException).error
    assert "preprocess_data.data: needs a table, as ValidateData passes it on" in str(error)


def test_file_holds_no_type_beside_our_own(split):
    data = split(people(), categorical={"min_frequency": 5}).read_bytes("transformer.skops")
    assert set(skops.io.get_untrusted_types(data=data)) <= {*OWN_TYPES, "numpy.dtype"}


def test_result_is_small(run_task, publish_table):
    assert len(json.dumps(run_task(preprocess(publish_table(people()))).result)) <= 1000


def test_the_example_of_the_docstring_splits_census_rows(
    run_task, publish_table, published, docstring_example, shared_data: Path
):
    adult = pd.read_csv(shared_data / "adult.csv", na_values=["?"], nrows=5000)
    parameters = docstring_example(PreprocessDataOperator) | {"data": publish_table(adult)}
    artifact = published(run_task(PreprocessDataOperator(task_id="preprocess_data", **parameters)).result)
    assert artifact.facts["classes"] == ["<=50K", ">50K"]
    assert artifact.read_frame("train.parquet").isna().sum().sum() == 0
    assert "infrequent" in set(artifact.read_frame("train.parquet")["native_country"])
