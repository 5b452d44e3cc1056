"""The subcommands of `pipelines`: one module each, with its arguments and a function of plain values that does it."""

from __future__ import annotations

COMMANDS = ("check", "list", "show", "plan", "new", "run", "alerts", "explain", "migrate", "schema", "shards")
"""Each is the name of a module here; only the one that is asked for is imported."""
