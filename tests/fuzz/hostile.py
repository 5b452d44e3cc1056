"""Files that are made to be slow, deep, large or misleading; each is at most 1 MB."""

from __future__ import annotations

from collections.abc import Callable, Mapping

SIZE = 1_000_000
EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
BASH = "airflow.providers.standard.operators.bash.BashOperator"


def _full(head: str, piece: Callable[[int], str]) -> str:
    """Repeat a numbered piece until the file is as large as it may be."""
    parts, size, number = [head], len(head), 0
    while size < SIZE - 200:
        parts.append(piece(number))
        size += len(parts[-1].encode())
        number += 1
    return "".join(parts)[:SIZE]


def _task(line: str) -> str:
    return f"orders:\n  tasks:\n    a:\n      operator: {BASH}\n      bash_command: echo\n      {line}\n"


_TASKS = "orders:\n  tasks:\n"
_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(b)}: &{chr(b)} [{','.join(['*' + chr(b - 1)] * 9)}]\n" for b in range(ord("b"), ord("j"))
)

HOSTILE: Mapping[str, str] = {
    "flow-nesting": "[" * SIZE,
    "map-nesting": "{a: " * (SIZE // 4),
    "dash-nesting": "- " * (SIZE // 2),
    "question-nesting": "? " * (SIZE // 2),
    "ten-thousand-levels": "".join(" " * n + "a:\n" for n in range(1400)),
    "alias-bomb": _BOMB,
    "aliases-of-aliases": "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 190)),
    "deep-tasks-by-aliases": "a0: &a0 {x: 1}\n"
    + "".join(f"a{n}: &a{n} {{x: *a{n - 1}}}\n" for n in range(1, 130))
    + f"orders: {{tasks: {{a: {{operator: {BASH}, bash_command: x, env: *a129}}}}}}\n",
    "many-anchors": _full("x:\n", lambda n: f"  k{n}: &a{n} 1\n"),
    "many-aliases": _full("x:\n  a: &a 1\n", lambda n: f"  k{n}: *a\n"),
    "many-merges": _full("x:\n  a: &a {b: 1}\n", lambda n: f"  k{n}: {{<<: [*a, *a]}}\n"),
    "one-key-again-and-again": _full("x:\n", lambda _: "  ks:\n"),
    "keys-that-are-numbers": _full("x:\n", lambda n: f"  {n}: 1\n"),
    "unknown-keys": _full("orders:\n", lambda n: f"  key_{n}: 1\n"),
    "unknown-keys-of-a-task": _full(_task("retries: 1"), lambda n: f"      bash_comand_{n}: 1\n"),
    "unknown-keys-of-tasks": _full(_TASKS, lambda n: f"    t{n}: {{operator: {BASH}, bash_comand: x}}\n"),
    "unknown-operators": _full(_TASKS, lambda n: f"    t{n}: {{operator: airflow.providers.x{n}.operators.Bas{n}}}\n"),
    "unknown-classes": _full(_TASKS, lambda n: f"    t{n}: {{operator: TrainModl{n}}}\n"),
    "pipelines-that-are-null": _full("", lambda n: f"p{n}:\n"),
    "good-tasks": _full(
        _TASKS, lambda n: f"    t{n}: {{operator: {EMPTY}, dependencies: [{'' if not n else f't{n - 1}'}]}}\n"
    ),
    "one-long-cycle": _full(
        f"{_TASKS}    z: {{operator: {EMPTY}, dependencies: [t9000]}}\n",
        lambda n: f"    t{n}: {{operator: {EMPTY}, dependencies: [{'z' if not n else f't{n - 1}'}]}}\n",
    ),
    "many-cycles": _full(_TASKS, lambda n: f"    t{n}: {{operator: {EMPTY}, dependencies: [t{n ^ 1}]}}\n"),
    "unknown-dependencies": _full(_TASKS, lambda n: f"    t{n}: {{operator: {EMPTY}, dependencies: [x{n}]}}\n"),
    "one-task-after-all": _full(
        f"{_TASKS}    a: {{operator: {EMPTY}}}\n    b:\n      operator: {EMPTY}\n      dependencies:\n",
        lambda n: f"        - a{n}\n",
    ),
    "everything-depends-on-everything": _TASKS
    + "".join(
        f"    t{n}: {{operator: {EMPTY}, dependencies: [{', '.join(f't{m}' for m in range(n))}]}}\n" for n in range(500)
    ),
    "references-to-nothing": _full(_TASKS, lambda n: f"    t{n}: {{operator: TrainModel, data: x{n}, estimator: a}}\n"),
    "wrong-types": _full(_TASKS, lambda n: f"    t{n}: {{operator: {EMPTY}, retries: [], pool: 1}}\n"),
    "bad-schedules": _full("", lambda n: f"p{n}: {{schedule: '{n} * *', tasks: {{a: {{operator: {EMPTY}}}}}}}\n"),
    "bad-durations": _full(_TASKS, lambda n: f"    t{n}: {{operator: {EMPTY}, retry_delay: {n}mx}}\n"),
    "objects": _full(
        _TASKS, lambda n: f"    t{n}: {{operator: {EMPTY}, x: {{__type__: os.system, __args__: [true]}}}}\n"
    ),
    "slow-duration": _task("retry_delay: " + "1" * 900_000 + "x"),
    "slow-percentage": _task("retry_delay: " + "1h" * 400_000 + "!"),
    "slow-cron": f"orders:\n  schedule: '{'*/1,' * 200_000}* * * *'\n  tasks: {{a: {{operator: {EMPTY}}}}}\n",
    "slow-cron-range": f"orders:\n  schedule: '0-59/1 {'0-23,' * 150_000}1 * * *'\n",
    "slow-zone": f"orders:\n  timezone: '{'../' * 300_000}etc/passwd'\n  tasks: {{a: {{operator: {EMPTY}}}}}\n",
    "slow-date": f"orders:\n  start_date: '{'2026-01-01T' * 80_000}'\n  tasks: {{a: {{operator: {EMPTY}}}}}\n",
    "huge-number": f"orders:\n  max_active_runs: {'9' * 900_000}\n",
    "huge-hexadecimal": f"orders:\n  max_active_runs: 0x{'f' * 900_000}\n",
    "sexagesimal": f"orders:\n  max_active_runs: 1{':59' * 300_000}\n",
    "open-templates": _task("env: {A: '" + "{{ " * 300_000 + "'}"),
    "nested-templates": _task("env: {A: '{{ " + "(" * 400_000 + " }}'}"),
    "many-templates": _full(_task("env:"), lambda n: f"        K{n}: '{{{{ dag_rn.x{n} }}}}'\n"),
    "deep-filters": _task("env: {A: '{{ a" + "|b" * 300_000 + " }}'}"),
    "long-text": _task(f"doc_md: '{'x' * 900_000}'"),
    "long-key": f"{'k' * 900_000}: 1\n",
    "long-line-with-many-mistakes": "orders: {" + ", ".join(f"k{n}: 1" for n in range(80_000)) + "}\n",
    "comments": "# pipelines: ignore=P999\n" * 38_000,
    "comments-that-ignore": _full(
        _TASKS, lambda n: f"    t{n}: {{operator: {EMPTY}}}  # pipelines: ignore=P101,P403\n"
    ),
    "secrets": _full(_task("env:"), lambda n: f"        PASSWORD_{n}: hunter{n}\n"),
    "addresses": _full(_task("env:"), lambda n: f"        K{n}: https://user:pass{n}@example.org\n"),
    "wide-characters": _full("orders:\n", lambda n: f"  訓練🤖{n}: 1\n"),
    "tabs": "\t" * SIZE,
    "line-ends": "\r\n" * (SIZE // 2),
    "other-line-ends": "a: b\u2028" * (SIZE // 8),
    "zeros": "\x00" * SIZE,
    "quotes": '"' * SIZE,
    "document-starts": "---\n" * (SIZE // 4),
    "tags": "!!str " * (SIZE // 6),
    "directives": "%YAML 1.2\n" * (SIZE // 10),
    "block-scalars": "|\n" * (SIZE // 2),
    "columns": _full(
        f"{_TASKS}    v:\n      operator: ValidateData\n      data: v\n      columns:\n",
        lambda n: f"        c{n}: {{type: integr, between: [1]}}\n",
    ),
    "gates": _full(
        f"{_TASKS}    v:\n      operator: EvaluateModel\n      data: v\n      model: v\n      gates:\n",
        lambda n: f"        roc_acu{n}: {{min: 1, warn: 0}}\n",
    ),
    "results-of-nothing": _full(_TASKS, lambda n: f"    t{n}: {{operator: {BASH}, bash_command: +x{n}}}\n"),
    "one-long-chain-of-results": _full(
        f"{_TASKS}    t: {{operator: {BASH}, bash_command: x}}\n",
        lambda n: f"    t{n}: {{operator: {BASH}, bash_command: +t{n - 1 if n else ''}}}\n",
    ),
    "one-long-cycle-of-results": _full(
        f"{_TASKS}    t: {{operator: {BASH}, bash_command: +t5000}}\n",
        lambda n: f"    t{n}: {{operator: {BASH}, bash_command: +t{n - 1 if n else ''}}}\n",
    ),
    "many-results-in-a-task": _full(_task("env:"), lambda n: f"        K{n}: +a\n"),
    "plain-texts-like-results": _full(_TASKS, lambda n: f"    t{n}: {{operator: {EMPTY}, owner: +t{n}}}\n"),
    "bad-values-of-a-mapped-task": _full(
        f"{_TASKS}    a:\n      operator: {BASH}\n      expand:\n        bash_command:\n",
        lambda n: f"          - {n}\n",
    ),
    "unknown-keys-of-a-mapped-task": _full(
        f"{_TASKS}    a:\n      operator: {BASH}\n      expand:\n", lambda n: f"        bash_comand_{n}: [{n}]\n"
    ),
    "sets-that-lack-a-key": _full(
        f"{_TASKS}    a:\n      operator: {BASH}\n      expand_kwargs:\n", lambda n: f"        - {{cwd: '{n}'}}\n"
    ),
    "sets-with-unknown-keys": _full(
        f"{_TASKS}    a:\n      operator: {BASH}\n      expand_kwargs:\n", lambda n: f"        - {{cw{n}: '{n}'}}\n"
    ),
    "mapped-tasks": _full(_TASKS, lambda n: f"    t{n}: {{operator: {BASH}, expand: {{bash_comand: [1], cwd: +t}}}}\n"),
    "mapped-groups-in-mapped-groups": _full(
        f"orders:\n  tasks: {{a: {{operator: {BASH}, bash_command: +g1.x, task_group_name: g0}}}}\n  task_groups:\n",
        lambda n: f"    g{n}: {{parent_group_name: g{n + 1}, expand: {{x: [1]}}}}\n",
    ),
    "tasks-in-deep-groups": _full(
        "orders:\n  task_groups:\n"
        + "".join(f"    g{n}: {{parent_group_name: g{n + 1}, dependencies: [a]}}\n" for n in range(3000))
        + f"    g3000: {{expand: {{x: [1]}}}}\n  tasks:\n    a: {{operator: {EMPTY}}}\n",
        lambda n: f"    t{n}: {{operator: {BASH}, bash_command: +g3000.x, task_group_name: g0}}\n",
    ),
    "branches-to-nothing": _full(
        f"{_TASKS}    b:\n      operator: airflow.providers.standard.operators.weekday.BranchDayOfWeekOperator\n"
        "      week_day: Monday\n      follow_task_ids_if_false: b\n      follow_task_ids_if_true:\n",
        lambda n: f"        - x{n}\n",
    ),
    "unknown-functions": _full(
        _TASKS, lambda n: f"    t{n}: {{decorator: task, python_callable: operators.functions.f{n}, x: 1}}\n"
    ),
    "unknown-arguments": _full(
        f"{_TASKS}    a:\n      operator: airflow.providers.standard.operators.python.PythonOperator\n"
        "      python_callable: operators.functions.is_month_end\n      op_kwargs:\n",
        lambda n: f"        d{n}: {n}\n",
    ),
    "labels-of-nothing": _full(
        f"{_TASKS}    a:\n      operator: {EMPTY}\n      dependencies:\n",
        lambda n: f"        - {{task: x{n}, label: a}}\n",
    ),
    "setups-that-are-none": _full(
        f"{_TASKS}    a:\n      operator: {EMPTY}\n      teardown:\n        setups:\n", lambda n: f"          - x{n}\n"
    ),
    "groups": _full(
        f"orders:\n  tasks: {{a: {{operator: {EMPTY}}}}}\n  task_groups:\n",
        lambda n: f"    g{n}: {{parent_group_name: g{n + 1}}}\n",
    ),
}
"""Name -> text."""

_PIPELINE = f"  tasks:\n    a: {{operator: {EMPTY}}}\n"
_SOURCE = "parameters: {source: {type: string}}\npipeline:\n"
_PLACEHOLDER = "${{ parameters.source }}"
_LARGE_VALUE = f"x: {{template: load, parameters: {{source: &s {'s' * 500_000}}}}}\n"

HOSTILE_TOGETHER: Mapping[str, tuple[str, str]] = {
    "instances": ("made.yaml", _full("", lambda n: f"m{n}: {{template: load, parameters: {{source: x}}}}\n")),
    "instances-without-values": ("made.yaml", _full("", lambda n: f"m{n}: {{template: load}}\n")),
    "instances-of-nothing": ("made.yaml", _full("", lambda n: f"m{n}: {{template: l{n}}}\n")),
    "instances-with-large-values": (
        "made.yaml",
        _full(_LARGE_VALUE, lambda n: f"m{n}: {{template: load, parameters: {{source: *s}}}}\n"),
    ),
    "values-nobody-asked-for": (
        "made.yaml",
        _full("m:\n  template: load\n  parameters:\n", lambda n: f"    p{n}: 1\n"),
    ),
    "placeholders-in-one-text": (
        "templates/load.yaml",
        f"{_SOURCE}{_PIPELINE}  description: '{_PLACEHOLDER * 40_000}'\n",
    ),
    "openings-in-one-text": ("templates/load.yaml", f"{_SOURCE}{_PIPELINE}  description: '{'${{' * 300_000}'\n"),
    "placeholders": (
        "templates/load.yaml",
        _full(f"{_SOURCE}{_PIPELINE}  params:\n", lambda n: f"    k{n}: {_PLACEHOLDER}\n"),
    ),
    "undeclared-placeholders": (
        "templates/load.yaml",
        _full(f"{_SOURCE}{_PIPELINE}  params:\n", lambda n: f"    k{n}: ${{{{ parameters.p{n} }}}}\n"),
    ),
    "wrong-parameters": (
        "templates/load.yaml",
        _full(f"pipeline:\n{_PIPELINE}parameters:\n", lambda n: f"  p{n}: {{type: strng, default: {n}}}\n"),
    ),
    "unused-parameters": (
        "templates/load.yaml",
        _full(f"pipeline:\n{_PIPELINE}parameters:\n", lambda n: f"  p{n}: {{type: integer, default: {n}}}\n"),
    ),
    "tasks-of-a-template": (
        "templates/load.yaml",
        _full(f"{_SOURCE}  tasks:\n", lambda n: f"    t{n}: {{operator: {EMPTY}, retires: {n}}}\n"),
    ),
    "environment-of-nothing": ("environments/prod.yaml", _full("", lambda n: f"orders{n}: {{catchup: true}}\n")),
    "environment-with-strange-tasks": (
        "environments/prod.yaml",
        _full("orders:\n  tasks:\n", lambda n: f"    laod{n}: {{retries: 1}}\n"),
    ),
    "environment-with-more-tasks": (
        "environments/prod.yaml",
        _full("orders:\n  tasks:\n", lambda n: f"    t{n}: {{operator: {EMPTY}}}\n"),
    ),
    "defaults-of-no-task": ("defaults.yaml", _full("tasks:\n", lambda n: f"  laod{n}: {{retries: 1}}\n")),
    "defaults-that-are-wrong": ("defaults.yaml", _full("", lambda n: f"key{n}: 1\n")),
    "defaults-with-many-tags": ("defaults.yaml", _full("tags:\n", lambda n: f"  - t{n}\n")),
    "defaults-with-many-params": ("defaults.yaml", _full("params:\n", lambda n: f"  p{n}: {n}\n")),
}
"""Name -> where the file goes, and its text; the others around it are sound."""
