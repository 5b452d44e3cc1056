"""Derives the JSON Schema of an operator class from its signatures, type hints, docstrings and template_fields."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipelines.operator_facts import REFINED, REMOVED

Schema = dict[str, Any]

_DURATION: Schema = {"$ref": "#/$defs/duration"}
_TIME: Schema = {"$ref": "#/$defs/time"}
_EXPRESSION: Schema = {"$ref": "#/$defs/expression"}
_NAMED_TYPES: dict[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "dict": {"type": "object"},
    "Mapping": {"type": "object"},
    "MutableMapping": {"type": "object"},
    "Context": {"type": "object"},
    "list": {"type": "array"},
    "List": {"type": "array"},
    "set": {"type": "array"},
    "frozenset": {"type": "array"},
    "tuple": {"type": "array"},
    "Sequence": {"type": "array"},
    "Collection": {"type": "array"},
    "Iterable": {"type": "array"},
    "Container": {"type": "array"},
    "timedelta": _DURATION,
    "datetime": {"$ref": "#/$defs/date"},
    "date": {"$ref": "#/$defs/date"},
    "DateTime": {"$ref": "#/$defs/date"},
    "time": _TIME,
    "Path": {"type": "string"},
    "PathLike": {"type": "string"},
    "Callable": {"x-callable": True},
    "BaseNotifier": {"$ref": "#/$defs/notifier"},
    "HITLUser": {
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "The id of a user of Airflow."},
            "name": {"type": "string", "description": "The name of the user."},
        },
        "required": ["id", "name"],
        "additionalProperties": False,
    },
    # Airflow's markers for "not given"
    "ArgNotSet": {"not": {}},
    "NOTSET": {"not": {}},
}
FUNCTION = "#/$defs/function_path"
_PATHS = ("response_check_path",)
"""Parameters for a text that Airflow imports as a function."""
_FIXED = "FIXED_ARGS"
"""The attribute in which Airflow's approvals name the parameters that nobody may give."""
_OPTIONAL = {"HITLEntryOperator": frozenset({"options"})}
"""Class -> parameters that it gives itself where they are left out, although its base class needs them."""
_MAPPINGS = ("dict", "Mapping", "MutableMapping", "Dict")
_LISTS = ("list", "List", "set", "frozenset", "Sequence", "Collection", "Iterable", "Container")
_PARAM = re.compile(r"^\s*:param (?:[\w\[\], |]+ )?(\w+):\s*(.*)$")
_ROLE = re.compile(r":[a-z:]+:`~?([^`<]+?)(?:\s*<[^>]*>)?`")
_MAX_DESCRIPTION = 400


def operator_schema(cls: type, base: type) -> Schema:
    """Describe what a class takes in YAML, beyond what every task takes.

    :param cls: an operator, sensor or notifier class
    :param base: the class at which the walk up the MRO stops, e.g. ``airflow.sdk.BaseOperator``
    :returns: a JSON Schema with title, description, properties and required
    """
    templated = set(getattr(cls, "template_fields", ()))
    properties: dict[str, Schema] = {}
    required: list[str] = []
    optional = _OPTIONAL.get(cls.__name__, ())
    for owner, parameter in own_parameters(cls, base):
        refinement = _refinement(cls, parameter.name)
        if refinement == REMOVED or parameter.name in getattr(cls, _FIXED, ()):
            continue
        schema = parameter_schema(parameter, owner, templated=parameter.name in templated)
        properties[parameter.name] = _refined(schema, refinement)
        if parameter.default is inspect.Parameter.empty and parameter.name not in optional:
            required.append(parameter.name)
    return {
        "title": cls.__qualname__,
        "description": summary(cls),
        "properties": dict(sorted(properties.items())),
        "required": sorted(required),
    }


def _refinement(cls: type, parameter: str) -> Schema:
    paths = (f"{base.__module__}.{base.__qualname__}.{parameter}" for base in cls.__mro__)
    return next((REFINED[path] for path in paths if path in REFINED), {})


def _refined(schema: Schema, refined: Schema) -> Schema:
    """Narrow what a type tells; alternatives and listed values take its place."""
    replaced = ("type", "anyOf", "items") if {"type", "enum", "anyOf"} & set(refined) else ()
    return {**{key: value for key, value in schema.items() if key not in replaced}, **refined}


