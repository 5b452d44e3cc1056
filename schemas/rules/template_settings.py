"""What a pipeline changes about templates: names that it adds, signs that it writes otherwise, how strict they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.outline import Outline

EXTENSIONS = ("jinja2.ext.do",)
"""What Airflow's template engine has unless a pipeline names others."""
_KNOWN_EXTENSIONS = frozenset({"jinja2.ext.do", "jinja2.ext.loopcontrols", "jinja2.ext.debug"})
_SIGNS = ("_string", "_prefix")


@dataclass(frozen=True, slots=True)
class TemplateSettings:
    """The settings of one pipeline."""

    macros: frozenset[str]
    filters: frozenset[str]
    extensions: tuple[str, ...]
    is_strict: bool
    """Whether a name that does not exist fails the task."""
    has_own_signs: bool
    """Whether it writes braces otherwise, so that it is not known here what a template is."""


def settings_of(outline: Outline) -> TemplateSettings:
    """Read the settings of a pipeline, as far as they have the right shape."""
    engine = _mapping(outline, "jinja_environment_kwargs")
    named = engine.get("extensions", EXTENSIONS)
    named = named if isinstance(named, list | tuple) else EXTENSIONS
    return TemplateSettings(
        frozenset(_mapping(outline, "user_defined_macros")),
        frozenset(_mapping(outline, "user_defined_filters")),
        tuple(name for name in named if isinstance(name, str) and name in _KNOWN_EXTENSIONS),
        outline.setting("template_undefined") in (None, "strict"),
        any(key.endswith(_SIGNS) for key in engine),
    )


def _mapping(outline: Outline, key: str) -> Mapping[str, Any]:
    value = outline.config.get(key)
    return value if isinstance(value, dict) else {}
