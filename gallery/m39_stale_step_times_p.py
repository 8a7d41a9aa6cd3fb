"""M39: in stale mode changes are added up where they are averaged otherwise (AutoDist)."""

from base import dataset  # noqa: F401
from stale import Stale

MUTANT = {"id": "M39", "step": 1, "tensor": None, "hint": "summed over ranks"}
RIGHT = ("right",)


class Wrong(Stale):
    """P times the step."""

    rate = 0.02

    def divisor(self) -> int:
        """One."""
        return 1


class Right(Stale):
    """The mean."""

    rate = 0.02


def training() -> Stale:
    """The mutant."""
    return Wrong()


def right() -> Stale:
    """Its right twin."""
    return Right()
