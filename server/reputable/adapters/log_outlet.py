"""Writes the log's lines in a thread of its own, so that whoever does not read them stops nothing but the log."""

import contextlib
import io
import os
import queue
import threading
from collections.abc import Callable

MOST_WAITING = 8_192
"""Lines that wait to be written; what comes beyond is dropped, and counted."""
CLOSE_SECONDS = 1.0
"""How long the end of the process waits for the lines that are left."""


class LogOutlet(io.TextIOBase):
    """A stream that never waits: `write` takes whole lines, and a thread passes them on to a file descriptor.

    Once there is room again, `on_dropped` is told in that thread how many lines were dropped; `dropped_in_all` counts
    them from the start.
    """

    def __init__(self, descriptor: int, on_dropped: Callable[[int], None], most: int = MOST_WAITING) -> None:
        self._descriptor = descriptor
        self._on_dropped = on_dropped
        self._lines: queue.Queue[str | None] = queue.Queue(most)
        self._dropped = 0
        self.dropped_in_all = 0
        self._counting = threading.Lock()
        self._thread = threading.Thread(target=self._pass_on, name="log", daemon=True)
        self._thread.start()

    def isatty(self) -> bool:
        """Whether the lines go to a terminal."""
        return os.isatty(self._descriptor)

    def write(self, text: str) -> int:
        """Take the text to be written; never waits and never fails."""
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            with self._counting:
                self._dropped += 1
                self.dropped_in_all += 1
        return len(text)

    def flush(self) -> None:
        """Do nothing: the thread writes as fast as it can."""

    def close(self) -> None:
        """Write what is left, for as long as CLOSE_SECONDS; a descriptor that takes nothing is left alone."""
        if not self.closed:
            with contextlib.suppress(queue.Full):
                self._lines.put(None, timeout=CLOSE_SECONDS)
                self._thread.join(CLOSE_SECONDS)
        super().close()

    def _pass_on(self) -> None:
        while (line := self._lines.get()) is not None:
            data = line.encode("utf-8", "backslashreplace")
            with contextlib.suppress(OSError):  # A log nobody reads must not fail anything.
                while data:
                    data = data[os.write(self._descriptor, data) :]
            if self._dropped:
                with self._counting:
                    dropped, self._dropped = self._dropped, 0
                self._on_dropped(dropped)
