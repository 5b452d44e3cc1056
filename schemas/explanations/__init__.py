"""The explanations of the rules, one Markdown file each; ``pipelines explain`` and docs/rules.md are made of them.

A file holds the reason, then three sections: ``### Wrong`` with files as fenced YAML, ``### Output`` with exactly what
the check prints for them, ``### Right`` with files that are clean. The heading comes from the catalogue.
"""

from __future__ import annotations

from pathlib import Path

from schemas.catalogue import CATALOGUE, Rule, rule_of

FOLDER = Path(__file__).parent

_INTRODUCTION = """\
# The rules

<!-- Made by `make docs` from schemas/catalogue.py and schemas/explanations/; edit those. -->

`pipelines check` prints one of these codes with each problem; `pipelines explain CODE` prints its section of this page.
A code keeps its meaning for ever. Every output below is what the check prints for the file above it: a test runs them.

An **error** keeps a pipeline from becoming a DAG, and the check exits with 1. A **warning** does not, unless the check
runs with `--strict`. Where a rule can be ignored, a comment does so for one line, and names the rule; it stands on that
line, or alone on the line above. A reason may follow:

```yaml
retries: 0  # pipelines: ignore=PNNN the source bills every call
```
"""


def read_explanation(code: str) -> str:
    """Read the explanation of a rule, in Markdown.

    :param code: e.g. ``P101``
    :raises LookupError: if the code is not in the catalogue
    """
    rule = rule_of(code)
    return (FOLDER / f"{rule.code}.md").read_text(encoding="utf-8")


def rules_page() -> str:
    """Give the page docs/rules.md, in Markdown."""
    table = ["| code | name | severity | can be ignored | it reports |", "|---|---|---|---|---|", *map(_row, _rules())]
    sections = [f"## {rule.code} {rule.name}\n\n{facts(rule)}\n\n{read_explanation(rule.code)}" for rule in _rules()]
    return "\n".join([_INTRODUCTION, *table, "", "\n".join(sections)])


def facts(rule: Rule) -> str:
    """Say what the catalogue knows of a rule, in one sentence."""
    ignore = f"a comment `# pipelines: ignore={rule.code}` silences it" if rule.ignorable else "it cannot be ignored"
    return f"{rule.severity.capitalize()}: {rule.summary}; {ignore}."


def _rules() -> list[Rule]:
    return list(CATALOGUE.values())


def _row(rule: Rule) -> str:
    anchor = f"{rule.code.lower()}-{rule.name}"
    ignorable = "yes" if rule.ignorable else "no"
    return f"| [{rule.code}](#{anchor}) | {rule.name} | {rule.severity} | {ignorable} | {rule.summary} |"
