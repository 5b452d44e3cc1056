"""The plan: what Airflow would have after a change that it does not have before, pipeline by pipeline."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipelines.overview.inventory import Entry, Inventory, take_inventory
from pipelines.plan.changes import Change, Kind, compare, likeness
from pipelines.plan.docs import iter_changes_of_docs
from pipelines.plan.facts import facts_of
from pipelines.plan.places import Places, Side, Spot
from pipelines.plan.revision import Revision, RevisionError, export, find_revision
from schemas.checker import Scope, iter_pipeline_files
from schemas.contract import Contract, load_contract
from schemas.diagnostic import Severity
from schemas.spec import Group, Pipeline, Task
from schemas.surroundings import Surroundings

_ALIKE = 0.5
_MANY = 40
"""Among more pipelines than these, those that were renamed are looked for in the same file only."""


class Status(StrEnum):
    """What becomes of a pipeline in Airflow."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    """Under its new id it is another pipeline to Airflow: the runs so far stay with the old id."""
    CHANGED = "changed"
    RESPELLED = "respelled"
    """It does what it did, but the texts that operators are given differ: Airflow keeps a new version of it."""
    UNCHANGED = "unchanged"
    BROKEN = "broken"
    """It can no longer be built, and leaves Airflow until it is repaired."""
    REPAIRED = "repaired"
    STILL_BROKEN = "still broken"


NO_EFFECT = frozenset({Status.UNCHANGED, Status.STILL_BROKEN})
NO_CHANGE = NO_EFFECT | {Status.RESPELLED}
"""What Airflow does after it is what it does before."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A change and where it stands."""

    change: Change
    before: Spot | None
    after: Spot | None


@dataclass(frozen=True, slots=True)
class PipelinePlan:
    """What becomes of one pipeline."""

    status: Status
    before: Entry | None
    after: Entry | None
    changes: tuple[Placed, ...] = ()

    @property
    def sides(self) -> tuple[Entry, ...]:
        """The pipeline as it is now, and as it was, as far as it is there."""
        return tuple(entry for entry in (self.after, self.before) if entry is not None)

    @property
    def entry(self) -> Entry:
        """The pipeline as it is now, or as it was."""
        return self.sides[0]

    @property
    def name(self) -> str:
        """Its id; of a file that cannot be read the id that it had, or nothing."""
        return next((entry.dag_id for entry in self.sides if entry.dag_id), "")


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of all of them."""

    revision: Revision
    pipelines: tuple[PipelinePlan, ...]
    """In the order of the files now, then what is gone; those that are the same in the text too are left out."""
    edited: tuple[str, ...]
    """Files that were edited without an effect on any pipeline."""
    unchanged: int
    """How many pipelines are the same, edited or not."""

    @property
    def has_changes(self) -> bool:
        """Whether Airflow would do anything else than before."""
        return any(pipeline.status not in NO_CHANGE for pipeline in self.pipelines)


def make_plan(paths: Sequence[Path], against: str, schema: Path, environment: str = "") -> Plan:
    """Compare the files of the working tree with those of a revision.

    :param paths: files and folders; one that is gone on one side holds nothing there
    :param against: a revision, as git names it
    :param schema: the schema file in use, for both sides
    :param environment: the one that pipelines are in; none if empty
    :raises RevisionError: if there is no repository or revision, or a path is on neither side
    """
    here = Path.cwd()
    revision = find_revision(against, here)
    with tempfile.TemporaryDirectory(prefix="pipelines-plan-") as name:
        target = Path(name).resolve()
        export(revision, [_dag_folder(path, revision.root) for path in paths], target)
        inside = {path: target / _relative(path, revision.root) for path in paths}
        for path, old in inside.items():
            if not path.exists() and not old.exists():
                raise RevisionError(f"{path}: no such file or folder, neither here nor in {against}")
        there, scope, contract = target / _relative(here, revision.root), Scope(environment), load_contract(schema)
        before = _State(
            take_inventory(_files(inside.values()), schema, scope, relative_to=there),
            Side(Surroundings(there), contract, environment),
        )
        after = _State(take_inventory(_files(paths), schema, scope), Side(Surroundings(here), contract, environment))
        return _compared(revision, _Comparison(before, after, contract))


@dataclass(frozen=True, slots=True)
class _State:
    inventory: Inventory
    side: Side


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The two states, and the schema that both are read with."""

    before: _State
    after: _State
    contract: Contract

    def changes(self, before: Pipeline, after: Pipeline) -> list[Change]:
        return compare(facts_of(before, self.contract), facts_of(after, self.contract))


def _relative(path: Path, root: Path) -> Path:
    absolute = path.absolute()
    for candidate in (absolute, absolute.resolve()):
        if candidate.is_relative_to(root):
            return candidate.relative_to(root)
    raise RevisionError(f"{path} is not in the repository {root}")


def _dag_folder(path: Path, root: Path) -> Path:
    """Give the folder below which all files lie that can have a part in the pipelines of a path."""
    parts = _relative(path, root).parts
    # a file of the repository's own folder has only that one around it
    is_in_root = len(parts) <= 1 and not path.is_dir()
    return root if is_in_root or (root / ".airflowignore").exists() else root / Path(*parts[:1])


def _files(paths: Iterable[Path]) -> list[Path]:
    found: dict[Path, Path] = {}
    for path in paths:
        for file in iter_pipeline_files(path) if path.is_dir() else [path] if path.exists() else []:
            found.setdefault(file.absolute(), file)
    return list(found.values())


