from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engine import gaps, predictions
from harness.engine.alignment import align, aligned
from harness.engine.trajectory import Trajectory
from harness.spec import StepSize, Training

TRAINING = Training("digits", (6, 5, 4, 3), 8, 4, StepSize(0.1))


def net(seed: int) -> list[np.ndarray]:
    draws = np.random.default_rng(seed)
    return [draws.normal(size=(i + 1, o)) for i, o in zip(TRAINING.widths, TRAINING.widths[1:], strict=False)]


def permuted(layers: list[np.ndarray], seed: int) -> list[np.ndarray]:
    draws, made = np.random.default_rng(seed), [layer.copy() for layer in layers]
    for place in range(len(made) - 1):
        order = draws.permutation(made[place].shape[1])
        made[place] = made[place][:, order]
        made[place + 1] = np.vstack([made[place + 1][:-1][order], made[place + 1][-1:]])
    return made


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_permuted_units_of_one_hidden_layer_are_brought_back(seed: int) -> None:
    original = [net(seed)[0], np.random.default_rng(seed).normal(size=(6, 3))]
    for found, expected in zip(align(permuted(original, seed + 1), original), original, strict=True):
        np.testing.assert_array_equal(found, expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_several_hidden_layers_never_come_further_away(seed: int) -> None:
    # Layer by layer is a local search: it need not find the nearest, but every step it takes is one towards it.
    original, other = net(seed), net(seed + 1)

    def distance(layers: list[np.ndarray]) -> float:
        return sum(float(np.square(a - b).sum()) for a, b in zip(layers, other, strict=True))

    assert distance(align(original, other)) <= distance(original) * (1 + 1e-12)


def trajectory(layers: list[np.ndarray]) -> Trajectory:
    flat = {f"layer {i + 1}": layer.ravel()[None, None] for i, layer in enumerate(layers)}
    return Trajectory(np.array([4]), {name: np.zeros_like(values[0]) for name, values in flat.items()}, flat)


def test_an_aligned_net_is_the_same_function_and_never_further_away() -> None:
    mine, theirs = trajectory(net(1)), trajectory(net(2))
    moved = aligned(TRAINING, mine, theirs)
    probe = np.random.default_rng(0).normal(size=(20, 6))
    before, after = (predictions.along(TRAINING, t.layers, probe) for t in (mine, moved))
    np.testing.assert_allclose(before, after, atol=1e-12)
    distance = [gaps.distances(t.layers, theirs.layers)[gaps.ALL][0, 0] for t in (mine, moved)]
    assert distance[1] < distance[0]


def test_nets_that_diverged_are_left_alone() -> None:
    broken = trajectory([layer * np.inf for layer in net(1)])
    assert aligned(TRAINING, broken, trajectory(net(2))).layers["layer 1"][0, 0, 0] == broken.layers["layer 1"][0, 0, 0]
