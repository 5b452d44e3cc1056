"""The pipelines of a file as they are in an environment: everything that is shared, made or changed laid together.

From below: ``defaults.yaml`` from the farthest folder to the nearest, the file's ``default`` block, that of the
environment, the template, the pipeline itself, and what the environment changes of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from schemas.contract import Contract
from schemas.diagnostic import Finding
from schemas.layers import EMPTY, OWN_KEYS, Layer, entries, join_defaults, lay_over, without
from schemas.position import FileText, LayeredText
from schemas.rules.hints import Hints
from schemas.source import Source
from schemas.surroundings import Around, SideFile

if TYPE_CHECKING:
    from schemas.instances import Instance, Instances

DEFAULT = "default"
_MAKES_A_TASK = ("operator", "decorator")
_TEMPLATE, _ = OWN_KEYS


@dataclass(frozen=True, slots=True)
class View:
    """One pipeline in one environment."""

    dag_id: str
    environment: str
    """Its name; empty for none."""
    source: Source
    """The pipeline alone, as plain data with the places of its parts."""
    text: FileText
    """The texts of the files that it is from."""
    files: tuple[SideFile, ...]
    """Those that have a part in it beside its own."""
    findings: tuple[Finding, ...]
    """What is wrong in how it is put together."""
    is_made: bool
    """Whether it could be put together, so that it can be looked at."""
    is_laid: bool
    """Whether it says anything else than its own file says of it."""
    instance: Instance | None
    """How it was made, if it is made of a template."""

    def where_written(self, finding: Finding) -> Iterator[Finding]:
        """Yield a finding on a text of a template, and the same at each value that was put into it."""
        yield finding
        if self.instance is not None and finding.place.file and finding.place.note:
            for place in self.instance.put_in_at(finding.place):
                yield replace(finding, place=place)


class Views:
    """Puts the pipelines of one file together."""

    def __init__(self, source: Source, shown: str, around: Around, contract: Contract) -> None:
        self._source = source
        self._around = around
        self._shown = shown
        self._contract = contract
        self._text = FileText(source.text)
        self._data: Mapping[str, Any] = source.data if isinstance(source.data, dict) else {}
        self._shared: dict[str, _Shared] = {}
        self._texts: dict[tuple[SideFile, ...], FileText] = {}

    @property
    def text(self) -> FileText:
        """The file's own text."""
        return self._text

    @property
    def dag_ids(self) -> list[str]:
        """The pipelines that the file declares, sound or not."""
        return [dag_id for dag_id in self._data if dag_id != DEFAULT]

    @property
    def templates(self) -> set[str]:
        """The templates that the pipelines name, whether there are such or not; known when they have been made."""
        return self._instances.names if "_instances" in self.__dict__ else set()

    @cached_property
    def _instances(self) -> Instances:
        # most files have none
        from schemas.instances import Instances

        return Instances(self._source, self._shown, self._around, self._contract)

    @cached_property
    def default(self) -> Layer:
        """The file's own ``default`` block."""
        return self._part(DEFAULT) if isinstance(self._data.get(DEFAULT), dict) else EMPTY

    def in_environment(self, name: str) -> Iterator[View]:
        """Yield every pipeline in an environment.

        :param name: an environment that there is, or nothing for none
        """
        for dag_id in self.dag_ids:
            yield self._view(dag_id, name)

    def one(self, dag_id: str, environment: str) -> Iterator[View]:
        """Yield a single pipeline in an environment, if the file has it."""
        if dag_id in self._data and dag_id != DEFAULT:
            yield self._view(dag_id, environment)

    def changed_in(self, name: str) -> Iterator[View]:
        """Yield the pipelines that an environment changes, as they are in it."""
        layers = [file.layer.value for file in self._around.environment(name)]
        changes_all = any(layer.get(DEFAULT) for layer in layers)
        for dag_id in self.dag_ids:
            if changes_all or any(dag_id in layer for layer in layers):
                yield self._view(dag_id, name)

    def _view(self, dag_id: str, environment: str) -> View:
        own, overlay = self._part(dag_id), self._overlay(dag_id, environment)
        made = _Making(dag_id, environment, self._files_in(environment))
        if not isinstance(own.value, dict):
            return self._finished(made, own)
        if _TEMPLATE in own.value:
            together = own if overlay is EMPTY else lay_over(overlay, own)
            made.instance = self._instances.make(dag_id, environment, together)
            if made.instance.body is None:
                return self._finished(made, own)
        shared = self._shared_in(environment)
        if made.instance is not None or overlay is not EMPTY:
            return self._finished(made, made.lay(overlay, own, shared))
        return self._finished(made, lay_over(own, shared.fitting(entries(own, "tasks"))))

    def _finished(self, made: _Making, layer: Layer) -> View:
        dag_id, whole, instance = made.dag_id, self._source.tree, made.instance
        tree = whole.with_children({dag_id: layer.tree}, {dag_id: whole})
        files, findings = made.files, (*(instance.findings if instance else ()), *made.findings)
        if instance is not None:
            files = (*files, *instance.files)
        return View(
            dag_id,
            made.environment,
            Source(self._source.path, self._source.text, {dag_id: layer.value}, tree, ()),
            self._text_of(files),
            files,
            findings,
            is_made=instance is None or instance.body is not None,
            is_laid=layer.value is not self._data[dag_id],
            instance=instance,
        )

    def _files_in(self, environment: str) -> tuple[SideFile, ...]:
        of_environment = self._around.environment(environment) if environment else ()
        return (*self._around.defaults, *of_environment)

    def _part(self, key: str) -> Layer:
        return Layer(self._data[key], self._source.tree.find((key,)))

    def _shared_in(self, environment: str) -> _Shared:
        """Give what all pipelines of the file share in an environment."""
        if environment not in self._shared:
            shared = join_defaults(self.default, self._around.shared)
            for file in reversed(self._around.environment(environment)) if environment else ():
                default = file.layer.value.get(DEFAULT)
                shared = join_defaults(file.layer.part(DEFAULT), shared) if isinstance(default, dict) else shared
            self._shared[environment] = _Shared(shared)
        return self._shared[environment]

    def _overlay(self, dag_id: str, environment: str) -> Layer:
        """Give what an environment changes of a pipeline."""
        overlay = EMPTY
        for file in reversed(self._around.environment(environment)) if environment else ():
            if isinstance(file.layer.value.get(dag_id), dict):
                overlay = lay_over(file.layer.part(dag_id), overlay)
        return overlay

    def _text_of(self, files: tuple[SideFile, ...]) -> FileText:
        if not files:
            return self._text
        if files not in self._texts:
            self._texts[files] = LayeredText(self._text, {file.shown: file.text for file in files})
        return self._texts[files]


