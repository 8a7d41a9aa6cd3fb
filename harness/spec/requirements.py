"""What every kind of distribution asks of its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from harness.errors import BadInputError
from harness.spec.choices import Fault
from harness.spec.training import Optimizer, Precision, Regularisation, StepSize, Training

OF_DATA = (Fault.NO_EXCHANGE, Fault.SUM_FOR_MEAN, Fault.SAME_SHARD)
OF_TABLE = (Fault.TOO_STALE, Fault.FORGETS_OWN, Fault.FALLS_BACK, Fault.FROM_FUTURE, Fault.LOSES_ONE)
OF_MODEL = (Fault.NO_EXCHANGE, Fault.BIAS_PER_WORKER, Fault.NO_BACKWARD_SUM, Fault.GRADIENT_PER_WORKER)


def require_workers(workers: int) -> None:
    """Check that somebody trains.

    Args:
        workers: P.

    Raises:
        BadInputError: P < 1.
    """
    if workers < 1:
        raise BadInputError(
            f"{workers} workers cannot train", where="workers", remedy="give a number of workers of 1 or more"
        )


def require_staleness(staleness: float) -> None:
    """Check that a staleness counts clocks.

    Args:
        staleness: s.

    Raises:
        BadInputError: s is neither a whole number from 0 nor infinite.
    """
    if not (staleness == inf or (staleness >= 0 and staleness == int(staleness))):
        raise BadInputError(
            f"staleness = {staleness} is not a whole number from 0, or inf",
            where="staleness",
            remedy="0 is bulk synchronous, inf has no bound",
        )


def require_shares(workers: int, training: Training) -> None:
    """Check that every worker gets an example of every batch.

    Args:
        workers: that share the batch.
        training: its batch.

    Raises:
        BadInputError: there are more workers than examples.
    """
    if workers > training.batch:
        raise BadInputError(
            f"{workers} workers cannot share {training.batch} examples per clock",
            where="distribution",
            remedy="use fewer workers or a larger batch",
        )


def require_no_clipping(training: Training) -> None:
    """Check that no norm of the whole gradient is asked for.

    Args:
        training: its limit of the norm.

    Raises:
        BadInputError: gradients are clipped.
    """
    if training.clip:
        raise BadInputError(
            "under staleness nobody holds the whole gradient of a clock, so its norm cannot be clipped",
            where="clip",
            remedy="clip under synchronous data or model partition",
        )


def require_plain(training: Training) -> None:
    """Check that nothing is asked for beyond gradient descent with a constant step in float32.

    Args:
        training: its optimizer, penalties, step sizes, clipping and precision.

    Raises:
        BadInputError: more is asked for.
    """
    step = training.step_size
    plain = StepSize(step.initial), Regularisation(), Optimizer.SGD, 1, 0, Precision.FLOAT32
    asked = step, training.regularisation, training.optimizer, training.summed, training.clip, training.precision
    if asked != plain:
        raise BadInputError(
            f"peers make plain steps in float32, not those of {training.id}",
            where="distribution",
            remedy="leave out optimizers, penalties, dropout, clipping and schedules, and train in float32",
        )


def require_fault(fault: Fault, possible: Sequence[Fault], partition: str) -> None:
    """Check that a fault breaks something that is there.

    Args:
        fault: what is broken on purpose.
        possible: what can be broken.
        partition: the kind of partition, in words.

    Raises:
        BadInputError: it breaks something else.
    """
    if fault not in (Fault.NONE, *possible):
        raise BadInputError(
            f"{fault} does not break a {partition}",
            where="fault",
            remedy=f"what does: {', '.join(possible)}",
        )
