"""Error rates of the exact binomial tail, measured on gaps with known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from harness.stats.convergence import judge
from harness.verdict import Word

pytestmark = pytest.mark.calibration
DELTA, ALPHA, WORLDS = 0.10, 0.05, 2_000


def shares(probability: float, replicates: int) -> dict[Word, float]:
    """Share of each word over simulated suites whose replicates exceed with a known probability."""
    draws = np.random.default_rng([2026, replicates, int(1e4 * probability)])
    exceeding = draws.random((WORLDS, replicates)) < probability
    words = [
        judge(np.where(world, 2.0, 0.5)[:, None], [1], epsilon=1.0, delta=DELTA, alpha=ALPHA, resolution=0.9).verdict
        for world in exceeding
    ]
    return {word: words.count(word) / WORLDS for word in Word}


@pytest.mark.parametrize("replicates", [32, 64, 200])
def test_at_the_boundary_either_word_is_as_rare_as_advertised(replicates: int) -> None:
    # A share of ALPHA has a standard error of 0.005 over 2,000 worlds; three of them are allowed.
    found = shares(DELTA, replicates)
    margin = 3 * np.sqrt(ALPHA * (1 - ALPHA) / WORLDS)
    assert found[Word.SUPPORTED] <= ALPHA + margin
    assert found[Word.REFUTED] <= ALPHA + margin


def test_false_support_is_detected_where_the_tail_is_heavy() -> None:
    assert shares(0.3, 64)[Word.SUPPORTED] == 0
    assert shares(0.3, 64)[Word.REFUTED] > 0.95


def test_sound_worlds_are_supported() -> None:
    assert shares(0.0, 32)[Word.SUPPORTED] == 1
    assert shares(0.001, 64)[Word.SUPPORTED] > 0.99


def test_stated_detectable_probability_has_the_stated_power() -> None:
    evidence = judge(np.full((64, 1), 0.5), [1], epsilon=1.0, delta=DELTA, alpha=ALPHA, resolution=0.9).evidence
    detectable = evidence["smallest_detectable"]
    found = shares(detectable["exceedance_probability"], 64)[Word.REFUTED]
    margin = 3 * np.sqrt(0.95 * 0.05 / WORLDS)
    assert abs(found - detectable["power"]) < margin


def test_simulated_shares_are_the_exact_ones() -> None:
    """The simulation itself is checked: 0 of 29 exceed with probability (1 − p)^29."""
    exact = binom.pmf(0, 29, 0.05)
    assert abs(shares(0.05, 29)[Word.SUPPORTED] - exact) < 3 * np.sqrt(exact * (1 - exact) / WORLDS)
