"""A run at the terminal has surroundings of its own, and the user's connections."""

from __future__ import annotations

from pathlib import Path

from pipelines.trial.environment import environment

HOME = Path("/run/home")


def test_the_users_home_and_database_are_not_passed_on() -> None:
    inherited = {
        "AIRFLOW_HOME": "/home/me/airflow",
        "AIRFLOW_CONFIG": "/home/me/airflow.cfg",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://production",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": "cat secret",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS": "x",
        "AIRFLOW__CORE__DAGS_FOLDER": "/home/me/dags",
        "AIRFLOW__PIPELINES__ARTIFACT_ROOT": "s3://production",
        "AIRFLOW__LOGGING__REMOTE_LOGGING": "True",
    }
    found = environment(HOME, Path("/run/artifacts"), inherited)
    assert "production" not in " ".join(found.values())
    assert "/home/me" not in " ".join(found.values())
    assert found["AIRFLOW_HOME"] == "/run/home"
    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "sqlite:////run/home/airflow.db"
    assert found["AIRFLOW__PIPELINES__ARTIFACT_ROOT"] == "file:///run/artifacts"
    assert not any(name.endswith(("_CMD", "CONNECT_ARGS")) for name in found)


def test_connections_variables_and_other_settings_are() -> None:
    inherited = {
        "AIRFLOW_CONN_SHOP": "http://shop",
        "AIRFLOW_VAR_SIZE": "3",
        "AIRFLOW__SMTP__TIMEOUT": "5",
        "PATH": "/bin",
        "PIPELINES_ENVIRONMENT": "dev",
    }
    found = environment(HOME, Path("/run/artifacts"), inherited)
    assert {name: found[name] for name in inherited} == inherited
