"""The rules beyond the shape; each yields findings on the outline of one pipeline."""

from __future__ import annotations

from schemas.rules.closed_roads import iter_closed_road_findings
from schemas.rules.graph import iter_graph_findings

RULES = (iter_graph_findings, iter_closed_road_findings)
