from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.engine import gaps, predictions
from harness.engine.trajectory import Trajectory
from harness.spec import Activation, Training

values = hnp.arrays(np.float64, (3, 2, 4), elements=st.floats(-1e3, 1e3))


def trajectory(first: np.ndarray, second: np.ndarray) -> Trajectory:
    initial = np.zeros((2, 4))
    return Trajectory(
        np.array([1, 2, 4]), {"layer 1": initial, "layer 2": initial}, {"layer 1": first, "layer 2": second}
    )


@given(values, values)
def test_all_layers_together_are_the_root_of_the_sum_of_squares(first: np.ndarray, second: np.ndarray) -> None:
    lengths = gaps.travelled(trajectory(first, second))
    np.testing.assert_allclose(lengths["layer 1"], np.linalg.norm(first, axis=2).T)
    np.testing.assert_allclose(lengths["all"] ** 2, lengths["layer 1"] ** 2 + lengths["layer 2"] ** 2, rtol=1e-9)


@given(values)
def test_a_trajectory_has_no_gap_to_itself(weights: np.ndarray) -> None:
    one = trajectory(weights, weights)
    assert all((gap == 0).all() for gap in gaps.relative(one, one).values())


def test_gap_is_relative_to_the_distance_travelled() -> None:
    reference = trajectory(np.full((3, 2, 4), 2.0), np.full((3, 2, 4), 2.0))
    other = trajectory(np.full((3, 2, 4), 2.5), np.full((3, 2, 4), 2.0))
    gap = gaps.relative(other, reference)
    np.testing.assert_allclose(gap["layer 1"], 0.25)
    np.testing.assert_allclose(gap["layer 2"], 0)
    np.testing.assert_allclose(gap["all"], 0.25 / np.sqrt(2))


def test_diverged_or_unmoved_weights_have_an_infinite_gap() -> None:
    still, moved = np.zeros((3, 2, 4)), np.ones((3, 2, 4))
    broken = moved.copy()
    broken[1, 0, 3] = np.nan
    broken[2, 1, 0] = np.inf
    gap = gaps.relative(trajectory(broken, moved), trajectory(moved, moved))
    assert np.isinf(gap["layer 1"]).tolist() == [[False, True, False], [False, False, True]]
    assert np.isinf(gaps.relative(trajectory(moved, moved), trajectory(still, moved))["layer 1"]).all()


def test_trajectory_survives_its_form_on_disk() -> None:
    weights = np.random.default_rng(0).normal(size=(3, 2, 4))
    one = trajectory(weights, 2 * weights)
    other = Trajectory.from_arrays(one.to_arrays("a") | trajectory(0 * weights, weights).to_arrays("b"), "a")
    np.testing.assert_array_equal(other.clocks, one.clocks)
    assert list(other.layers) == ["layer 1", "layer 2"]
    np.testing.assert_array_equal(other.layers["layer 2"], one.layers["layer 2"])
    finals = list(one.final_weights())
    np.testing.assert_array_equal(finals[1]["layer 1"], weights[-1, 1])


def test_logits_of_a_net_worked_out_by_hand() -> None:
    weights = {"layer 1": np.array([1.0, -1.0, 0.0, 0.5]), "layer 2": np.array([2.0, 4.0, 1.0])}
    relu = Training("teacher", (1, 2, 1), 1, 1, 0.1, Activation.RELU)
    # hidden = max(0, [x, −x + 0.5]); output = 2·h₁ + 4·h₂ + 1
    np.testing.assert_allclose(predictions.logits(relu, weights, np.array([[3.0], [-1.0]])), [[7.0], [7.0]])
