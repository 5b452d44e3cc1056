"""Rules on trigger rules: those that Airflow refuses, that mean nothing, never come true, or hide a failure."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.diagnostic import Finding, Place
from schemas.outline import Node, Outline
from schemas.rules.graph import id_place
from schemas.rules.task_arguments import Argument, TaskArguments
from schemas.rules.task_graph import TaskGraph, lay_out
from schemas.source import Tree

_DEFAULT = "all_success"
_TEARDOWN = "all_done_setup_success"
_RUNS_AFTER_A_FAILURE = frozenset({"all_done", "always", "one_done", "none_skipped", "one_failed", "all_failed"})
"""Rules with which a task runs, or is skipped, although a task before it failed; so the failure ends there."""
_ONLY_AFTER_A_FAILURE = frozenset({"one_failed", "all_failed"})
_RULES = frozenset(
    {_DEFAULT, _TEARDOWN, *_RUNS_AFTER_A_FAILURE, "all_done_min_one_success", "all_skipped", "one_success",
     "none_failed", "none_failed_min_one_success"}
)  # fmt: skip
_EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
_NEVER_SKIPS = frozenset(
    {_EMPTY, "DownloadData", "ValidateData", "PreprocessData", "FeatureEngineering", "TrainModel", "EvaluateModel",
     "DeployModel", "SendNotification", "CheckDagRuns", "CheckTaskFailures", "CheckSchedulerHealth",
     "GenerateHealthReport", "SendAlerts", "MonitoringComplete"}
)  # fmt: skip
"""Operators that succeed or fail, but never skip themselves."""


def iter_trigger_rule_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield findings on trigger rules, setups and teardowns."""
    if not outline.text.contains("trigger_rule") and not outline.text.contains("setup"):
        return
    rules = _Rules(outline)
    if not rules.any_given:
        return
    refused = list(_refused(outline, rules, tree))
    yield from refused
    graph = lay_out(outline) if all(finding.code != "P210" for finding in refused) else None
    if graph is None:
        return
    order = graph.in_order()
    if len(order) < len(graph.tasks):
        return
    yield from _after_setups(graph, rules, tree)
    for task in outline.tasks:
        rule = rules.given(task)
        if rule is not None and rule.value != _DEFAULT and not rules.is_teardown(task):
            yield from _without_effect(task, rule, graph, tree)
    yield from _impossible(graph, order, rules, tree)
    yield from _hidden_failures(graph, order, rules, tree)


class _Rules:
    """The trigger rules of a pipeline, and which tasks are setups and teardowns."""

    def __init__(self, outline: Outline) -> None:
        self._arguments = TaskArguments(outline)
        found = {task.id: self._arguments.find(task, "trigger_rule") for task in outline.tasks}
        # what is no trigger rule is for the schema to say
        self._given = {name: rule if rule and _is_rule(rule.value) else None for name, rule in found.items()}
        self._setups = {name for task in outline.tasks for name in task.setups}
        self.any_given = any(self._given.values()) or any(self.is_setup(task) for task in outline.tasks)

    def given(self, task: Node) -> Argument | None:
        """Give the rule of the YAML, wherever it stands."""
        return self._given[task.id]

    def of(self, task: Node) -> str:
        """Give the rule as Airflow has it."""
        given = self._given[task.id]
        if self.is_teardown(task):
            return _TEARDOWN
        return str(given.value) if given else _DEFAULT

    def is_teardown(self, task: Node) -> bool:
        """Tell whether it is a teardown, which does not change the state of the run."""
        return bool((task.config or {}).get("teardown"))

    def is_setup(self, task: Node) -> bool:
        """Tell whether it is a setup: by itself, or as a teardown names it."""
        return (task.config or {}).get("setup") is True or task.id in self._setups


def _is_rule(value: object) -> bool:
    return isinstance(value, str) and value in _RULES


def _refused(outline: Outline, rules: _Rules, tree: Tree) -> Iterator[Finding]:
    for task in outline.tasks:
        rule = rules.given(task)
        if rules.is_setup(task) and rules.is_teardown(task):
            message = f'task "{task.id}" is both a setup and a teardown'
            yield Finding("P216", tree.key((*task.path, "teardown")), message, "make two tasks of it")
        if rule is None:
            continue
        place = tree.find(rule.path).place
        if rules.is_teardown(task):
            if rule.path[:-1] == task.path:
                message = f'the trigger rule of "{task.id}" has no effect: a teardown runs whatever happened before'
                yield Finding("P214", place, message, "remove trigger_rule, or teardown")
        elif outline.setting("fail_fast") is True and rule.value not in (_DEFAULT, _TEARDOWN):
            message = f'with fail_fast, trigger_rule "{rule.value}" is not allowed; only "{_DEFAULT}" is'
            hint = "write teardown: true for a task that always runs, or remove fail_fast"
            yield Finding("P210", place, message, hint)


