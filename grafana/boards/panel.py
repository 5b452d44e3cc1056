"""What a panel and a board are here, and how grafana-foundation-sdk makes Grafana's JSON of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    gauge,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    AnnotationQuery,
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
RUNBOOK = "${runbook}"
AIRFLOW = "${airflow}"
DAG_LINK = ("The DAG in Airflow", f"{AIRFLOW}/dags/${{__field.labels.dag_id}}")
SIZES = {
    "stat": (4, 4),
    "gauge": (12, 8),
    "bargauge": (12, 8),
    "timeseries": (12, 8),
    "statetimeline": (24, 8),
    "table": (24, 8),
}
"""Columns (of 24) and rows of a panel, by its kind."""
VERDICTS = {0: ("pass", "green"), 1: ("warn", "yellow"), 2: ("inconclusive", "blue"), 3: ("fail", "red")}


@dataclass(frozen=True)
class Query:
    """One PromQL expression."""

    expression: str
    legend: str = "__auto"


@dataclass(frozen=True)
class Panel:
    """One panel."""

    title: str
    description: str
    """What it shows, and what to make of it."""
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    unit: str = "short"
    steps: tuple[tuple[float | None, str], ...] = ()
    """Colours from a value on; the first from None."""
    runbook: str = ""
    """The alert whose heading of the runbook is linked."""
    link: tuple[str, str] | None = None
    """Title and address behind each value."""
    verdicts: bool = False
    """Whether the values are verdicts, shown as words."""
    span: int = 0
    stack: bool = False
    hidden_columns: tuple[str, ...] = ("Time",)
    lowest: float | None = 0


def panel(title: str, description: str, *queries: str | tuple[str, str], **rest: Any) -> Panel:
    """Declare a panel; a query is an expression, or an expression and its legend."""
    return Panel(title, description, tuple(Query(*([q] if isinstance(q, str) else q)) for q in queries), **rest)


@dataclass(frozen=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    description: str
    rows: dict[str, tuple[Panel, ...]]
    variables: tuple[tuple[str, str, str], ...] = ()
    """Name, label, and the query that gives the values."""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, row by row."""
        return tuple(panel for row in self.rows.values() for panel in row)


DAG_VARIABLE = ("dag_id", "DAG", "label_values(airflow_ti_start, dag_id)")
POOL_VARIABLE = ("pool_name", "Pool", "label_values(airflow_pool_open_slots, pool_name)")


def events(counter: str, window: str, by: str) -> str:
    """Ask how much a counter has grown; a new one is born at 1, where ``increase`` is 0, and counts by itself.

    Nothing is new because Prometheus was away: the exporter has to have been there before the window.
    """
    is_new = f"unless {counter} offset {window} and on () {_EXPORTER} offset {window} == 1"
    born = f"(min_over_time({counter}[{window}]) {is_new})"
    return f"sum by ({by}) (increase({counter}[{window}]) + {born} or increase({counter}[{window}]))"


_EXPORTER = 'up{job="statsd-exporter"}'


def _counted(counter: str, by: str) -> str:
    """Ask where a counter is new, or not what it was a minute ago."""
    changed = f"sum by ({by}) ({counter} unless {counter} == last_over_time({counter}[1d] offset 1m)) > 0"
    return f"{changed} or sum by ({by}) ({counter} unless {counter} offset 1m and on () {_EXPORTER} offset 1m == 1) > 0"


ANNOTATIONS = (
    (
        "Deployments",
        _counted('ml_deployments_total{outcome="deployed"}', "dag_id, model"),
        "green",
        "{{dag_id}}: {{model}} deployed",
    ),
    (
        "Failed runs",
        _counted("airflow_dagrun_duration_failed_count", "dag_id"),
        "red",
        "{{dag_id}}: a run failed",
    ),
)
"""Name, expression, colour and text."""

_BUILDERS = {
    "stat": stat.Panel,
    "gauge": gauge.Panel,
    "bargauge": bargauge.Panel,
    "timeseries": timeseries.Panel,
    "statetimeline": statetimeline.Panel,
    "table": table.Panel,
}


def build_board(board: Board) -> Any:
    """Make the SDK's builder of a board."""
    built = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags(["airflow", "pipelines"])
        .readonly()
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("Dashboards")
            .type(DashboardLinkType.DASHBOARDS)
            .tags(["pipelines"])
            .as_dropdown(True)
            .keep_time(True)
            .include_vars(True)
        )
        .link(_link("Airflow", AIRFLOW, "external link"))
        .link(_link("Runbook", RUNBOOK, "doc"))
        .annotations([_Annotation(*one) for one in ANNOTATIONS])
    )
    for variable in _variables(board):
        built = built.with_variable(variable)
    number = count(1)
    for title, panels in board.rows.items():
        built = built.with_row(dashboard.Row(title).id(next(number)))
        for one in panels:
            built = built.with_panel(build_panel(one).id(next(number)))
    return built


