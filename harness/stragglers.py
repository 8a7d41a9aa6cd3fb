"""How long each worker computes at each clock: seconds that are added on purpose, from the seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.schedule import service_stream
from harness.spec import Stragglers

# Mean seconds that are added: far above the cost of a message between processes of one machine.
MEAN_SECONDS = 0.02
_SIGMA = 0.5
_PAUSE_SHARE, _PAUSE = 0.05, 5.0


def service(stragglers: Stragglers, workers: int, clocks: int, first_replicate: int) -> NDArray[np.float64]:
    """Compute times.

    Lognormal (σ = 0.5); or 5 % of clocks five times as long; or rank 0 always twice as slow.

    Args:
        stragglers: the law.
        workers: P.
        clocks: number of clocks.
        first_replicate: of the block that is trained side by side; another block draws other times.

    Returns:
        (workers, clocks) seconds.
    """
    draws = service_stream(first_replicate)
    shape = (workers, clocks)
    match stragglers:
        case Stragglers.NONE:
            return np.zeros(shape)
        case Stragglers.LOGNORMAL:
            return MEAN_SECONDS * draws.lognormal(-(_SIGMA**2) / 2, _SIGMA, shape)
        case Stragglers.PAUSES:
            return MEAN_SECONDS * np.where(draws.random(shape) < _PAUSE_SHARE, _PAUSE, 1.0)
        case Stragglers.SLOW_RANK:
            return MEAN_SECONDS * np.where(np.arange(workers) == 0, 2.0, 1.0)[:, None] * np.ones(shape)
