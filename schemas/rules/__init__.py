"""The rules beyond the shape; each yields findings on the outline of one pipeline."""

from __future__ import annotations

from schemas.rules.assets import iter_asset_findings
from schemas.rules.branches import iter_branch_findings
from schemas.rules.closed_roads import iter_closed_road_findings
from schemas.rules.columns import iter_column_findings
from schemas.rules.deadlines import iter_deadline_findings
from schemas.rules.expressions import iter_expression_findings
from schemas.rules.functions import iter_function_findings
from schemas.rules.graph import iter_graph_findings
from schemas.rules.handovers import iter_handover_findings
from schemas.rules.macros import iter_macro_findings
from schemas.rules.mapping import iter_mapping_findings
from schemas.rules.models import iter_model_findings
from schemas.rules.operability import iter_operability_findings
from schemas.rules.parameters import iter_parameter_findings
from schemas.rules.params import iter_param_findings
from schemas.rules.schedules import iter_schedule_findings
from schemas.rules.secrets import iter_secret_findings
from schemas.rules.templates import iter_template_findings
from schemas.rules.thresholds import iter_threshold_findings
from schemas.rules.timetables import iter_timetable_findings
from schemas.rules.trigger_rules import iter_trigger_rule_findings

RULES = (
    iter_graph_findings,
    iter_mapping_findings,
    iter_expression_findings,
    iter_branch_findings,
    iter_function_findings,
    iter_trigger_rule_findings,
    iter_schedule_findings,
    iter_timetable_findings,
    iter_asset_findings,
    iter_param_findings,
    iter_deadline_findings,
    iter_closed_road_findings,
    iter_parameter_findings,
    iter_model_findings,
    iter_column_findings,
    iter_handover_findings,
    iter_macro_findings,
    iter_template_findings,
    iter_threshold_findings,
    iter_operability_findings,
    iter_secret_findings,
)
