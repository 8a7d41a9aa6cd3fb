"""Gradients averaged over workers: whatever travels by itself or together, all come back in their places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.data_partition import averaging, factors
from harness.engine.runtime import tf
from harness.layout import BY_ITSELF, gradient_messages
from harness.spec import Regularisation, StepSize, Training

TRAINING = Training("digits", (64, 32, 10), 32, 10, StepSize(0.1))
SHAPES = [(2, 3), (1, BY_ITSELF), (5,), (BY_ITSELF - 1,), (4, BY_ITSELF // 2)]


@given(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=5), st.sampled_from([1.0, 0.25]))
def test_every_gradient_is_summed_once_and_comes_back_in_its_place(
    shapes: list[tuple[int, ...]], factor: float
) -> None:
    sent: dict[str, int] = {}

    def total(tensor: tf.Tensor, name: str) -> tf.Tensor:
        assert name not in sent
        sent[name] = tensor.shape.num_elements()
        return 2 * tensor

    gradients = [tf.fill(shape, float(place)) for place, shape in enumerate(shapes)]
    averaged = averaging(factor, total)(gradients)
    for place, shape in enumerate(shapes):
        assert averaged[place].shape == shape
        assert np.unique(averaged[place].numpy()).tolist() == [2 * factor * place]
    counted = {m.name: m.handed for m in gradient_messages([int(np.prod(shape)) for shape in shapes], 2)}
    assert sent == counted


@pytest.mark.parametrize("workers", [2, 3])
def test_factors_give_the_mean_over_the_batch_and_count_penalties_once(workers: int) -> None:
    for training in (TRAINING, replace(TRAINING, regularisation=Regularisation(l2=0.1))):
        of_sum, of_total = factors(training, workers, 1 / workers)
        assert of_sum * of_total == pytest.approx(1 / training.batch)
    assert of_total == 1 / workers
