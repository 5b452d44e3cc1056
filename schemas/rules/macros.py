"""Rules on the names that a pipeline adds to templates."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.diagnostic import Finding
from schemas.outline import Outline
from schemas.rules.clocks import schedule_path
from schemas.rules.template_names import VARIABLES
from schemas.source import Tree

_KEY = "user_defined_macros"


def iter_macro_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield macros that no template can see, as a variable of Airflow has their name."""
    macros = outline.setting(_KEY)
    for name in macros if isinstance(macros, dict) else ():
        if name in VARIABLES:
            message = f'Airflow gives "{name}" to every template, so the macro of this name is never seen'
            yield Finding("P405", tree.key((*schedule_path(outline, _KEY), name)), message, "give it another name")
