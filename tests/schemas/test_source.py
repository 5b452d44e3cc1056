"""Reading YAML: plain values, places, and a finding instead of an exception for whatever is in the file."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.source import Source, parse_source, read_source


def parse(text: str) -> Source:
    return parse_source(Path("x.yaml"), text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("1_000", 1000),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".inf", math.inf),
        ("yes", True),
        ("off", False),
        ("~", None),
        ("", None),
        ("'yes'", "yes"),
        ("12:30", "12:30"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T06:00:00", "2026-01-31T06:00:00"),
        ("5m", "5m"),
        ("1%", "1%"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
    ],
)
def test_a_plain_value_means_what_pyyaml_says_but_dates_and_times_stay_text(text: str, value: object) -> None:
    source = parse(f"key: {text}\n")
    assert source.findings == ()
    assert source.data == {"key": value}
    assert type(source.data["key"]) is type(value)


def test_places_count_from_one_and_cover_keys_values_and_list_items() -> None:
    tree = parse("a:\n  b: [10, 200]\n").tree
    assert (tree.key(("a", "b")).line, tree.key(("a", "b")).column) == (2, 3)
    item = tree.find(("a", "b", 1)).place
    assert (item.line, item.column, item.end_column) == (2, 11, 14)


def test_a_missing_key_is_answered_by_the_nearest_ancestor() -> None:
    tree = parse("a:\n  b: 1\n").tree
    assert tree.find(("a", "nothing", "below")).place.line == 2


def test_merge_keys_fill_what_is_not_set_and_keep_the_places_of_the_anchor() -> None:
    source = parse("base: &base {retries: 1, owner: x}\ntask: {<<: *base, retries: 5}\n")
    assert source.data["task"] == {"retries": 5, "owner": "x"}
    assert source.tree.key(("task", "owner")).line == 1


def test_a_file_that_is_not_utf8_names_the_byte_and_its_place(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: 1\nb: \xe9\n")
    (finding,) = read_source(path).findings
    assert (finding.code, finding.place.line, finding.place.column) == ("P002", 2, 4)
    assert "0xe9" in finding.message


def test_a_folder_in_place_of_a_file_is_a_finding(tmp_path: Path) -> None:
    (finding,) = read_source(tmp_path).findings
    assert finding.code == "P001"


def test_ten_thousand_levels_are_a_finding_not_a_crash() -> None:
    for opening in ("[", "{a: ", "- ", "? "):
        codes = {finding.code for finding in parse(opening * 10_000).findings}
        assert codes & {"P003", "P007", "P008"}, opening


@given(st.text())
def test_any_text_gives_data_or_findings_with_a_place_inside_the_text(text: str) -> None:
    source = parse(text)
    lines = text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + text.count("\u2029") + 1
    assert all(1 <= finding.place.line <= lines + 1 and finding.place.column >= 1 for finding in source.findings)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=4)))
def test_plain_values_survive_being_dumped_by_pyyaml(value: object) -> None:
    import yaml

    dumped = yaml.safe_dump({"key": value}, allow_unicode=True)
    # not the value itself: PyYAML dumps a lone U+0085 so that nobody reads it back
    assert parse(dumped).data == yaml.safe_load(dumped)
