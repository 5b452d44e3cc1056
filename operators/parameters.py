"""The types of operator parameters as the YAML has them; ``pipelines schema`` reads them from the signatures.

An annotation carries what JSON Schema needs: a text is a description, a :class:`Shape` is a piece of schema. They are
real types, not texts, because a TypedDict looks at them to know which of its keys are required.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict


@dataclass(frozen=True, eq=False)
class Shape:
    """A piece of JSON Schema for an annotation."""

    keywords: Mapping[str, Any]
    """Merged into the schema of the annotated type."""


def shape(**keywords: Any) -> Shape:
    """Make a piece of schema from JSON Schema keywords."""
    return Shape(keywords)


def defined(name: str) -> Shape:
    """Refer to a definition that the base schema shares, e.g. ``threshold``."""
    return Shape({"$ref": f"#/$defs/{name}"})


Text = Annotated[str, shape(minLength=1)]
Count = Annotated[int, shape(minimum=1)]
Seed = Annotated[int, shape(minimum=0)]
Duration = Annotated[Any, defined("duration")]
Fraction = Annotated[Any, defined("fraction")]
Bounds = Annotated[Any, defined("bounds")]
ThresholdConfig = Annotated[Any, defined("threshold")]
Tolerance = Annotated[Any, defined("tolerance")]
TaskResult = Annotated[Any, Shape({"type": "string", "x-reference": True})]
"""The result of another task, in the YAML by its task id."""
TaskResults = Annotated[
    Any, Shape({"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True, "x-reference": True})
]
ColumnNames = Annotated[list[Text], shape(uniqueItems=True)]
TwoColumns = Annotated[list[Text], shape(minItems=2, maxItems=2)]
SomeColumns = Annotated[list[Text], shape(minItems=2)]
DagIds = Annotated[list[Text], shape(uniqueItems=True)]
"""Names, in which ``*`` stands for any characters."""
Patterns = DagIds

Metric = Annotated[
    str,
    shape(
        enum=[
            "accuracy",
            "average_precision",
            "balanced_accuracy",
            "brier_score",
            "f1",
            "log_loss",
            "mae",
            "mape",
            "matthews",
            "max_error",
            "precision",
            "r2",
            "recall",
            "rmse",
            "roc_auc",
        ]
    ),
]
Gates = Annotated[Mapping[Metric, ThresholdConfig], shape(minProperties=1)]


class CsvFormat(TypedDict, total=False):
    """How a CSV file is written."""

    header: Annotated[bool, "Whether the first line holds the column names."]
    separator: Annotated[str, shape(minLength=1, maxLength=1), "What stands between the values."]
    missing_values: Annotated[list[str], "Texts that mean that there is no value."]
    strip: Annotated[bool, "Whether spaces around values are removed."]
    encoding: Annotated[Text, "The text encoding; utf-8 if not given."]
    columns: Annotated[ColumnNames, "The column names, where the file has no header."]


class ColumnChecks(TypedDict, total=False):
    """What a column must hold."""

    type: Annotated[Literal["number", "integer", "category", "text", "boolean", "datetime"], "What the values are."]
    between: Annotated[Bounds, "Lowest and highest value."]
    min: Annotated[float, "Lowest value."]
    max: Annotated[float, "Highest value."]
    allowed: Annotated[list[str | float | bool], shape(minItems=1), "Every value that may occur."]
    pattern: Annotated[Text, shape(format="regex"), "A regular expression that the whole value must match."]
    unique: Annotated[bool, "Whether no value may occur twice."]
    nulls: Annotated[Tolerance, "How many values may be missing."]
    bad: Annotated[Tolerance, "How many values may break the rules of the column; none if not given."]
    required: Annotated[bool, "Whether the column must be there; true if not given."]


class DuplicateRows(TypedDict, total=False):
    """How many rows may be there twice."""

    warn: Annotated[Fraction, "A larger part warns."]
    fail: Annotated[Fraction, "A larger part fails."]
    keys: Annotated[ColumnNames, "The columns that make two rows the same; all if not given."]


class Freshness(TypedDict, total=False):
    """How old the newest row may be."""

    column: Required[Annotated[Text, "The column with the time of each row."]]
    max: Annotated[Duration, "An older newest row fails."]
    warn: Annotated[Duration, "An older newest row warns."]
    fail: Annotated[Duration, "The same as max."]


class NumericPreprocessing(TypedDict, total=False):
    """What is done to numeric columns."""

    impute: Annotated[
        Literal["median", "mean", "most_frequent", "constant", "none"], "What takes the place of missing values."
    ]
    value: Annotated[float, "The constant, with impute: constant."]
    clip: Annotated[
        list[Fraction], shape(minItems=2, maxItems=2), "Quantiles beyond which values are cut, as in [1%, 99%]."
    ]


class CategoricalPreprocessing(TypedDict, total=False):
    """What is done to the other columns."""

    impute: Annotated[
        Literal["missing", "most_frequent", "none"],
        "What takes the place of missing values: the category `missing`, the most frequent one, or nothing.",
    ]
    min_frequency: Annotated[
        float | str,
        shape(pattern=r"^[0-9]+(\.[0-9]+)?%$", minimum=0),
        "Rarer categories become one: a part of the rows (0.5%), or a number of rows.",
    ]


class Bin(TypedDict, total=False):
    """How a number becomes the number of its bin."""

    column: Required[Annotated[Text, "The column."]]
    edges: Annotated[list[float], shape(minItems=1), "The bounds between bins, increasing."]
    quantiles: Annotated[int, shape(minimum=2), "Into how many bins of about as many training rows each."]


class Feature(TypedDict, total=False):
    """One way to compute a feature from columns, row by row."""

    ratio: Annotated[TwoColumns, "First divided by second; missing where the second is 0."]
    difference: Annotated[TwoColumns, "First minus second."]
    product: Annotated[SomeColumns, "All multiplied."]
    sum: Annotated[SomeColumns, "All added."]
    mean: Annotated[SomeColumns, "Their mean."]
    log1p: Annotated[Text, "log(1 + x) of one column."]
    power: Annotated[list[str | float], shape(minItems=2, maxItems=2), "A column and an exponent, as in [age, 2]."]
    bin: Annotated[Bin, "The number of the bin that a column's value falls into."]


Features = Mapping[str, Annotated[Feature, shape(maxProperties=1)]]


class SplitConfig(TypedDict, total=False):
    """How rows are held out for judging."""

    test_size: Annotated[
        float | str,
        shape(pattern=r"^[0-9]+(\.[0-9]+)?%$", exclusiveMinimum=0, exclusiveMaximum=1),
        "The part of the rows that is held out: 0.25, or 25%.",
    ]
    stratify: Annotated[bool, "Whether the classes keep their proportions in both parts."]
    random_state: Annotated[Seed, "The seed."]
    by_time: Annotated[Text, "A column; the rows with its latest values are held out."]


class Comparison(TypedDict, total=False):
    """How a metric must compare with the champion's."""

    not_worse_than: Annotated[
        float | str, shape(pattern=r"^[0-9]+(\.[0-9]+)?%$", minimum=0), "By how much it may be worse: 0.01, or 1%."
    ]
    better_by: Annotated[
        float | str, shape(pattern=r"^[0-9]+(\.[0-9]+)?%$", minimum=0), "By how much it must be better: 0.01, or 1%."
    ]
    warn: Annotated[
        float | str, shape(pattern=r"^[0-9]+(\.[0-9]+)?%$", minimum=0), "The stricter margin, beyond which it warns."
    ]


