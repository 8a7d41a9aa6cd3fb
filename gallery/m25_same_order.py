"""M25: shuffled once, and the same order in every epoch (pytorch#31771)."""

import numpy as np
from base import Sharded, dataset  # noqa: F401

# 240 examples, two ranks, batches of eight: the second epoch begins at step 16.
MUTANT = {"id": "M25", "step": 16, "tensor": None, "hint": "shuffled once"}
RIGHT = ("right",)


class Wrong(Sharded):
    """The epoch is not used."""

    def order(self, draw_seed: int, epoch: int, examples: int, rank: int) -> np.ndarray:
        """That of the first epoch."""
        return super().order(draw_seed, 0, examples, rank)


def training() -> Sharded:
    """The mutant."""
    return Wrong()


def right() -> Sharded:
    """Its right twin."""
    return Sharded()
