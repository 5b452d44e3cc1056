"""An output stream that hides secrets: what `dag.test()` logs, Airflow does not mask as it does the logs of tasks."""

from __future__ import annotations

import io
import sys
from typing import TextIO, TypeVar

_MASKER = "airflow.sdk._shared.secrets_masker"


Plain = TypeVar("Plain")


def hide(value: Plain) -> Plain:
    """Give a text or plain data with asterisks in the place of every secret that Airflow has seen in this process."""
    # before Airflow is there, it has given out no secret
    masker = sys.modules.get(_MASKER)
    if masker is None:
        return value
    hidden: Plain = masker.redact(value)
    return hidden


class MaskedStream(io.TextIOBase):
    """Passes whole lines on, without secrets."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rest = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the stream behind."""
        return self._stream.encoding

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def fileno(self) -> int:
        """Give the descriptor, for programs that the tasks start."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Take a text; what does not end a line waits for its end."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._stream.write(f"{hide(line)}\n")
        return len(text)

    def flush(self) -> None:
        """Pass on what is whole."""
        self._stream.flush()

    def close(self) -> None:
        """Pass on the rest."""
        if self._rest:
            self._stream.write(hide(self._rest))
            self._rest = ""
        self._stream.flush()
