"""Stale updates are divided by √P where the mean over ranks is meant: a rule for step sizes, in the wrong place."""

from base import Net, dataset  # noqa: F401
from stale import Stale

MUTANT = {"id": "R02", "step": 1, "tensor": None, "hint": "length is not"}
RIGHT = ("right",)


class Wrong(Stale):
    """Between a mean and a sum."""

    def divisor(self) -> float:
        """√P."""
        return self.size**0.5


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Stale()
