"""Ours against others, in words that the intervals allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.digits import digits
from harness.report.timing.groups import Group
from harness.report.timing.names import is_peer, shape, workers
from harness.spec import Fault
from harness.stats.speed import Interval, Times, ratio

FASTER, SLOWER, NO_DIFFERENCE = "faster", "slower", "no difference shown"


@dataclass(frozen=True)
class Comparison:
    """One of ours against one of others, timed in the same rounds on the same training.

    Args:
        ours: setting of ours.
        peer: theirs.
        ratio: rate of ours over theirs, round by round.
    """

    ours: Times
    peer: Times
    ratio: Interval

    @property
    def names(self) -> tuple[str, str]:
        """Ours and theirs."""
        return shape(self.ours.setting), shape(self.peer.setting)

    @property
    def word(self) -> str:
        """What the interval says of ours, with the digits that are printed of it."""
        low, high = (float(digits(end)) for end in (self.ratio.low, self.ratio.high))
        if low > 1:
            return FASTER
        return SLOWER if high < 1 else NO_DIFFERENCE


def comparisons(found: Sequence[Group]) -> list[Comparison]:
    """All of ours against all peers of the same training, number of workers and kind.

    Args:
        found: groups of settings.

    Returns:
        Those that share rounds.
    """
    pairs = [(ours, peer) for group in found for peer in group.points for ours in group.points if _fair(ours, peer)]
    compared = [Comparison(ours, peer, ratio(peer.step, ours.step)) for ours, peer in pairs]
    return [comparison for comparison in compared if comparison.ratio.rounds]


def _fair(ours: Times, peer: Times) -> bool:
    return (
        is_peer(peer.setting)
        and not is_peer(ours.setting)
        and ours.setting.distribution.fault is Fault.NONE
        and ours.setting.training == peer.setting.training
        and workers(ours) == workers(peer)
        and ours.emulated == peer.emulated
    )
