from __future__ import annotations

from harness.report.timing.names import shape
from harness.spec import Layout, ModelPartition
from samples import timed, timed_records


def test_nothing_is_named_twice_the_same() -> None:
    names = [shape(record.facts.setting) for record in timed_records()[: len(timed_records()) // 2]]
    names.append(shape(timed(ModelPartition(8, Layout.NEURON, groups=4), 0.2).facts.setting))
    names.append(shape(timed(ModelPartition(8, Layout.GRID, rows=4), 0.2).facts.setting))
    names.append(shape(timed(ModelPartition(8, Layout.GRID, rows=2), 0.2).facts.setting))
    assert len(set(names)) == len(names)
