"""P610: no pattern that would ever fit is called one that fits nothing."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import example, given
from hypothesis import strategies as st

from schemas.rules.alerts import may_fit

patterns = st.text("ab/*?[]!", max_size=8)


@example("a*", "x")
@example("*b", "x.b")
@example("?/x", "x")
@example("a[/]*", "x")
@given(patterns, st.text("ab./", min_size=1, max_size=4))
def test_a_pattern_that_fits_some_verdict_of_a_check_may_fit_it(pattern, verdict):
    for check in ("a", "ab"):
        if fnmatchcase(check, pattern) or fnmatchcase(f"{check}/{verdict}", pattern):
            assert may_fit(pattern, check)
