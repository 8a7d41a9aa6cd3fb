"""Writing a worker's history, event by event as it happens, and merging those of all workers."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.history.events import VERSION, Event
from harness.history.shorthand import READ, WRITE, form

# Bytes of an array of an update that its digest covers, in runs of a cache line each, since single numbers at equal
# steps would read all of these; final states are covered whole.
_SAMPLED_BYTES, _RUN_BYTES = 1 << 14, 64


class Recorder:
    """Writes what one worker does; a note is handed on as soon as it is made.

    Args:
        worker: p.
        workers: P.
        emit: takes a note, or a line; `written_out` makes lines of both.
    """

    def __init__(self, worker: int, workers: int, emit: Callable[[bytes], object]) -> None:
        self._worker, self._workers, self._emit = worker, workers, emit
        self._read, self._write = form(workers).pack, form(1).pack

    def read(self, clock: int, view: Sequence[int]) -> None:
        """Note a read, after it was made.

        Args:
            clock: c.
            view: number of updates of each worker that it held.
        """
        self._emit(self._read(READ, self._worker, self._workers, clock, time.monotonic(), *view, b"\n"))

    def write(self, clock: int, checksum: int) -> None:
        """Note a write, before it is sent.

        Args:
            clock: c.
            checksum: digest of the update.
        """
        self._emit(self._write(WRITE, self._worker, 1, clock, time.monotonic(), checksum, b"\n"))

    def final(self, view: Sequence[int], checksum: int) -> None:
        """Note the final state.

        Args:
            view: number of updates of each worker that it holds.
            checksum: digest of the weights.
        """
        self._emit(_line({"kind": "final", "worker": self._worker, "view": list(view), "digest": f"{checksum:08x}"}))


class BlockRecorder:
    """Writes what one worker of a divided net does.

    Args:
        worker: p.
        emit: takes a line.
    """

    def __init__(self, worker: int, emit: Callable[[bytes], object]) -> None:
        self._worker, self._emit = worker, emit

    def write(self, clock: int, exchange: str) -> None:
        """Note a contribution, before it is sent.

        Args:
            clock: c.
            exchange: what to.
        """
        self._note("write", clock, exchange=exchange)

    def read(self, clock: int, exchange: str, view: Sequence[int]) -> None:
        """Note what an exchange is made of, after it was read.

        Args:
            clock: c.
            exchange: which.
            view: number of each worker's contributions that had come.
        """
        self._note("read", clock, exchange=exchange, view=list(view))

    def schedule(self, clock: int, blocks: Sequence[Sequence[int]]) -> None:
        """Note the schedule as this worker has it.

        Args:
            clock: c.
            blocks: for each replicate the blocks to be updated.
        """
        self._note("schedule", clock, blocks=[list(own) for own in blocks])

    def update(self, clock: int, blocks: Sequence[Sequence[int]]) -> None:
        """Note an update, after it was made.

        Args:
            clock: c.
            blocks: for each replicate the blocks that were updated.
        """
        self._note("update", clock, blocks=[list(own) for own in blocks])

    def final(self, checksum: int) -> None:
        """Note the final state.

        Args:
            checksum: digest of the worker's blocks.
        """
        self._emit(_line({"kind": "final", "worker": self._worker, "digest": f"{checksum:08x}"}))

    def _note(self, kind: str, clock: int, **facts: object) -> None:
        now = round(time.monotonic(), 7)
        self._emit(_line({"kind": kind, "worker": self._worker, "clock": clock, **facts, "time": now}))


def digest(arrays: Iterable[NDArray[np.generic]], *, whole: bool = False) -> int:
    """CRC-32 of the bits of some arrays.

    Args:
        arrays: contiguous ones.
        whole: cover every byte, instead of 32 KiB per array at most, taken in short runs at equal steps.

    Returns:
        32 bits.
    """
    if not whole:
        return zlib.crc32(b"".join(map(_sampled, arrays)))
    checksum = 0
    for array in arrays:
        checksum = zlib.crc32(array.data, checksum)
    return checksum


def _sampled(array: NDArray[np.generic]) -> memoryview:
    step, run = array.nbytes // _SAMPLED_BYTES, _RUN_BYTES // array.itemsize
    if step < 2:
        return array.data
    rows = array.size // (step * run)
    return np.ascontiguousarray(array.reshape(-1)[: rows * step * run].reshape(rows, step * run)[:, :run]).data


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


def _line(event: Event) -> bytes:
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"


def _parsed(lines: Iterable[str]) -> list[Event]:
    return [json.loads(line) for line in lines if line.endswith("}\n")]
