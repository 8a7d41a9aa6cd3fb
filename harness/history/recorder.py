"""Writing a worker's history, line by line as it happens, and merging those of all workers."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from harness.history.events import VERSION, Event

# Bytes of an update that its digest covers, taken at equal steps; final states are covered whole.
_SAMPLED_BYTES = 1 << 15


class Recorder:
    """Writes what one worker does; a line is handed on as soon as it is made.

    Args:
        worker: p.
        emit: takes a line.
    """

    def __init__(self, worker: int, emit: Callable[[str], object]) -> None:
        self._worker, self._emit = worker, emit

    def read(self, clock: int, view: Sequence[int]) -> None:
        """Note a read, after it was made.

        Args:
            clock: c.
            view: number of updates of each worker that it held.
        """
        seen = ",".join(map(str, view))
        self._emit(
            f'{{"kind":"read","worker":{self._worker},"clock":{clock},"view":[{seen}],"time":{time.monotonic():.7f}}}\n'
        )

    def write(self, clock: int, checksum: str) -> None:
        """Note a write, before it is sent.

        Args:
            clock: c.
            checksum: digest of the update.
        """
        self._emit(
            f'{{"kind":"write","worker":{self._worker},"clock":{clock},"time":{time.monotonic():.7f},'
            f'"digest":"{checksum}"}}\n'
        )

    def final(self, view: Sequence[int], checksum: str) -> None:
        """Note the final state.

        Args:
            view: number of updates of each worker that it holds.
            checksum: digest of the weights.
        """
        seen = ",".join(map(str, view))
        self._emit(f'{{"kind":"final","worker":{self._worker},"view":[{seen}],"digest":"{checksum}"}}\n')


class BlockRecorder:
    """Writes what one worker of a divided net does.

    Args:
        worker: p.
        emit: takes a line.
    """

    def __init__(self, worker: int, emit: Callable[[str], object]) -> None:
        self._worker, self._emit = worker, emit

    def write(self, clock: int, exchange: str) -> None:
        """Note a contribution, before it is sent.

        Args:
            clock: c.
            exchange: what to.
        """
        self._line("write", clock, exchange=exchange)

    def read(self, clock: int, exchange: str, view: Sequence[int]) -> None:
        """Note what an exchange is made of, after it was read.

        Args:
            clock: c.
            exchange: which.
            view: number of each worker's contributions that had come.
        """
        self._line("read", clock, exchange=exchange, view=list(view))

    def schedule(self, clock: int, blocks: Sequence[Sequence[int]]) -> None:
        """Note the schedule as this worker has it.

        Args:
            clock: c.
            blocks: for each replicate the blocks to be updated.
        """
        self._line("schedule", clock, blocks=[list(own) for own in blocks])

    def update(self, clock: int, blocks: Sequence[Sequence[int]]) -> None:
        """Note an update, after it was made.

        Args:
            clock: c.
            blocks: for each replicate the blocks that were updated.
        """
        self._line("update", clock, blocks=[list(own) for own in blocks])

    def final(self, checksum: str) -> None:
        """Note the final state.

        Args:
            checksum: digest of the worker's blocks.
        """
        self._emit(f'{{"kind":"final","worker":{self._worker},"digest":"{checksum}"}}\n')

    def _line(self, kind: str, clock: int, **facts: object) -> None:
        event = {"kind": kind, "worker": self._worker, "clock": clock, **facts, "time": round(time.monotonic(), 7)}
        self._emit(json.dumps(event, separators=(",", ":")) + "\n")


def digest(arrays: Iterable[ArrayLike], *, whole: bool = False) -> str:
    """CRC-32 of the bits of some arrays.

    Args:
        arrays: any.
        whole: cover every byte, instead of at most 32 KiB per array taken at equal steps.

    Returns:
        Eight hexadecimal digits.
    """
    checksum = 0
    for array in arrays:
        flat = np.asarray(array).reshape(-1)
        step = 1 if whole else max(1, flat.nbytes // _SAMPLED_BYTES)
        checksum = zlib.crc32(np.ascontiguousarray(flat[::step]).data, checksum)
    return f"{checksum:08x}"


def merged(workers: int, staleness: float, histories: Iterable[Iterable[str]], layers: int = 0) -> list[Event]:
    """One history of those of all workers, in wall order.

    The clocks that times are taken from must be the same, as they are for processes of one machine.

    Args:
        workers: P.
        staleness: s; infinite for no bound.
        histories: lines per worker; a last line that was cut off by a death is left out.
        layers: of a net that is divided among the workers; 0 where data are.

    Returns:
        Events, the header first and final states last.
    """
    bound = None if staleness == inf else int(staleness)
    header: dict[str, Any] = {"kind": "header", "version": VERSION, "workers": workers, "staleness": bound}
    header |= {"partition": "model", "layers": layers} if layers else {}
    events = [event for lines in histories for event in _parsed(lines)]
    return [header, *sorted(events, key=lambda event: event.get("time", inf))]


def _parsed(lines: Iterable[str]) -> list[Event]:
    return [json.loads(line) for line in lines if line.endswith("}\n")]
