"""The undistributed reference: one process, no Horovod."""

from __future__ import annotations

from harness.engine.descent import descend
from harness.engine.trajectory import Trajectory
from harness.spec import Training


def train(training: Training, replicates: range, *, reverse_summation: bool = False, order: int = 0) -> Trajectory:
    """Run w_{c+1} = w_c − η_c · mean ∇ℓ(w_c; batch_c), or what the optimizer makes of that mean.

    Args:
        training: data, net, clocks and step size.
        replicates: their numbers; they are trained side by side.
        reverse_summation: take the examples of each batch in reverse order. The sums are the same in exact
            arithmetic, so that the distance between the two orders is the float noise of this very training.
        order: which of each replicate's data orders; the distance between two is the natural scale of a gap.

    Returns:
        Weights at the checkpoints.
    """
    step = -1 if reverse_summation else 1
    return descend(
        training,
        replicates,
        lambda ids: ids[..., ::step],
        scale=1 / training.batch,
        exchange=lambda gradients: gradients if training.summed == 1 else [training.summed * g for g in gradients],
        order=order,
    )
