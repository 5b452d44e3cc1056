"""The catalogue of rules: what each code is called, how grave it is, and whether a comment may silence it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """An error stops the file from becoming a DAG; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Rule(NamedTuple):
    """One kind of problem. Its explanation is ``explanations/<code>.md``."""

    code: str
    """Stable; never given to another rule, even after this one is gone."""
    name: str
    """What people call it, e.g. ``unknown-key``."""
    severity: Severity
    summary: str
    """One line, lower case, no full stop."""
    ignorable: bool = False
    """Whether ``# pipelines: ignore=<code>`` works: only where the DAG can be built, and run safely, all the same."""


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

_RULES = (
    # the source
    Rule("P001", "unreadable-file", _ERROR, "the file cannot be read"),
    Rule("P002", "not-utf8", _ERROR, "the file is not UTF-8 text"),
    Rule("P003", "syntax-error", _ERROR, "the text is not YAML"),
    Rule("P004", "duplicate-key", _ERROR, "a key is given twice in one mapping"),
    Rule("P005", "bad-alias", _ERROR, "an alias that leads nowhere, into itself, or to too many values"),
    Rule("P006", "forbidden-tag", _ERROR, "a YAML tag that is not for plain values"),
    Rule("P007", "key-not-text", _ERROR, "a key that YAML does not read as text"),
    Rule("P008", "nested-too-deep", _ERROR, "mappings and lists nested deeper than any pipeline needs"),
    Rule("P009", "second-document", _ERROR, "more than one YAML document in a file"),
    Rule("P010", "empty-file", _ERROR, "a file that declares no pipeline"),
    Rule("P011", "ignore-without-rule", _WARNING, "an ignore comment that names no rule"),
    Rule("P012", "ignore-refused", _WARNING, "an ignore comment for a rule that cannot be ignored"),
    Rule("P013", "unused-ignore", _WARNING, "an ignore comment where there is nothing to ignore"),
    # the shape
    Rule("P101", "unknown-key", _ERROR, "a key that nothing reads"),
    Rule("P102", "missing-key", _ERROR, "a key that is needed is not there"),
    Rule("P103", "wrong-type", _ERROR, "a value of another type than the key takes"),
    Rule("P104", "value-not-allowed", _ERROR, "a value that is not one of those allowed"),
    Rule("P105", "wrong-form", _ERROR, "a text that has not the form the key needs"),
    Rule("P106", "out-of-range", _ERROR, "a number that is too small or too large"),
    Rule("P107", "wrong-count", _ERROR, "too few or too many items, keys or characters"),
    Rule("P108", "bad-name", _ERROR, "a name that Airflow does not take for a pipeline, task or group"),
    # the graph
    Rule("P201", "unknown-dependency", _ERROR, "a dependency on a task or group that is not defined"),
    Rule("P202", "own-dependency", _ERROR, "a task or group that depends on itself"),
    Rule("P203", "duplicate-id", _ERROR, "two tasks or groups of one pipeline with the same name"),
    Rule("P204", "cycle", _ERROR, "dependencies that go round in a circle"),
    Rule("P205", "unknown-group", _ERROR, "a task group that is not defined"),
    Rule("P206", "duplicate-pipeline", _ERROR, "a pipeline whose id another file has already"),
    Rule(
        "P210",
        "fail-fast-trigger-rule",
        _ERROR,
        "fail_fast together with a trigger rule that Airflow does not take then",
    ),
    Rule(
        "P211",
        "trigger-rule-without-upstream",
        _WARNING,
        "a trigger rule on a task that waits for no other",
        ignorable=True,
    ),
    Rule(
        "P212",
        "hidden-failure",
        _WARNING,
        "a last task that runs after a failure too, so that the run succeeds",
        ignorable=True,
    ),
    Rule("P213", "never-runs", _WARNING, "a trigger rule that the tasks before can never fulfil", ignorable=True),
    Rule("P214", "teardown-trigger-rule", _WARNING, "a trigger rule on a teardown, which has its own", ignorable=True),
    Rule("P215", "trigger-rule-after-setup", _ERROR, "a trigger rule on a task right after a setup"),
    Rule("P216", "setup-and-teardown", _ERROR, "one task as both setup and teardown"),
    Rule("P217", "id-too-long", _ERROR, "a task whose id, with its groups, is longer than Airflow takes"),
    # mapping
    Rule("P220", "two-mappings", _ERROR, "one task or group with expand and expand_kwargs"),
    Rule("P221", "partial-without-mapping", _ERROR, "partial where nothing is mapped over"),
    Rule("P222", "given-twice", _ERROR, "a parameter that a mapped task is given in two places"),
    Rule("P223", "not-mappable", _ERROR, "an argument that is one for all tasks that are mapped"),
    Rule(
        "P224", "mapped-over-nothing", _WARNING, "an empty list to map over, so that nothing ever runs", ignorable=True
    ),
    Rule("P225", "mapped-inside-mapped", _ERROR, "a mapped task or group inside of a mapped group"),
    Rule("P226", "too-many-mapped", _WARNING, "a task mapped over more than a thousand values", ignorable=True),
    Rule("P227", "mapped-and-always", _ERROR, "trigger rule always where what is mapped over must come first"),
    Rule("P228", "unknown-branch", _ERROR, "a branch that leads to a task that is not defined"),
    Rule(
        "P229",
        "branch-not-next",
        _WARNING,
        "a branch that leads to a task that does not come right after it",
        ignorable=True,
    ),
    Rule(
        "P230",
        "name-without-mapping",
        _WARNING,
        "map_index_template on a task that is not mapped",
        ignorable=True,
    ),
    Rule("P231", "setup-not-a-task", _ERROR, "a teardown for a setup that is no task, or itself a teardown"),
    # schedule and time
    Rule("P301", "bad-schedule", _ERROR, "a schedule that is no cron expression, preset or length of time"),
    Rule("P302", "unknown-timezone", _ERROR, "a time zone that does not exist"),
    Rule("P303", "bad-date", _ERROR, "a text that is not a date"),
    Rule("P304", "continuous-runs", _ERROR, "@continuous with more than one active run"),
    Rule("P305", "schedule-never-comes", _ERROR, "a cron expression for a day that does not exist"),
    Rule("P306", "end-before-start", _ERROR, "an end_date before the start_date"),
    Rule("P307", "default-does-not-fit", _ERROR, "a default of a param that the param itself does not allow"),
    Rule("P308", "param-without-default", _ERROR, "a param without a default in a pipeline that runs by itself"),
    Rule("P309", "bad-asset", _ERROR, "an asset that Airflow refuses"),
    Rule("P310", "asset-twice", _WARNING, "the same asset twice in one list", ignorable=True),
    Rule("P311", "asset-conflict", _ERROR, "two assets that share a name or an address"),
    Rule(
        "P312",
        "asset-not-in-normal-form",
        _WARNING,
        "an address of an asset that Airflow keeps in another form",
        ignorable=True,
    ),
    Rule("P313", "run-type-not-allowed", _ERROR, "a schedule whose runs allowed_run_types does not allow"),
    Rule("P314", "deadline-never-comes", _ERROR, "a deadline that Airflow can never work out"),
    Rule("P315", "catchup-without-start", _ERROR, "catchup without a start_date to begin at"),
    Rule(
        "P316",
        "timezone-without-effect",
        _WARNING,
        "a time zone that the schedule does not have, as there is no start_date",
        ignorable=True,
    ),
    Rule("P317", "timetable-arguments", _ERROR, "arguments of a timetable that contradict each other"),
    Rule("P318", "endless-pattern", _ERROR, "a pattern of a parameter that may take for ever to try"),
    Rule("P319", "freshness-without-sense", _ERROR, "an age of the last success that always or never alerts"),
    # values that would run code
    Rule("P401", "code-in-yaml", _ERROR, "a key that names Python code to import"),
    Rule("P402", "object-in-yaml", _ERROR, "a key that would build a Python object"),
    Rule(
        "P403",
        "operator-not-in-schema",
        _WARNING,
        "an operator whose parameters the schema does not know",
        ignorable=True,
    ),
    Rule("P404", "not-callable-here", _ERROR, "a path to code that is not in the list of what a pipeline may name"),
    Rule("P405", "macro-never-seen", _WARNING, "a macro that has the name of a variable of Airflow", ignorable=True),
    # what is learnt from which data
    Rule(
        "P410",
        "unknown-estimator",
        _ERROR,
        "an estimator that scikit-learn does not have, or that TrainModel does not take",
    ),
    Rule("P411", "unknown-estimator-parameter", _ERROR, "a parameter that the estimator does not have"),
    Rule("P412", "estimator-parameter-value", _ERROR, "a value that scikit-learn does not take for a parameter"),
    Rule(
        "P413",
        "estimator-for-other-task",
        _ERROR,
        "a classifier for a regression, or a regressor for a classification",
    ),
    Rule(
        "P414",
        "positive-class",
        _ERROR,
        "a positive class that the target does not have, or where there can be none",
    ),
    Rule("P420", "unknown-column", _ERROR, "a column that no earlier task declares or makes"),
    Rule("P421", "undeclared-columns", _ERROR, "columns that are not declared although no other are allowed"),
    Rule("P422", "target-misused", _ERROR, "the target dropped, or used to make a feature"),
    Rule("P423", "column-taken", _ERROR, "a feature with the name of a column that is there already"),
    Rule("P424", "column-without-numbers", _ERROR, "a feature made of a column that holds no numbers"),
    Rule("P430", "parameters-contradict", _ERROR, "parameters of one task that exclude or need each other"),
    Rule("P431", "operator-and-decorator", _ERROR, "one task with an operator and a decorator"),
    Rule("P432", "function-arguments", _ERROR, "arguments that a function does not have, or lacks"),
    Rule(
        "P433",
        "time-to-answer",
        _WARNING,
        "a task for a person whose time to answer is an execution_timeout",
        ignorable=True,
    ),
    # references between tasks
    Rule("P501", "unknown-reference", _ERROR, "the result of a task that is not defined"),
    Rule("P502", "reference-not-upstream", _ERROR, "the result of a task that does not run before"),
    Rule("P503", "reference-of-wrong-kind", _ERROR, "the result of a task that gives something else than is needed"),
    Rule("P504", "deploys-unjudged", _ERROR, "a deployment of another model than the one that was judged"),
    Rule(
        "P505",
        "judged-on-other-split",
        _WARNING,
        "a model that learns from one split and is judged on another",
        ignorable=True,
    ),
    Rule("P510", "template-syntax", _ERROR, "a text that Jinja cannot read"),
    Rule("P511", "unknown-template-variable", _ERROR, "a variable that Airflow does not give to templates"),
    Rule("P512", "undeclared-param", _WARNING, "a param that the pipeline does not declare", ignorable=True),
    Rule("P513", "unknown-macro", _WARNING, "a macro that Airflow does not have", ignorable=True),
    Rule("P514", "unknown-filter", _ERROR, "a filter or test that neither Jinja nor Airflow has"),
    Rule("P515", "pull-of-unknown-task", _ERROR, "xcom_pull of a task that is not defined"),
    Rule("P516", "pull-not-upstream", _WARNING, "xcom_pull of a task that does not run before", ignorable=True),
    Rule("P517", "never-rendered", _WARNING, "braces in an argument that is not a template", ignorable=True),
    Rule("P518", "unknown-group-parameter", _ERROR, "a parameter that a task group is not mapped over"),
    Rule("P519", "outside-of-group", _ERROR, "a parameter of a mapped group in a task that is not part of it"),
    Rule("P520", "never-resolved", _WARNING, "+task_id where Airflow takes the text as it is", ignorable=True),
    Rule("P521", "part-of-result-mapped", _ERROR, "a part of a result to map over"),
    Rule("P522", "result-not-kept", _ERROR, "the result of a task that does not keep it"),
    # thresholds and alerts
    Rule("P601", "nothing-can-pass", _ERROR, "a lower bound above the upper one"),
    Rule("P602", "warning-never-seen", _ERROR, "a warning that comes after the failure"),
    Rule("P603", "bound-given-twice", _ERROR, "two keys for the same bound"),
    Rule("P604", "one-warning-for-two-sides", _ERROR, "a single warn where two sides can fail"),
    Rule("P605", "metric-of-other-task", _ERROR, "a metric of classification for a regression, or the other way round"),
    Rule("P606", "out-of-reach", _ERROR, "a bound that the number can never reach"),
    Rule("P607", "bound-on-wrong-side", _WARNING, "a bound that refuses only what is too good", ignorable=True),
    Rule("P608", "wrong-unit", _ERROR, "a bound with a unit that the number does not have"),
    Rule(
        "P609",
        "metric-without-scores",
        _ERROR,
        "a metric that needs probabilities or scores of an estimator that gives none",
    ),
    Rule(
        "P610", "alert-for-no-check", _WARNING, "a pattern for alerts that fits no check of the report", ignorable=True
    ),
    Rule("P611", "channel-given-twice", _WARNING, "a channel that sends nothing but what another does", ignorable=True),
    # operations
    Rule(
        "P701",
        "ids-too-long-for-metrics",
        _WARNING,
        "ids so long that Airflow's metrics of the task get lost",
        ignorable=True,
    ),
    Rule("P702", "no-owner", _WARNING, "a scheduled pipeline with tasks that nobody owns", ignorable=True),
    Rule("P703", "no-timeout", _WARNING, "a scheduled pipeline with tasks that may run for ever", ignorable=True),
    Rule("P705", "catchup-avalanche", _WARNING, "catchup that makes up for more than a thousand runs", ignorable=True),
    Rule("P720", "secret", _ERROR, "a key, token or password in clear text"),
    Rule(
        "P721",
        "probable-secret",
        _WARNING,
        "a value that is probably a secret, by the name of its key",
        ignorable=True,
    ),
    # defaults, environments, templates
    Rule("P801", "two-files-for-one", _ERROR, "two files for the same defaults, environment or template"),
    Rule("P802", "unknown-environment", _ERROR, "an environment that does not exist"),
    Rule("P803", "change-of-no-pipeline", _ERROR, "an environment that changes a pipeline that does not exist"),
    Rule("P804", "change-of-no-task", _ERROR, "a change of a task that the pipeline or its template does not have"),
    Rule("P805", "default-of-no-task", _WARNING, "defaults for a task that no pipeline has", ignorable=True),
    Rule("P806", "unread-file", _WARNING, "a file that stands where nothing reads it", ignorable=True),
    Rule("P810", "unknown-template", _ERROR, "a template that does not exist"),
    Rule("P811", "unknown-parameter", _ERROR, "a value for a parameter that the template does not have"),
    Rule("P812", "missing-parameter", _ERROR, "a parameter without a default that the instance does not give"),
    Rule("P813", "undeclared-placeholder", _ERROR, "a placeholder for a parameter that the template does not declare"),
    Rule("P814", "bad-placeholder", _ERROR, "what begins like a placeholder, or stands where none can"),
    Rule("P815", "unused-parameter", _WARNING, "a parameter that nothing in the template takes", ignorable=True),
    Rule("P816", "template-of-template", _ERROR, "a template that is to be made of another one"),
    Rule("P817", "too-many-values", _ERROR, "templates that make a file larger than one should be"),
    # the build
    Rule("P900", "cannot-be-built", _ERROR, "a pipeline that Airflow refuses although its file is in order"),
)

CATALOGUE: Mapping[str, Rule] = {rule.code: rule for rule in _RULES}
"""Code -> rule, in the order of the codes."""


def rule_of(code: str) -> Rule:
    """Look a rule up.

    :param code: as a diagnostic has it
    :raises LookupError: if the code is not in the catalogue, with what its author must add
    """
    try:
        return CATALOGUE[code]
    except KeyError:
        message = (
            f"{code} is not in schemas/catalogue.py: add it there, and its explanation schemas/explanations/{code}.md"
        )
        raise LookupError(message) from None
