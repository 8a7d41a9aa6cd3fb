"""Which collectives really ran: Horovod's own timeline, switched on around a pass."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import horovod.tensorflow as hvd

_WRITING_SECONDS = 2.0


@contextmanager
def recording(path: Path) -> Iterator[None]:
    """Record the collectives of a with-block; Horovod writes the file on rank 0 alone, in a thread of its own.

    Args:
        path: the file.

    Yields:
        Nothing.
    """
    hvd.start_timeline(str(path))
    try:
        yield
    except BaseException:
        with suppress(ValueError):  # Horovod may be gone: that is not what went wrong.
            hvd.stop_timeline()
        raise
    hvd.stop_timeline()
    deadline = time.monotonic() + _WRITING_SECONDS
    while hvd.rank() == 0 and not _whole(path) and time.monotonic() < deadline:
        time.sleep(0.005)


def _whole(path: Path) -> bool:
    return path.exists() and path.read_bytes()[-8:].rstrip().endswith(b"]")
