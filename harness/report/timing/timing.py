"""All that a page says of the times of one suite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.record import SECONDS, Record
from harness.report.timing.clock import Parts, parts
from harness.report.timing.comparisons import Comparison, comparisons
from harness.report.timing.fits import Fitted, SerialShares, fits, serial_shares
from harness.report.timing.groups import Group, groups
from harness.report.timing.names import net
from harness.report.timing.published import PUBLISHED, Published
from harness.report.timing.rows import Row, table
from harness.spec import Setting, Suite
from harness.stats.scaling import NoFit

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
