"""The dashboards, one module each; ``grafana/build.py`` writes them as JSON."""

from __future__ import annotations

from boards import dag_processing, dags, ml, monitoring, overview, scheduler

BOARDS = tuple(module.BOARD for module in (overview, dags, scheduler, dag_processing, ml, monitoring))
