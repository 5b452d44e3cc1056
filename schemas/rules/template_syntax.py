"""Reads a Jinja template without rendering or compiling it: what it uses, and where each name stands in the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from schemas.rules.template_names import FILTERS
from schemas.rules.template_settings import EXTENSIONS

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

_SPECIAL = frozenset({"loop", "caller", "varargs", "kwargs", "self", "super", "true", "false", "none"})
_SIGNS = {
    "end of print statement": "}}",
    "begin of print statement": "{{",
    "end of statement block": "%}",
    "begin of statement block": "{%",
}


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a template."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text is not a template."""

    message: str
    hint: str
    span: Span


@dataclass(frozen=True, slots=True)
class Token:
    """One word, sign or string inside of ``{{ }}`` or ``{% %}``, or one of these marks, or the text between."""

    kind: str
    value: str
    start: int

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.start + len(self.value))


@dataclass(frozen=True, slots=True)
class Template:
    """A text that Jinja can read."""

    tokens: Sequence[Token]
    variables: tuple[str, ...]
    """Those that rendering takes from outside and cannot do without."""
    unknown_filters: tuple[str, ...]
    unknown_tests: tuple[str, ...]
    pulled: tuple[str, ...]
    """The tasks of the same run whose results ``ti.xcom_pull`` takes."""

    def attributes(self, name: str) -> Iterator[tuple[str, Span]]:
        """Yield what is asked of a variable, as ``x`` in ``params.x`` and ``params["x"]``."""
        for index, token in enumerate(self.tokens[:-2]):
            if token.kind != "name" or token.value != name or self._is_attribute(index):
                continue
            sign, key = self.tokens[index + 1 : index + 3]
            if sign.value == "." and key.kind == "name":
                yield key.value, key.span
            elif sign.value == "[" and key.kind == "string":
                yield key.value[1:-1], key.span

    def variable_span(self, name: str) -> Span:
        """Give the place where a variable is used first."""
        found = (t.span for i, t in enumerate(self.tokens) if _is_name(t, name) and not self._is_attribute(i))
        return next(found, Span(0, 1))

    def span_after(self, words: tuple[str, ...], name: str) -> Span:
        """Give the place where a name stands first after one of some words, as a filter does after ``|``."""
        found = (
            token.span for before, token in pairwise(self.tokens) if _is_name(token, name) and before.value in words
        )
        return next(found, Span(0, 1))

    def string_span(self, text: str) -> Span:
        """Give the place where a string in quotes stands first."""
        return next((t.span for t in self.tokens if t.kind == "string" and t.value[1:-1] == text), Span(0, 1))

    def _is_attribute(self, index: int) -> bool:
        return index > 0 and self.tokens[index - 1].value in (".", "|")


def read_template(text: str, extensions: tuple[str, ...] = EXTENSIONS) -> Template | Problem:
    """Read a text as Airflow's template engine would.

    Nothing is compiled: Jinja computes constant expressions when it compiles, and ``{{ 9**9**9 }}`` takes for ever.

    :param text: the value of a templated field
    :param extensions: those of Jinja's own that the engine has
    """
    reading = _Reading(text, _environment(extensions))
    try:
        return reading.template()
    except _jinja_error() as error:
        return reading.problem(str(error.message or ""))
    except RecursionError:
        return Problem("it is nested too deeply", "", Span(0, len(text)))
    except ValueError:  # a number with more digits than Python reads
        return Problem("a number is too long", "", Span(0, len(text)))


def known_filters() -> list[str]:
    """List the filters that a template can use."""
    return sorted(_environment().filters)


def known_tests() -> list[str]:
    """List the tests that a template can use."""
    return sorted(_environment().tests)


@cache
def _environment(extensions: tuple[str, ...] = EXTENSIONS) -> Environment:
    from jinja2 import Environment

    environment = Environment(extensions=extensions)  # noqa: S701 (nothing is rendered)
    environment.filters.update(dict.fromkeys(FILTERS, str))
    return environment


def _jinja_error() -> type[Any]:
    from jinja2 import TemplateSyntaxError

    return TemplateSyntaxError


