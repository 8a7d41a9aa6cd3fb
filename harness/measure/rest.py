"""Processes that wait without using the machine: stopped, and continued when there is work."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress

import psutil

# Its input ends when the process that holds the other end does, however that happens.
_CONTINUE_AT_END = 'read _; kill -CONT "$@"'


class Stoppable:
    """Processes of this machine; should the one that made this die, they go on, so as to see it and end.

    Args:
        numbers: process ids.
    """

    def __init__(self, numbers: Sequence[int]) -> None:
        self._processes = [psutil.Process(number) for number in numbers]
        # A session of its own: what ends this process by its terminal must not end the keeper too.
        self._keeper = subprocess.Popen(
            ["/bin/sh", "-c", _CONTINUE_AT_END, "keeper", *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._stopped = False

    def stop(self) -> None:
        """Let them use no time; once is as good as twice."""
        if not self._stopped:
            self._stopped = True
            for process in self._processes:
                with suppress(psutil.NoSuchProcess):
                    process.suspend()

    def go_on(self) -> None:
        """Let them run."""
        if self._stopped:
            self._stopped = False
            for process in self._processes:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def close(self) -> None:
        """Let them run, and look after them no more."""
        self.go_on()
        self._keeper.communicate()
