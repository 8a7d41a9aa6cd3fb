"""The published error rates, measured again on a fixed budget; derandomised, so that they never flicker."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from harness.spec import StepSize, Training
from harness.stats.calibration import Cell, decisions, measure, recorded
from harness.stats.sequential import wealth
from harness.stats.worlds import NOISES, World, autoregressive, sound, unsound

pytestmark = pytest.mark.calibration
SUITES, REPLICATES = 300, 60
AR1 = ("AR(1)", autoregressive)
every_noise = pytest.mark.parametrize("noise", NOISES)
NOT_SUPPORTED = {
    "floor ε/2",
    "floor ε/4",
    "floor ε/7",
    "floor at 2ε",
    "flat ε/3",
    "flat 2ε",
    "rising to 2ε",
    "20 % diverging",
}


def margin(share: float) -> float:
    """Three standard errors of a share over the budget."""
    return 3 * float(np.sqrt(share * (1 - share) / SUITES))


@every_noise
def test_worlds_that_converge_are_supported(noise: str) -> None:
    shares = [
        measure(world, (noise, NOISES[noise]), REPLICATES, SUITES).supported / SUITES for world in sound(NOISES[noise])
    ]
    assert min(shares) >= 0.93 - margin(0.93)
    assert np.mean(shares) >= 0.93


@cache
def measured(name: str, noise: str) -> Cell:
    """A world that does not converge, measured once for all that is asked of it."""
    (world,) = [world for world in unsound() if world.name == name]
    return measure(world, (noise, NOISES[noise]), REPLICATES, SUITES)


@every_noise
def test_worlds_that_do_not_converge_are_not_supported(noise: str) -> None:
    for name in NOT_SUPPORTED:
        assert measured(name, noise).supported / SUITES <= 0.05, name


@every_noise
def test_flat_and_floor_above_epsilon_and_rising_are_refuted(noise: str) -> None:
    for name in ("floor at 2ε", "flat 2ε", "rising to 2ε"):
        assert measured(name, noise).refuted / SUITES >= 0.98, name


def test_a_true_claim_is_never_refuted() -> None:
    for noise in NOISES:
        for world in sound(NOISES[noise]):
            assert measure(world, (noise, NOISES[noise]), REPLICATES, 100).refuted == 0, (world.name, noise)


def test_a_rule_without_the_floor_guard_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calibration itself is tested: take the guard away, and floors are supported most of the time."""
    from harness.stats import convergence

    def find(name: str) -> World:
        return next(world for world in unsound() if world.name == name)

    assert measure(find("floor ε/7"), AR1, REPLICATES, 100).supported <= 5
    monkeypatch.setattr(convergence, "FLOOR_SHARE", 1e-12)
    assert measure(find("floor ε/7"), AR1, REPLICATES, 100).supported >= 70


def test_floors_planted_in_recorded_trajectories_are_found() -> None:
    """Real noise: 48 softmax regressions on the digits, against themselves with another data order."""
    from harness.engine import gaps, reference

    training = Training("digits", (64, 10), 32, 400, StepSize(0.5, power=0.75), checkpoints=16)
    first, other = (reference.train(training, range(48), order=order) for order in (0, 1))
    noise = ("recorded", recorded(gaps.relative(other, first)["all"]))
    for world in sound(noise[1]):
        assert measure(world, noise, REPLICATES, SUITES).supported / SUITES >= 0.93 - margin(0.93), world.name
    for world in unsound():
        if world.name in NOT_SUPPORTED:
            assert measure(world, noise, REPLICATES, SUITES).supported / SUITES <= 0.05, world.name


@pytest.mark.parametrize("delta", [0.05, 0.10])
def test_looking_after_every_replicate_does_not_raise_the_error(delta: float) -> None:
    """Ever deciding wrongly at the boundary, over 10,000 sequences of 200 replicates watched all the time."""
    sequences, length = 10_000, 200
    counts = np.cumsum(np.random.default_rng(11).random((sequences, length)) < delta, axis=1)
    found = wealth(counts, np.broadcast_to(np.arange(1, length + 1), counts.shape), delta)
    for wealths in (found.below, found.above):
        assert np.mean((wealths >= 20).any(axis=1)) <= 0.05


def test_sequential_decisions_are_right_and_their_length_is_stated() -> None:
    rows = {row.probability: row for row in decisions([0.0, 0.01, 0.1, 0.3], sequences=2_000, most=400)}
    assert (rows[0.0].median_replicates, rows[0.0].supported) == (31, 1.0)
    assert rows[0.01].supported > 0.99
    assert rows[0.1].supported <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2_000)
    assert rows[0.3].refuted > 0.99
    assert rows[0.3].median_replicates < 60
