"""Rule on how old the last success of a pipeline may be: longer than the schedule leaves between two runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from schemas.diagnostic import Finding
from schemas.gaps import length_of, longest_gap
from schemas.lengths import in_units
from schemas.outline import Outline
from schemas.rules.clocks import schedule_path
from schemas.source import Tree

LONGEST = timedelta(days=400)
"""For so long Prometheus knows when a pipeline has succeeded last; a year, and some days for the run itself."""


def iter_freshness_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield an alert that would fire though all is well, or that would never do so."""
    stated = length_of(outline.setting("freshness"))
    if stated is None:
        return
    place = tree.find(schedule_path(outline, "freshness")).place
    gap = longest_gap(outline.setting("schedule"), "UTC")
    if stated > LONGEST:
        message = f"Prometheus knows {in_units(LONGEST)} of the past, so it would never alert"
        yield Finding("P319", place, message, f"write at most {in_units(LONGEST)}")
    elif gap is not None and stated <= gap:
        message = f"the schedule has up to {in_units(gap)} between two runs, so it would alert though all is well"
        yield Finding("P319", place, message, f"write more than {in_units(gap)}, and what a run takes")
