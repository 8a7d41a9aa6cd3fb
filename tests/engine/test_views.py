from __future__ import annotations

import numpy as np

from harness.engine.runtime import tf
from harness.engine.views import ViewGauge
from harness.spec import StepSize, Training

TRAINING = Training("teacher", (64, 10), 8, 3, StepSize(0.5, power=1.0, tau=1.0))
ZERO = [tf.zeros((2, 3), tf.float64)]


def test_views_are_held_against_what_had_been_written_whichever_comes_first() -> None:
    gauge = ViewGauge(TRAINING, 0.5, ZERO)
    gauge.read(0, [tf.constant([[3.0, 4, 0], [0, 0, 0]], tf.float64)])
    gauge.folded(1, [tf.constant([[1.0, 0, 0], [1, 0, 0]], tf.float64)])
    gauge.read(1, [tf.constant([[1.0, 0, 2], [1, 0, 0]], tf.float64)])
    for clock in range(2):
        gauge.wrote(clock, [tf.constant([[0.0, 3, 4], [1, 0, 0]], tf.float64)])
    np.testing.assert_allclose(gauge.gaps, [[5.0, 0.0], [2.0, 0.0]])
    # η_c · factor · ‖g‖ with η = 0.5, 0.25 and factor 0.5.
    np.testing.assert_allclose(gauge.updates, [[1.25, 0.25], [0.625, 0.125]])
