"""Edits of pipelines as people make them, at random: some change what is built, some only how it is written."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from schemas.source import parse_source

Data = dict[str, Any]
Edit = Callable[[Data, random.Random], None]

DURATIONS = ("retry_delay", "max_retry_delay", "execution_timeout", "dagrun_timeout", "poke_interval", "timeout")
EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
BASH = "airflow.providers.standard.operators.bash.BashOperator"

SETTINGS = ("catchup", "max_active_runs", "retries", "retry_delay", "owner", "queue")
"""Whether these are as without them, Airflow's configuration decides, so they are never taken away."""

BASE = """
default:
  tags: [shared]
  default_args: {owner: team, execution_timeout: 30m}
orders:
  schedule: "@daily"
  start_date: "2026-01-01"
  catchup: false
  description: about orders
  params: {size: 3, name: x}
  dagrun_timeout: 2h
  default_args: {retries: 2, retry_delay: 30s, pool: default_pool}
  task_groups:
    sources: {tooltip: tables, default_args: {retries: 4}}
    deep: {parent_group_name: sources, dependencies: [load]}
  tasks:
    load: {operator: DownloadData, source: sample://wine}
    iris: {operator: DownloadData, source: sample://iris, task_group_name: sources, dependencies: [load]}
    more: {operator: %(bash)s, bash_command: echo 5m, task_group_name: deep, retries: 4}
    judge:
      operator: ValidateData
      dependencies: [load, sources]
      data: load
      rows: {min: 100}
      duplicates: {warn: 0, fail: 1%%}
      columns: {alcohol: {type: number, between: [5, 40], bad: {fail: 0.5%%}}, hue: {type: number}}
    prepare: {operator: PreprocessData, dependencies: [judge], data: judge, target: target}
    features: {operator: FeatureEngineering, dependencies: [prepare], data: prepare, scale: standard}
    train: {operator: TrainModel, dependencies: [features], data: features,
            estimator: sklearn.linear_model.LogisticRegression, parameters: {C: 1.0}}
    evaluate: {operator: EvaluateModel, dependencies: [train], model: train, data: prepare,
               gates: {accuracy: {min: 0.9, warn: 0.95}}}
    wait: {operator: airflow.providers.standard.sensors.time_delta.TimeDeltaSensor, delta: 1h, poke_interval: 60,
           dependencies: [evaluate]}
    notify: {operator: SendNotification, dependencies: [wait], teardown: true}
""" % {"bash": BASH}  # noqa: UP031 (braces are YAML's)


FORMS = Path(__file__).parents[1] / "expressiveness"
BASES = [BASE, *(path.read_text(encoding="utf-8") for path in sorted(FORMS.rglob("*.yaml")))]
"""The pipeline above, and one for each form that a pipeline can have."""


def base(text: str) -> Data:
    """Read a file that is edited; dates stay text, as for the checker."""
    data: Data = parse_source(Path("orders.yaml"), text).data
    return copy.deepcopy(data)


def own(data: Data) -> Data:
    """Give the pipeline of a file."""
    found: Data = next(value for key, value in data.items() if key != "default")
    return found


def written(data: Data, chance: random.Random) -> str:
    """Write data as YAML, in one of many ways."""
    text = yaml.safe_dump(data, sort_keys=False, default_flow_style=chance.choice([True, False, None]), width=200)
    return "".join(
        f"{line}{'  # why' if chance.random() < 0.2 and not line.endswith(('|', '>')) else ''}\n"
        for line in text.splitlines()
    )


def task(data: Data, chance: random.Random) -> Data:
    """Choose a task."""
    return chance.choice(tasks(data))


def tasks(data: Data) -> list[Data]:
    found = own(data)["tasks"]
    return list(found.values()) if isinstance(found, dict) else found


def named_tasks(data: Data) -> dict[str, Data]:
    found = own(data)["tasks"]
    return found if isinstance(found, dict) else {entry["task_id"]: entry for entry in found}


def mappings(value: Any) -> list[dict[str, Any]]:
    found = [value] if isinstance(value, dict) else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [*found, *(mapping for item in inner for mapping in mappings(item))]


# -- how it is written ------------------------------------------------------------------------------------------------


def shuffle_keys(data: Data, chance: random.Random) -> None:
    mapping = chance.choice(mappings(data))
    items = list(mapping.items())
    chance.shuffle(items)
    mapping.clear()
    mapping.update(items)


