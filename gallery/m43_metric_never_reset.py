"""M43: training is right; the mean of losses so far is reported, and only rank 0 starts it anew at every step."""

from base import Net, dataset  # noqa: F401

from harness import Batch

MUTANT = {"id": "M43", "step": 2, "tensor": None, "hint": "reported loss"}
RIGHT = ("right",)


class Reporting(Net):
    """Reports a mean of losses."""

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """Nothing is added up yet."""
        super().init(seed=seed, rank=rank, size=size)
        self.losses: list[float] = []

    def anew(self) -> bool:
        """Whether this rank forgets the losses before."""
        return True

    def step(self, batch: Batch) -> float:
        """One update; the mean of the losses since the mean was started."""
        if self.anew():
            self.losses.clear()
        self.losses.append(super().step(batch))
        return sum(self.losses) / len(self.losses)


class Wrong(Reporting):
    """Forgets on rank 0 only."""

    def anew(self) -> bool:
        """Where logs are written."""
        return self.rank == 0


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Reporting()
