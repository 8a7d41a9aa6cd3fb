"""M38: a rank does not read its own last write."""

from base import dataset  # noqa: F401
from stale import Stale

MUTANT = {"id": "M38", "step": 2, "tensor": None, "hint": "read my writes"}
RIGHT = ("right",)


class Wrong(Stale):
    """Own changes come a clock late."""

    own_lag = 1


def training() -> Stale:
    """The mutant."""
    return Wrong()


def right() -> Stale:
    """Its right twin."""
    return Stale()