Comparisons = Annotated[Mapping[Metric, Comparison], shape(minProperties=1)]


class Slices(TypedDict, total=False):
    """Gates on parts of the rows."""

    by: Required[Annotated[ColumnNames, shape(minItems=1), "ColumnNames whose values make the parts."]]
    min_rows: Annotated[Count, "Smaller parts are reported as too small and not judged."]
    gates: Required[Annotated[Gates, "Metric -> threshold, for each part."]]


class SmokeTest(TypedDict, total=False):
    """What the saved model must do before the alias moves."""

    rows: Annotated[Count, "How many real rows are sent, one by one."]
    latency_ms: Annotated[ThresholdConfig, "Milliseconds per row (95th percentile)."]


class ChannelConfig(TypedDict):
    """One channel; it names an Airflow connection."""

    type: Annotated[Literal["smtp", "slack", "http", "pagerduty", "apprise"], "What kind of channel."]
    conn_id: Annotated[Text, "The Airflow connection."]
    to: NotRequired[Annotated[list[Text], shape(minItems=1), "Addresses (smtp)."]]
    cc: NotRequired[Annotated[list[Text], "Addresses of copies (smtp)."]]
    bcc: NotRequired[Annotated[list[Text], "Addresses of blind copies (smtp)."]]
    from_email: NotRequired[Annotated[Text, "Sender (smtp); that of the connection if not given."]]
    endpoint: NotRequired[Annotated[Text, "Path below the connection's host (http)."]]
    method: NotRequired[Annotated[Literal["POST", "PUT", "PATCH"], "HTTP method; POST if not given."]]
    tag: NotRequired[Annotated[Text, "Only the services of the connection with this tag (apprise)."]]


