from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadInputError
from harness.schedule import Schedule, checkpoints, share, weight_stream

schedules = st.integers(1, 60).flatmap(
    lambda examples: st.builds(
        Schedule, replicate=st.integers(0, 10**6), examples=st.just(examples), batch=st.integers(1, examples)
    )
)


@given(st.integers(1, 500), st.integers(1, 64))
def test_union_of_shares_is_the_batch_in_order(batch: int, workers: int) -> None:
    positions = np.arange(batch)
    shares = [positions[share(batch, worker, workers)] for worker in range(workers)]
    np.testing.assert_array_equal(np.concatenate(shares), positions)
    sizes = [len(part) for part in shares]
    assert max(sizes) - min(sizes) <= 1


@given(schedules, st.integers(0, 40), st.integers(1, 40))
def test_any_range_of_clocks_gives_the_same_ids(schedule: Schedule, first: int, count: int) -> None:
    whole = schedule.ids(0, first + count)
    np.testing.assert_array_equal(schedule.ids(first, first + count), whole[first:])


@given(schedules)
def test_every_epoch_is_a_permutation(schedule: Schedule) -> None:
    clocks = -(-2 * schedule.examples // schedule.batch)
    flat = schedule.ids(0, clocks).ravel()
    for epoch in range(2):
        seen = flat[epoch * schedule.examples : (epoch + 1) * schedule.examples]
        np.testing.assert_array_equal(np.sort(seen), np.arange(schedule.examples))


def test_epochs_and_replicates_have_orders_of_their_own() -> None:
    ids = Schedule(0, 100, 100).ids(0, 2)
    assert (ids[0] != ids[1]).any()
    assert (Schedule(1, 100, 100).ids(0, 1) != ids[0]).any()
    assert weight_stream(0).normal() != weight_stream(1).normal()
    assert weight_stream(3).normal() == weight_stream(3).normal()


@pytest.mark.parametrize("batch", [0, 11])
def test_batch_must_fit_the_data(batch: int) -> None:
    with pytest.raises(BadInputError, match=f"batch = {batch}"):
        Schedule(0, 10, batch)


@pytest.mark.parametrize("worker", [-1, 2])
def test_worker_must_be_one_of_the_workers(worker: int) -> None:
    with pytest.raises(BadInputError, match="is not one of 2"):
        share(8, worker, 2)


@given(st.integers(1, 10**6), st.integers(2, 40))
def test_checkpoints_increase_from_the_first_clock_to_the_last(clocks: int, count: int) -> None:
    times = checkpoints(clocks, count)
    assert times[0] == 1
    assert times[-1] == clocks
    assert (np.diff(times) > 0).all()
    assert len(times) <= count
