"""How a project tests that its distributed training is right: `pytest examples/project`.

Under GitHub Actions, or with `--lockstep-github`, every check is an annotation of the checked file (an error where its
test fails, else a notice) and a table in the run's summary.
"""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from harness.pytest_plugin import Ranks, assert_converges_in_probability, assert_in_step, data_shards, schedules

TRAIN = Path(__file__).with_name("train.py")


@pytest.mark.parametrize("workers", [2, 3])
def test_training_is_in_step(harness_ranks: Ranks, workers: int) -> None:
    """On two ranks and on three, as in one process."""
    assert_in_step(harness_ranks.check(TRAIN, workers=workers, steps=10))


def test_a_mistake_would_be_found(harness_ranks: Ranks) -> None:
    """A check that cannot fail is not a check."""
    with pytest.raises(AssertionError, match="summed over ranks"):
        assert_in_step(harness_ranks.check(TRAIN, steps=10, entry="summed"))


def test_gaps_that_vanish() -> None:
    """Sixty runs whose gap falls as 1/√t."""
    clocks = np.unique(np.geomspace(10, 1000, 13).astype(int))
    noise = np.random.default_rng(0).lognormal(sigma=0.2, size=(60, len(clocks)))
    assert_converges_in_probability(noise * 0.1 / np.sqrt(clocks), clocks, epsilon=0.05, delta=0.1)


@settings(max_examples=20, deadline=None)
@given(shards=data_shards(examples=20, workers=3), views=schedules(workers=2, clocks=5, staleness=2))
def test_means_of_shards(shards: list[np.ndarray], views: np.ndarray) -> None:
    """Weighted by their sizes, means of shards give the mean of all; own writes are always read."""
    means = [ids.mean() * len(ids) for ids in shards]
    assert sum(means) / 20 == pytest.approx(9.5)
    assert (np.diagonal(views, axis1=1, axis2=2) == np.arange(5)[:, None]).all()
