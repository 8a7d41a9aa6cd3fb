"""What happens while runs are carried out, for those who want to see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar


@dataclass(frozen=True)
class Event:
    """Something that a user may want to see while a suite runs.

    Args:
        text: one line.
        done: runs or visits finished.
        total: runs or visits to do.
        seconds_left: estimate, or None before the first has ended.
    """

    text: str
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


Notify = Callable[[Event], None]


class Named(Protocol):
    """A run or a visit."""

    @property
    def name(self) -> str:
        """What it is called."""


_Named = TypeVar("_Named", bound=Named)


def in_turn(waiting: Sequence[_Named], notify: Notify) -> Iterator[_Named]:
    """Runs or visits one after the other, each told before it begins.

    The time left is that of as many more as there are, each of the mean of those that are done.

    Args:
        waiting: what is to be done.
        notify: told of every one.

    Yields:
        What is to be done next.
    """
    total, began = len(waiting), time.monotonic()
    for done, one in enumerate(waiting):
        left = (time.monotonic() - began) / done * (total - done) if done else None
        notify(Event(one.name, done, total, left))
        yield one