def other_form_of_tasks(data: Data, chance: random.Random) -> None:
    found = own(data)["tasks"]
    if isinstance(found, dict):
        own(data)["tasks"] = [{"task_id": name, **entry} for name, entry in found.items()]
    else:
        own(data)["tasks"] = {entry.pop("task_id"): entry for entry in found}


def other_form_of_groups(data: Data, chance: random.Random) -> None:
    found = own(data).get("task_groups")
    if isinstance(found, dict):
        own(data)["task_groups"] = [{"group_name": name, **(entry or {})} for name, entry in found.items()]


def respell(data: Data, chance: random.Random) -> None:
    """Write a length of time, a share, a moment or a number in another way."""
    places = [(m, key) for m in mappings(data) for key, value in m.items() if _spellings(key, value)]
    mapping, key = chance.choice(places)
    mapping[key] = chance.choice(_spellings(key, mapping[key]))


def _spellings(key: str, value: Any) -> list[Any]:
    known = {
        "30s": ["30000ms", "0.5m", 30],
        "30m": ["1800s", "0.5h", "1800"],
        "2h": ["120m", "1h60m"],
        "1h": ["60m", "3600s"],
        "1%": [0.01, "1.0%"],
        "0.5%": [0.005],
        "2026-01-01": ["2026-01-01T00:00:00", "2026-01-01T01:00:00+01:00"],
        "@daily": ["0 0 * * *"],
        "@hourly": ["0 * * * *"],
    }
    if isinstance(value, str):
        return [spelling for spelling in known.get(value, []) if key != "schedule" or isinstance(spelling, str)]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return []
    return [float(value), int(value)] if float(value).is_integer() else []


def share(data: Data, chance: random.Random) -> None:
    """Say for all pipelines of the file what one says, or the other way round."""
    pipeline, default = own(data), data.setdefault("default", {})
    key = chance.choice(["schedule", "start_date", "catchup", "tags", "description", "dagrun_timeout"])
    source, target = (pipeline, default) if key in pipeline else (default, pipeline)
    if key in source:
        target[key] = source.pop(key)


def say_default(data: Data, chance: random.Random) -> None:
    """Write out what Airflow takes anyway."""
    key, value = chance.choice(
        [
            ("trigger_rule", "all_success"),
            ("pool", "default_pool"),
            ("pool_slots", 1),
            ("priority_weight", 1),
            ("depends_on_past", False),
            ("do_xcom_push", True),
            ("setup", False),
            ("ignore_first_depends_on_past", False),
            ("wait_for_downstream", False),
            ("retry_exponential_backoff", 0),
        ]
    )
    task(data, chance).setdefault(key, value)


def say_default_of_dag(data: Data, chance: random.Random) -> None:
    key, value = chance.choice(
        [("fail_fast", False), ("render_template_as_native_obj", False), ("timezone", "UTC"), ("owner_links", {}),
         ("dag_display_name", "orders")]
    )  # fmt: skip
    own(data).setdefault(key, value)


def say_default_of_operator(data: Data, chance: random.Random) -> None:
    name, key, value = chance.choice(
        [
            ("evaluate", "no_champion", "pass"),
            ("evaluate", "on_inconclusive", "fail"),
            ("evaluate", "alias", "champion"),
            ("more", "append_env", False),
            ("more", "output_encoding", "utf-8"),
            ("wait", "mode", "poke"),
            ("wait", "deferrable", False),
            ("wait", "soft_fail", False),
        ]
    )
    named_tasks(data).get(name, {}).setdefault(key, value)


def say_shared_value(data: Data, chance: random.Random) -> None:
    """Write a default at a task that takes it anyway, or take it away there."""
    defaults = own(data).get("default_args") or {}
    chosen = task(data, chance)
    if defaults:
        key = chance.choice(list(defaults))
        if key in chosen:
            del chosen[key]
        else:
            chosen[key] = copy.deepcopy(defaults[key])


def reorder_dependencies(data: Data, chance: random.Random) -> None:
    chance.shuffle(task(data, chance).get("dependencies", []))


def drop_implied_dependency(data: Data, chance: random.Random) -> None:
    chosen = task(data, chance)
    named = [chosen.get(key) for key in ("data", "model")]
    chosen["dependencies"] = [name for name in chosen.get("dependencies", []) if name not in named]


