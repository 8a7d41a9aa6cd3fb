"""Laws of speed against cores, fitted to families of settings; and the serial shares that speed-ups amount to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.report.timing.groups import Group
from harness.report.timing.names import LIMIT, workers
from harness.spec import DataPartition, Setting
from harness.stats.scaling import Estimate, Fit, Law, NoFit, fit, karp_flatt
from harness.stats.speed import Times

# Of a fixed problem, and of one that grows with the number of workers.
_LAWS = {False: (Law.AMDAHL, Law.UNIVERSAL), True: (Law.GUSTAFSON, Law.UNIVERSAL)}


@dataclass(frozen=True)
class Fitted:
    """A law of speed against cores, for one family.

    Args:
        group: net and load.
        family: how the training is distributed.
        kind: measured or emulated.
        found: the fit, or why there is none.
    """

    group: Group
    family: str
    kind: str
    found: Fit | NoFit

    @property
    def fitted(self) -> bool:
        """Whether there were points enough."""
        return isinstance(self.found, Fit)


@dataclass(frozen=True)
class SerialShares:
    """Karp and Flatt's serial share of one family.

    Args:
        group: net and load.
        family: how the training is distributed.
        kind: measured or emulated.
        shares: by number of workers; or why there are none.
    """

    group: Group
    family: str
    kind: str
    shares: dict[int, Estimate] | str


def fits(found: Sequence[Group]) -> list[Fitted]:
    """Laws of examples per second against workers, each over points of one kind; one worker is the reference.

    Args:
        found: groups of settings.

    Returns:
        Amdahl (the same batch) or Gustafson (a batch that grows), and the Universal Scalability Law, per family.

    References:
        amdahl1967, gustafson1988, gunther2007
    """
    return [
        Fitted(group, name, how, fit(law, _rates(by_workers)))
        for group, name, how, by_workers in _families(found, emulated_base=False)
        for law in _LAWS[group.weak]
    ]


def serial_shares(found: Sequence[Group]) -> list[SerialShares]:
    """Serial shares that the speed-ups amount to.

    Args:
        found: groups of settings.

    Returns:
        One per family and kind.

    References:
        karp1990
    """
    return [
        SerialShares(group, name, how, karp_flatt(_rates(by_workers)))
        for group, name, how, by_workers in _families(found, emulated_base=True)
    ]


def _families(found: Sequence[Group], *, emulated_base: bool) -> list[tuple[Group, str, str, dict[int, Times]]]:
    """Points by number of workers, T(1) in the place of one worker; families with two points of one number left out."""
    families = []
    for group in found:
        for (name, how), points in group.series().items():
            by_workers = {workers(point): point for point in points}
            if name == LIMIT or len(by_workers) < len(points):
                continue
            base = _reference(group, points)
            if base and (emulated_base or not points[0].emulated):
                by_workers[1] = base
            if set.intersection(*({*point.step} for point in by_workers.values())):
                families.append((group, name, how, dict(sorted(by_workers.items()))))
    return families


def _reference(group: Group, points: Sequence[Times]) -> Times | None:
    """The reference as a point of one worker."""
    alone = group.base
    if not alone:
        return None
    first = points[0].setting
    training = replace(first.training, batch=group.batch)
    setting = Setting(first.role, training, DataPartition(1), first.replicates)
    return Times(setting, False, step=alone, base_batch=group.batch, alone=alone, exchange={}, cpu={}, slept={})


def _rates(points: Mapping[int, Times]) -> dict[int, list[float]]:
    """Examples per second by number of workers, over the rounds that all have."""
    shared = sorted(set.intersection(*({*point.step} for point in points.values()))) if points else []
    return {n: [p.setting.training.batch / p.step[number] for number in shared] for n, p in points.items()}
