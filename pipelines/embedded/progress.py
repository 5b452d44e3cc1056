"""Tells what is going on while it goes on: a live view on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_HEARTBEAT_SECONDS = 10.0
_GOOD = frozenset({"success", "healthy", "pass", "ready", "stopped", "reused"})
_BAD = frozenset({"failed", "fail", "upstream_failed", "died"})
STYLE_OF_STATE = dict.fromkeys(_GOOD, "green") | dict.fromkeys(_BAD, "bold red")


@dataclass(slots=True)
class _Item:
    scope: str
    name: str
    began: float
    told: float
    detail: str = ""


@dataclass(slots=True)
class LineProgress:
    """One line for each thing that ends, and one every ten seconds for what takes long."""

    _active: dict[tuple[str, str], _Item] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._active.clear()

    def begin(self, scope: str, name: str, detail: str = "") -> None:
        """Something begins, or goes on in another way.

        :param scope: what it is part of, e.g. a pipeline
        :param name: e.g. a task
        :param detail: what it is doing
        """
        now = time.monotonic()
        item = self._active.setdefault((scope, name), _Item(scope, name, now, now))
        item.detail = detail

    def end(self, scope: str, name: str, state: str, seconds: float | None = None, note: str = "") -> None:
        """Something has ended.

        :param scope: as at its beginning; it need not have been announced
        :param name: as at its beginning
        :param state: how it ended, e.g. ``success``
        :param seconds: how long it took; since its beginning if not given
        :param note: what else there is to say
        """
        item = self._active.pop((scope, name), None)
        if seconds is None and item:
            seconds = time.monotonic() - item.began
        self._show_end(scope, name, state, seconds, note)

    def say(self, scope: str, text: str) -> None:
        """Tell something that has no duration."""
        print(f"{scope:<12}  {text}", flush=True)

    def tick(self) -> None:
        """Show that what is going on is still going on; called a few times in a second."""
        now = time.monotonic()
        for item in self._active.values():
            if now - item.told >= _HEARTBEAT_SECONDS:
                item.told = now
                print(
                    f"{item.scope:<12}  {item.name:<24} … {now - item.began:.0f} s  {item.detail}".rstrip(), flush=True
                )

    def _show_end(self, scope: str, name: str, state: str, seconds: float | None, note: str) -> None:
        duration = "" if seconds is None else f"{seconds:6.1f} s"
        print(f"{scope:<12}  {name:<24} {state:<15} {duration:>8}  {note}".rstrip(), flush=True)


class TerminalProgress(LineProgress):
    """What has ended scrolls by; below it, what is going on, with a spinner and the seconds."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._live = Live(console=console, transient=True, refresh_per_second=8, get_renderable=self._render)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._active.clear()
        self._live.stop()

    def say(self, scope: str, text: str) -> None:
        """Tell something that has no duration."""
        self._console.print(Text.assemble((f"  {scope:<12}  ", "dim"), text))

    def tick(self) -> None:
        """Nothing to do: the view draws itself."""

    def _show_end(self, scope: str, name: str, state: str, seconds: float | None, note: str) -> None:
        style = STYLE_OF_STATE.get(state, "yellow")
        mark = "✓" if state in _GOOD else "✗" if state in _BAD else "•"
        duration = "" if seconds is None else f"{seconds:6.1f} s"
        self._console.print(
            Text.assemble(
                (f"{mark} ", style),
                (f"{scope:<12}  ", "dim"),
                f"{name:<24} ",
                (f"{state:<15} ", style),
                (f"{duration:>8}  ", ""),
                (note, "dim"),
            )
        )

    def _render(self) -> Table:
        table = Table.grid(padding=(0, 1))
        now = time.monotonic()
        for item in list(self._active.values()):
            text = Text.assemble((f"{item.scope:<12}  ", "dim"), f"{item.name:<24} ", f"{now - item.began:6.0f} s  ")
            table.add_row(Spinner("dots", style="cyan"), text + Text(item.detail, style="dim"))
        return table


Progress = LineProgress
"""What the rest of the package needs of a progress display."""


def open_progress() -> LineProgress:
    """Give the display that suits the standard output."""
    return TerminalProgress(Console()) if sys.stdout.isatty() else LineProgress()
