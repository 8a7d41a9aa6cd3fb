"""Threads that carry messages between ranks clock by clock, and how others wait for what they bring."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class News(threading.Condition):
    """A condition on what arrives; an error ends every wait, now and later.

    Args:
        beside: another, whose lock and errors are this one's too: so that each wakes only those whom it concerns.
    """

    def __init__(self, beside: News | None = None) -> None:
        self._shared: Any = threading.RLock() if beside is None else beside._shared
        super().__init__(self._shared)
        self._errors: list[BaseException] = [] if beside is None else beside._errors
        self._told: list[News] = [] if beside is None else beside._told
        self._told.append(self)

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait for something to be true; call it while holding the lock.

        Args:
            ready: whether it is.

        Raises:
            BaseException: what `fail` was told first.
        """
        self.wait_for(lambda: bool(self._errors) or ready())
        self.raise_error()

    def raise_error(self) -> None:
        """See that all went well so far; call it while holding the lock.

        Raises:
            BaseException: what `fail` was told first.
        """
        if self._errors:
            raise self._errors[0]

    def fail(self, error: BaseException) -> None:
        """End every wait with an error.

        Args:
            error: why no more will come.
        """
        with self:
            self._errors.append(error)
            for news in self._told:
                news.notify_all()


class Carriers:
    """Threads that make one step per clock.

    Args:
        clocks: number of clocks.
        fail: told of an error in a step, with which its thread ends.
    """

    def __init__(self, clocks: int, fail: Callable[[BaseException], None]) -> None:
        self._clocks, self._fail = clocks, fail
        self._threads: list[threading.Thread] = []

    def run(self, name: str, step: Callable[[int], None]) -> None:
        """Start a thread.

        Args:
            name: of the thread.
            step: made for every clock in turn.
        """

        def work() -> None:
            try:
                for clock in range(self._clocks):
                    step(clock)
            except BaseException as error:
                self._fail(error)

        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        """Wait until every thread has made its last step, or ended with an error."""
        for thread in self._threads:
            thread.join()
