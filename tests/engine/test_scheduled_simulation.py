"""The simulation of a scheduled model partition against the reference, and under delays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.engine import reference, scheduled
from harness.engine.gaps import relative
from harness.errors import BadInputError
from harness.spec import Delays, Fault, Layout, Optimizer, Policy, ScheduledPartition, StepSize, Training

BATCHES = Training("digits", (64, 9, 7, 10), 16, 10, StepSize(0.2), checkpoints=3)
FULL = Training("digits256", (64, 9, 10), 256, 10, StepSize(0.2), checkpoints=3)
FRESH = Delays.NONE
layouts = pytest.mark.parametrize("layout", [Layout.NEURON, Layout.WEIGHT])


@layouts
@pytest.mark.parametrize("optimizer", Optimizer)
def test_all_blocks_fresh_is_the_reference(layout: Layout, optimizer: Optimizer) -> None:
    training = replace(BATCHES, optimizer=optimizer, summed=2)
    found = scheduled.simulate(training, range(3), ScheduledPartition(5, layout, Policy.ALL, 0, FRESH))
    assert relative(found, reference.train(training, range(3)))["all"].max() < 1e-12


@layouts
def test_fresh_views_under_a_bound_are_the_reference(layout: Layout) -> None:
    found = scheduled.simulate(FULL, range(3), ScheduledPartition(3, layout, Policy.ALL, 4, FRESH))
    assert relative(found, reference.train(FULL, range(3)))["all"].max() < 1e-12


@layouts
def test_what_comes_late_makes_a_gap_that_grows_with_it(layout: Layout) -> None:
    expected = reference.train(FULL, range(3))
    gaps = [
        relative(
            scheduled.simulate(FULL, range(3), ScheduledPartition(3, layout, Policy.ALL, s, Delays.LATEST)), expected
        )["all"][:, -1]
        for s in (0, 1, 3)
    ]
    assert (gaps[0] < 1e-12).all()
    assert (gaps[1] > 1e-3).all()
    assert (gaps[2] > gaps[1]).all()


def test_replicates_are_the_same_in_any_block() -> None:
    partition = ScheduledPartition(3, Layout.WEIGHT, Policy.STRADS, 2, Delays.UNIFORM)
    both, second = (scheduled.simulate(FULL, r, partition) for r in (range(2), range(1, 2)))
    for layer, values in second.layers.items():
        np.testing.assert_allclose(both.layers[layer][:, 1:], values, rtol=1e-10, atol=1e-13)


def test_only_chosen_blocks_move() -> None:
    training = replace(BATCHES, clocks=1, checkpoints=1)
    found = scheduled.simulate(training, range(1), ScheduledPartition(3, Layout.NEURON, Policy.ROUND_ROBIN, 0, FRESH))
    whole = reference.train(training, range(1))
    # At clock 0 worker p updates its units of layer p, with steps three times as long.
    for place, (layer, units) in enumerate(zip(("layer 1", "layer 2", "layer 3"), (9, 7, 10), strict=True)):
        shape = (-1, units)
        moved = (found.layers[layer][0, 0] - found.initial[layer][0]).reshape(shape)
        expected = 3 * (whole.layers[layer][0, 0] - whole.initial[layer][0]).reshape(shape)
        mine = np.array_split(np.arange(units), 3)[place]
        np.testing.assert_allclose(moved[:, mine], expected[:, mine], rtol=1e-9, atol=1e-14)
        assert not np.delete(moved, mine, axis=1).any()


def test_unscaled_steps_are_those_of_the_reference() -> None:
    training = replace(BATCHES, clocks=1, checkpoints=1)
    partition = ScheduledPartition(3, Layout.NEURON, Policy.ROUND_ROBIN, 0, FRESH)
    scaled, unscaled = (
        scheduled.simulate(training, range(1), p) for p in (partition, replace(partition, fault=Fault.UNSCALED))
    )
    for layer, start in scaled.initial.items():
        np.testing.assert_allclose(scaled.layers[layer][0] - start, 3 * (unscaled.layers[layer][0] - start), atol=1e-14)


def test_stale_activations_of_other_examples_are_refused() -> None:
    with pytest.raises(BadInputError, match="cannot stand in for stale ones"):
        scheduled.simulate(BATCHES, range(1), ScheduledPartition(2, Layout.NEURON, Policy.ALL, 1, FRESH))
