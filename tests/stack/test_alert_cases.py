"""prometheus/tests: each alert is silent just before its boundary, fires just after, and not for what looks like it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "prometheus/rules"
TESTS = ROOT / "prometheus/tests"
FIRING = "silent just before, firing just after"
NOT_FIRING = "not firing"
ALWAYS = "firing always"
_NAME = re.compile(rf"(?P<alert>\w+): (?P<kind>{FIRING}|{NOT_FIRING}|{ALWAYS})[:,] (?P<situation>.+)")
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


class Case(NamedTuple):
    """A group of tests in a file of prometheus/tests."""

    rules: set[str]
    """The files of rules that it is tried on, without their endings."""
    alert: str
    kind: str
    body: dict[str, Any]
    step: int
    """Seconds between two evaluations."""


def seconds(length: str) -> int:
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)([dhms])", length))


def read_cases() -> list[Case]:
    cases = []
    for path in sorted(TESTS.glob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for body in content["tests"]:
            named = _NAME.fullmatch(body["name"])
            assert named, f'{path.name}: "{body["name"]}" does not say which alert, and whether it fires'
            step = seconds(content["evaluation_interval"])
            rules = {Path(each).stem for each in content["rule_files"]}
            cases.append(Case(rules, named["alert"], named["kind"], body, step))
    return cases


def read_alerts() -> dict[str, str]:
    """Give the file of each alert."""
    groups = [(path.stem, yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]) for path in RULES.glob("*.yml")]
    rules = [(stem, rule) for stem, each in groups for group in each for rule in group["rules"]]
    return {rule["alert"]: stem for stem, rule in rules if "alert" in rule}


CASES = read_cases()
ALERTS = read_alerts()
WATCHDOG = "Watchdog"
"""It has no boundary: it always fires."""


@pytest.mark.parametrize("alert", sorted(ALERTS.keys() - {WATCHDOG}))
def test_an_alert_has_a_case_of_firing_and_one_of_not_firing(alert: str) -> None:
    own = [case for case in CASES if case.alert == alert]
    assert {case.kind for case in own} == {FIRING, NOT_FIRING}
    assert [case for case in own if ALERTS[alert] not in case.rules] == []


def test_the_watchdog_fires_with_nothing_there() -> None:
    [case] = [case for case in CASES if case.alert == WATCHDOG]
    assert case.kind == ALWAYS
    assert case.body["input_series"] == []
    assert [bool(each["exp_alerts"]) for each in case.body["alert_rule_test"]] == [True, True]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.body["name"])
def test_a_case_holds_what_its_name_says(case: Case) -> None:
    held = case.body["alert_rule_test"]
    assert {each["alertname"] for each in held} == {case.alert}
    if case.kind == NOT_FIRING:
        assert [each["exp_alerts"] for each in held] == [[]] * len(held)
    if case.kind == FIRING:
        before, after, *later = held
        assert before["exp_alerts"] == []
        assert all(each["exp_alerts"] for each in (after, *later))
        # the evaluation before the one in which it fires; one more where windows decide, which have a sample less in
        # Prometheus 3: what is at their start is no longer in them
        assert 0 < seconds(after["eval_time"]) - seconds(before["eval_time"]) <= 2 * case.step


def test_no_case_is_left_of_an_alert_that_is_gone() -> None:
    assert {case.alert for case in CASES} - ALERTS.keys() == set()
