"""Tables of what was timed: rows, fits, comparisons, parts of a clock, and how it was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from harness.record import SECONDS, STEP, TRAJECTORY, GapTable, Record, pooled
from harness.report.published import PUBLISHED, Published
from harness.report.series import (
    LIMIT,
    Group,
    groups,
    is_limit,
    is_peer,
    kind,
    net,
    over_rounds,
    rates,
    shape,
    workers,
)
from harness.spec import DataPartition, Fault, ModelPartition, ScheduledPartition, Setting, Suite
from harness.stats.scaling import Estimate, Fit, Law, NoFit, fit, karp_flatt
from harness.stats.speed import Interval, Times, ratio

FASTER, SLOWER, NO_DIFFERENCE = "faster", "slower", "no difference shown"
# Of a fixed problem, and of one that grows with the number of workers.
_LAWS = {False: (Law.AMDAHL, Law.UNIVERSAL), True: (Law.GUSTAFSON, Law.UNIVERSAL)}


@dataclass(frozen=True)
class Row:
    """A setting in the table.

    Args:
        point: what was timed.
        group: net and load that it belongs to.
        base: T(1), seconds per clock; None where the reference was not timed in its rounds.
        of_limit: its rate over that of the same training without exchange; None where that was not timed.
        cpu: processor seconds per clock, all ranks together; None where they were not recorded.
        sanity: largest relative gap of the weights to the reference's, in any round; None where nothing was computed.
    """

    point: Times
    group: Group
    base: Interval | None
    of_limit: Interval | None
    cpu: Interval | None
    sanity: float | None

    @property
    def setting(self) -> Setting:
        """The setting."""
        return self.point.setting

    @property
    def name(self) -> str:
        """Number of workers and family."""
        return shape(self.setting)

    @property
    def kind(self) -> str:
        """Measured or emulated."""
        return kind(self.point)

    @property
    def is_peer(self) -> bool:
        """Whether it is somebody else's."""
        return is_peer(self.setting)

    @property
    def speedup(self) -> Interval | None:
        """Rate of P workers over that of the reference."""
        return self.point.speedup if self.base else None

    @property
    def efficiency(self) -> Interval | None:
        """The same over P."""
        return self.point.efficiency if self.base else None


def table(records: Sequence[Record]) -> list[Row]:
    """Every timed setting with its numbers.

    Args:
        records: of one suite.

    Returns:
        Rows by net and load, then by number of workers.
    """
    worst = {setting: _sanity(gaps) for setting, gaps in pooled(records).values()}
    return [
        Row(
            point,
            group,
            over_rounds(point.alone) if point.alone.keys() & point.step.keys() else None,
            _of_limit(point, group),
            over_rounds(point.cpu) if point.cpu else None,
            worst[point.setting],
        )
        for group in groups(records)
        for point in group.points
    ]


def _sanity(gaps: GapTable) -> float | None:
    rows = (gaps.gap == TRAJECTORY) & (gaps.layer == "all")
    return float(gaps.value[rows].max()) if rows.any() else None


def _of_limit(point: Times, group: Group) -> Interval | None:
    limit = group.limit(point)
    found = ratio(limit.step, point.step) if limit else None
    return found if found and found.rounds else None


@dataclass(frozen=True)
class Parts:
    """What one clock of a setting is made of, seconds; compute + exchange + wait + rest − overlap is the step.

    Args:
        point: the setting.
        compute: the step without exchange; for model partitions the step less the exchange; of one worker T(1).
        exchange: the collectives alone.
        wait: the slowest rank's step less the mean of all ranks.
        rest: what of the step none of these explains, its median at least 0; None where there is an overlap.
        overlap: what these exceed the step by, since they happened at the same time; None where there is a rest.
    """

    point: Times
    compute: Interval | None
    exchange: Interval | None
    wait: Interval
    rest: Interval | None
    overlap: Interval | None

    @property
    def name(self) -> str:
        """Number of workers and family."""
        return shape(self.point.setting)

    @property
    def kind(self) -> str:
        """Measured or emulated."""
        return kind(self.point)


def parts(group: Group, records: Sequence[Record]) -> list[Parts]:
    """What the clocks of some settings are made of.

    Args:
        group: the settings.
        records: of the suite.

    Returns:
        One per setting, each number from the rounds that know all of it.
    """
    tables = dict(pooled(records).values())
    return [_parts(point, group, tables[point.setting]) for point in group.points]


def _parts(point: Times, group: Group, gaps: GapTable) -> Parts:
    wait = {number: point.step[number] - mean for number, mean in _mean_over_ranks(gaps).items()}
    compute = _compute(point, group, wait)
    known = [found for found in (compute, point.exchange, wait) if found]
    rounds = sorted(set(point.step).intersection(*known))
    balance = np.array([point.step[n] - sum(found[n] for found in known) for n in rounds])
    rest, overlap = None, None
    # Where compute is what the step leaves over, nothing is left to explain.
    if not np.allclose(balance, 0, atol=1e-12):
        hidden = np.median(balance) < 0
        rest, overlap = (None, Interval.of(-balance)) if hidden else (Interval.of(balance), None)
    computed, exchanged = (over_rounds(found) if found else None for found in (compute, point.exchange))
    return Parts(point, computed, exchanged, over_rounds(wait), rest, overlap)


