"""A core for every rank that is timed; no framework is imported."""

from __future__ import annotations

import os

_HERE = (
    ("HOROVOD_LOCAL_RANK", "HOROVOD_LOCAL_SIZE"),
    ("OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"),
)


def pin() -> None:
    """Bind this process, before it has threads, to a core: its own where its host has one for each of its ranks.

    What the launcher runs beside the training, as Horovod does its thread of collectives, then costs the rank itself
    something, and never another one. Ranks beyond the cores, which sleep in the place of computing, share them evenly:
    left to the system, what they do at the end of a clock queued for one core while on the other one of them asked for
    messages again and again, which it cannot tell from work. A process that has the machine to itself is left alone.
    """
    named = next((names for names in _HERE if names[0] in os.environ), None)
    rank, size = (int(os.environ[name]) for name in named) if named else (0, 1)
    cores = sorted(os.sched_getaffinity(0))
    if size > 1:
        os.sched_setaffinity(0, {cores[rank % len(cores)]})
