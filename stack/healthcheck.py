"""Tell Docker whether an Airflow component is healthy; the health checks of compose.yaml call this in the container.

`airflow jobs check` and `celery inspect ping` would do the same, but import Airflow for it: about 4 s of CPU for each
check of each service.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from urllib.request import urlopen

DEFAULT_URL = "http://api-server:8080/api/v2/monitor/health"
API_SERVER = "api_server"
"""The one component that is not in the answer: that there is an answer is its health."""
WORKER = "worker"
"""The api-server knows nothing of Celery's workers: each is asked through the queue that it takes its tasks from."""
SECONDS = 5


def problem(component: str, health: dict[str, dict[str, str | None]]) -> str | None:
    """Say what is wrong with a component, or None if it is healthy."""
    if component == API_SERVER:
        return None
    if component not in health:
        return f"unknown component {component!r}; known: {', '.join([API_SERVER, WORKER, *health])}"
    status = health[component].get("status")
    return None if status == "healthy" else f"{component}: {status or 'has never run'}"


def problem_of_airflow(component: str) -> str | None:
    """Ask the api-server for a component."""
    url = os.environ.get("AIRFLOW_HEALTH_URL", DEFAULT_URL)
    try:
        with urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 (the address is ours, not a user's)
            return problem(component, json.load(answer))
    except (OSError, ValueError) as error:
        return f"{url}: {error}"


def problem_of_worker() -> str | None:
    """Ask the worker of this host; it answers between two tasks as well as during one."""
    from celery import Celery
    from kombu.exceptions import OperationalError

    name = f"celery@{socket.gethostname()}"
    app = Celery("healthcheck", broker=os.environ["AIRFLOW__CELERY__BROKER_URL"], set_as_current=False)
    try:
        with app.connection(connect_timeout=SECONDS) as connection:
            connection.ensure_connection(max_retries=1)
            answers = app.control.ping(destination=[name], timeout=SECONDS, connection=connection)
    except OperationalError as error:
        return f"{name}: the queue cannot be reached: {error}"
    return None if answers else f"{name}: no answer within {SECONDS} s"


def main() -> int:
    """Print what is wrong and give 1; give 0 if nothing is."""
    component = sys.argv[1]
    found = problem_of_worker() if component == WORKER else problem_of_airflow(component)
    if found:
        print(found)  # noqa: T201 (Docker keeps it: `docker inspect` shows why a container is unhealthy)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
