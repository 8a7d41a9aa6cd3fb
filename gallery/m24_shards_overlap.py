"""M24: ranks shuffle with different seeds before they take their part (mlcommons/training PR#625)."""

import numpy as np
from base import Sharded, dataset  # noqa: F401

MUTANT = {"id": "M24", "step": 1, "tensor": None, "hint": "different seeds"}
RIGHT = ("right",)


class Wrong(Sharded):
    """Every rank an order of its own."""

    def order(self, draw_seed: int, epoch: int, examples: int, rank: int) -> np.ndarray:
        """Another one on every rank."""
        return super().order(draw_seed + 1000 * rank, epoch, examples, rank)


def training() -> Sharded:
    """The mutant."""
    return Wrong()


def right() -> Sharded:
    """Its right twin."""
    return Sharded()
