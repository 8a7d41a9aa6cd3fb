"""Every policy chooses what it says, from the seed alone and the news."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scheduler import TOO_CORRELATED, News, Scheduler, couplings
from harness.spec import Layout, Policy, ScheduledPartition

workers, layers, seeds = st.integers(1, 6), st.integers(1, 4), st.integers(0, 99)


def scheduler(policy: Policy, workers: int, layers: int, replicate: int = 0) -> Scheduler:
    return Scheduler(ScheduledPartition(workers, Layout.WEIGHT, policy, 0), layers, replicate)


def news(changes: list[float], coupled: list[tuple[int, int]] = ()) -> News:  # type: ignore[assignment]
    found = np.zeros((len(changes), len(changes)))
    for a, b in coupled:
        found[a, b] = found[b, a] = TOO_CORRELATED + 0.01
    return News(np.array(changes), found)


@given(st.sampled_from([Policy.RANDOM, Policy.PRIORITY, Policy.ROUND_ROBIN]), workers, layers, seeds)
def test_as_many_blocks_as_said_are_chosen(policy: Policy, workers: int, layers: int, replicate: int) -> None:
    one, same = (scheduler(policy, workers, layers, replicate) for _ in range(2))
    for clock in range(5):
        chosen = one.choose(clock)
        assert chosen.sum() == (workers if layers > 1 else max(1, workers // 2)) == one.most
        np.testing.assert_array_equal(chosen, same.choose(clock))


@given(workers, st.integers(2, 4))
def test_round_robin_gives_every_worker_one_block_and_every_block_its_turn(workers: int, layers: int) -> None:
    one = scheduler(Policy.ROUND_ROBIN, workers, layers)
    chosen = [one.choose(clock).reshape(layers, workers) for clock in range(layers)]
    assert all((clock.sum(axis=0) == 1).all() for clock in chosen)
    assert (np.sum(chosen, axis=0) == 1).all()


@given(workers)
def test_round_robin_through_one_layer_gives_every_block_the_same_number_of_turns(workers: int) -> None:
    one = scheduler(Policy.ROUND_ROBIN, workers, 1)
    counts = np.sum([one.choose(clock) for clock in range(workers)], axis=0)
    assert (counts == one.most).all()


@given(workers, layers)
def test_all_means_all(workers: int, layers: int) -> None:
    assert scheduler(Policy.ALL, workers, layers).choose(3).all()


def test_random_blocks_come_equally_often() -> None:
    one = scheduler(Policy.RANDOM, 3, 2)
    counts = np.sum([one.choose(clock) for clock in range(6_000)], axis=0)
    # 3 of 6 blocks at each of 6,000 clocks: 3,000 each, standard deviation 39.
    assert np.abs(counts - 3_000).max() < 5 * 39


def test_priority_prefers_blocks_that_change_and_forgets_none() -> None:
    one, told = scheduler(Policy.PRIORITY, 2, 3), news([0, 0, 0, 0, 1, 9])
    counts = np.sum([one.choose(clock, told) for clock in range(3_000)], axis=0)
    assert counts[5] > counts[4] > counts[:4].max()
    assert counts.min() > 0


@given(seeds)
def test_coupled_blocks_are_not_chosen_together(replicate: int) -> None:
    one, told = scheduler(Policy.STRADS, 3, 2, replicate), news([1.0] * 6, [(0, 1), (3, 4)])
    for clock in range(20):
        chosen = one.choose(clock, told)
        assert 1 <= chosen.sum() <= 3
        assert not chosen[[0, 1]].all()
        assert not chosen[[3, 4]].all()


def test_without_conflicts_strads_is_priority() -> None:
    told = news([1.0, 2.0, 3.0, 0.0, 0.0, 5.0])
    one, other = scheduler(Policy.STRADS, 3, 2), scheduler(Policy.PRIORITY, 3, 2)
    for clock in range(20):
        np.testing.assert_array_equal(one.choose(clock, told), other.choose(clock, told))


def test_couplings_are_mean_correlations_within_a_layer() -> None:
    draws = np.random.default_rng(0)
    a, b = draws.normal(size=(2, 50)), draws.normal(size=(3, 50))
    found = couplings([a, b, 2 * a + 1, a, a[:1], np.ones((1, 50))], layers=3)
    expected = np.abs(np.corrcoef(np.vstack([a, b]))[:2, 2:]).mean()
    assert found[0, 1] == pytest.approx(expected)
    assert found[2, 3] == pytest.approx(np.abs(np.corrcoef(a)).mean())
    assert found[4, 5] == 0
    assert found[0, 2] == found[1, 3] == 0
    np.testing.assert_array_equal(found, found.T)
