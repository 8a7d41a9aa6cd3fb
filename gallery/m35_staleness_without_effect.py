"""M35: staleness is asked for and has no effect (AiDotNet PR#1877)."""

from base import dataset  # noqa: F401
from stale import Stale

MUTANT = {"id": "M35", "step": 1, "tensor": None, "hint": "all"}
RIGHT = ("right",)


class Wrong(Stale):
    """Everything is read at once."""

    lag = 0


def training() -> Stale:
    """The mutant."""
    return Wrong()


def right() -> Stale:
    """Its right twin."""
    return Stale()
