"""M20: the rank is not used in sharding, so every rank sees the same examples (ms-swift PR#7944)."""

import numpy as np
from base import Sharded, dataset  # noqa: F401

MUTANT = {"id": "M20", "step": 1, "tensor": None, "hint": "the same shard"}
RIGHT = ("right",)


class Wrong(Sharded):
    """Everybody takes the first part."""

    def part(self, order: np.ndarray, rank: int, size: int) -> np.ndarray:
        """Rank 0's part."""
        return order[0::size]


def training() -> Sharded:
    """The mutant."""
    return Wrong()


def right() -> Sharded:
    """Its right twin."""
    return Sharded()