class _Reading:
    """The way from a text to a template, which knows how far it got."""

    def __init__(self, text: str, environment: Environment) -> None:
        self._text = text
        self._environment = environment
        self._tokens: list[Token] = []
        self._seen: list[Token] = []
        self._taken = 0
        self._parser: Any = None

    def template(self) -> Template:
        from jinja2.lexer import TokenStream
        from jinja2.parser import Parser

        environment = self._environment
        self._tokens.extend(self._split(environment))
        self._seen = [token for token in self._tokens if token.kind not in _skipped()]
        raw = ((1, token.kind, token.value) for token in self._tokens)
        self._parser = Parser(environment, "")
        self._parser.stream = TokenStream(self._count(environment.lexer.wrap(raw, None, None)), None, None)
        tree = self._parser.parse()
        return Template(self._seen, *_uses(list(_iter_nodes(tree)), environment))

    def _split(self, environment: Environment) -> Iterator[Token]:
        at = 0
        for _, kind, value in environment.lexer.tokeniter(self._text, None):
            # white space that a minus sign takes away is in none of the tokens
            found = self._text.find(value, at)
            start = at if found < 0 else found
            at = start + len(value)
            yield Token(kind, value, start)

    def _count(self, tokens: Iterator[Any]) -> Iterator[Any]:
        for token in tokens:
            self._taken += 1
            yield token

    def problem(self, message: str) -> Problem:
        """Say what is wrong and where: in splitting into words, at the end of the text, or at a word."""
        if self._parser is None:
            return self._split_problem(message)
        if self._parser.stream.current.type == "eof":
            return self._open_end(message)
        index = self._taken - 1 - len(self._parser.stream._pushed)
        span = self._seen[min(max(index, 0), len(self._seen) - 1)].span
        for name, sign in _SIGNS.items():
            message = message.replace(name, sign)
        return Problem(_words(message), "", span)

    def _split_problem(self, message: str) -> Problem:
        last = self._tokens[-1].span if self._tokens else Span(0, 0)
        if "end of comment" in message:
            hint = """"{#" opens a comment of Jinja; write {{ "{#" }} for these two characters"""
            return Problem('"{#" is not closed', hint, last)
        start = min(last.end, max(len(self._text) - 1, 0))
        sign = self._text[start : start + 1]
        if sign in ("'", '"'):
            return Problem("a text in quotes does not end", "", Span(start, len(self._text)))
        hint = "write }} for the end" if message == "unexpected '}'" else ""
        return Problem(_words(message.partition(" at ")[0]), hint, Span(start, start + 1))

    def _open_end(self, message: str) -> Problem:
        _, _, named = message.partition("needs to be closed is ")
        name = named.strip("'.")
        for token, before in pairwise(reversed(self._seen)):
            if name and before.kind == "block_begin" and token.value == name:
                return Problem(f'"{{% {name} %}}" is not closed', f"write {{% end{name} %}} where it ends", token.span)
        opening = next((t for t in reversed(self._seen) if t.kind in ("variable_begin", "block_begin")), None)
        if opening is None:
            return Problem(_words(message), "", Span(0, len(self._text)))
        sign = "}}" if opening.kind == "variable_begin" else "%}"
        return Problem(f'"{opening.value}" is not closed', f"write {sign} where it ends", opening.span)


def _skipped() -> frozenset[str]:
    from jinja2 import lexer

    return frozenset({*lexer.ignored_tokens, lexer.TOKEN_RAW_BEGIN, lexer.TOKEN_RAW_END})


def _words(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")


def _is_name(token: Token, name: str) -> bool:
    return token.kind == "name" and token.value == name


def _iter_nodes(tree: nodes.Template) -> Iterator[nodes.Node]:
    work: list[nodes.Node] = [tree]
    while work:
        node = work.pop()
        yield node
        work.extend(node.iter_child_nodes())


def _uses(found: Sequence[Any], environment: Environment) -> Iterator[tuple[str, ...]]:
    """Yield variables, unknown filters, unknown tests and pulled tasks."""
    from jinja2 import nodes

    loaded = {node.name for node in found if isinstance(node, nodes.Name) and node.ctx == "load"}
    # a name that is set somewhere may be unknown elsewhere, but that takes a look at where which tag ends
    bound = {node.name for node in found if isinstance(node, nodes.Name) and node.ctx != "load"}
    bound |= {node.name for node in found if isinstance(node, nodes.Macro)}
    bound |= {node.target for node in found if isinstance(node, nodes.Import)}
    imported = [name for node in found if isinstance(node, nodes.FromImport) for name in node.names]
    bound |= {name if isinstance(name, str) else name[1] for name in imported}
    applied = [node for node in found if isinstance(node, nodes.Filter | nodes.Test)]
    optional = {
        node.node.name
        for node in applied
        if node.name in ("default", "d", "defined", "undefined") and isinstance(node.node, nodes.Name)
    }
    yield tuple(sorted(loaded - bound - optional - _SPECIAL - environment.globals.keys()))
    filters = {node.name for node in applied if isinstance(node, nodes.Filter)}
    yield tuple(sorted(filters - environment.filters.keys()))
    tests = {node.name for node in applied if isinstance(node, nodes.Test)}
    yield tuple(sorted(tests - environment.tests.keys()))
    pulled = [name for node in found if isinstance(node, nodes.Call) and _is_pull(node.node) for name in _pulled(node)]
    yield tuple(sorted(set(pulled)))


def _is_pull(node: Any) -> bool:
    from jinja2 import nodes

    named = isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name)
    return named and node.attr == "xcom_pull" and node.node.name in ("ti", "task_instance")


def _pulled(call: Any) -> Iterator[str]:
    """Yield the task ids that a call names as plain text; none if it looks at other runs or DAGs."""
    from jinja2 import nodes

    keywords = {keyword.key: keyword.value for keyword in call.kwargs}
    if {"dag_id", "run_id", "include_prior_dates"} & keywords.keys():
        return
    value = keywords.get("task_ids", call.args[0] if call.args else None)
    items = value.items if isinstance(value, nodes.List | nodes.Tuple) else [value]
    yield from (item.value for item in items if isinstance(item, nodes.Const) and isinstance(item.value, str))
