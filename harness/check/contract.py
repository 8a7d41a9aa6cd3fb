"""What a file under check defines: see DESIGN, "Your own training"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Batch:
    """Some examples of a data set.

    Args:
        features: (n, …).
        labels: (n, …).
        ids: (n,) rows of the data set that they are.
    """

    features: NDArray[Any]
    labels: NDArray[Any]
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


class Training(Protocol):
    """Training of one rank, as `training()` of a file returns it.

    Optional methods: `gradients() -> dict` of the last step, before or after the exchange;
    `batches(*, seed, rank, size)`, an iterator of `Batch`, where it shards its own data; `history()`, this rank's
    history of stale reads and writes, as events or as a path, with the header first.
    """

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Make or remake the weights.

        Args:
            seed: the same on every rank.
            rank: number of this process.
            size: number of processes; 1 where it runs alone.
        """
        ...

    def step(self, batch: Batch) -> float:
        """Take one step.

        Args:
            batch: this rank's share of the global batch.

        Returns:
            Mean loss of the share, or of the whole batch; NaN for none.
        """
        ...

    def weights(self) -> dict[str, NDArray[Any]]:
        """Full weights as this rank sees them.

        Returns:
            Arrays by name, input side first.
        """
        ...