def say_partial(data: Data, chance: random.Random) -> None:
    """Move an argument of a mapped task into ``partial``, or out of it."""
    chosen = chance.choice([entry for entry in tasks(data) if {"expand", "expand_kwargs"} & entry.keys()])
    inside = chosen.pop("partial", {})
    if inside:
        chosen.update(inside)
    else:
        chosen["partial"] = {"retries": chosen.pop("retries")}


def name_package_of_decorator(data: Data, chance: random.Random) -> None:
    chosen = chance.choice([entry for entry in tasks(data) if "decorator" in entry])
    plain = chosen["decorator"].removeprefix("airflow.sdk.").removeprefix("airflow.decorators.")
    chosen["decorator"] = chance.choice(["", "airflow.sdk.", "airflow.decorators."]) + plain


# -- what is built ----------------------------------------------------------------------------------------------------


def set_task_argument(data: Data, chance: random.Random) -> None:
    key, values = chance.choice(
        [
            ("retries", [2, 4, 7]),
            ("retry_delay", ["30s", "1m", "90s"]),
            ("execution_timeout", ["30m", "1800s", "1h"]),
            ("trigger_rule", ["all_done", "one_success", "all_success"]),
            ("pool", ["other", "default_pool"]),
            ("owner", ["team", "somebody"]),
            ("queue", ["q"]),
            ("priority_weight", [1, 5]),
            ("doc_md", ["text", "text  ", " text", ""]),
            ("task_display_name", ["load", "Load it"]),
            ("start_date", ["2026-01-01", "2026-02-01"]),
            ("retry_exponential_backoff", [True, 2, 2.0, False, 0, 1.5]),
        ]
    )
    task(data, chance)[key] = chance.choice(values)


def set_default_argument(data: Data, chance: random.Random) -> None:
    key, values = chance.choice(
        [
            ("retries", [2, 7]),
            ("retry_delay", ["30s", "1m"]),
            ("owner", ["team", "other"]),
            ("trigger_rule", ["all_success", "all_done"]),
            ("depends_on_past", [True, False]),
            ("pool", ["default_pool", "p"]),
            ("start_date", ["2026-01-01", "2026-03-01"]),
        ]
    )
    places = [own(data), data.setdefault("default", {}), *_groups(data).values()]
    chance.choice(places).setdefault("default_args", {})[key] = chance.choice(values)


def set_dag_argument(data: Data, chance: random.Random) -> None:
    key, values = chance.choice(
        [
            ("schedule", ["@daily", "0 0 * * *", "@hourly", "0 6 * * 1-5", None, "none", "@once"]),
            ("timezone", ["UTC", "Europe/Berlin", "Etc/UTC"]),
            ("start_date", ["2026-01-01", "2026-01-02", "2026-01-01T00:00:00+00:00"]),
            ("end_date", ["2027-01-01"]),
            ("catchup", [True]),
            ("max_active_runs", [1, 3]),
            ("tags", [["shared"], ["b", "a"], ["a", "b"]]),
            ("description", ["about orders", "", "other"]),
            ("doc_md", ["# x", "# x\n"]),
            ("params", [{"size": 3, "name": "x"}, {"name": "x", "size": 3}, {"size": 3.0, "name": "x"}, {}]),
            ("owner_links", [{"team": "https://example.com"}]),
            ("is_paused_upon_creation", [True, False]),
            ("dagrun_timeout", ["2h", "7200s", "3h"]),
            ("dag_display_name", ["orders", "Orders"]),
            ("fail_fast", [False, True]),
        ]
    )
    own(data)[key] = copy.deepcopy(chance.choice(values))


def set_threshold(data: Data, chance: random.Random) -> None:
    found = [m for m in mappings(data) if m and set(m) <= {"min", "max", "warn", "fail"}]
    if found:
        chosen = chance.choice(found)
        chosen[chance.choice(list(chosen))] = chance.choice([0, 0.5, "50%", 0.01, "1%"])


def set_operator_parameter(data: Data, chance: random.Random) -> None:
    name, key, values = chance.choice(
        [
            ("load", "source", ["sample://wine", "sample://iris"]),
            ("train", "parameters", [{"C": 1}, {"C": 1.0}, {"C": 2.0}, {}]),
            ("train", "random_state", [1]),
            ("features", "scale", ["standard", "none"]),
            ("evaluate", "no_champion", ["fail", "pass"]),
            ("more", "bash_command", ["echo 5m", "echo 300s", "5m", "300s"]),
            ("more", "env", [{"A": "1"}, {"A": "1", "B": "2"}, {"B": "2", "A": "1"}]),
            ("wait", "poke_interval", [60, "1m", "60s", 61]),
            ("wait", "delta", ["1h", "60m", "2h"]),
            ("judge", "on_bad_rows", ["quarantine", "fail"]),
            ("prepare", "drop", [["a", "b"], ["b", "a"]]),
        ]
    )
    if name in named_tasks(data):
        named_tasks(data)[name][key] = copy.deepcopy(chance.choice(values))


