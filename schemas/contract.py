"""The JSON Schema in use: one document, found by its operators, asked in two ways - fast, and for what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.bounds import Pattern, iter_patterns
from schemas.compiled import Compiler
from schemas.value_formats import FORMATS

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.protocols import Validator

SCHEMA_FILE = Path(__file__).with_name("pipeline.schema.json")
"""The committed schema: this project's operators and those of the providers that it installs."""

_DURATION = "#/$defs/duration"
_DATE = "#/$defs/date"
_LARGE = 100
"""Entries of a mapping that jsonschema takes long to look at."""


@dataclass(frozen=True, eq=False)
class Contract:
    """A pipeline schema, as ``pipelines schema`` writes it."""

    document: Mapping[str, Any]
    _predicates: dict[str, Callable[[Any], bool]] = field(default_factory=dict, repr=False)

    @property
    def operators(self) -> Mapping[str, Mapping[str, Any]]:
        """Operator name in the YAML -> its JSON Schema."""
        operators: Mapping[str, Mapping[str, Any]] = self.document["$defs"]["operators"]
        return operators

    def reference_keys(self, operator: str) -> tuple[str, ...]:
        """Name the parameters of an operator that take another task's result."""
        return self._reference_keys.get(operator, ())

    def plain_keys(self, operator: str) -> frozenset[str]:
        """Name the parameters that take any text and that Airflow does not render: braces stay braces there."""
        properties = self.operators.get(operator, {}).get("properties", {})
        return frozenset(key for key, schema in properties.items() if _is_plain_text(schema))

    def conversions(self, operator: str) -> Mapping[str, str]:
        """Give the parameters whose text stands for a Python value: name -> ``duration`` or ``date``.

        This project's own operators read the texts themselves.
        """
        return self._conversions.get(operator, {})

    @cache  # noqa: B019 (contracts live as long as the process)
    def threshold_patterns(self, operator: str) -> tuple[Pattern, ...]:
        """Give where the parameters of an operator have thresholds."""
        schema = {"properties": self.operators.get(operator, {}).get("properties", {})}
        return tuple(iter_patterns(schema, self.resolve))

    @cached_property
    def _reference_keys(self) -> Mapping[str, tuple[str, ...]]:
        return {
            name: tuple(key for key, value in schema["properties"].items() if value.get("x-reference"))
            for name, schema in self.operators.items()
        }

    @cached_property
    def _conversions(self) -> Mapping[str, Mapping[str, str]]:
        found = {
            name: {key: _conversion(value) for key, value in schema["properties"].items()}
            for name, schema in self.operators.items()
            if "." in name
        }
        return {name: {key: kind for key, kind in kinds.items() if kind} for name, kinds in found.items()}

    def resolve(self, ref: str) -> Any:
        """Follow a reference inside the document, as in ``#/$defs/duration``."""
        target: Any = self.document
        for part in ref.removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        return target

    @cached_property
    def fits(self) -> Callable[[Any], bool]:
        """Tell whether a file's data fits, without saying what is wrong."""
        return self._compiler.compile(self.document)

    @cached_property
    def _compiler(self) -> Compiler:
        return Compiler(self.resolve, self._checks)

    @cached_property
    def _checks(self) -> Mapping[str, Callable[[Any], bool]]:
        return {name: check for name, (_, check) in FORMATS.items()}

    @cached_property
    def validator(self) -> Validator:
        """The jsonschema validator of the whole document."""
        return self._validator_of(self.document)

    @cached_property
    def skeleton_validator(self) -> Validator:
        """The validator of everything but the tasks, which are asked one by one: most of a file is usually right."""
        definitions = {**self.document["$defs"], "task": True, "listed_task": True}
        return self._validator_of({**self.document, "$defs": definitions})

    @cached_property
    def skeleton_fits(self) -> Callable[[Any], bool]:
        """Tell whether everything but the tasks fits."""
        tasks = ("#/$defs/task", "#/$defs/listed_task")
        compiler = Compiler(lambda ref: True if ref in tasks else self.resolve(ref), self._checks)
        return compiler.compile(self.document)

    def task_fits(self, task: Any, *, listed: bool) -> bool:
        """Tell whether one task fits, in map form or in list form."""
        name = "listed_task" if listed else "task"
        if name not in self._predicates:
            self._predicates[name] = self._compiler.compile({"$ref": f"#/$defs/{name}"})
        return self._predicates[name](task)

    def task_validator(self, task: Any, *, listed: bool) -> Validator:
        """Give the validator of a task that does not fit: of its operator alone, not of every operator there is."""
        operator = task.get("operator") if isinstance(task, dict) else None
        operator = operator if isinstance(operator, str) else None
        return self._task_validator(operator, listed)

    @cache  # noqa: B019 (contracts live as long as the process)
    def _task_validator(self, operator: str | None, listed: bool) -> Validator:
        definitions = self.document["$defs"]
        schema = {**definitions["task_shape"], "$defs": definitions}
        del schema["allOf"]
        if operator in self.operators:
            schema["allOf"] = [{"$ref": f"#/$defs/operators/{operator}"}]
            # what a task may hold is known only with its operator
            schema["unevaluatedProperties"] = False
        if listed:
            parts = definitions["listed_task"]
            schema["properties"] = {**schema["properties"], **parts["properties"]}
            schema["required"] = [*schema["required"], *parts["required"]]
        return self._validator_of(schema)

    def _validator_of(self, schema: Mapping[str, Any]) -> Validator:
        validator: Validator = self._validator_class(schema, format_checker=self._format_checker)
        return validator

    @cached_property
    def _validator_class(self) -> Any:
        """The class of jsonschema, which passes large mappings quickly where nothing is wrong with them."""
        from jsonschema import Draft202012Validator, validators

        keywords = Draft202012Validator.VALIDATORS
        quick = {name: self._quick(name, keywords[name]) for name in ("propertyNames", "additionalProperties")}
        return validators.extend(Draft202012Validator, quick)  # type: ignore[no-untyped-call]

    def _quick(self, keyword: str, slow: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
        predicates: dict[int, tuple[Any, Callable[[Any], bool]]] = {}

        def check(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
            if isinstance(instance, dict) and len(instance) > _LARGE:
                if id(schema) not in predicates:
                    own = {key: schema[key] for key in (keyword, "properties") if key in schema}
                    # with the schema itself, so that no other one can get its id
                    predicates[id(schema)] = (schema, self._compiler.compile(own))
                if predicates[id(schema)][1](instance):
                    return
            yield from slow(validator, value, instance, schema)

        return check

    @cached_property
    def _format_checker(self) -> FormatChecker:
        from jsonschema import FormatChecker

        formats = FormatChecker(formats=())
        for name, (_, check) in FORMATS.items():
            formats.checks(name)(check)
        return formats


def load_contract(path: Path = SCHEMA_FILE) -> Contract:
    """Read a schema file; once, as long as it does not change.

    :param path: a file that ``pipelines schema`` wrote
    :raises OSError: if it cannot be read
    :raises ValueError: if it is no such file
    """
    return _load(path.resolve(), path.stat().st_mtime_ns)


@cache
def _load(path: Path, _: int) -> Contract:
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict) or "operators" not in document.get("$defs", {}):
        raise ValueError("it is not a pipeline schema; write one with `pipelines schema`")
    return Contract(document)


def _is_plain_text(schema: Mapping[str, Any]) -> bool:
    takes_any = schema.get("type") == "string" and not schema.keys() & {"enum", "const", "pattern", "format"}
    # of a templated parameter, the description says so
    return takes_any and "templat" not in str(schema.get("description", "templated")).lower()


def _conversion(schema: Mapping[str, Any]) -> str | None:
    references = [part.get("$ref") for part in (schema, *schema.get("anyOf", ()))]
    if _DURATION in references:
        return "duration"
    # a text beside a date is a template or a format of the operator's own
    texts = any("string" in part.get("type", ()) for part in schema.get("anyOf", ()))
    return "date" if _DATE in references and not texts else None
