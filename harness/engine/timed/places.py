"""Where a process finds itself among those that were started with it, whatever framework it will use."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

from harness.errors import LaunchError

_POLL_SECONDS, _PATIENCE_SECONDS = 0.02, 300.0


def place() -> tuple[int, int]:
    """Number of this process and of all, as the launcher says; mpirun only starts them.

    Returns:
        Rank and size; 0 and 1 where nobody launched it.
    """
    return int(os.environ.get("OMPI_COMM_WORLD_RANK", "0")), int(os.environ.get("OMPI_COMM_WORLD_SIZE", "1"))


def addresses(meeting: Path, rank: int, size: int) -> list[str]:
    """Agree on a free port of this machine for each process.

    Args:
        meeting: path that files of the team begin with, the same for all processes.
        rank: of this process.
        size: number of processes.

    Returns:
        HOST:PORT by rank.

    Raises:
        LaunchError: some process left none for five minutes.
    """
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        mine = f"127.0.0.1:{trial.getsockname()[1]}"
    files = [Path(f"{meeting}.{other}") for other in range(size)]
    temporary = Path(f"{files[rank]}.part")
    temporary.write_text(mine)
    temporary.replace(files[rank])
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while absent := [other for other, file in enumerate(files) if not file.exists()]:
        if time.monotonic() > deadline:
            raise LaunchError(f"rank {absent[0]} left no address", where=str(files[absent[0]]))
        time.sleep(_POLL_SECONDS)
    return [file.read_text() for file in files]
