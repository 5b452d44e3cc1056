"""Addresses of assets are read as Airflow reads them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.asset_uri import normal_form

EXAMPLES = [
    "orders",
    "orders of the day",
    "s3://shop/orders.csv",
    "s3://shop/orders/",
    "s3://shop",
    "S3://Shop/Orders",
    "file:///inbox/orders.csv",
    "https://shop.example/orders?b=2&a=1#top",
    "x-own://Anything/",
    "x-own:stays/as/it/is#all",
    "//host/path/",
    "C:\\orders.csv",
    "mailto:shop@example.org",
    "postgres://host:5432/db/schema/table",
    "s3://shop/a b?x=1&y",
    "airflow://orders",
    "AIRFLOW:orders",
    "http://[::1",
    "http://[shop]/orders",
]


def of_airflow(uri: str) -> str | None:
    import warnings

    from airflow.sdk import Asset

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Asset(uri).uri
        except ValueError:
            return None


def of_ours(uri: str) -> str | None:
    try:
        return normal_form(uri)
    except ValueError:
        return None


@pytest.mark.parametrize("uri", EXAMPLES)
def test_it_is_the_form_that_airflow_keeps(uri: str) -> None:
    assert of_ours(uri) == of_airflow(uri)


def test_a_password_is_left_out_as_airflow_does() -> None:
    assert normal_form("s3://me:hidden@shop/orders") == "s3://shop/orders"
    assert of_airflow("s3://me:hidden@shop/orders") == "s3://shop/orders"


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("aS3x-:/?#&=@[]. %"), min_size=1, max_size=20).filter(lambda text: not text.isspace()))
def test_it_agrees_with_airflow_on_anything(uri: str) -> None:
    assert of_ours(uri) == of_airflow(uri)
