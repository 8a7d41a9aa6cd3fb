"""Says which rank of a launch went wrong."""

from __future__ import annotations

from harness.errors import LaunchError
from harness.measure.deaths import host_not_reached, rank_that_died, rank_waited_for
from harness.store import PartFolder
from harness.worker import LOST_CONTACT

_SILENT_SECONDS = 2.0


def explained(error: LaunchError, where: str, folder: PartFolder) -> LaunchError:
    """Name the rank that went wrong first, and its log.

    Args:
        error: how the launch ended.
        where: what was launched.
        folder: what its processes have left.

    Returns:
        The error to be raised in its place.
    """
    failures, beats = folder.failures(), folder.last_beats()
    started = bool(failures or beats)
    own = {rank: reason for rank, reason in failures.items() if not reason.startswith(LOST_CONTACT)}
    if own:
        rank, reason = next(iter(own.items()))
        return LaunchError(f"rank {rank} failed: {reason}", where=where, remedy=f"see {folder.log(rank)}")
    rank_found = _dead_rank(folder, beats)
    host = None if started else host_not_reached(folder.launcher_log)
    if host:
        remedy = f"see that `ssh {host} true` works without a password; {folder.launcher_log} says more"
        return LaunchError(f"host {host} was not reached", where=where, remedy=remedy, started=started)
    if rank_found is None:
        return LaunchError(error.what, where=where, remedy=f"see {folder.launcher_log}", started=started)
    what = f"{error.what}; rank {rank_found} stopped first"
    return LaunchError(what, where=where, remedy=f"see {folder.log(rank_found)}", started=started)


def _dead_rank(folder: PartFolder, beats: dict[int, float]) -> int | None:
    """The rank that the launcher names, else the one that fell silent first, else the one Horovod waits for."""
    named = rank_that_died(folder.launcher_log)
    if named is not None:
        return named
    if beats and max(beats.values()) - min(beats.values()) > _SILENT_SECONDS:
        return min(beats, key=beats.__getitem__)
    return rank_waited_for(folder.log(0))
