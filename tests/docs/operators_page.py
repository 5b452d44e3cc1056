"""Writes docs/operators.md from the schema: ``.venv/bin/python tests/docs/operators_page.py > docs/operators.md``."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "pipeline.schema.json"
_INTRODUCTION = """\
# Operators

<!-- Made by tests/docs/operators_page.py from schemas/pipeline.schema.json; do not edit. -->

The short names that `operator:` takes, with their parameters. Beside these, a task takes Airflow's own arguments
(`retries`, `execution_timeout`, `trigger_rule`, `pool`, `doc_md` ...), and `operator:` takes the full path of any
operator of an installed provider, e.g. `airflow.providers.standard.operators.bash.BashOperator`.

Where a parameter is the *result of* another task, the YAML has that task's id; the other task must run before
(`dependencies`). Thresholds and durations: [quick reference](quick-reference.md#thresholds). *Templated* parameters may
hold Jinja, as in `{{ ds }}`.
"""


def operators_page(document: Mapping[str, Any]) -> str:
    """Give the page, in Markdown."""
    operators = document["$defs"]["operators"]
    ours = {name: schema for name, schema in operators.items() if "." not in name}
    needed = document["$defs"]["required"]
    lines = (line for name in ours for line in _iter_lines(name, ours[name], needed.get(name, {}).get("required", ())))
    return "\n".join([_INTRODUCTION, *lines])


def _iter_lines(name: str, schema: Mapping[str, Any], required: Collection[str]) -> Iterator[str]:
    yield from (f"## {name}", "", schema["description"], "", "| parameter | default | meaning |", "|---|---|---|")
    for key, value in schema["properties"].items():
        meaning = value.get("description", "").replace("|", "\\|")
        yield f"| `{key}` | {_default(key, value, required)} | {meaning} |"
    yield ""


def _default(key: str, value: Mapping[str, Any], required: Collection[str]) -> str:
    if key in required:
        return "**required**"
    return f"`{json.dumps(value['default'], ensure_ascii=False)}`" if "default" in value else ""


if __name__ == "__main__":
    sys.stdout.write(operators_page(json.loads(SCHEMA.read_text(encoding="utf-8"))))
