"""Ctrl-C, a kill and a closed terminal, all as KeyboardInterrupt, and never in the middle of starting a process.

Standard library only: the installer uses it too.
"""

from __future__ import annotations

import math
import signal
import time
from types import FrameType, TracebackType

EXIT_CODE = 130
_CLEANING_SECONDS = 20.0


class HeldInterrupts:
    """A context in which an interrupt waits for the end of the block.

    A process that is started and not yet written down would be left behind by an interrupt between the two.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._pending = False
        self._raised = -math.inf

    def listen(self) -> None:
        """Take over the signals that mean "stop"."""
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if time.monotonic() - self._raised < _CLEANING_SECONDS:
            return  # people press Ctrl-C twice; the second must not break off the cleaning up that the first began
        if self._depth:
            self._pending = True
        else:
            self._interrupt()

    def _interrupt(self) -> None:
        self._raised = time.monotonic()
        raise KeyboardInterrupt

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._pending and not self._depth:
            self._pending = False
            if kind is None:
                self._interrupt()


held = HeldInterrupts()
