"""What must be true of the checker for every file: an answer in time, places that exist, and never an exception."""

from __future__ import annotations

import json
import re
import resource
import signal
import sys
import time
import traceback
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from schemas.checker import Report, Scope, check_files, iter_yaml_files
from schemas.contract import load_contract
from schemas.diagnostic import Diagnostic
from schemas.formats import FORMATS
from schemas.formats.display import Display
from schemas.migrate.migration import migrate
from schemas.source import Source, parse_source, read_source

MAX_SECONDS = 1.0
"""Of processor time, for one file."""
MAX_MEGABYTES = 200
"""Of the whole process."""
_STUCK = 20
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checker made of one file, and what is wrong with that."""

    codes: tuple[str, ...]
    seconds: float
    megabytes: float
    """The most that the process has had so far."""
    complaint: str
    """Empty if all is as it must be."""


def judge(path: Path, *, timed: bool = True) -> Verdict:
    """Check a file, and the answer; in a folder, all files together.

    :param path: any file at all, or a folder of them
    :param timed: whether time and memory count, too; memory is that of the whole process
    """
    before = peak_megabytes()
    started = time.process_time()
    try:
        with _not_for_ever():
            files = list(iter_yaml_files(path)) if path.is_dir() else [path]
            folder = path if path.is_dir() else path.parent
            report = check_files(files, relative_to=folder, scope=Scope(every_environment=True))
            seconds, megabytes = time.process_time() - started, peak_megabytes()
            complaint = "".join((*_iter_complaints(report), *_iter_complaints_of_migration(files)))
    except Exception:  # noqa: BLE001 (what is looked for)
        return Verdict((), time.process_time() - started, peak_megabytes(), traceback.format_exc())
    if timed and seconds > MAX_SECONDS:
        complaint += f"it took {seconds:.2f} s\n"
    if timed and megabytes > max(MAX_MEGABYTES, before):
        complaint += f"the process has taken {megabytes:.0f} MB\n"
    return Verdict(tuple(d.code for d in report.diagnostics), seconds, megabytes, complaint)


def peak_megabytes() -> float:
    """Tell how much memory this program has had at most.

    Not ``ru_maxrss`` where ``/proc`` has better: the kernel carries that over from whoever started the program.
    """
    status = Path("/proc/self/status")
    if status.exists() and (peak := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(peak[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


@contextmanager
def _not_for_ever() -> Iterator[None]:
    def stop(_: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"stuck for {_STUCK} s of processor time")

    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, _STUCK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _iter_complaints(report: Report) -> Iterator[str]:
    lines = {shown: _LINE_END.split(text) for shown, text in report.texts.items()}
    said = [(d.path, d.line, d.column, d.code, d.message) for d in report.diagnostics]
    if said != sorted(set(said)):
        yield "the diagnostics are not sorted, or one is said twice\n"
    for diagnostic in report.diagnostics:
        if not _is_in(diagnostic, lines[diagnostic.path]):
            yield f"a place that does not exist: {diagnostic}\n"
        if not _can_be_printed(diagnostic.message + diagnostic.hint):
            yield f"a message that cannot be printed: {diagnostic!r}\n"
    for render in FORMATS.values():
        render(report, Display(color=True, summary=True)).encode()


def _can_be_printed(text: str) -> bool:
    moves_text = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in moves_text for char in text)


def _is_in(diagnostic: Diagnostic, lines: list[str]) -> bool:
    if not 1 <= diagnostic.line <= len(lines):
        return False
    return 1 <= diagnostic.column <= len(lines[diagnostic.line - 1]) + 1


def _iter_complaints_of_migration(files: Iterable[Path]) -> Iterator[str]:
    """Migrate files as well: what was YAML stays YAML, and a second time changes nothing."""
    for source in map(read_source, files):
        if source.data is not None and not source.findings:
            yield from _iter_complaints_of_migrating(source)


def _iter_complaints_of_migrating(source: Source) -> Iterator[str]:
    once = migrate(source, load_contract())
    if once.text == source.text:
        return
    after = parse_source(source.path, once.text)
    if after.data is None or after.findings:
        yield f"migration breaks the YAML: {after.findings}\n"
    elif migrate(after, load_contract()).text != once.text:
        yield "migration is not done after one run\n"


if __name__ == "__main__":
    verdict = judge(Path(sys.argv[1]), timed=False)
    sys.stdout.write(json.dumps(asdict(verdict)))
