"""Rules on Jinja in the values of tasks: that it can be read, and that everything it names exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from schemas.diagnostic import Finding
from schemas.outline import Node, Outline, Path
from schemas.rules.callbacks import CALLBACKS, iter_rendered
from schemas.rules.full_ids import FullIds
from schemas.rules.hints import Hints
from schemas.rules.lineage import operator_of
from schemas.rules.task_graph import TaskGraph, lay_out
from schemas.rules.template_names import FILTERS, MACROS, PARAMS_METHODS, REMOVED, VARIABLES
from schemas.rules.template_settings import settings_of
from schemas.source import Tree

_NEVER_RENDERED = frozenset({"owner", "pool", "queue", "executor", "run_as_user", "task_display_name"})
"""Arguments of every task that people take for templates."""
_NO_TEMPLATES = frozenset(
    {"operator", "task_id", "task_group_name", "dependencies", "doc", "doc_md", "doc_json", "doc_rst", "doc_yaml",
     "params", "inlets", "outlets"}
)  # fmt: skip
"""Where braces are just braces."""
_MARKS = ("{{", "{%", "{#")
_SIMPLE = re.compile(
    rf"\{{\{{-?\s*([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)\s*(?:\|\s*(?:{'|'.join(sorted(FILTERS))})\s*)?-?\}}\}}"
)
_MOST_IN_ONE_TEXT = 10
_MOST_PULLS = 50
_LONGEST = 20_000
"""Characters; to parse a longer text takes longer than its check is worth."""
_MOST_PARSED = 100_000
"""Characters of all texts of a pipeline that are more than plain names in braces."""


def iter_template_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield findings on the Jinja in the tasks of a pipeline, each placed inside the text it stands in."""
    if not any(outline.text.contains(mark) for mark in _MARKS):
        return
    names = _Names(outline)
    if names.settings.has_own_signs:
        return
    for task in outline.tasks:
        plain = names.plain_keys(task)
        for key, value in (task.config or {}).items():
            if not value or (type(value) is str and "{" not in value) or key in CALLBACKS:
                continue
            if key in _NEVER_RENDERED or key in plain:
                yield from _never_rendered(task, key, value, tree)
            elif key not in _NO_TEMPLATES:
                yield from _in_value(value, (*task.path, key), task, names, tree)
    for path, value in iter_rendered(outline):
        yield from _in_value(value, path, None, names, tree)


def _in_value(value: Any, path: Path, task: Node | None, names: _Names, tree: Tree) -> Iterator[Finding]:
    for at, text in _iter_texts(value, path):
        if not _is_plainly_right(text, task, names) and names.may_parse(text):
            yield from _Text(text, at, task, names).findings(names.outline, tree)


def _iter_texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    work = [(path, value)]
    while work:
        at, current = work.pop()
        if isinstance(current, str):
            if len(current) <= _LONGEST and ("{{" in current or "{%" in current or "{#" in current):
                yield at, current
        elif isinstance(current, dict):
            work.extend(((*at, key), item) for key, item in current.items())
        elif isinstance(current, list):
            work.extend(((*at, index), item) for index, item in enumerate(current))


def _is_plainly_right(text: str, task: Node | None, names: _Names) -> bool:
    """Tell whether there are only known names in braces: most templates, which need no parser."""
    uses = _plain_uses(text)
    return uses is not None and all(
        not attribute or names.has_attribute(name, attribute, task) for name, attribute in uses
    )


@lru_cache(maxsize=4096)
def _plain_uses(text: str) -> tuple[tuple[str, str], ...] | None:
    """Give each variable of a template with what is asked of it first; None if there is more to it."""
    parts = _SIMPLE.split(text)
    rest = "".join(parts[::3])
    if "{{" in rest or "{%" in rest or "{#" in rest or not VARIABLES.issuperset(parts[1::3]):
        return None
    return tuple((name, path[1:].partition(".")[0]) for name, path in zip(parts[1::3], parts[2::3], strict=True))


def _never_rendered(task: Node, key: str, value: Any, tree: Tree) -> Iterator[Finding]:
    for path, text in _iter_texts(value, (*task.path, key)):
        if "{{" in text:
            message = f'"{key}" of task "{task.id}" is not a template: Airflow takes the braces as they are'
            yield Finding("P517", tree.find(path).place, message, "write the value itself")
            return


