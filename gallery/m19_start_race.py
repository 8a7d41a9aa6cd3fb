"""M19: ranks fetch the weights before rank 0 has set them (petuum/bosen, app/dnn)."""

import numpy as np
from base import Net, dataset  # noqa: F401

MUTANT = {"id": "M19", "step": 0, "tensor": "out/bias", "hint": "let no rank begin before"}
RIGHT = ("right",)


class Wrong(Net):
    """Rank 0 comes too late: the others hold the zeros of a fresh table."""

    def make(self, draw: np.random.Generator) -> None:
        """A fresh table, fetched by everybody, and only then set by rank 0."""
        super().make(draw)
        drawn = {name: variable.numpy() for name, variable in self.variables.items()}
        for variable in self.variables.values():
            variable.assign(0 * variable)
        super().share_weights()
        for name, variable in self.variables.items():
            if self.rank == 0:
                variable.assign(drawn[name])

    def share_weights(self) -> None:
        """Done before, and too early."""


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Net()
