from __future__ import annotations

import json
from math import inf

import numpy as np

from harness.history import Recorder, check, merged, written_out
from harness.history.recorder import digest
from harness.verdict import Word


def test_what_is_recorded_is_a_history() -> None:
    noted = [bytearray(), bytearray()]
    workers = [Recorder(p, 2, noted[p].extend) for p in range(2)]
    for clock in range(3):
        for p, worker in enumerate(workers):
            worker.read(clock, [clock, clock] if p == 0 else [clock + 1, clock])
            worker.write(clock, digest([np.full(3, clock)]))
    for worker in workers:
        worker.final([3, 3], 7)
    lines = [written_out(bytes(notes)) for notes in noted]
    events = merged(2, 1, lines)
    found = check(json.loads(json.dumps(events)))
    assert found.verdict is Word.SUPPORTED, found.reason
    assert (found.reads, found.writes, found.staleness) == (6, 6, 1)
    assert merged(2, inf, lines)[0]["staleness"] is None


def test_a_line_cut_off_by_a_death_is_left_out() -> None:
    assert len(merged(1, 0, [['{"kind":"read","time":1}\n', '{"kind":"read"']])) == 2


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


def test_what_a_digest_leaves_out_of_a_large_update_is_spread_over_it() -> None:
    large = np.random.default_rng(0).normal(size=100_000)
    found = 0
    for place in range(0, large.size, 100):
        changed = large.copy()
        changed[place] += 1
        found += digest([large]) != digest([changed])
    assert 0.01 < found / 1_000 < 0.04
    assert digest([large]) != digest([np.concatenate([large[:98_000], large[98_000:] + 1])])