class _Names:
    """What templates of a pipeline can name, worked out where it is needed."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.settings = settings_of(outline)
        params = outline.config.get("params")
        self.params = params if isinstance(params, dict) else {}
        self.hints = Hints()
        self.pulls_left = _MOST_PULLS
        self.characters_left = _MOST_PARSED
        self._plain: dict[str, frozenset[str]] = {}
        self._graph: TaskGraph | None = None
        self._full_ids: dict[str, str] = {}

    def plain_keys(self, task: Node) -> frozenset[str]:
        """Name the parameters of a task's operator that Airflow does not render, as far as that is known."""
        operator, operators = operator_of(task), self.outline.operators
        if operator not in self._plain:
            self._plain[operator] = operators.plain_keys(operator) if operators is not None else frozenset()
        return self._plain[operator]

    def may_parse(self, text: str) -> bool:
        """Tell whether there is time left for one more text, and count it."""
        self.characters_left -= len(text)
        return self.characters_left >= 0

    def has_attribute(self, name: str, attribute: str, task: Node | None) -> bool:
        """Tell whether a variable has an attribute in a template of a task, as far as that is known."""
        if name == "params":
            own = (task.config or {}).get("params") if task is not None else None
            is_own = isinstance(own, dict) and attribute in own
            return is_own or attribute in self.params or attribute in PARAMS_METHODS
        if name == "macros":
            return attribute in MACROS
        return name != "var" or attribute in ("value", "json")

    def full_ids(self) -> Mapping[str, str]:
        """Map each task id, with the names of its groups before it as Airflow has it, to the id in the YAML."""
        if not self._full_ids:
            ids = FullIds(self.outline)
            self._full_ids = {ids.of(task): task.id for task in self.outline.tasks}
        return self._full_ids

    def is_upstream(self, before: str, after: str) -> bool:
        """Tell whether a task has run when another starts; also where the graph is not known."""
        self._graph = self._graph or lay_out(self.outline)
        if self._graph is None:
            return True
        seen, work = {after}, [after]
        while work:
            for name in self._graph.upstream[work.pop()]:
                if name not in seen:
                    seen.add(name)
                    work.append(name)
        return before in seen


@dataclass(frozen=True, slots=True)
class _Text:
    """One text with Jinja in it."""

    text: str
    path: Path
    task: Node | None
    """The task that it is of; none where a callback is that of several."""
    names: _Names

    def findings(self, outline: Outline, tree: Tree) -> Iterator[Finding]:
        """Yield what is wrong with it, at most so much that nobody is buried."""
        place = tree.find(self.path).place
        for index, (code, span, message, hint) in enumerate(self._problems()):
            if index == _MOST_IN_ONE_TEXT:
                return
            yield Finding(code, outline.text.place_inside(place, self.text, span.start, span.end), message, hint)

    def _problems(self) -> Iterator[tuple[str, Any, str, str]]:
        from schemas.rules.template_syntax import Problem, known_filters, known_tests, read_template

        settings = self.names.settings
        template = read_template(self.text, settings.extensions)
        if isinstance(template, Problem):
            yield "P510", template.span, f"not a Jinja template: {template.message}", template.hint
            return
        for name in (name for name in template.unknown_filters if name not in settings.filters):
            span = template.span_after(("|", "filter"), name)
            known = [*settings.filters, *known_filters()]
            yield "P514", span, f'there is no filter "{name}"', _short(self.names.hints.nearest(name, known))
        for name in template.unknown_tests:
            span = template.span_after(("is", "not"), name)
            yield "P514", span, f'there is no test "{name}"', _short(self.names.hints.nearest(name, known_tests()))
        for name in template.variables if settings.is_strict and not self._may_name_more else ():
            if name not in VARIABLES and name not in settings.macros:
                span = template.variable_span(name)
                yield "P511", span, f'there is no template variable "{name}"', _instead_of(name, self.names)
        yield from self._attribute_problems(template)
        yield from self._pull_problems(template)

    @property
    def _may_name_more(self) -> bool:
        """Whether the task itself can add variables: it is rendered after the task."""
        return self.path[-1] == "map_index_template"

    def _attribute_problems(self, template: Any) -> Iterator[tuple[str, Any, str, str]]:
        for name, span in template.attributes("params") if self.names.settings.is_strict else ():
            if not self.names.has_attribute("params", name, self.task):
                near = self.names.hints.nearest(name, self.names.params)
                hint = near or f"add {name} with a default to the params of the pipeline"
                yield "P512", span, f'the pipeline has no param "{name}"; a run without it fails', hint
        for name, span in template.attributes("macros"):
            if name not in MACROS:
                message = f'Airflow has no macro "{name}"'
                yield "P513", span, message, self.names.hints.nearest_or_all(name, sorted(MACROS))
        for name, span in template.attributes("var"):
            if name not in ("value", "json"):
                message = f'there is no template variable "var.{name}"'
                yield "P511", span, message, f"write var.value.{name}, or var.json.{name} for a JSON value"

    def _pull_problems(self, template: Any) -> Iterator[tuple[str, Any, str, str]]:
        ids = self.names.full_ids()
        task_id = self.task.id if self.task is not None else ""
        for pulled in template.pulled:
            self.names.pulls_left -= 1
            if self.names.pulls_left < 0:
                return
            span = template.string_span(pulled)
            if pulled not in ids:
                message = f'xcom_pull names task "{pulled}", which is not defined'
                inner = [full for full, name in ids.items() if name == pulled]
                hint = f'write "{inner[0]}": the group is part of the id' if inner else ""
                yield "P515", span, message, hint or self.names.hints.nearest_or_all(pulled, ids)
            elif task_id and not self.names.is_upstream(ids[pulled], task_id):
                message = f'xcom_pull takes the result of "{pulled}", which does not run before "{task_id}"'
                yield "P516", span, message, f'add "{ids[pulled]}" to the dependencies of "{task_id}"'


def _instead_of(name: str, names: _Names) -> str:
    if name in REMOVED:
        return f"Airflow 3 has it no more; {REMOVED[name]}"
    return _short(names.hints.nearest(name, sorted(VARIABLES | names.settings.macros)))


def _short(hint: str) -> str:
    """Say where all names are where none is near; there are too many to list them."""
    return hint or "see Airflow's templates reference for what there is"
