"""Tries the checker on many spoilt files: ``python -m tests.fuzz --count 10000``; what fails is kept for a look."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.judge import judge, peak_megabytes
from tests.fuzz.mutations import mutants
from tests.fuzz.roles import put, role_of

REPOSITORY = Path(__file__).parent.parent.parent
FOLDERS = ("pipelines", "tests/cases", "tests/pipelines/expressiveness")
SEEDS = tuple(sorted(path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.y*ml")))
FAILED = REPOSITORY / ".fuzz"


def main() -> int:
    """Run, print the counts, exit with 1 if a file failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="the same number gives the same files")
    arguments = parser.parse_args()
    started = time.monotonic()
    counts, slowest, failed = _try_all(arguments.count, arguments.seed)
    _tell(counts, arguments.count, slowest, time.monotonic() - started)
    print(f"{failed} failed" + (f"; they are in {FAILED}/, each with its complaint" if failed else ""))
    return 1 if failed else 0


def _try_all(count: int, seed: int) -> tuple[Counter[str], float, int]:
    counts: Counter[str] = Counter()
    slowest, failed = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(mutants(SEEDS, count=count, seed=seed)):
            role = role_of(SEEDS[number % len(SEEDS)], number)
            verdict = judge(put(data, role, Path(folder)))
            counts.update(set(verdict.codes) or {"no problem"})
            slowest = max(slowest, verdict.seconds)
            if verdict.complaint:
                failed += 1
                _keep(f"{seed}-{number}-{role.replace('/', '-').removesuffix('.yaml')}", data, verdict.complaint)
    return counts, slowest, failed


def _keep(name: str, data: bytes, complaint: str) -> None:
    FAILED.mkdir(exist_ok=True)
    (FAILED / f"{name}.yaml").write_bytes(data)
    (FAILED / f"{name}.txt").write_text(complaint, errors="backslashreplace")
    print(f"{name}: {complaint.strip().splitlines()[-1]}", file=sys.stderr)


def _tell(counts: Counter[str], files: int, slowest: float, seconds: float) -> None:
    print(f"{files} files from {len(SEEDS)} real ones in {seconds:.0f} s; each code: in how many files")
    row = [f"{code} {number}" for code, number in sorted(counts.items())]
    for start in range(0, len(row), 8):
        print("  " + "  ".join(f"{cell:14}" for cell in row[start : start + 8]).rstrip())
    print(f"slowest file {slowest:.3f} s of processor time, peak memory {peak_megabytes():.0f} MB")


if __name__ == "__main__":
    sys.exit(main())