def _link(title: str, url: str, icon: str) -> Any:
    return dashboard.DashboardLink(title).type(DashboardLinkType.LINK).url(url).icon(icon).target_blank(True)


class _Annotation(AnnotationQuery):
    """Marks in every graph, as Grafana's Prometheus source reads them; a builder of itself."""

    def __init__(self, name: str, expression: str, color: str, text: str) -> None:
        super().__init__(name, SOURCE, icon_color=color)
        self._expression, self._text = expression, text

    def build(self) -> _Annotation:
        return self

    def to_json(self) -> dict[str, object]:
        target = {"refId": "Anno", "expr": self._expression, "interval": "60s"}
        return {**super().to_json(), "target": target, "titleFormat": self._text}


def _variables(board: Board) -> Iterable[Any]:
    yield dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
    for name, label, query in board.variables:
        yield (
            dashboard.QueryVariable(name)
            .label(label)
            .datasource(SOURCE)
            .query({"query": query, "refId": name})
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(VariableSort.ALPHABETICAL_ASC)
            .multi(True)
            .include_all(True)
            .all_value(".*")
            .current(VariableOption(selected=True, text="All", value="$__all"))
        )
    yield dashboard.TextBoxVariable("airflow").label("Airflow's address").default_value("http://localhost:8080")
    yield (
        dashboard.TextBoxVariable("runbook")
        .label("Runbook's address")
        .default_value("https://github.com/your-org/your-repo/blob/main/docs/runbook.md")
    )


def build_panel(one: Panel) -> Any:
    """Make the SDK's builder of a panel."""
    width, height = SIZES[one.kind]
    built = (
        _BUILDERS[one.kind]()
        .title(one.title)
        .description(one.description)
        .datasource(SOURCE)
        .unit(one.unit)
        .span(one.span or width)
        .height(height)
    )
    for number, query in enumerate(one.queries):
        built = built.with_target(_target(one, query, chr(ord("A") + number)))
    if one.lowest is not None and one.kind in ("timeseries", "bargauge", "gauge"):
        built = built.min(one.lowest)
    if one.steps:
        built = built.thresholds(
            dashboard.ThresholdsConfig()
            .mode(ThresholdsMode.ABSOLUTE)
            .steps([Threshold(value=value, color=color) for value, color in one.steps])
        )
    links = [_data_link("Runbook", f"{RUNBOOK}#{one.runbook.lower()}")] if one.runbook else []
    links += [_data_link(*one.link)] if one.link else []
    if links:
        built = built.data_links(links)
    if one.verdicts:
        built = built.mappings([_verdict_words()])
    return _FINISH[one.kind](built, one)


def _data_link(title: str, url: str) -> Any:
    return dashboard.DashboardLink(title).type(DashboardLinkType.LINK).url(url).target_blank(True)


def _target(one: Panel, query: Query, name: str) -> Any:
    target = prometheus.Dataquery().ref_id(name).expr(query.expression).legend_format(query.legend)
    if one.kind == "table":
        return target.instant().format("table")
    return target.instant() if one.kind in ("stat", "gauge", "bargauge") else target.range()


def _verdict_words() -> ValueMap:
    return ValueMap(
        options={
            str(value): ValueMappingResult(text=word, color=color, index=value)
            for value, (word, color) in VERDICTS.items()
        }
    )


def _last_value() -> Any:
    return common.ReduceDataOptions().calcs(["lastNotNull"])


def _finish_timeseries(built: Any, one: Panel) -> Any:
    legend = (
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.TABLE)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["lastNotNull", "max"])
    )
    built = built.legend(legend).tooltip(
        common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    )
    built = built.fill_opacity(10).show_points(VisibilityMode.NEVER).line_width(1)
    if one.steps:
        built = built.thresholds_style(common.GraphThresholdsStyleConfig().mode("dashed"))
    return built.stacking(common.StackingConfig().mode("normal")) if one.stack else built


def _finish_value(built: Any, one: Panel) -> Any:
    return built.reduce_options(_last_value())


def _finish_bars(built: Any, one: Panel) -> Any:
    return built.reduce_options(_last_value()).orientation(VizOrientation.HORIZONTAL)


def _finish_table(built: Any, one: Panel) -> Any:
    hidden = dict.fromkeys(one.hidden_columns, True)
    return built.with_transformation(
        DataTransformerConfig(
            id_val="organize", options={"excludeByName": hidden, "indexByName": {}, "renameByName": {}}
        )
    )


def _finish_states(built: Any, one: Panel) -> Any:
    scheme = dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS)
    return built.color_scheme(scheme).show_value(VisibilityMode.AUTO).row_height(0.9)


_FINISH = {
    "timeseries": _finish_timeseries,
    "stat": _finish_value,
    "gauge": _finish_value,
    "bargauge": _finish_bars,
    "table": _finish_table,
    "statetimeline": _finish_states,
}
