"""Finds the DAG ids of a file without parsing it: all of them, or none at all."""

from __future__ import annotations

import re

_LINE = re.compile(r"^([ \t]*)([^ \t\n#].*)$", re.MULTILINE)
_KEY = re.compile(r"""(?P<quote>["']?)(?P<name>[\w.-]+)(?P=quote)[ \t]*:(?=[ \t]|$)""", re.ASCII)
_START = re.compile(r"---[ \t]*(?:#.*)?")
_SHARED = "default"
# what YAML takes for the end of a line, and this module's search does not
_OTHER_LINE_ENDS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")


def scan_ids(content: bytes) -> frozenset[str] | None:
    """Give the keys of a mapping that is written in lines, as pipeline files are.

    :param content: the file's
    :returns: at least every key that names a pipeline, perhaps more; None if the file is written in another way
    """
    text = content.decode("utf-8-sig", errors="replace")
    if _OTHER_LINE_ENDS.search(text):
        return None
    found: set[str] = set()
    column: str | None = None
    for indent, line in _LINE.findall(text.replace("\r\n", "\n")):
        if column is None:
            if _START.fullmatch(line) and not indent:
                continue
            column = indent
        if len(indent) > len(column):
            # inside the value of a key
            continue
        key = _KEY.match(line)
        if key is None or indent != column:
            return None
        found.add(key["name"])
    return frozenset(found - {_SHARED})
