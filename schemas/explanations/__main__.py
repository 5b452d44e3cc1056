"""Prints the page of all rules: ``python -m schemas.explanations > docs/rules.md`` (``make docs``)."""

from __future__ import annotations

import sys

from schemas.explanations import rules_page

sys.stdout.write(rules_page())