def own_parameters(cls: type, base: type) -> Iterator[tuple[type, inspect.Parameter]]:
    """Yield each constructor parameter with the class that defines it; the nearest class wins.

    Those that a class gives its base class itself cannot be given besides.
    """
    known = set(inspect.signature(base.__init__).parameters)  # type: ignore[misc]
    for owner in cls.__mro__:
        if owner is base or owner is object:
            return
        if "__init__" not in vars(owner):
            continue
        parameters = inspect.signature(inspect.unwrap(vars(owner)["__init__"])).parameters.values()
        for parameter in parameters:
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) or parameter.name in known:
                continue
            known.add(parameter.name)
            yield owner, parameter
        known |= _given_to_base(owner)
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters):
            return


def _given_to_base(owner: type) -> set[str]:
    """Name what the constructor of a class passes on by name, as in ``super().__init__(deferrable=True, **kwargs)``."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(vars(owner)["__init__"]))))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__"
    ]
    return {keyword.arg for call in calls for keyword in call.keywords if keyword.arg is not None}


def parameter_schema(parameter: inspect.Parameter, owner: Any, *, templated: bool = False) -> Schema:
    """Describe one parameter.

    :param parameter: as ``inspect`` gives it
    :param owner: the class or function whose docstring describes it
    :param templated: whether Airflow renders it, so that it may be a text whatever its type
    """
    schema = annotation_schema(parameter.annotation)
    if _is_function(schema) or parameter.name in _PATHS:
        # null, where it is allowed, says what leaving it out does
        schema = {"$ref": FUNCTION}
    description = parameter_descriptions(owner).get(parameter.name, "")
    if templated:
        if schema and schema != {"$ref": FUNCTION}:
            schema = _union([schema, _EXPRESSION if _is_converted(schema) else {"type": "string"}])
        if "templated" not in description:
            description = f"{description} (templated)".strip()
    if not schema:
        # any value: an editor puts the colon behind a key only where it is told what follows
        schema["type"] = ["string", "number", "boolean", "object", "array", "null"]
    if description:
        schema["description"] = description
    if parameter.default not in (inspect.Parameter.empty, None) and _is_plain(parameter.default):
        schema["default"] = parameter.default
    return schema


def _is_converted(schema: Schema) -> bool:
    """Tell what becomes a Python value when the task is built, unless it is known in a run only."""
    return any(part in (_DURATION, _TIME) for part in (schema, *schema.get("anyOf", ())))


def _is_function(schema: Schema) -> bool:
    return schema.get("x-callable") is True and schema.get("type") in (None, "null") and "anyOf" not in schema


def _is_plain(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError):
        return False


def annotation_schema(annotation: Any) -> Schema:
    """Turn a type hint into a JSON Schema; a hint that says nothing to YAML gives the empty schema.

    :param annotation: as ``inspect`` gives it, a string or an object
    """
    if annotation is inspect.Parameter.empty:
        return {}
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    try:
        return _node_schema(ast.parse(text, mode="eval").body)
    except SyntaxError:
        return {}


def _node_schema(node: ast.expr) -> Schema:
    match node:
        case ast.Constant(value=None):
            return {"type": "null"}
        case ast.Constant(value=str(text)):
            return annotation_schema(text)
        case ast.BinOp(op=ast.BitOr()):
            return _union([_node_schema(node.left), _node_schema(node.right)])
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return dict(_NAMED_TYPES.get(name, {}))
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            return _generic_schema(name, inner)
    return {}


def _generic_schema(name: str, inner: ast.expr) -> Schema:
    parts = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
    if name == "Optional":
        return _union([_node_schema(inner), {"type": "null"}])
    if name == "Union":
        return _union([_node_schema(part) for part in parts])
    if name == "Literal":
        return {"enum": [part.value for part in parts if isinstance(part, ast.Constant)]}
    if name in _MAPPINGS:
        values = _node_schema(parts[-1])
        return {"type": "object", **({"additionalProperties": values} if values else {})}
    if name in _LISTS:
        items = _node_schema(parts[0])
        return {"type": "array", **({"items": items} if items else {})}
    if name in ("Annotated", "Final", "ClassVar"):
        return _node_schema(parts[0])
    return dict(_NAMED_TYPES.get(name, {}))


def _union(parts: list[Schema]) -> Schema:
    """Join alternatives: types without more to say share one list, any open alternative opens all."""
    parts = [part for part in parts if part != {"not": {}}]
    if any(not part for part in parts):
        return {}
    flat = [option for part in parts for option in part.get("anyOf", [part])]
    callables = [part for part in flat if part.get("x-callable")]
    flat = [part for part in flat if not part.get("x-callable")]
    if not flat:
        return {"x-callable": True}
    types: list[str] = []
    others: list[Schema] = []
    for part in flat:
        if set(part) == {"type"}:
            types.extend(part["type"] if isinstance(part["type"], list) else [part["type"]])
        elif part not in others:
            others.append(part)
    types = _without_implied(list(dict.fromkeys(types)), others)
    plain: list[Schema] = [{"type": types[0] if len(types) == 1 else types}] if types else []
    joined = others + plain
    schema = joined[0] if len(joined) == 1 else {"anyOf": joined}
    return {**schema, "x-callable": True} if callables else dict(schema)


def _without_implied(types: list[str], others: list[Schema]) -> list[str]:
    # a length of time may be a number too, of seconds
    implied = {"integer"} if "number" in types else set[str]()
    implied |= {"integer", "number"} if _DURATION in others else set()
    return [t for t in types if t not in implied and {"type": t} not in others]


def parameter_descriptions(owner: Any) -> dict[str, str]:
    """Give what the docstrings of a class or function say of each parameter."""
    found: dict[str, str] = {}
    for doc in (inspect.getdoc(owner), inspect.getdoc(vars(owner).get("__init__"))):
        found = {**dict(_iter_described(doc or "")), **found}
    return found


def _iter_described(doc: str) -> Iterator[tuple[str, str]]:
    name, words = None, []
    for line in [*doc.splitlines(), ":end:"]:
        match = _PARAM.match(line)
        ends = match is not None or line.lstrip().startswith((":", ".. ")) or not line.strip()
        if ends and name is not None:
            yield name, _plain_text(" ".join(words))
            name = None
        if match is not None:
            name, words = match[1], [match[2]]
        elif name is not None:
            words.append(line.strip())


def summary(described: Any) -> str:
    """Give the first paragraph of the docstring of a class or function as plain text."""
    paragraph = (inspect.getdoc(described) or "").strip().split("\n\n")[0]
    return _plain_text(" ".join(paragraph.split()))


def _plain_text(text: str) -> str:
    plain = _ROLE.sub(r"\1", text).replace("``", "`").strip()
    return plain if len(plain) <= _MAX_DESCRIPTION else plain[: _MAX_DESCRIPTION - 1].rsplit(" ", 1)[0] + " …"


def iter_installed_classes(modules: Iterable[str], *bases: type) -> Iterator[tuple[str, type]]:
    """Yield the public classes of modules that can be instantiated, with their import paths.

    :param modules: names of modules of installed providers
    :param bases: the classes of which they must be
    """
    for name in modules:
        module = importlib.import_module(name)
        for attribute, value in sorted(vars(module).items()):
            own = inspect.isclass(value) and value.__module__ == name and not attribute.startswith("_")
            if own and issubclass(value, bases) and not inspect.isabstract(value):
                yield f"{name}.{attribute}", value


def operator_modules(providers: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the modules in which providers have operators and sensors.

    :param providers: provider package -> provider info, as the entry point ``apache_airflow_provider`` gives it
    """
    for _, info in sorted(providers.items()):
        for kind in ("operators", "sensors"):
            for part in info.get(kind, ()):
                yield from part["python-modules"]


def installed_providers() -> dict[str, Mapping[str, Any]]:
    """Read what each installed provider says of itself: package name -> provider info."""
    from importlib.metadata import entry_points

    infos = [point.load()() for point in entry_points(group="apache_airflow_provider")]
    return {info["package-name"]: info for info in infos}
