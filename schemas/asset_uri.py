"""Reads the address of an asset as Airflow 3.3 does, which keeps a normal form of it."""

from __future__ import annotations

import urllib.parse

_RESERVED = "airflow"
_OWN_SCHEME = "x-"


def normal_form(uri: str) -> str:
    """Give the form in which Airflow keeps an address; a text that is none stays as it is.

    :param uri: as in the YAML
    :raises ValueError: if Airflow refuses it; the message says why
    """
    parts = urllib.parse.urlsplit(uri)
    scheme = parts.scheme.lower()
    if not scheme or scheme.startswith(_OWN_SCHEME):
        return uri
    if scheme == _RESERVED:
        raise ValueError(f'the scheme "{_RESERVED}" is reserved')
    host = parts.netloc.rpartition("@")[2] if parts.password else parts.netloc
    query = urllib.parse.urlencode(sorted(urllib.parse.parse_qsl(parts.query))) if parts.query else ""
    path = parts.path.rstrip("/") or "/"
    return urllib.parse.urlunsplit(parts._replace(scheme=scheme, netloc=host, path=path, query=query, fragment=""))
