"""The rules beyond the shape; each yields findings on the outline of one pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module

from schemas.diagnostic import Finding
from schemas.outline import Outline
from schemas.source import Tree

Condition = Callable[[Outline], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; its module is imported when there is a pipeline that it may have to say something of."""

    module: str
    function: str
    concerns: Condition = lambda outline: True
    """Tells, in no time, whether it may."""

    def __call__(self, outline: Outline, tree: Tree) -> Iterable[Finding]:
        """Yield what the rule finds in a pipeline."""
        return self.find(outline, tree) if self.concerns(outline) else ()

    @property
    def find(self) -> Callable[[Outline, Tree], Iterable[Finding]]:
        """The rule itself, a generator."""
        found: Callable[[Outline, Tree], Iterable[Finding]] = getattr(
            import_module(f"schemas.rules.{self.module}"), self.function
        )
        return found


def _says(*words: str) -> Condition:
    """Ask for a file with one of some words, which are in lower case."""
    return lambda outline: outline.text.has_one_of(words)


def _has_own_operator(outline: Outline) -> bool:
    return any("." not in str((task.config or {}).get("operator", ".")) for task in outline.tasks)


SECRETS = Rule("secrets", "iter_secret_findings")
RULES = (
    Rule("graph", "iter_graph_findings"),
    Rule("mapping", "iter_mapping_findings", _says("expand", "partial", "map_index_template")),
    Rule("expressions", "iter_expression_findings", _says("+", "do_xcom_push")),
    Rule("branches", "iter_branch_findings"),
    Rule("functions", "iter_function_findings", _says("decorator", "python_callable", "hitl")),
    Rule("trigger_rules", "iter_trigger_rule_findings", _says("trigger_rule", "setup")),
    Rule("schedules", "iter_schedule_findings"),
    Rule("timetables", "iter_timetable_findings", _says("timetable")),
    Rule("assets", "iter_asset_findings"),
    Rule("params", "iter_param_findings", _says("params")),
    Rule("deadlines", "iter_deadline_findings", _says("deadline")),
    Rule("freshness", "iter_freshness_findings", _says("freshness")),
    Rule("closed_roads", "iter_closed_road_findings"),
    Rule("parameters", "iter_parameter_findings"),
    Rule("models", "iter_model_findings", _has_own_operator),
    Rule("columns", "iter_column_findings", _has_own_operator),
    Rule("handovers", "iter_handover_findings", _has_own_operator),
    Rule("macros", "iter_macro_findings", _says("user_defined_macros")),
    Rule("templates", "iter_template_findings", _says("{{", "{%", "{#")),
    Rule("thresholds", "iter_threshold_findings", _has_own_operator),
    Rule("alerts", "iter_alert_findings", _says("channels", "sendalerts")),
    Rule("operability", "iter_operability_findings"),
    SECRETS,
)
