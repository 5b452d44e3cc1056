"""AlertState: whatever comes and goes, and whichever channel fails when, all learn the truth, and nobody twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from operators.notify.alert_state import AlertState, Audience, Damping, Routing
from operators.notify.alerts import Alert

KEYS = ("a/x", "a/y", "b/x")
SEVERITIES = ("critical", "warning", "info")
START = datetime(2026, 1, 1, tzinfo=UTC)
EVERYBODY = Audience("chat")
PAGER = Audience("pager", (Routing(frozenset({"critical"})),))


def alert(key: str, severity: str) -> Alert:
    return Alert(key=key, check=key.partition("/")[0], title="t", severity=severity, summary=key)


reports = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(KEYS), st.sampled_from(SEVERITIES)),  # what is wrong
        st.booleans(),  # whether check a could be made
        st.frozensets(st.sampled_from(("chat", "pager"))),  # which channels take a message
    ),
    max_size=40,
)
dampings = st.builds(Damping, raise_after=st.integers(1, 3), clear_after=st.integers(1, 3), repeat=st.none())


def play(story: Any, damping: Damping) -> Any:
    """Let the reports follow each other; yields the state, and what each channel knows from its messages alone."""
    known: dict[str, set[str]] = {"chat": set(), "pager": set()}
    kept: Any = None
    for hour, (wrong, is_made, working) in enumerate(story):
        now = START + timedelta(hours=hour)
        state = AlertState(kept)
        unmeasured = [] if is_made else ["a"]
        present = [alert(key, severity) for key, severity in wrong.items() if is_made or not key.startswith("a/")]
        state.advance(
            present, unmeasured=unmeasured, run_id=f"r{hour}", created_at=now.isoformat(), now=now, damping=damping
        )
        for audience in (EVERYBODY, PAGER):
            news = state.news_for(audience, now=now, damping=damping)
            if audience.key not in working:
                continue
            new, over = ({t.alert.key for t in found} for found in (news.new, news.recovered))
            assert not new & known[audience.key], "told twice"
            assert over <= known[audience.key], "over before it began"
            known[audience.key] = (known[audience.key] | new) - over
            state.note_told(audience, news, now=now)
            assert not state.news_for(audience, now=now, damping=damping), "still something to tell"
            assert known[audience.key] == {t.alert.key for t in state.open if audience.wants(t.alert)}
        kept = json.loads(json.dumps(state.to_json()))
        yield state, present, kept, now


@given(reports, dampings)
def test_every_channel_that_works_knows_what_is_open_and_is_told_once(story, damping):
    for _ in play(story, damping):
        pass


@given(reports, dampings)
def test_another_try_of_the_task_changes_nothing(story, damping):
    for state, present, kept, now in play(story, damping):
        again = AlertState(kept)
        run_id = kept["last_run"]
        again.advance(
            present,
            unmeasured=[],
            run_id=run_id,
            created_at=now.isoformat(),
            now=now + timedelta(minutes=1),
            damping=damping,
        )
        assert again.to_json() == kept == state.to_json()


@given(reports)
def test_what_lasts_long_enough_is_open_and_what_is_away_long_enough_is_not(story):
    damping = Damping(raise_after=2, clear_after=2)
    for state, _, _, _ in play(story, damping):
        for key, tracked in state.alerts.items():
            if tracked.recent.endswith("11"):
                assert tracked.is_open, key
            if tracked.recent.endswith("00") and not tracked.is_flapping:
                assert not tracked.is_open, key


@given(reports, dampings)
def test_a_problem_is_never_milder_than_now_and_never_more_urgent_than_in_any_of_its_reports(story, damping):
    seen: dict[str, set[str]] = {}
    for state, present, _, _ in play(story, damping):
        for found in present:
            seen.setdefault(found.key, set()).add(found.severity)
            shown = state.alerts[found.key].alert.severity
            assert SEVERITIES.index(shown) <= SEVERITIES.index(found.severity)
            assert shown in seen[found.key]


def test_a_state_of_an_earlier_version_is_read():
    known = {
        "alert": {"key": "a/x", "check": "a", "title": "t", "severity": "critical", "summary": "a/x"},
        "since": START.isoformat(),
        "is_open": True,
        "is_flapping": False,
        "recent": "1",
        "told": {"pager": {"severity": "critical", "at": START.isoformat()}},
    }
    damping, now = Damping(), START + timedelta(hours=1)
    state = AlertState({"last_run": "r0", "alerts": {"a/x": known}})
    assert not state.is_newer_than(START.isoformat())
    for run_id, severity in (("r0", "warning"), ("r1", "warning")):
        found = [alert("a/x", severity)]
        state.advance(found, unmeasured=[], run_id=run_id, created_at=now.isoformat(), now=now, damping=damping)
        assert not state.news_for(PAGER, now=now, damping=damping)
    assert state.alerts["a/x"].recent == "11"


@given(reports, dampings)
def test_what_is_past_is_forgotten(story, damping):
    calm = ({}, True, frozenset({"chat", "pager"}))
    *_, (state, _, _, _) = play([*story, *[calm] * 14], damping)
    assert state.alerts == {}
