"""Rules on secrets in clear text; the findings name the key, never the secret, and :mod:`schemas.masking` hides it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from schemas.diagnostic import Finding
from schemas.outline import Outline, Path
from schemas.position import FileText
from schemas.source import Tree

SECRET_CODES = ("P720", "P721")
"""What stands at the place of such a finding is not shown."""

_NAMES = ("password", "passwd", "passphrase", "secret", "token", "apikey", "api_key", "access_key", "secret_key",
          "private_key", "credentials")  # fmt: skip
"""Ends of keys whose values are secrets."""
_MAY_HAVE_SPACES = ("password", "passphrase")
"""Under other keys, words with spaces between are words."""
_PERHAPS = ("key", "auth", "signature", "credential", "license")
"""Ends of keys whose values are secrets if they look like it."""
_WORDS = ("passw", "passphrase", "secret", "token", "key", "auth", "signature", "credential", "license")
"""One of these is in each key that is looked at."""
_HARMLESS = frozenset({"next_token", "page_token", "pad_token", "unk_token", "bos_token", "eos_token", "sep_token"})
_PROSE = frozenset({"doc", "doc_md", "doc_rst", "description", "tooltip"})
_KNOWN = re.compile(
    r"(?P<aws>\b(?:AKIA|ASIA)[0-9A-Z]{16}\b)"
    r"|(?P<github>\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bgithub_pat_[A-Za-z0-9_]{22,255}\b)"
    r"|(?P<gitlab>\bglpat-[A-Za-z0-9_-]{20,64}\b)"
    r"|(?P<slack>\bxox[abprs]-[A-Za-z0-9-]{10,255}|\bhooks\.slack\.com/services/[A-Za-z0-9/]{20,255})"
    r"|(?P<google>\bAIza[0-9A-Za-z_-]{35}\b)"
    r"|(?P<stripe>\b[rs]k_live_[0-9A-Za-z]{16,255}\b)"
    r"|(?P<jwt>\beyJ[A-Za-z0-9_-]{10,150}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,1000})"
    r"|(?P<pem>-----BEGIN (?:[A-Z]{1,20} ){0,3}PRIVATE KEY-----)"
    r"|://[^\s:/@{}'\"]{0,256}:(?P<url>[^\s/@{}'\"]{1,256})@"
    r"|[?&](?:sig|signature|X-Amz-Signature|access_token|api_key|token)=(?P<query>[^\s&{}'\"]{8,512})"
)
_WHAT = {
    "aws": "an AWS access key",
    "github": "a GitHub token",
    "gitlab": "a GitLab token",
    "slack": "a Slack token or webhook",
    "google": "a Google API key",
    "stripe": "a Stripe key",
    "jwt": "a signed web token",
    "pem": "a private key",
    "url": "a password in an address",
    "query": "a signature in an address",
}
_SIGNS = ("AKIA", "ASIA", "gh", "glpat-", "xox", "AIza", "k_live_", "eyJ", "PRIVATE KEY", "://", "=")
"""One of these is in each text that the patterns here find something in; looking for them is much faster."""
_ASSIGNED = re.compile(
    r"(?i)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_?KEY)[A-Z_]{0,16}=(?P<value>[^\s;&|<>=]{3,256})"
)
_HEADER = re.compile(r"(?i)(?:bearer|basic|token) +(?P<value>\S{8,2000})")
_HINT = "name an Airflow connection (conn_id) or write {{ var.value.name }}; and change it, as it may have been read"
_MOST_IN_ONE_TEXT = 20
"""A text with more is marked, and hidden, as a whole."""
_ENOUGH = 20
_ENTROPY = 3.5
"""Bits per character; random base64 of 20 characters and more has above 3.8, words have below 3.3."""
_PLACEHOLDER = re.compile(r"[<\[(].*[>\])]|\*+|[xX]+|\.+|…+|none|null|true|false", re.IGNORECASE)


class _Secret(NamedTuple):
    """What a text gives away."""

    code: str
    start: int
    end: int
    what: str


def iter_secret_findings(outline: Outline, tree: Tree) -> Iterator[Finding]:
    """Yield secrets in the values of a pipeline."""
    yield from iter_secrets_in(outline.config, (outline.dag_id,), outline.text, tree)


def without_secrets(value: Any, name: str = "") -> Any:
    """Give a value with asterisks in the place of secrets, to be shown; whether a comment silences the rule or not.

    :param value: of a pipeline that was checked, or a part of it
    :param name: the key that it stands under
    """
    if isinstance(value, str):
        for secret in sorted(_find(name, value), key=lambda secret: secret.start, reverse=True):
            value = f"{value[: secret.start]}***{value[secret.end :]}"
        return value
    if isinstance(value, dict):
        return {key: without_secrets(item, key) for key, item in value.items()}
    return [without_secrets(item, name) for item in value] if isinstance(value, list) else value


def iter_secrets_in(value: Any, path: Path, file: FileText, tree: Tree) -> Iterator[Finding]:
    """Yield secrets in a value and all that is in it.

    :param value: plain data
    :param path: where it stands
    :param file: in what text
    :param tree: the places of the text
    """
    # nearly always there is nothing, which is found out quickly
    signs = tuple(sign for sign in _SIGNS if file.contains(sign))
    if not (signs or file.has_one_of(_WORDS)) or not _is_suspicious(value, signs):
        return
    for at, name, text in _iter_texts(value, path):
        secrets = _find(name, text)
        if len(secrets) > _MOST_IN_ONE_TEXT:
            secrets = [_Secret(secrets[0].code, 0, len(text), secrets[0].what)]
        for secret in secrets:
            shown = file.place_inside(tree.find(at).place, text, secret.start, secret.end)
            yield Finding(secret.code, shown, f'"{name}" holds {secret.what}, in clear text', _HINT)


def _is_suspicious(value: Any, signs: tuple[str, ...]) -> bool:
    """Look through values without keeping account of where they stand.

    :param signs: those of the signs that are in the file at all
    """
    work = [("", value)]
    while work:
        name, current = work.pop()
        if isinstance(current, str):
            if (_meaning(name) or _has_one(signs, current)) and _find(name, current):
                return True
        elif isinstance(current, dict):
            work.extend(current.items())
        elif isinstance(current, list):
            work.extend((name, item) for item in current)
    return False


def _has_one(signs: tuple[str, ...], text: str) -> bool:
    for sign in signs:  # noqa: SIM110 (asked of every text of every file: any() takes three times as long)
        if sign in text:
            return True
    return False


def _iter_texts(value: Any, path: Path) -> Iterator[tuple[Path, str, str]]:
    work: list[tuple[Path, str, Any]] = [(path, str(path[-1]), value)]
    while work:
        at, name, current = work.pop()
        if isinstance(current, str):
            yield at, name, current
        elif isinstance(current, dict):
            work.extend(((*at, key), key, item) for key, item in current.items())
        elif isinstance(current, list):
            work.extend(((*at, index), name, item) for index, item in enumerate(current))


def _find(name: str, text: str) -> list[_Secret]:
    """Find the secrets that a value gives away."""
    has_sign = _has_one(_SIGNS, text)
    found = list(_iter_known(text)) if has_sign else []
    if not found and _is_named_secret(name, text):
        return [_Secret("P721", 0, len(text), "what looks like a secret")]
    if not found and _meaning(name) == "header":
        return list(_iter_matching(_HEADER, text))
    return found or (list(_iter_matching(_ASSIGNED, text)) if has_sign and name not in _PROSE else [])


def _is_named_secret(name: str, text: str) -> bool:
    meaning = _meaning(name)
    if meaning in ("", "header") or _stands_for_one(text):
        return False
    if any(char.isspace() for char in text.strip()):
        return name.lower().endswith(_MAY_HAVE_SPACES)
    return meaning == "secret" or _looks_random(text)


@lru_cache(maxsize=4096)
def _meaning(name: str) -> str:
    lowered = name.lower().replace("-", "_")
    if lowered in _HARMLESS:
        return ""
    if lowered == "authorization":
        return "header"
    return "secret" if lowered.endswith(_NAMES) else "perhaps" if lowered.endswith(_PERHAPS) else ""


def _iter_known(text: str) -> Iterator[_Secret]:
    for match in _KNOWN.finditer(text):
        kind = str(match.lastgroup)
        if not _stands_for_one(match[kind]):
            start, end = (0, len(text)) if kind == "pem" else match.span(kind)
            yield _Secret("P720", start, end, _WHAT[kind])


def _iter_matching(pattern: re.Pattern[str], text: str) -> Iterator[_Secret]:
    for match in pattern.finditer(text):
        if not _stands_for_one(match["value"].strip("'\"")):
            yield _Secret("P721", *match.span("value"), "what looks like a secret")


def _stands_for_one(text: str) -> bool:
    """Tell whether a text is no secret but a template, a variable of the environment, or a placeholder."""
    stripped = text.strip()
    return not stripped or "{{" in stripped or stripped[0] in "$%" or bool(_PLACEHOLDER.fullmatch(stripped))


def _looks_random(text: str) -> bool:
    has_both = any(char.isdigit() for char in text) and any(char.isalpha() for char in text)
    return has_both and len(text) >= _ENOUGH and _entropy(text) >= _ENTROPY


def _entropy(text: str) -> float:
    """Give the bits per character that the frequencies of the characters leave."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
