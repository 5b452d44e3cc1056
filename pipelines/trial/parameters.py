"""Reads the parameters of a run from the command line, and holds them to what the pipeline declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from schemas.diagnostic import printable
from schemas.source import parse_source
from schemas.spelling import did_you_mean

_OF_A_SCHEMA = frozenset({"default", "type", "enum", "const", "minimum", "maximum", "pattern", "format", "title"})
_KINDS = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "a mapping"}


class ParameterError(Exception):
    """A parameter that the pipeline does not take; the message says why, in one line."""


def read_parameters(pairs: Iterable[str], conf: str | None, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Read what is given for a run.

    :param pairs: ``name=value``, the value in YAML
    :param conf: a mapping in YAML or JSON; its keys need not be declared
    :param declared: the pipeline's ``params``
    :returns: what the run gets
    :raises ParameterError: if something cannot be read, is not declared, or does not fit
    """
    given = dict(_pair(pair, declared) for pair in pairs)
    found = {**_mapping(conf), **given}
    for name, entry in declared.items():
        if name in found:
            _check(name, found[name], entry)
        elif _is_schema(entry) and "default" not in entry:
            raise ParameterError(f'the pipeline needs a value for "{name}"; give it with --param {name}=…')
    return found


def _pair(pair: str, declared: Mapping[str, Any]) -> tuple[str, Any]:
    name, equals, text = pair.partition("=")
    if not equals:
        raise ParameterError(f"--param {printable(pair)}: write name=value")
    if name not in declared:
        hint = did_you_mean(name, list(declared)) or "it declares none"
        raise ParameterError(f'the pipeline has no parameter "{printable(name)}"; {hint}')
    return name, _yaml(text, f"--param {name}")


def _yaml(text: str, where: str) -> Any:
    source = parse_source(Path(where), text)
    if source.findings:
        raise ParameterError(f"{where}: {source.findings[0].message}")
    return source.data


def _mapping(conf: str | None) -> dict[str, Any]:
    found = _yaml(conf, "--conf") if conf else {}
    if not isinstance(found, dict):
        raise ParameterError('--conf: write a mapping, as in {"size": 3}')
    return found


def _is_schema(entry: Any) -> bool:
    return isinstance(entry, Mapping) and bool(_OF_A_SCHEMA & entry.keys())


def _check(name: str, value: Any, entry: Any) -> None:
    if _is_schema(entry):
        _check_schema(name, value, {key: part for key, part in entry.items() if key != "default"})
        return
    kinds = [_KINDS.get(type(part)) for part in (entry, value)]
    if None not in kinds and kinds[0] != kinds[1]:
        default = f"the default, {_shown(entry)}, is {kinds[0]}"
        raise ParameterError(f"--param {name}: {_shown(value)} is {kinds[1]}; {default}")


def _check_schema(name: str, value: Any, schema: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    error = next(iter(validator.iter_errors(value)), None)
    if error is not None:
        raise ParameterError(f"--param {name}: {printable(error.message)}")


def _shown(value: Any) -> str:
    from pipelines.overview.written import written

    return written(value, longest=60)
