"""What happens while runs are carried out, for those who want to see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """Something that a user may want to see while a suite runs.

    Args:
        text: one line.
        done: runs finished.
        total: runs to do.
        seconds_left: estimate, or None before the first run has ended.
    """

    text: str
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


Notify = Callable[[Event], None]
