"""A plan as a comment on a pull or merge request: short enough to be taken, and nothing in it but what is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from pipelines.plan.changes import Kind
from pipelines.plan.plan import PipelinePlan, Placed, Plan, Status
from pipelines.plan.words import SIGN_OF_CHANGE, SIGNS, contents, headline, note_on_runs, title, values
from schemas.diagnostic import printable

LONGEST = 65_536
"""So many characters GitHub takes for a comment."""
_ROOM = 200
"""For the line that counts what was left out."""
_BACKTICKS = re.compile(r"`+")
_SPECIAL = re.compile(r"[\\`*_\[\]<>#!|~&]|:(?=[\w+-]+:)")


def render(plan: Plan, now: datetime) -> str:
    """Render a plan as Markdown.

    :param plan: of all pipelines
    :param now: the moment after which the next runs are
    """
    lines = [f"**pipelines plan** {_text(headline(plan))}"]
    size, left_out = len(lines[0]), 0
    for pipeline in plan.pipelines:
        for line in _iter_lines(pipeline, now):
            size += len(line) + 1
            if size > LONGEST - _ROOM:
                left_out += 1
            else:
                lines.append(line)
    if plan.edited and not plan.pipelines:
        lines += ["", f"Edited without effect: {_text(f'{len(plan.edited)} file(s)')}"]
    if left_out:
        lines += ["", f"… and {left_out} more lines; `pipelines plan` shows them."]
    return "\n".join(lines)


def _iter_lines(plan: PipelinePlan, now: datetime) -> Iterator[str]:
    yield ""
    place = _code(f"{plan.entry.file}:{plan.entry.line}")
    yield f"- {_code(SIGNS[plan.status])} **{_text(title(plan))}** {place}"
    if plan.status in (Status.ADDED, Status.REMOVED, Status.REPAIRED) and plan.entry.pipeline:
        yield f"  {_text(contents(plan.entry.pipeline, now))}"
    for placed in plan.changes:
        yield f"  - {_change(plan, placed, now)}"


def _change(plan: PipelinePlan, placed: Placed, now: datetime) -> str:
    change = placed.change
    is_of_task = change.task is not None and not change.what.startswith("task ")
    what = f"{change.task}: {change.what}" if is_of_task else change.what
    parts = [_code(SIGN_OF_CHANGE[change.kind]), _text(what)]
    if change.before is not None and change.after is not None and change.kind is not Kind.RENAMED:
        parts.append(f"{_code(change.before)} → {_code(change.after)}")
    elif values(change):
        parts.append(_code(values(change)))
    notes = [_text(note) for note in (change.note, note_on_runs(plan, placed, now)) if note]
    parts += [f"({'; '.join(notes)})"] if notes else []
    spot = placed.after or placed.before
    return " ".join([*parts, *([_code(str(spot))] if spot else [])])


def _code(text: str) -> str:
    """Put a text between so many backticks that it cannot end them."""
    plain = printable(text)
    longest = max((len(run) for run in _BACKTICKS.findall(plain)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or not plain.strip() else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def _text(text: str) -> str:
    """Write what Markdown, or the people whom an @ calls, would take for more than text."""
    return _SPECIAL.sub(r"\\\g<0>", printable(text)).replace("@", "@\u200b")
