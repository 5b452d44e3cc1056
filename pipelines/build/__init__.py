"""Builds a DAG from a checked pipeline: dag-factory makes its parts, this package adds what dag-factory drops."""

from __future__ import annotations

from pipelines.build.build import build_dag
from pipelines.build.errors import BuildError

__all__ = ["BuildError", "build_dag"]
