"""The rules as a whole: what lets a rule be passed over is only ever true where it has nothing to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.contract import load_contract
from schemas.outline import iter_outlines
from schemas.rules import RULES, Rule
from schemas.source import read_source

CASES = sorted((Path(__file__).parents[2] / "cases").glob("*/*.yaml"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.module)
def test_a_rule_that_is_passed_over_would_have_found_nothing(rule: Rule) -> None:
    spoke = 0
    for path in CASES:
        source = read_source(path)
        for outline in iter_outlines(source.data, load_contract(), source.text):
            found = list(rule.find(outline, source.tree))
            spoke += bool(found)
            assert rule.concerns(outline) or not found, path.name
    assert spoke > 0, "no case of tests/cases is about this rule"