def _compared(revision: Revision, states: _Comparison) -> Plan:
    before, after = states.before.inventory, states.after.inventory
    plans = list(_iter_plans(states))
    texts = [{file.shown: file.text for file in inventory.report.files} for inventory in (before, after)]
    changed = {file for file, text in texts[1].items() if file in texts[0] and texts[0][file] != text}
    told = {
        entry.file for plan in plans if plan.status not in NO_EFFECT for entry in (plan.before, plan.after) if entry
    }
    order = {entry.dag_id: number for number, entry in enumerate(after.entries)}
    plans.sort(key=lambda plan: order.get(plan.name, len(order)))
    unchanged = sum(plan.status is Status.UNCHANGED for plan in plans)
    shown = [plan for plan in plans if plan.status is not Status.UNCHANGED or plan.entry.file in changed]
    return Plan(revision, tuple(shown), tuple(sorted(changed - told)), unchanged)


def _by_name(inventory: Inventory) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for entry in inventory.entries:
        # of two with one id Airflow gets the first; the other is a problem of its file
        if entry.dag_id and (entry.dag_id not in found or found[entry.dag_id].pipeline is None):
            found[entry.dag_id] = entry
    return found


def _unreadable(inventory: Inventory) -> dict[str, Entry]:
    return {entry.file: entry for entry in inventory.entries if not entry.dag_id}


def _iter_plans(states: _Comparison) -> Iterator[PipelinePlan]:
    before, after = states.before.inventory, states.after.inventory
    old, new = _by_name(before), _by_name(after)
    gone = [entry for name, entry in old.items() if name not in new]
    added = [entry for name, entry in new.items() if name not in old]
    renamed = dict(_iter_renamed(gone, added, states.contract))
    following = {entry.dag_id for entry in renamed.values()}
    for name, entry in new.items():
        if name in old:
            yield _plan_of(old[name], entry, states)
    for entry in gone:
        if entry.dag_id in renamed:
            yield _plan_of(entry, renamed[entry.dag_id], states, is_renamed=True)
        elif entry.pipeline is not None:
            # what a file holds that cannot be read is not known; it is broken, not removed
            unread = _unreadable(after).get(entry.file)
            yield PipelinePlan(Status.BROKEN if unread else Status.REMOVED, entry, unread)
    for entry in added:
        if entry.dag_id not in following:
            yield _plan_of_new(entry, _unreadable(before).get(entry.file))
    for file, entry in _unreadable(after).items():
        if not any(one.file == file and one.pipeline for one in gone):
            yield PipelinePlan(Status.STILL_BROKEN, None, entry)


def _plan_of_new(entry: Entry, unread: Entry | None) -> PipelinePlan:
    if entry.pipeline is None:
        return PipelinePlan(Status.STILL_BROKEN, None, entry)
    return PipelinePlan(Status.REPAIRED if unread else Status.ADDED, unread, entry)


def _plan_of(before: Entry, after: Entry, states: _Comparison, *, is_renamed: bool = False) -> PipelinePlan:
    if before.pipeline is None or after.pipeline is None:
        if after.pipeline is not None:
            return PipelinePlan(Status.REPAIRED, before, after)
        return PipelinePlan(Status.BROKEN if before.pipeline else Status.STILL_BROKEN, before, after)
    is_same = before.file == after.file and _as_written(before.pipeline) == _as_written(after.pipeline)
    if is_same and not is_renamed:
        return PipelinePlan(Status.UNCHANGED, before, after)
    changes = states.changes(before.pipeline, after.pipeline)
    if not changes:
        changes = list(iter_changes_of_docs((before.pipeline, before.file), (after.pipeline, after.file)))
    status = Status.RENAMED if is_renamed else _status(changes)
    old = states.before.side.places(before.pipeline, before.file)
    places = old, states.after.side.places(after.pipeline, after.file)
    return PipelinePlan(status, before, after, tuple(_placed(change, *places) for change in changes))


def _as_written(pipeline: Pipeline) -> str:
    nodes: list[Task | Group] = [*pipeline.tasks, *pipeline.groups]
    return repr((pipeline.config, [(type(node).__name__, node.id, node.config) for node in nodes]))


def _status(changes: Sequence[Change]) -> Status:
    if not changes:
        return Status.UNCHANGED
    return Status.RESPELLED if all(change.kind is Kind.RESPELLED for change in changes) else Status.CHANGED


def _placed(change: Change, before: Places, after: Places) -> Placed:
    return Placed(
        change,
        None if change.before_path is None else before.find(change.before_path),
        None if change.after_path is None else after.find(change.after_path),
    )


def _iter_renamed(gone: Sequence[Entry], added: Sequence[Entry], contract: Contract) -> Iterator[tuple[str, Entry]]:
    """Yield the old id and the pipeline of those that go on under another id."""
    facts = {id(e): facts_of(e.pipeline, contract) for e in (*gone, *added) if e.pipeline is not None}
    pairs = [(old, new) for old in gone for new in added if id(old) in facts and id(new) in facts]
    if len(pairs) > _MANY * _MANY:
        pairs = [(old, new) for old, new in pairs if old.file == new.file]
    scored = [(likeness(facts[id(old)], facts[id(new)]), old, new) for old, new in pairs]
    taken: set[str] = set()
    for alike, old, new in sorted(scored, key=lambda item: -item[0]):
        if alike >= _ALIKE and old.dag_id not in taken and new.dag_id not in taken:
            taken |= {old.dag_id, new.dag_id}
            yield old.dag_id, new


def errors_of(entry: Entry) -> int:
    """Count what keeps a pipeline from being built."""
    return sum(problem.severity is Severity.ERROR for problem in entry.problems)
