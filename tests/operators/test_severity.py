from __future__ import annotations

import pytest

from operators.severity import severity_of
from operators.verdict import Outcome


@pytest.mark.parametrize(
    ("outcome", "severity"),
    [(Outcome.FAIL, "critical"), (Outcome.INCONCLUSIVE, "warning"), (Outcome.WARN, "warning"), (Outcome.PASS, "info")],
)
def test_a_verdict_has_a_severity(outcome, severity):
    assert severity_of(outcome) == severity