Channels = list[ChannelConfig]
Severity = Literal["critical", "warning", "info"]


class AlertChannelConfig(ChannelConfig):
    """One channel, and what goes there."""

    severities: NotRequired[Annotated[list[Severity], shape(minItems=1), "Which go there; all if not given."]]
    checks: NotRequired[Annotated[Patterns, "Checks, or `check/verdict`, that go there; all if not given."]]
    recoveries: NotRequired[Annotated[bool, "Whether it is told what is over; true if not given."]]


AlertChannels = list[AlertChannelConfig]


class RunVersusUsual(TypedDict, total=False):
    """How far a DAG may be from its own past."""

    duration: Annotated[ThresholdConfig, "Duration of the newest run, in times the usual one."]
    late_by: Annotated[ThresholdConfig, "How much later than usual a run starts."]
    failure_ratio: Annotated[ThresholdConfig, "By how much the failed part of the runs is more than usual."]
    success_age: Annotated[ThresholdConfig, "Time since the last success, in times the usual between two."]
    min_runs: Annotated[Count, "So many earlier runs have to be known; 5 if not given."]
    at_least: Annotated[Duration, "A smaller difference is none; 1m if not given."]


class RunThresholds(TypedDict, total=False):
    """What holds for one DAG instead."""

    window: Annotated[Duration, "How far back its runs count."]
    failed_runs: Annotated[ThresholdConfig, "Failed runs within the window."]
    failure_ratio: Annotated[ThresholdConfig, "Failed part of the finished runs within the window."]
    min_runs: Annotated[Count, "The ratio is judged only from so many runs on."]
    duration: Annotated[ThresholdConfig, "How long its longest successful run within the window took."]
    running_for: Annotated[ThresholdConfig, "How long a run may be running."]
    late_by: Annotated[ThresholdConfig, "How late a run may start."]
    success_age: Annotated[ThresholdConfig, "How long ago its last success may be."]
    versus_usual: Annotated[RunVersusUsual, "How far it may be from its own past."]


class TaskThresholds(TypedDict, total=False):
    """What holds for the tasks of one DAG instead."""

    window: Annotated[Duration, "How far back its failures count."]
    failed_tasks: Annotated[ThresholdConfig, "Failed task instances of this DAG."]
    same_task: Annotated[ThresholdConfig, "Runs in which one of its tasks failed."]
    ignore: Annotated[Patterns, "Task ids that are not looked at; `*` stands for any characters."]


class TaskVersusUsual(TypedDict, total=False):
    """How far the failures of tasks may be from their own past."""

    failed_tasks: Annotated[ThresholdConfig, "Failed task instances, in times the usual number."]
    retries: Annotated[ThresholdConfig, "Retries, in times the usual number."]
    min_looks: Annotated[Count, "So many earlier checks have to be known; 5 if not given."]


class AliveJobs(TypedDict, total=False):
    """How many processes of each component have to be alive."""

    scheduler: Annotated[ThresholdConfig, "Schedulers."]
    dag_processor: Annotated[ThresholdConfig, "Dag processors."]
    triggerer: Annotated[ThresholdConfig, "Triggerers."]


class Ignored(TypedDict, total=False):
    """What is not looked at; `*` stands for any characters."""

    dags: Annotated[Patterns, "DAG ids, whose waiting tasks and parse times do not count."]
    files: Annotated[Patterns, "Files whose import errors do not count."]
    pools: Annotated[Patterns, "Pools."]
