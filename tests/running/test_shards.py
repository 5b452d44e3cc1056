"""Loader files that come and go on a running Airflow: the pipelines move, and no schedule notices."""

from __future__ import annotations

import shutil
from collections.abc import Collection

from tests.running.airflow_instance import AirflowInstance

EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
NAMES = [f"sharded_{number}" for number in range(8)]


def places(airflow: AirflowInstance) -> dict[str, str]:
    """DAG -> the loader file it is parsed from; an error if Airflow takes one for gone."""
    found = {}
    for name in NAMES:
        dag = airflow.api.dag(name)
        assert dag is not None
        assert not dag["is_stale"], f"{name} of {dag['relative_fileloc']} is gone"
        found[name] = dag["relative_fileloc"]
    return found


def wait_for_places(airflow: AirflowInstance, wanted: Collection[str]) -> dict[str, str]:
    def look() -> dict[str, str] | None:
        found = places(airflow)
        return found if set(found.values()) == set(wanted) else None

    return airflow.wait_until(look, 120, f"DAGs in {wanted}")


def test_pipelines_move_to_new_loader_files_and_back_and_are_never_gone(airflow: AirflowInstance) -> None:
    for name in NAMES:
        airflow.write(f"{name}.yaml", f"{name}:\n  tasks:\n    a: {{operator: {EMPTY}}}\n")
    for name in NAMES:
        airflow.wait_for_dag(name)
    assert set(places(airflow).values()) == {"dags.py"}

    others = ["dags_2.py", "dags_3.py"]
    for other in others:
        shutil.copy(airflow.dags / "dags.py", airflow.dags / other)
    found = wait_for_places(airflow, ["dags.py", *others])
    moved = next(name for name, place in found.items() if place == "dags_2.py")
    assert airflow.run(moved).state == "success"
    assert airflow.import_errors() == {}

    for other in others:
        airflow.remove(other)
    airflow.wait_until(lambda: set(_files(airflow).values()) == {"dags.py"}, 120, "all DAGs in dags.py again")
    for name in NAMES:
        airflow.wait_for_dag(name)
        airflow.remove(f"{name}.yaml")


def _files(airflow: AirflowInstance) -> dict[str, str]:
    return {name: (airflow.api.dag(name) or {}).get("relative_fileloc", "") for name in NAMES}
