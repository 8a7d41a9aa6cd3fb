from __future__ import annotations

import json
from math import inf

import numpy as np

from harness.history import Recorder, check, merged
from harness.history.recorder import digest
from harness.verdict import Word


def test_what_is_recorded_is_a_history() -> None:
    lines: list[list[str]] = [[], []]
    workers = [Recorder(p, lines[p].append) for p in range(2)]
    for clock in range(3):
        for p, worker in enumerate(workers):
            worker.read(clock, [clock, clock] if p == 0 else [clock + 1, clock])
            worker.write(clock, digest([np.full(3, clock)]))
    for worker in workers:
        worker.final([3, 3], "same")
    events = merged(2, 1, lines)
    found = check(json.loads(json.dumps(events)))
    assert found.verdict is Word.SUPPORTED, found.reason
    assert (found.reads, found.writes, found.staleness) == (6, 6, 1)
    assert merged(2, inf, lines)[0]["staleness"] is None


def test_a_line_cut_off_by_a_death_is_left_out() -> None:
    lines: list[str] = []
    Recorder(0, lines.append).read(0, [0])
    assert len(merged(1, 0, [[*lines, lines[0][:20]]])) == 2


def test_digests_tell_bits_apart() -> None:
    array = np.random.default_rng(0).normal(size=(50, 60))
    changed = array.copy()
    changed[7, 7] = np.nextafter(changed[7, 7], 1)
    assert digest([array]) == digest([array.copy()])
    assert digest([array]) != digest([changed])
    large = np.random.default_rng(0).normal(size=200_000)
    other = large.copy()
    other[1] += 1
    assert digest([large], whole=True) != digest([other], whole=True)