class _Shared:
    """What all pipelines of a file share."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._tasks = entries(layer, "tasks")
        self.complete = {task_id: task for task_id, task in self._tasks.items() if is_complete(task)}
        """The tasks that are added to every pipeline."""

    def fitting(self, named: Collection[str]) -> Layer:
        """Leave out the defaults for tasks that a pipeline does not have.

        :param named: those it has
        """
        if not self._tasks:
            return self._layer
        taken = {task_id: self._tasks[task_id] for task_id in named if task_id in self._tasks} | self.complete
        held = self._layer.part("tasks").tree
        tree = held.with_children({task_id: task.tree for task_id, task in taken.items()})
        tasks = Layer({task_id: task.value for task_id, task in taken.items()}, tree)
        return _with_tasks(self._layer, tasks)


@dataclass(slots=True)
class _Making:
    """A view that is being made."""

    dag_id: str
    environment: str
    files: tuple[SideFile, ...]
    instance: Instance | None = None
    findings: list[Finding] = field(default_factory=list)

    def lay(self, overlay: Layer, own: Layer, shared: _Shared) -> Layer:
        """Lay everything together, and find changes of tasks that are not there."""
        body = EMPTY
        if self.instance is not None and self.instance.body is not None:
            overlay, own, body = without(overlay, OWN_KEYS), without(own, OWN_KEYS), self.instance.body
        known = {*entries(body, "tasks"), *shared.complete}
        if self.instance is not None:
            own = self._without_strangers(own, known, f'the template of pipeline "{self.dag_id}"')
        known |= entries(own, "tasks").keys()
        overlay = self._without_strangers(overlay, known, f'pipeline "{self.dag_id}"')
        named = {**entries(body, "tasks"), **entries(own, "tasks"), **entries(overlay, "tasks")}
        return lay_over(overlay, lay_over(own, lay_over(body, shared.fitting(named))))

    def _without_strangers(self, layer: Layer, known: Collection[str], whose: str) -> Layer:
        tasks = entries(layer, "tasks")
        strangers = [task_id for task_id, task in tasks.items() if task_id not in known and not is_complete(task)]
        if not strangers or not isinstance(layer.value["tasks"], dict):
            return layer
        hints, held = Hints(), layer.part("tasks")
        for task_id in strangers:
            hint = hints.nearest(task_id, known) or "a task that is added needs an operator"
            message = f'{whose} has no task "{task_id}"'
            self.findings.append(Finding("P804", held.tree.key((task_id,)), message, hint))
        return _with_tasks(layer, without(held, strangers))


def is_complete(task: Layer) -> bool:
    """Tell whether a task can be made of what stands there, so that it can be added to a pipeline."""
    return isinstance(task.value, dict) and any(key in task.value for key in _MAKES_A_TASK)


def _with_tasks(layer: Layer, tasks: Layer) -> Layer:
    tree = layer.tree.with_children({**layer.tree.children, "tasks": tasks.tree})
    return Layer({**layer.value, "tasks": tasks.value}, tree)
