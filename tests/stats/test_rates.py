from __future__ import annotations

import numpy as np
import pytest

from harness.errors import BadInputError
from harness.stats.rates import estimate
from harness.stats.worlds import CLOCKS, World, autoregressive, sound, unsound

WORLDS = {world.name: world for world in [*sound(autoregressive), *unsound()]}


def drawn(world: World, seed: int, replicates: int = 60) -> np.ndarray:
    return world.draw(autoregressive, np.random.default_rng([seed, 9]), replicates)


@pytest.mark.calibration
def test_interval_of_the_exponent_covers_as_often_as_it_should() -> None:
    found = [estimate(drawn(WORLDS["t^−½"], seed), CLOCKS, seed=seed) for seed in range(300)]
    covering = np.mean([rate.lower <= 0.5 <= rate.upper for rate in found])
    margin = 3 * np.sqrt(0.05 * 0.95 / len(found))
    assert 0.95 - margin - 0.02 <= covering  # a bootstrap of 60 medians may fall short by a little
    held = np.nanmean([rate.covered for rate in found])
    assert held > 0.9


@pytest.mark.parametrize(("world", "shape"), [("t^−½", "power law"), ("floor ε/4", "floor")])
def test_the_right_shape_is_preferred(world: str, shape: str) -> None:
    best = [estimate(drawn(WORLDS[world], seed), CLOCKS).best for seed in range(20)]
    assert best.count(shape) >= 15


def test_exponential_and_logarithmic_decay_are_told_apart() -> None:
    noise = np.exp(0.05 * np.random.default_rng(0).normal(size=(60, 13)))
    assert estimate(noise * np.exp(-CLOCKS / 400), CLOCKS).best == "exponential"
    assert estimate(noise / np.log(8 * CLOCKS), CLOCKS).best == "logarithmic"


def test_hold_out_notices_a_floor() -> None:
    covered = [estimate(drawn(WORLDS["floor ε/2"], seed), CLOCKS).covered for seed in range(10)]
    assert np.mean(covered) < 0.5


def test_what_has_no_logarithm_is_named() -> None:
    with pytest.raises(BadInputError, match=r"gaps\[0, 1\]"):
        estimate(np.array([[1.0, 0.0, 1.0, 1.0, 1.0]]), np.arange(1.0, 6.0))
    with pytest.raises(BadInputError, match="3 checkpoints"):
        estimate(np.ones((2, 3)), np.arange(1.0, 4.0))