def remove_key(data: Data, chance: random.Random) -> None:
    mapping = chance.choice([m for m in mappings(own(data)) if m])
    key = chance.choice(list(mapping))
    if key not in SETTINGS:
        del mapping[key]


def change_value(data: Data, chance: random.Random) -> None:
    """Change any value a little."""
    places = [(m, key) for m in mappings(own(data)) for key, value in m.items() if not isinstance(value, dict | list)]
    mapping, key = chance.choice(places)
    value = mapping[key]
    if key in SETTINGS:
        return
    if isinstance(value, bool):
        mapping[key] = not value
    elif isinstance(value, int | float):
        mapping[key] = value + chance.choice([1, 0.5])
    else:
        mapping[key] = chance.choice([f"{value}x", f"{value} ", str(value).upper(), None])


def reorder_list(data: Data, chance: random.Random) -> None:
    lists = [value for m in mappings(own(data)) for value in m.values() if isinstance(value, list)]
    chance.shuffle(chance.choice(lists))


def add_task(data: Data, chance: random.Random) -> None:
    entry = {"operator": EMPTY, "dependencies": [chance.choice(list(named_tasks(data)))]}
    if isinstance(own(data)["tasks"], dict):
        own(data)["tasks"]["extra"] = entry
    else:
        own(data)["tasks"].append({"task_id": "extra", **entry})


def rename_task(data: Data, chance: random.Random) -> None:
    if isinstance(own(data)["tasks"], dict):
        name = chance.choice(list(own(data)["tasks"]))
        text = yaml.safe_dump(own(data)["tasks"], sort_keys=False)
        own(data)["tasks"] = yaml.safe_load(
            text.replace(f"{name}:", f"{name}2:").replace(f"- {name}\n", f"- {name}2\n")
        )


def set_dependency(data: Data, chance: random.Random) -> None:
    chosen = task(data, chance)
    names = [*named_tasks(data), *_groups(data)]
    found = [*chosen.get("dependencies", []), chance.choice(names)]
    chosen["dependencies"] = list(dict.fromkeys(found))


def set_dependency_of_group(data: Data, chance: random.Random) -> None:
    groups = _groups(data)
    if groups:
        chosen = groups[chance.choice(list(groups))]
        found = [*chosen.get("dependencies", []), chance.choice([*named_tasks(data), *groups])]
        chosen["dependencies"] = list(dict.fromkeys(found))


def move_to_group(data: Data, chance: random.Random) -> None:
    chosen = task(data, chance)
    if chosen.pop("task_group_name", None) is None:
        chosen["task_group_name"] = chance.choice(["sources", "deep"])


def set_group_argument(data: Data, chance: random.Random) -> None:
    groups = _groups(data)
    if groups:
        groups[chance.choice(list(groups))]["tooltip"] = chance.choice(["tables", "", "other"])


def add_group(data: Data, chance: random.Random) -> None:
    groups = own(data).get("task_groups")
    if isinstance(groups, dict):
        groups["empty"] = {}


def _groups(data: Data) -> dict[str, Data]:
    groups = own(data).get("task_groups") or {}
    return groups if isinstance(groups, dict) else {entry["group_name"]: entry for entry in groups}


SPELLING: list[Edit] = [
    shuffle_keys,
    other_form_of_tasks,
    other_form_of_groups,
    respell,
    share,
    say_default,
    say_default_of_dag,
    say_default_of_operator,
    say_shared_value,
    reorder_dependencies,
    drop_implied_dependency,
    say_partial,
    name_package_of_decorator,
]
SUBSTANCE: list[Edit] = [
    set_task_argument,
    set_default_argument,
    set_dag_argument,
    set_threshold,
    set_operator_parameter,
    remove_key,
    change_value,
    reorder_list,
    add_task,
    rename_task,
    set_dependency,
    set_dependency_of_group,
    move_to_group,
    set_group_argument,
    add_group,
]
