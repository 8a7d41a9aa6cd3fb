"""Which rank died, or which host was not reached: what launchers and Horovod write about it."""

from __future__ import annotations

import re
from pathlib import Path

# How mpirun and horovodrun name the rank that ended first.
_DEATH = re.compile(r"process rank (\d+) |Process (\d+) exit with status|\[prterun-[^\]]*,(\d+)\]\s+Exit code")
_UNREACHED = re.compile(r"ssh not successful for host (\S+):$|^\s*Remote host:\s+(\S+)$", re.MULTILINE)
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


def host_not_reached(launcher_log: Path) -> str | None:
    """A host on which a launcher could start nothing.

    Args:
        launcher_log: what the launcher wrote; it need not be there.

    Returns:
        Its name; None where none is named.
    """
    return _first(_UNREACHED, launcher_log)


def _first_number(pattern: re.Pattern[str], log: Path) -> int | None:
    found = _first(pattern, log)
    return int(found) if found else None


def _first(pattern: re.Pattern[str], log: Path) -> str | None:
    try:
        found = pattern.search(log.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return next(group for group in found.groups() if group) if found else None
