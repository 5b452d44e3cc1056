"""The setting for addresses in the repository."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.source_url import SourceUrl, SourceUrlError, configured_source_url

GITHUB = "https://github.com/acme/ml/blob/main/{path}#L{line}"


@pytest.mark.parametrize(
    ("template", "line", "file"),
    [
        (
            GITHUB,
            "https://github.com/acme/ml/blob/main/pipelines/a.yaml#L12",
            "https://github.com/acme/ml/blob/main/pipelines/a.yaml",
        ),
        ("http://git/{path}", "http://git/pipelines/a.yaml", "http://git/pipelines/a.yaml"),
        (
            "https://git/src?at={path}&line={line}",
            "https://git/src?at=pipelines/a.yaml&line=12",
            "https://git/src?at=pipelines/a.yaml&line=1",
        ),
    ],
)
def test_a_template_gives_the_address_of_a_line_and_of_a_file(template: str, line: str, file: str) -> None:
    url = SourceUrl.parse(template)
    assert (url.of("pipelines/a.yaml", 12), url.of_file("pipelines/a.yaml")) == (line, file)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("javascript:alert(1)//{path}", "it begins neither with http:// nor with https://, and a host"),
        ("ftp://git/{path}", "it begins neither with http:// nor with https://, and a host"),
        ("https:///{path}", "it begins neither with http:// nor with https://, and a host"),
        ("https://token@git/{path}", "there is a user name before the host, which everyone would see"),
        ("https://git/{line}", "{path} must be in it after the host, {line} may be, and nothing else in braces"),
        ("https://{path}/", "{path} must be in it after the host, {line} may be, and nothing else in braces"),
        ("https://git/{path.x}", "{path} must be in it after the host, {line} may be, and nothing else in braces"),
        ("https://git/{path}/{sha}", "{path} must be in it after the host, {line} may be, and nothing else in braces"),
        ("https://git/{path", "expected '}' before end of string"),
    ],
)
def test_a_template_that_gives_no_address_is_refused(template: str, reason: str) -> None:
    with pytest.raises(SourceUrlError) as refused:
        SourceUrl.parse(template)
    assert (
        str(refused.value)
        == f"[pipelines] source_url is no address with {{path}} and {{line}}, as {GITHUB} is: {reason}"
    )


@given(st.text("abc/ #?&%{}@:é\n", min_size=1, max_size=20))
def test_no_name_of_a_file_leads_elsewhere(path: str) -> None:
    before, after = GITHUB.split("{path}")
    url = SourceUrl.parse(GITHUB).of(path, 3)
    middle = url.removeprefix(before).removesuffix(after.format(line=3))
    assert url == before + middle + after.format(line=3)
    assert not set(middle) & set(" #?&{}@:\n")


@given(st.text("htps:/{}pathline!.[]#@ab", max_size=40))
def test_whatever_is_set_gives_an_address_or_is_refused(template: str) -> None:
    with suppress(SourceUrlError):
        assert SourceUrl.parse(template).of("a.yaml", 1).startswith(("http://", "https://"))


def test_the_setting_is_airflows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured_source_url() is None
    monkeypatch.setenv("AIRFLOW__PIPELINES__SOURCE_URL", GITHUB)
    assert configured_source_url() == SourceUrl(GITHUB)
