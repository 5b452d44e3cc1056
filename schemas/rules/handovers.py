"""Rules on what tasks hand to each other: results of the right kind, and only what was judged is deployed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.diagnostic import Finding
from schemas.outline import Name, Node, Outline
from schemas.rules.lineage import Lineage, operator_of
from schemas.rules.nesting import Nesting
from schemas.source import Tree

_TABLES = ("DownloadData", "ValidateData")
_TAKES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "ValidateData": {"data": _TABLES},
    "PreprocessData": {"data": _TABLES},
    "FeatureEngineering": {"data": ("PreprocessData",)},
    "TrainModel": {"data": ("FeatureEngineering", "PreprocessData")},
    "EvaluateModel": {"model": ("TrainModel",), "data": ("PreprocessData",)},
    "DeployModel": {"model": ("TrainModel",), "evaluation": ("EvaluateModel",)},
    "GenerateHealthReport": {"checks": ("CheckDagRuns", "CheckTaskFailures", "CheckSchedulerHealth")},
    "SendAlerts": {"report": ("GenerateHealthReport",)},
    "MonitoringComplete": {"report": ("GenerateHealthReport",)},
}
"""Operator -> parameter -> the operators whose results it takes."""
_OWN = frozenset({*_TAKES, "DownloadData", "SendNotification"})
_MOST_LISTED = 5


def iter_handover_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield references to results of the wrong kind, and models, data and judgements that do not belong together."""
    lineage: Lineage | None = None
    nesting = Nesting(outline)
    for task in outline.tasks:
        operator = operator_of(task)
        if operator not in _TAKES:
            continue
        lineage = lineage or Lineage(outline)
        wrong = [finding for name in task.references for finding in _wrong_kind(task, name, lineage, tree)]
        wrong += [finding for name in task.references for finding in _several(task, name, lineage, nesting, tree)]
        yield from wrong
        if operator == "EvaluateModel" and not wrong:
            yield from _other_split(task, lineage, tree)
        if operator == "DeployModel" and not wrong:
            yield from _not_judged(task, outline.dag_id, lineage, tree)


def _wrong_kind(task: Node, name: Name, lineage: Lineage, tree: Tree) -> Iterator[Finding]:
    key = next(str(part) for part in reversed(name.path) if isinstance(part, str))
    allowed = _TAKES[operator_of(task)].get(key)
    found = operator_of(lineage.task(name.text))
    # of an operator that is not this project's, nobody knows what it gives
    if allowed is None or found not in _OWN or found in allowed:
        return
    message = f'"{key}" of {operator_of(task)} takes the result of {" or ".join(allowed)}; "{name.text}" is {found}'
    fitting = [task_id for task_id in lineage.ids(allowed) if task_id != task.id][:_MOST_LISTED]
    hint = f"results of that kind: {', '.join(fitting)}" if fitting else f"add a task with {allowed[0]}"
    yield Finding("P503", tree.find(name.path).place, message, hint)


def _several(task: Node, name: Name, lineage: Lineage, nesting: Nesting, tree: Tree) -> Iterator[Finding]:
    """Find results of mapped tasks where one result is needed: they are as many as the tasks."""
    source = lineage.task(name.text)
    if source is None or isinstance(name.path[-1], int):
        return
    group = nesting.mapped_group_of(source)
    if source.is_mapped or (group is not None and group is not nesting.mapped_group_of(task)):
        key = str(name.path[-1])
        message = f'"{key}" of {operator_of(task)} takes one result; "{name.text}" is mapped, and gives several'
        hint = f"map this task over them: expand: {{{key}: +{name.text}}}"
        yield Finding("P503", tree.find(name.path).place, message, hint)


def _other_split(task: Node, lineage: Lineage, tree: Tree) -> Iterator[Finding]:
    judged = lineage.source(task, "data")
    learnt = lineage.first(lineage.source(lineage.source(task, "model"), "data"), "data", "PreprocessData")
    if judged is None or learnt is None or judged.id == learnt.id:
        return
    message = f'the model learns from the split of "{learnt.id}", and is judged on that of "{judged.id}"'
    hint = f"write data: {learnt.id}; its held-out rows are the ones that the model has not seen"
    yield Finding("P505", tree.find((*task.path, "data")).place, message, hint)


def _not_judged(task: Node, dag_id: str, lineage: Lineage, tree: Tree) -> Iterator[Finding]:
    model, evaluation = lineage.source(task, "model"), lineage.source(task, "evaluation")
    judged = lineage.source(evaluation, "model")
    if model is None or evaluation is None or judged is None:
        return
    if model.id != judged.id:
        message = f'"{task.id}" deploys the model of "{model.id}", and "{evaluation.id}" judges that of "{judged.id}"'
        yield Finding("P504", tree.find((*task.path, "model")).place, message, "deploy the model that was judged")
        return
    # what deployment and evaluation must agree on, with what it is if it is not given
    for key, default in (("registered_model", dag_id), ("alias", "champion")):
        here, there = _value(task, key, default), _value(evaluation, key, default)
        if here == there or "{{" in here + there:
            continue
        message = f'"{key}" is "{here}" here, and "{there}" in "{evaluation.id}", which judges the model'
        given = key if key in (task.config or {}) else "evaluation"
        yield Finding("P504", tree.find((*task.path, given)).place, message, "write the same in both tasks")


def _value(task: Node, key: str, default: str) -> str:
    value = (task.config or {}).get(key)
    return value if isinstance(value, str) else default
