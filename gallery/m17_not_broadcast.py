"""M17: initial weights are drawn on every rank and not broadcast (horovod#672)."""

from base import Net, dataset  # noqa: F401

MUTANT = {"id": "M17", "step": 0, "tensor": "out/bias", "hint": "initial weights"}
RIGHT = ("right",)


class Wrong(Net):
    """Every rank its own."""

    def share_weights(self) -> None:
        """Forgotten."""


def training() -> Net:
    """The mutant."""
    return Wrong()


def right() -> Net:
    """Its right twin."""
    return Net()
