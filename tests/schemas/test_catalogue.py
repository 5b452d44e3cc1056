"""The catalogue and the sources agree: every code that a rule uses is in it, once and for ever, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.catalogue import CATALOGUE, Rule, Severity, rule_of
from schemas.explanations import FOLDER

RULES = list(CATALOGUE.values())
# Codes of rules that are gone. They are not given to others: comments and searches in other people's files name them.
RETIRED: frozenset[str] = frozenset()
ABOUT_IGNORES = {"P011", "P012", "P013"}


def codes_in_sources(repository: Path) -> set[str]:
    paths = [*(repository / "schemas").rglob("*.py"), *(repository / "pipelines").rglob("*.py")]
    paths.remove(repository / "schemas" / "catalogue.py")
    return {code for path in paths for code in re.findall(r'"(P\d{3})"', path.read_text(encoding="utf-8"))}


def test_every_code_in_the_sources_is_in_the_catalogue(repository: Path) -> None:
    missing = sorted(codes_in_sources(repository) - set(CATALOGUE))
    assert not missing, (
        f"{', '.join(missing)}: add a Rule to schemas/catalogue.py, and an explanation schemas/explanations/<code>.md "
        "(copy one; ACCEPT=1 pytest tests/schemas/test_explanations.py writes its output and docs/rules.md)"
    )


def test_every_code_in_the_catalogue_is_used(repository: Path) -> None:
    assert set(CATALOGUE) - codes_in_sources(repository) == set(), "a rule that is gone moves to RETIRED in this file"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_has_an_explanation(rule: Rule) -> None:
    path = FOLDER / f"{rule.code}.md"
    assert path.is_file(), f"write {path.name} in schemas/explanations/, beside the others"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_reads_like_the_others(rule: Rule) -> None:
    assert re.fullmatch(r"P\d{3}", rule.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name), "names are kebab case"
    assert re.fullmatch(r"[^A-Z\n].{10,80}[^.\n]", rule.summary), "a summary is one line, lower case, no full stop"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_what_a_warning_says_can_be_ignored(rule: Rule) -> None:
    if rule.severity is Severity.WARNING:
        assert rule.ignorable == (rule.code not in ABOUT_IGNORES)


def test_codes_stand_in_order_and_names_are_given_once() -> None:
    assert list(CATALOGUE) == sorted(CATALOGUE)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_codes_and_retired_codes_are_never_given_again() -> None:
    text = Path(rule_of.__code__.co_filename).read_text(encoding="utf-8")
    written = re.findall(r'Rule\("(P\d{3})"', text)
    assert len(written) == len(set(written))
    assert not set(written) & RETIRED


def test_a_code_without_an_entry_says_what_its_author_must_add() -> None:
    with pytest.raises(LookupError, match=r"schemas/catalogue\.py: add it there, and .*P998\.md"):
        rule_of("P998")
