"""`pipelines explain`: what a rule is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from pipelines.commands.arguments import add_json, print_json
from pipelines.commands.outcome import Exit, UsageError

if TYPE_CHECKING:
    from schemas.catalogue import Rule


def add_parser(commands: Any) -> None:
    """Add the command and its arguments."""
    command = commands.add_parser(
        "explain",
        help="explain a rule: why, a wrong and a right example",
        description="Explain a rule: why it is there, a wrong and a right example, and what the check prints.",
    )
    command.add_argument(
        "code", nargs="?", metavar="CODE", help="e.g. P101 or unknown-key; lists all rules if left out"
    )
    add_json(command)
    command.set_defaults(run=lambda arguments, out: explain(arguments.code, out, as_json=arguments.json))


def explain(code: str | None, out: TextIO, *, as_json: bool = False) -> Exit:
    """Print what a rule is about, or a list of all rules.

    :param code: e.g. ``P101``, or its name ``unknown-key``; all rules if None
    :param out: where to print
    :param as_json: whether to print it for programs
    :raises UsageError: if there is no such rule
    """
    from schemas.catalogue import CATALOGUE

    if code is None:
        rules = list(CATALOGUE.values())
        if as_json:
            print_json({"version": 1, "rules": [_as_json(rule) for rule in rules]}, out)
        else:
            lines = [f"{rule.code}  {rule.name:24}{rule.severity:9}{rule.summary}" for rule in rules]
            print("\n".join(lines), file=out)
        return Exit.CLEAN
    from schemas.explanations import facts, read_explanation

    rule = _find_rule(code)
    if as_json:
        print_json({"version": 1, **_as_json(rule), "explanation": read_explanation(rule.code)}, out)
    else:
        print(f"{rule.code} {rule.name}\n\n{facts(rule)}\n\n{read_explanation(rule.code)}", file=out, end="")
    return Exit.CLEAN


def _as_json(rule: Rule) -> dict[str, Any]:
    return {**rule._asdict(), "severity": str(rule.severity)}


def _find_rule(wanted: str) -> Rule:
    from schemas.catalogue import CATALOGUE

    by_word = {word: rule for rule in CATALOGUE.values() for word in (rule.code, rule.name)}
    rule = by_word.get(wanted.upper()) or by_word.get(wanted.lower())
    if rule is not None:
        return rule
    from schemas.diagnostic import printable
    from schemas.spelling import nearest

    meant = nearest(wanted.upper(), list(CATALOGUE)) or nearest(wanted.lower(), list(by_word))
    hint = f'did you mean "{meant}"?' if meant else "`pipelines explain` lists the rules"
    raise UsageError(f'there is no rule "{printable(wanted)}"; {hint}')
