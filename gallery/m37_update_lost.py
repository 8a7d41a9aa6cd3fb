"""M37: an update never arrives at one rank."""

from base import dataset  # noqa: F401
from stale import Stale

MUTANT = {"id": "M37", "step": None, "tensor": None, "hint": "nothing lost or doubled"}
RIGHT = ("right",)


class Wrong(Stale):
    """Rank 0's change of clock 2 is lost on rank 1."""

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Which one is lost."""
        super().init(seed=seed, rank=rank, size=size)
        self.lost = (0, 2) if rank == 1 else None


def training() -> Stale:
    """The mutant."""
    return Wrong()


def right() -> Stale:
    """Its right twin."""
    return Stale()
