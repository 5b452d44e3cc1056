"""The JSON Schema in use: one document, found by its operators, asked in two ways - fast, and for what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.bounds import Pattern, iter_patterns
from schemas.compiled import Compiler, has_no_doubles, is_integer
from schemas.kinds import MAPPINGS, Kind
from schemas.value_formats import FORMATS

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.protocols import Validator

SCHEMA_FILE = Path(__file__).with_name("pipeline.schema.json")
"""The committed schema: this project's operators and those of the providers that it installs."""

_NEEDED = {"operators", "default", "environment_file", "template_file"}
_LARGE = 100
"""Entries of a mapping that jsonschema takes long to look at."""


@dataclass(frozen=True, eq=False)
class Contract:
    """A pipeline schema, as ``pipelines schema`` writes it."""

    document: Mapping[str, Any]
    _predicates: dict[str, Callable[[Any], bool]] = field(default_factory=dict, repr=False)
    _of_values: dict[int, tuple[Any, Callable[[Any], bool]]] = field(default_factory=dict, repr=False)

    @property
    def operators(self) -> Mapping[str, Mapping[str, Any]]:
        """Operator name in the YAML -> its JSON Schema."""
        operators: Mapping[str, Mapping[str, Any]] = self.document["$defs"]["operators"]
        return operators

    def required_keys(self, operator: str) -> tuple[str, ...]:
        """Name the parameters that an operator needs."""
        return self._operator_kind(operator).required

    def reference_keys(self, operator: str) -> tuple[str, ...]:
        """Name the parameters of an operator that take another task's result."""
        return self._operator_kind(operator).references

    def plain_keys(self, operator: str) -> frozenset[str]:
        """Name the parameters that take any text and that Airflow does not render: braces stay braces there."""
        properties = self.operators.get(operator, {}).get("properties", {})
        return frozenset(key for key, schema in properties.items() if _is_plain_text(schema))

    def result_keys(self, task: Mapping[str, Any]) -> Container[str]:
        """Name the keys of a task that Airflow renders, and in which it looks for results of other tasks."""
        return self.kind_of(task).rendered

    def kind_of(self, task: Mapping[str, Any]) -> Kind:
        """Give what is known of a task by what it names: its operator, or its decorator and function."""
        if "decorator" in task:
            name = re.fullmatch(self._decorator_pattern, str(task["decorator"]))
            decorator = name[0].removeprefix(f"{name[1]}.") if name else str(task["decorator"])
            return self._decorated_kind(decorator, str(task.get("python_callable")))
        return self._operator_kind(str(task.get("operator")))

    @cached_property
    def _decorator_pattern(self) -> str:
        _, other = self.document["$defs"]["task_shape"]["properties"]["decorator"]["anyOf"]
        return str(other["pattern"])

    @cache  # noqa: B019 (contracts live as long as the process)
    def _operator_kind(self, operator: str) -> Kind:
        known = self.operators.get(operator)
        needed = self.document["$defs"].get("required", {}).get(operator, {}).get("required", ())
        parts = ({**known, "required": needed},) if known else ()
        return Kind(parts, None, self.task_keys, known is not None)

    @cache  # noqa: B019 (contracts live as long as the process)
    def _decorated_kind(self, decorator: str, function: str) -> Kind:
        definitions = self.document["$defs"]
        known, arguments = definitions["decorators"].get(decorator), self.arguments_of(function)
        parts = tuple(part for part in (known, arguments) if part)
        return Kind(parts, arguments, self.task_keys, known is not None and arguments is not None)

    @cached_property
    def task_keys(self) -> frozenset[str]:
        """The keys that every task has."""
        definitions = self.document["$defs"]
        return frozenset((*definitions["task_shape"]["properties"], *definitions["decorated"]["properties"], "task_id"))

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages and modules whose functions a pipeline file may name."""
        return tuple(self.document.get("x-callable-packages", ()))

    @cached_property
    def functions(self) -> Mapping[str, Mapping[str, Any]]:
        """Import path of a function that a pipeline file may name -> JSON Schema of its arguments."""
        return self._named("functions")

    def arguments_of(self, function: str) -> Mapping[str, Any] | None:
        """Give the schema of the arguments of a function where a task calls it; None if it is not known."""
        known: Mapping[str, Any] | None = self.document["$defs"].get("arguments", {}).get(function)
        return known

    @cached_property
    def notifiers(self) -> Mapping[str, Mapping[str, Any]]:
        """Import path of a notifier -> JSON Schema of its parameters."""
        return self._named("notifiers")

    @cached_property
    def triggers(self) -> Mapping[str, Mapping[str, Any]]:
        """Import path of an event trigger -> JSON Schema of its parameters."""
        return self._named("triggers")

    def _named(self, home: str) -> Mapping[str, Mapping[str, Any]]:
        found = self.document["$defs"].get(home, {})
        return {path: self.resolve(schema["$ref"]) if "$ref" in schema else schema for path, schema in found.items()}

    def rendered_keys(self, notifier: str) -> frozenset[str]:
        """Name the parameters of a notifier that Airflow renders."""
        properties = self.notifiers.get(notifier, {}).get("properties", {})
        # the schema says so in the description, which people read as well
        return frozenset(key for key, schema in properties.items() if "(templated)" in schema.get("description", ""))

    def function_keys(self, operator: str) -> frozenset[str]:
        """Name the parameters of an operator that take a function by its import path."""
        return frozenset(key for key, kind in self.conversions(operator).items() if kind == "function")

    def conversions(self, operator: str) -> Mapping[str, str]:
        """Give the parameters whose text stands for a Python value: name -> one of :data:`schemas.spec.KINDS`.

        This project's own operators read the texts themselves.
        """
        return self._operator_kind(operator).conversions if "." in operator else {}

    def task_conversions(self, task: Mapping[str, Any]) -> Mapping[str, str]:
        """Give the parameters of a task whose text stands for a Python value, as :meth:`conversions` does."""
        if "decorator" in task:
            return {**self.kind_of(task).conversions, "python_callable": "function"}
        return self.conversions(str(task.get("operator")))

    @cache  # noqa: B019 (contracts live as long as the process)
    def threshold_patterns(self, operator: str) -> tuple[Pattern, ...]:
        """Give where the parameters of an operator have thresholds."""
        schema = {"properties": self.operators.get(operator, {}).get("properties", {})}
        return tuple(iter_patterns(schema, self.resolve))

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

    def compile(self, schema: Any) -> Callable[[Any], bool]:
        """Give the predicate of a part of this schema, or of one that refers into it."""
        return self._compiler.compile(schema)

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
        """Give the validator of a task that does not fit: of what it names, not of every operator there is."""
        config = task if isinstance(task, dict) else {}
        operator = config.get("operator")
        operator = operator if isinstance(operator, str) else None
        is_mapped = any(key in config for key in MAPPINGS)
        return self._task_validator(operator, is_mapped, "decorator" in config, listed)

    @cache  # noqa: B019 (contracts live as long as the process)
    def _task_validator(self, operator: str | None, is_mapped: bool, is_decorated: bool, listed: bool) -> Validator:
        definitions = self.document["$defs"]
        schema = {**definitions["task_shape"], "$defs": definitions}
        del schema["allOf"]
        if operator in self.operators:
            homes = ("operators", *(("required",) if operator in definitions["required"] and not is_mapped else ()))
            schema["allOf"] = [{"$ref": f"#/$defs/{home}/{operator}"} for home in homes]
        if operator in self.operators or is_decorated:
            # what a task may hold is known only with its operator or function
            schema["unevaluatedProperties"] = False
        if listed:
            parts = definitions["listed_task"]
            schema["properties"] = {**schema["properties"], **parts["properties"]}
            schema["required"] = parts["required"]
        return self._validator_of(schema)

    def value_fits(self, schema: Mapping[str, Any], value: Any) -> bool:
        """Tell whether a value fits a part of the schema that stands in it."""
        if id(schema) not in self._of_values:
            # with the schema itself, so that no other one can get its id
            self._of_values[id(schema)] = (schema, self._compiler.compile(schema))
        return self._of_values[id(schema)][1](value)

    def value_validator(self, schema: Mapping[str, Any]) -> Validator:
        """Give the validator of a value that does not fit a part of the schema."""
        return self._validator_of({**schema, "$defs": self.document["$defs"]})

    def _validator_of(self, schema: Mapping[str, Any]) -> Validator:
        validator: Validator = self._validator_class(schema, format_checker=self._format_checker)
        return validator

    @cached_property
    def _validator_class(self) -> Any:
        """The class of jsonschema, which passes large mappings quickly where nothing is wrong with them."""
        from jsonschema import Draft202012Validator, validators

        keywords = Draft202012Validator.VALIDATORS
        quick = {name: self._quick(name, keywords[name]) for name in ("propertyNames", "additionalProperties")}
        types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: is_integer(value))
        return validators.extend(  # type: ignore[no-untyped-call]
            Draft202012Validator, {**quick, "uniqueItems": _unique_items}, type_checker=types
        )

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


def _unique_items(validator: Any, wanted: Any, instance: Any, _: Any) -> Iterator[Any]:
    """Do what jsonschema does for ``uniqueItems``, without comparing each mapping with each other."""
    from jsonschema import ValidationError

    if wanted and validator.is_type(instance, "array") and not has_no_doubles(instance):
        yield ValidationError("the same item stands there twice")


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
    if not isinstance(document, dict) or not document.get("$defs", {}).keys() >= _NEEDED:
        raise ValueError("it is not a pipeline schema, or an old one; write one with `pipelines schema`")
    return Contract(document)


def _is_plain_text(schema: Mapping[str, Any]) -> bool:
    takes_any = schema.get("type") == "string" and not schema.keys() & {"enum", "const", "pattern", "format"}
    # of a templated parameter, the description says so
    return takes_any and "templat" not in str(schema.get("description", "templated")).lower()
