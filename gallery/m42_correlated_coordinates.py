"""M42: coordinates that depend on each other are updated at the same time (STRADS without its interference check)."""

import horovod.tensorflow as hvd
import numpy as np
import tensorflow as tf

from harness import Batch

MUTANT = {"id": "M42", "step": 1, "tensor": "beta", "hint": "same old values"}
RIGHT = ("right",)
GROUP, GROUPS = 4, 6


def dataset() -> tuple[np.ndarray, np.ndarray]:
    """Six groups of four columns: correlated within a group, and no example touches two groups."""
    draw = np.random.default_rng(5)
    features = np.zeros((240, GROUP * GROUPS))
    for row, group in enumerate(draw.integers(0, GROUPS, 240)):
        features[row, group * GROUP : (group + 1) * GROUP] = draw.normal() + 0.5 * draw.normal(size=GROUP)
    return features, features @ draw.normal(size=GROUP * GROUPS)


class Coordinates:
    """Ridge regression: six coordinates per step, each set to its best value; ranks take turns."""

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """All coefficients 0.1."""
        hvd.init()
        self.rank, self.size, self.clock = rank, size, 0
        self.beta = np.full(GROUP * GROUPS, 0.1)

    def chosen(self) -> list[int]:
        """One coordinate of every group: they do not depend on each other."""
        return [group * GROUP + self.clock % GROUP for group in range(GROUPS)]

    def step(self, batch: Batch) -> float:
        """The rank's coordinates one after the other; what ranks change is added up."""
        features, labels = (
            hvd.allgather(tf.constant(a), name=n).numpy() for a, n in ((batch.features, "f"), (batch.labels, "l"))
        )
        before, beta = self.beta, self.beta.copy()
        loss = float(np.mean((labels - features @ before) ** 2))
        for column in self.chosen()[self.rank :: self.size]:
            x = features[:, column]
            rest = labels - features @ beta + x * beta[column]
            beta[column] = x @ rest / (x @ x + 1.0)
        self.beta = before + hvd.allreduce(tf.constant(beta - before), op=hvd.Sum, name="change").numpy()
        self.clock += 1
        return loss

    def weights(self) -> dict[str, np.ndarray]:
        """The coefficients."""
        return {"beta": self.beta}


class Wrong(Coordinates):
    """Neighbours, which do."""

    def chosen(self) -> list[int]:
        """Six coordinates in a row."""
        return [(6 * self.clock + number) % (GROUP * GROUPS) for number in range(6)]


def training() -> Coordinates:
    """The mutant."""
    return Wrong()


def right() -> Coordinates:
    """Its right twin."""
    return Coordinates()
