"""M36: a read is older than the bound allows."""

from base import dataset  # noqa: F401
from stale import Stale

# With a bound of 3 and changes that come 5 clocks late, clock 4 is the first that lacks one.
MUTANT = {"id": "M36", "step": 5, "tensor": None, "hint": "bounded staleness"}
RIGHT = ("right",)


class Wrong(Stale):
    """Two clocks later than declared."""

    lag = 5


def training() -> Stale:
    """The mutant."""
    return Wrong()


def right() -> Stale:
    """Its right twin."""
    return Stale()