def _after_setups(graph: TaskGraph, rules: _Rules, tree: Tree) -> Iterator[Finding]:
    for task in graph.tasks.values():
        setup = next((name for name in graph.upstream[task.id] if rules.is_setup(graph.tasks[name])), None)
        if setup is None or rules.of(task) in (_DEFAULT, _TEARDOWN):
            continue
        message = f'"{task.id}" comes right after the setup "{setup}", so its trigger rule can only be "{_DEFAULT}"'
        hint = f'write teardown: true if it takes away what "{setup}" makes'
        yield Finding("P215", _place_of(task, rules, tree), message, hint)


def _place_of(task: Node, rules: _Rules, tree: Tree) -> Place:
    given = rules.given(task)
    return tree.find(given.path).place if given else id_place(task, tree)


def _without_effect(task: Node, rule: Argument, graph: TaskGraph, tree: Tree) -> Iterator[Finding]:
    if not graph.upstream[task.id] and rule.path[:-1] == task.path:
        message = f'trigger_rule "{rule.value}" of "{task.id}" has no effect: it waits for no task, so it always runs'
        yield Finding("P211", tree.find(rule.path).place, message, "name in dependencies what it waits for")


def _impossible(graph: TaskGraph, order: list[str], rules: _Rules, tree: Tree) -> Iterator[Finding]:
    """Find tasks that never run, as a task before them never fails, or never is skipped."""
    can_fail, can_skip = _reachable_states(graph, order, rules)
    for name in order:
        task, before = graph.tasks[name], graph.upstream[name]
        rule = rules.of(task)
        if not before:
            continue
        never = {
            "all_failed": [b for b in before if b not in can_fail],
            "one_failed": [] if can_fail.intersection(before) else before,
            "all_skipped": [b for b in before if b not in can_skip],
        }.get(rule, [])
        if never:
            what, hint = "never fails", "remove the rule"
            if rule == "all_skipped":
                what, hint = "is never skipped", "skipping takes a branch or a short circuit before it"
            message = f'"{name}" never runs: trigger_rule is "{rule}", and "{never[0]}" {what}'
            yield Finding("P213", _place_of(task, rules, tree), message, hint)


def _reachable_states(graph: TaskGraph, order: list[str], rules: _Rules) -> tuple[set[str], set[str]]:
    """Give the tasks that can end failed (or upstream_failed), and those that can end skipped."""
    can_fail, can_skip = set[str](), set[str]()
    for name in order:
        task, before = graph.tasks[name], graph.upstream[name]
        operator = str((task.config or {}).get("operator"))
        is_plain = rules.of(task) in (_DEFAULT, "none_failed")
        if operator != _EMPTY or not is_plain or can_fail.intersection(before):
            can_fail.add(name)
        if operator not in _NEVER_SKIPS or not is_plain or can_skip.intersection(before):
            can_skip.add(name)
    return can_fail, can_skip


def _hidden_failures(graph: TaskGraph, order: list[str], rules: _Rules, tree: Tree) -> Iterator[Finding]:
    """Find last tasks that run after a failure that no other last task shows: the run succeeds all the same."""
    can_fail, _ = _reachable_states(graph, order, rules)
    seen = _tasks_that_show(graph, order, rules) | {t.id for t in graph.tasks.values() if rules.is_teardown(t)}
    for name in order:
        task = graph.tasks[name]
        if rules.is_teardown(task) or _following(name, graph, rules) or rules.of(task) not in _RUNS_AFTER_A_FAILURE:
            continue
        hidden = [before for before in graph.upstream[name] if before in can_fail and before not in seen]
        if hidden:
            yield _hidden_failure(task, hidden, rules, tree)


def _hidden_failure(task: Node, hidden: list[str], rules: _Rules, tree: Tree) -> Finding:
    rule, place = rules.of(task), _place_of(task, rules, tree)
    message = f'the run succeeds although "{hidden[0]}" failed: "{task.id}" comes last, with trigger_rule "{rule}"'
    hint = "write teardown: true in place of the trigger rule; it still runs, and the run fails"
    if rule in _ONLY_AFTER_A_FAILURE:
        hint = f'let another last task, with the default rule, wait for "{hidden[0]}" too; it shows the failure'
    return Finding("P212", place, message, hint)


def _following(name: str, graph: TaskGraph, rules: _Rules) -> list[str]:
    return [after for after in graph.downstream[name] if not rules.is_teardown(graph.tasks[after])]


def _tasks_that_show(graph: TaskGraph, order: list[str], rules: _Rules) -> set[str]:
    """Give the tasks whose failure is seen in the state of the run."""
    shown = set[str]()
    for name in reversed(order):
        following = _following(name, graph, rules)
        passing = (after for after in following if rules.of(graph.tasks[after]) not in _RUNS_AFTER_A_FAILURE)
        if not rules.is_teardown(graph.tasks[name]) and (not following or not shown.isdisjoint(passing)):
            shown.add(name)
    return shown
