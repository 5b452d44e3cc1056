"""Smoke test: loads saved model bytes in a fresh process, as a server would, and lets it answer real rows one by one.

Run as ``python -m operators.deploy.smoke_test FOLDER`` it is that process, without Airflow and without its settings.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from operators.trusted_types import load_trusted

if TYPE_CHECKING:
    import pandas as pd

_MODEL, _ROWS, _TRUSTED, _RESULT = "model.skops", "rows.parquet", "trusted.json", "result.json"
_WARM_UP_CALLS = 2
_PACKAGES = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class SmokeResult:
    """What the fresh process saw."""

    load_seconds: float
    answers: tuple[tuple[float | str, ...], ...]
    """For each row the probabilities of the classes, or the one predicted value."""
    latencies_ms: tuple[float, ...]
    """For each row."""
    error: str = ""
    """Why there are no answers."""


def run_smoke_test(
    model: bytes, rows: pd.DataFrame, trusted: Sequence[str], *, timeout_seconds: float = 120
) -> SmokeResult:
    """Start the fresh process and wait for it.

    :param model: content of the skops file
    :param rows: raw rows, the model's features only
    :param trusted: names of the types that the file may hold
    :param timeout_seconds: for loading and all answers together
    :raises subprocess.TimeoutExpired: if it takes longer, which may be the machine's fault
    """
    with tempfile.TemporaryDirectory(prefix="smoke-test-") as name:
        folder = Path(name)
        (folder / _MODEL).write_bytes(model)
        (folder / _TRUSTED).write_text(json.dumps(list(trusted)), encoding="utf-8")
        rows.to_parquet(folder / _ROWS, index=False)
        done = subprocess.run(  # noqa: S603 (our own interpreter and module, no shell)
            [sys.executable, "-P", "-m", "operators.deploy.smoke_test", name],
            cwd=name,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        if done.returncode != 0:
            return SmokeResult(0.0, (), (), error=_last_line(done.stderr, done.returncode))
        result = json.loads((folder / _RESULT).read_text(encoding="utf-8"))
    return SmokeResult(result["load_seconds"], tuple(map(tuple, result["answers"])), tuple(result["latencies_ms"]))


def answer(model: Any, rows: pd.DataFrame) -> list[list[float | str]]:
    """Let a model answer: probabilities if it has them, else the predicted value."""
    import numpy as np

    raw = np.asarray(model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows))
    values: list[list[float | str]] = raw.reshape(len(rows), -1).tolist()
    return values


def _environment() -> dict[str, str]:
    """Give only what a Python process needs: no settings, connections or keys of Airflow."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH") if key in os.environ}
    return {**kept, "PYTHONPATH": str(_PACKAGES), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


def _last_line(stderr: str, code: int) -> str:
    lines = [line for line in stderr.strip().splitlines() if line.strip()]
    killed = f"the process was ended by signal {-code}" if code < 0 else f"the process ended with code {code}"
    return f"{killed}: {lines[-1][:300]}" if lines else killed


def _serve_once(folder: Path) -> None:
    import pandas as pd

    trusted = json.loads((folder / _TRUSTED).read_text(encoding="utf-8"))
    started = time.perf_counter()
    model = load_trusted((folder / _MODEL).read_bytes(), trusted, name=_MODEL)
    load_seconds = time.perf_counter() - started
    rows = pd.read_parquet(folder / _ROWS)
    for _ in range(_WARM_UP_CALLS):
        answer(model, rows.head(1))
    answers: list[list[float | str]] = []
    latencies = []
    for position in range(len(rows)):
        started = time.perf_counter()
        answers += answer(model, rows.iloc[[position]])
        latencies.append(1000 * (time.perf_counter() - started))
    result = {"load_seconds": load_seconds, "answers": answers, "latencies_ms": latencies}
    (folder / _RESULT).write_text(json.dumps(result), encoding="utf-8")


def _main(folder: str) -> None:
    try:
        _serve_once(Path(folder))
    except Exception as error:  # noqa: BLE001 (whatever it is, the parent reads it in the last line)
        traceback.print_exc()
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")


if __name__ == "__main__":
    _main(sys.argv[1])
