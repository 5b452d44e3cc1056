"""What a run prints has no secret in it, in whatever pieces it is written."""

from __future__ import annotations

import io

import pytest

from pipelines.trial.masked import MaskedStream, hide


@pytest.fixture
def secret() -> str:
    """A secret that Airflow knows."""
    from airflow.sdk.log import mask_secret

    mask_secret("hunter2hunter2")
    return "hunter2hunter2"


@pytest.mark.airflow
def test_a_secret_in_pieces_is_hidden(secret: str) -> None:
    behind = io.StringIO()
    stream = MaskedStream(behind)
    for piece in ("key=", secret[:5], secret[5:], " end\nrest ", secret):
        stream.write(piece)
    stream.close()
    assert behind.getvalue() == "key=*** end\nrest ***"


@pytest.mark.airflow
def test_plain_data_is_hidden_to_its_depth(secret: str) -> None:
    assert hide({"tasks": [{"error": f"a {secret}", "password": "short"}]}) == {
        "tasks": [{"error": "a ***", "password": "***"}]
    }