def _compute(point: Times, group: Group, wait: Mapping[int, float]) -> Mapping[int, float]:
    """By round; empty where it is not known."""
    if is_limit(point.setting):
        return {n: seconds - wait[n] for n, seconds in point.step.items()}
    if workers(point) == 1:
        return point.alone
    if not isinstance(point.setting.distribution, ModelPartition | ScheduledPartition):
        limit = group.limit(point)
        return limit.step if limit else {}
    return {n: point.step[n] - wait[n] - seconds for n, seconds in point.exchange.items() if n in point.step}


def _mean_over_ranks(gaps: GapTable) -> dict[int, float]:
    rows = (gaps.gap == SECONDS) & (gaps.layer == STEP)
    rounds, values = gaps.replicate[rows], gaps.value[rows]
    return {int(n): float(values[rounds == n].mean()) for n in np.unique(rounds)}


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
        """What the interval says of ours."""
        if self.ratio.low > 1:
            return FASTER
        return SLOWER if self.ratio.high < 1 else NO_DIFFERENCE


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
        Fitted(group, name, how, fit(law, rates(by_workers)))
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
        SerialShares(group, name, how, karp_flatt(rates(by_workers)))
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
    return Times(setting, False, step=alone, base_batch=group.batch, alone=alone, exchange={}, cpu={})


@dataclass(frozen=True)
class Timing:
    """What a page says of the times of one suite.

    Args:
        suite: claim and sweep.
        records: what was timed.
    """

    suite: Suite
    records: Sequence[Record]

    @cached_property
    def groups(self) -> list[Group]:
        """By net and load."""
        return groups(self.records)

    @cached_property
    def rows(self) -> list[Row]:
        """The table."""
        return table(self.records)

    @property
    def parts(self) -> list[Parts]:
        """What clocks are made of."""
        return [row for group in self.groups for row in parts(group, self.records)]

    @property
    def comparisons(self) -> list[Comparison]:
        """Ours against peers."""
        return comparisons(self.groups)

    @cached_property
    def fits(self) -> list[Fitted]:
        """Laws."""
        return fits(self.groups)

    @property
    def not_fitted(self) -> dict[str, list[str]]:
        """Families by the reason why a law was not fitted to them."""
        found: dict[str, list[str]] = {}
        for row in self.fits:
            if isinstance(row.found, NoFit):
                found.setdefault(row.found.reason, []).append(f"{row.family} ({row.kind}, {row.group.title})")
        return found

    @property
    def serial_shares(self) -> list[SerialShares]:
        """Of Karp and Flatt."""
        return serial_shares(self.groups)

    @property
    def published(self) -> list[Published]:
        """What others have published of the same kind of scaling."""
        return [published for published in PUBLISHED if published.weak in {group.weak for group in self.groups}]

    @property
    def missing(self) -> list[Setting]:
        """Settings of the sweep that were not timed."""
        timed = {row.setting.id for row in self.rows}
        return [setting for setting in self.suite.settings if setting.id not in timed]

    @property
    def factors(self) -> dict[str, str]:
        """What was varied and what was held, beside machine and versions."""
        settings = [row.setting for row in self.rows]
        trainings = list(dict.fromkeys(setting.training for setting in settings))
        clocks = sorted({int(c) for r in self.records for c in np.unique(r.gaps.clock[r.gaps.gap == SECONDS])})
        shown: dict[str, Sequence[object]] = {
            "nets": [net(training) for training in trainings],
            "activation": [training.activation for training in trainings],
            "batch": [training.batch for training in trainings],
            "step size and optimizer": [f"{t.step_size.id}, {t.optimizer}" for t in trainings],
            "precision": [training.precision for training in trainings],
            "workers": sorted({setting.distribution.workers for setting in settings}),
            "threads per worker": [1],
            "clocks timed per round": clocks,
            "clocks before and after, not timed": sorted({t.clocks - c for t in trainings for c in clocks[-1:]}),
            "rounds": sorted({row.point.seconds.rounds for row in self.rows}),
        }
        return {name: ", ".join(map(str, dict.fromkeys(values))) for name, values in shown.items()}

    @property
    def how(self) -> dict[str, str]:
        """How it was measured, synchronised and summarised."""
        return HOW


HOW = {
    "timer": "every rank reads its own monotonic clock before and after all clocks of a round; processor time is the"
    " kernel's count for the process",
    "synchronised": "ranks leave a barrier before they read the clock; a round takes as long as its slowest rank",
    "warm-up": "clocks come before those that are timed, so that graphs are traced and pipelines are full; and one"
    " after them, so that pipelines are as full at the end",
    "interleaved": "every setting is timed once in every round, in an order drawn anew; all other processes are stopped"
    " meanwhile",
    "summarised": "medians over rounds, with 95 % intervals between order statistics; a ratio is formed within each"
    " round, of two costs of that round, and its median is shown, never a mean",
    "sane": "after every round the weights are compared with the reference's; emulated ranks compute nothing",
    "emulated": "where there are more ranks than cores, ranks sleep as long as one process, alone, took to compute"
    " their share; exchanges are real",
    "alone": "collectives alone are those of a clock, on tensors of the same sizes, with nothing between them",
}
