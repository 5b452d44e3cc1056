"""What one health check found, as it lies beside its verdicts for the report: failures, numbers, and its cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from operators.report import Section
from operators.verdict import Judgement

FINDING = "finding.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One thing that went wrong, with the page where to read on."""

    what: str
    """``dag_id`` or ``dag_id.task_id``."""
    run_id: str
    count: int
    """How often in the window."""
    ended_at: str
    """ISO 8601, in UTC; empty if not known."""
    link: str
    error: str = ""
    """The last line of what was raised, if it was read."""

    def to_json(self) -> dict[str, Any]:
        """Give the plain form."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found."""

    judgement: Judgement
    sections: tuple[Section, ...] = ()
    """Tables and figures for the check's own page, the worst first."""
    rows: int = 0
    """How many runs, tasks or components were looked at."""
    failures: tuple[Failure, ...] = ()
    """The worst first."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """Numbers that are worth a line over time, e.g. ``failed runs``."""
    requests: int = 0
    """HTTP requests that were made."""
    is_complete: bool = True
    """Whether everything was seen. If not, what was wrong before and is not named now may be wrong still."""

    def to_json(self, *, seconds: float) -> dict[str, Any]:
        """Give the plain form of what ``verdicts.json`` does not hold."""
        return {
            "failures": [failure.to_json() for failure in self.failures],
            "measures": dict(self.measures),
            "requests": self.requests,
            "seconds": round(seconds, 3),
            "is_complete": self.is_complete,
        }


def moment_text(moment: datetime | None) -> str:
    """Write a moment for a failure."""
    return moment.isoformat(timespec="seconds") if moment else ""
