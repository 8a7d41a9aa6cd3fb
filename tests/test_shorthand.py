from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from harness.history import BlockRecorder, Recorder, written_out

numbers = st.integers(0, 2**32 - 1)


@given(st.integers(0, 2**16 - 1), st.lists(st.tuples(numbers, st.lists(numbers, min_size=3, max_size=3), numbers)))
def test_what_is_noted_is_written_out(worker: int, clocks: list[tuple[int, list[int], int]]) -> None:
    notes = bytearray()
    recorder = Recorder(worker, 3, notes.extend)
    for clock, view, checksum in clocks:
        recorder.read(clock, view)
        recorder.write(clock, checksum)
    recorder.final([1, 2, 3], 10)
    *events, final = map(json.loads, written_out(bytes(notes)))
    assert final == {"kind": "final", "worker": worker, "view": [1, 2, 3], "digest": "0000000a"}
    times = [event.pop("time") for event in events]
    assert times == sorted(times)
    assert events == [
        event
        for clock, view, checksum in clocks
        for event in (
            {"kind": "read", "worker": worker, "clock": clock, "view": view},
            {"kind": "write", "worker": worker, "clock": clock, "digest": f"{checksum:08x}"},
        )
    ]


@given(st.integers(0, 200))
def test_of_notes_cut_off_anywhere_those_before_are_written_out(end: int) -> None:
    notes = bytearray()
    recorder, lines = Recorder(1, 2, notes.extend), []
    for clock in range(4):
        recorder.read(clock, [clock, clock])
        recorder.write(clock, clock)
        BlockRecorder(1, notes.extend).final(7)
    whole = written_out(bytes(notes))
    cut = bytes(notes[:end])
    for found in (written_out(cut), written_out(cut.ljust(len(notes), b"\0"))):
        lines = [line for line in found if line.endswith("\n")]
        assert lines == whole[: len(lines)]
        assert len(found) - len(lines) <= 1
        assert len(lines) >= 12 * end // len(notes) - 3
