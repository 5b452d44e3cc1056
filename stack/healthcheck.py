"""Tell Docker whether an Airflow component is healthy; the health checks of compose.yaml call this in the container.

`airflow jobs check` would do the same, but imports Airflow for it: about 4 s of CPU for each check of each service.
"""

from __future__ import annotations

import json
import os
import sys
from urllib.request import urlopen

DEFAULT_URL = "http://api-server:8080/api/v2/monitor/health"
API_SERVER = "api_server"
"""The one component that is not in the answer: that there is an answer is its health."""


def problem(component: str, health: dict[str, dict[str, str | None]]) -> str | None:
    """Say what is wrong with a component, or None if it is healthy."""
    if component == API_SERVER:
        return None
    if component not in health:
        return f"unknown component {component!r}; known: {', '.join([API_SERVER, *health])}"
    status = health[component].get("status")
    return None if status == "healthy" else f"{component}: {status or 'has never run'}"


def main() -> int:
    """Print what is wrong and give 1; give 0 if nothing is."""
    url = os.environ.get("AIRFLOW_HEALTH_URL", DEFAULT_URL)
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 (the address is ours, not a user's)
            found = problem(sys.argv[1], json.load(answer))
    except (OSError, ValueError) as error:
        found = f"{url}: {error}"
    if found:
        print(found)  # noqa: T201 (Docker keeps it: `docker inspect` shows why a container is unhealthy)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
