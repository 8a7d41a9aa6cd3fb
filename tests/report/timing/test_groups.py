from __future__ import annotations

from harness.report.timing.groups import groups
from samples import timed_records


def test_a_growing_batch_is_one_load() -> None:
    (strong,), (weak,) = groups(timed_records()), groups(timed_records(weak=True))
    assert (strong.weak, strong.title) == (False, "noise 440–6×2048–1993, batch 512")
    assert (weak.weak, weak.title) == (True, "noise 440–6×2048–1993, batch 256 per worker")
