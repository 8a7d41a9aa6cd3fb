"""What clocks are made of, from records made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.record import EMULATED, SLEPT, Record
from harness.report.timing import Timing
from harness.spec import DataPartition, Fault, Layout, ModelPartition, StalePartition
from harness.stats.speed import times
from samples import timed, timed_records


@pytest.mark.parametrize("weak", [False, True])
def test_parts_make_up_the_step(weak: bool) -> None:
    records = timed_records(weak=weak)
    for row in Timing(None, records).parts:  # type: ignore[arg-type]
        found = {name: getattr(row, name).median for name in ("compute", "exchange", "wait") if getattr(row, name)}
        rest, overlap = (part.median if part else 0.0 for part in (row.rest, row.overlap))
        total = sum(found.values()) + rest - overlap
        assert total == pytest.approx(row.point.seconds.median, rel=0.06), row.name
        assert rest >= 0 <= overlap


def test_parts_are_what_they_are_called() -> None:
    limit = timed(DataPartition(2, Fault.NO_EXCHANGE), 0.5)
    bsp = timed(DataPartition(2), 0.52, exchange=0.03)
    neuron = timed(ModelPartition(2, Layout.NEURON), 0.6, exchange=0.05)
    late = timed(StalePartition(2, 3), 0.6)
    records = [limit, bsp, neuron, late]
    by_name = {row.name: row for row in Timing(None, records).parts}  # type: ignore[arg-type]
    assert by_name["P = 2: data, BSP"].compute == times([limit])[limit_key(limit)].seconds
    assert by_name["P = 2: data, BSP"].overlap is not None
    assert by_name["P = 2: data, BSP"].rest is None
    # One of two ranks is 1.5 % earlier.
    step = by_name["P = 2: data, BSP"].point.seconds.median
    assert by_name["P = 2: data, BSP"].wait.median == pytest.approx(0.0075 * step, rel=1e-6)
    divided = by_name["P = 2: neuron"]
    assert (divided.rest, divided.overlap) == (None, None)
    assert divided.compute is not None
    assert divided.compute.median < times([neuron])[limit_key(neuron)].seconds.median - 0.04
    stale = by_name["P = 2: data, SSP s = 3, eager"]
    assert (stale.exchange, stale.overlap) == (None, None)
    assert stale.rest is not None
    assert stale.rest.median == pytest.approx(0.05 - stale.wait.median, rel=0.5)


def test_what_ranks_slept_is_what_they_computed() -> None:
    kinds = DataPartition(2), ModelPartition(2, Layout.NEURON)
    bulk, divided = (asleep(timed(kind, 1.2, exchange=0.05), 0.45) for kind in kinds)
    drawn = asleep(timed(StalePartition(2, 3), 0.6), 0.0)
    rows = Timing(None, [bulk, divided, drawn]).parts  # type: ignore[arg-type]
    by_name = {row.name: row for row in rows}
    for name in "P = 2: data, BSP", "P = 2: neuron":
        row = by_name[name]
        assert row.compute is not None
        assert row.compute.median == pytest.approx(0.45)
        assert row.rest is not None
        assert row.rest.median == pytest.approx(0.1 - row.wait.median, rel=0.3)
    assert by_name["P = 2: data, SSP s = 3, eager"].compute is None


def asleep(record: Record, seconds: float) -> Record:
    measured = record.facts.measured | {EMULATED: 1.0, SLEPT: seconds}
    return replace(record, facts=record.facts.model_copy(update={"measured": measured}))


def limit_key(one: Record) -> object:
    """Times are found by what they are found by."""
    return next(iter(times([one])))
