from __future__ import annotations

import json
import os
import zipfile
from io import BytesIO
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from operators.trusted_types import UntrustedTypeError, import_skops, load_or_fail, load_trusted, trusted_types


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        RandomForestClassifier(n_estimators=3),
        HistGradientBoostingClassifier(max_iter=3),
    ],
    ids=lambda model: type(model).__name__,
)
def test_models_of_the_allow_list_can_be_loaded(model: Any) -> None:
    rows, labels = [[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"]
    data = import_skops().dumps(model.fit(rows, labels))

    loaded = load_trusted(data, trusted_types(), name="model.skops")

    assert list(loaded.predict(rows)) == list(model.predict(rows))


def test_a_crafted_file_with_os_system_is_refused() -> None:
    data = import_skops().dumps(FunctionTransformer(func=os.system))

    with pytest.raises(AirflowFailException) as caught:
        load_or_fail(data, name="registry/churn/versions/1/model.skops")

    assert "registry/churn/versions/1/model.skops holds types that are not trusted: posix.system" in str(caught.value)
    assert "[pipelines] trusted_types" in str(caught.value)


def test_a_file_whose_type_was_renamed_to_something_harmful_is_refused() -> None:
    """The type's name is only text in the archive: anyone can write another one."""
    harmless = import_skops().dumps(LogisticRegression())
    crafted = BytesIO()
    with zipfile.ZipFile(BytesIO(harmless)) as source, zipfile.ZipFile(crafted, "w") as target:
        schema = json.loads(source.read("schema.json"))
        schema |= {"__module__": "subprocess", "__class__": "Popen"}
        target.writestr("schema.json", json.dumps(schema))

    with pytest.raises(UntrustedTypeError, match=r"subprocess\.Popen"):
        load_trusted(crafted.getvalue(), trusted_types(), name="model.skops")


def test_the_list_of_trusted_types_is_never_read_from_the_file() -> None:
    """A model that names its own trusted types would trust itself."""
    data = import_skops().dumps({"trusted_types": ["posix.system"], "step": FunctionTransformer(func=os.system)})

    with pytest.raises(UntrustedTypeError):
        load_trusted(data, trusted_types(), name="model.skops")


def test_the_setting_adds_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__PIPELINES__TRUSTED_TYPES", "acme.Scaler, acme.Encoder,\nacme.Model")

    assert trusted_types()[-3:] == ("acme.Scaler", "acme.Encoder", "acme.Model")
