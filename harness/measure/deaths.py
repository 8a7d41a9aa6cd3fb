"""Which rank died: what launchers and Horovod write about it."""

from __future__ import annotations

import re
from pathlib import Path

# How mpirun and horovodrun name the rank that ended first.
_DEATH = re.compile(r"process rank (\d+) |Process (\d+) exit with status|\[prterun-[^\]]*,(\d+)\]\s+Exit code")
_MISSING = re.compile(r"Missing ranks:\s*(\d+)|missing ranks: (\d+)|^(\d+): \[", re.MULTILINE)


def rank_that_died(launcher_log: Path) -> int | None:
    """The rank that a launcher says has ended first.

    Args:
        launcher_log: what the launcher wrote; it need not be there.

    Returns:
        Its number; None where none is named.
    """
    return _first_number(_DEATH, launcher_log)


def rank_waited_for(rank_log: Path) -> int | None:
    """A rank that Horovod waits for.

    Args:
        rank_log: what a rank that is still there wrote; it need not be there.

    Returns:
        Its number; None where none is named.
    """
    return _first_number(_MISSING, rank_log)


def _first_number(pattern: re.Pattern[str], log: Path) -> int | None:
    try:
        found = pattern.search(log.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return int(next(group for group in found.groups() if group)) if found else None
