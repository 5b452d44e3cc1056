"""Ctrl-C, a kill and a closed terminal, all as KeyboardInterrupt, and never in the middle of starting a process.

Standard library only: the installer uses it too.
"""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType, TracebackType

EXIT_CODE = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """An interrupt that is handled here.

    For a KeyboardInterrupt itself that passes through ``exec``, as in the making of a dataclass, Python 3.11 ends the
    process by SIGINT in the end, even if it was caught.
    """


class Interrupts:
    """The wish to stop; as a context, a block in which that wish waits.

    A process that is started and not yet written down would be left behind by an interrupt between the two.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._wished = False

    def listen(self) -> None:
        """Take over the signals that mean "stop"."""
        for sign in _SIGNALS:
            signal.signal(sign, self._on_signal)
        sys.unraisablehook = _tell_unraisable

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # People press Ctrl-C twice; the second must not break off the cleaning up that the first began.
        for sign in _SIGNALS:
            signal.signal(sign, signal.SIG_IGN)
        self._wished = True
        self.check()

    def check(self) -> None:
        """Raise if there was an interrupt.

        One that was raised where Python swallows exceptions, as in a weak reference's callback, is raised again here.
        """
        if self._wished and not self._depth:
            raise Interrupted

    def sleep(self, seconds: float) -> None:
        """Sleep, and then raise if there was an interrupt."""
        time.sleep(seconds)
        self.check()

    def settle(self) -> None:
        """Say that the wish is being granted: nothing is raised for it any more."""
        self._wished = False

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._depth -= 1
        if kind is None:
            self.check()


def _tell_unraisable(unraisable: sys.UnraisableHookArgs, /) -> None:
    # An interrupt that Python swallows is raised again, and need not be told.
    if not isinstance(unraisable.exc_value, Interrupted):
        sys.__unraisablehook__(unraisable)


held = Interrupts()
"""Those of this process: ``with held:`` for what must not be broken off."""
