"""What clocks take beside computing and collectives, as it was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.layout import TOGETHER, parcels
from harness.spec import Transport

# Of a number in float32.
BYTES = 4


@dataclass(frozen=True)
class TableTimes:
    """By how much a clock over a table is longer than the same clock without any exchange.

    Args:
        bytes: of the weights of nets, increasing.
        seconds: of these, had each but one layer.
        per_small: seconds for every further layer whose weights travel with those of others.
        per_large: seconds for every further layer whose weights travel by themselves.
    """

    bytes: tuple[int, ...]
    seconds: tuple[float, ...]
    per_small: float
    per_large: float

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> TableTimes:
        """What a program measured, for one transport and one staleness, beside one measure of computing.

        Args:
            rows: nets of one layer; one of several small layers; and some of several large ones, of which the smallest
                says what such a layer takes.

        Returns:
            The times.
        """
        found = sorted((BYTES * sum(row["sizes"]), *_further(row["sizes"]), row["seconds"]) for row in rows)
        single = [(size, seconds) for size, small, large, seconds in found if not small and not large]
        sizes, times = zip(*single, strict=True)

        def each(kind: int) -> float:
            """Of the smallest net with further layers of a kind."""
            row = next(row for row in found if row[kind])
            return float(row[-1] - np.interp(row[0], sizes, times)) / row[kind]

        per_small, per_large = each(1), each(2)
        ends = [(size, seconds - large * per_large) for size, _, large, seconds in found if size > sizes[-1]]
        sizes, times = zip(*single, *ends, strict=True)
        return cls(sizes, times, per_small, per_large)

    def at(self, sizes: Sequence[int]) -> float:
        """Time of a clock.

        Args:
            sizes: elements of each tensor of the net, W_1, b_1, W_2, …

        Returns:
            Seconds; the part that goes by bytes in proportion between what was measured and beyond it.
        """
        whole, (small, large) = BYTES * sum(sizes), _further(sizes)
        beyond = max(1.0, whole / self.bytes[-1])
        by_bytes = beyond * float(np.interp(whole, self.bytes, self.seconds))
        return by_bytes + small * self.per_small + large * self.per_large


def _further(sizes: Sequence[int]) -> tuple[int, int]:
    """Layers beyond the first large one, or where there is none beyond the first: small ones, and large ones."""
    large = sum(name != TOGETHER for name in parcels(sizes))
    small = len(sizes) // 2 - large
    return (small, large - 1) if large else (small - 1, 0)


@dataclass(frozen=True)
class ClockTimes:
    """What clocks of some ranks take beside computing and collectives.

    Args:
        naps: seconds of sleep, increasing.
        late: by how many the slowest rank is late for a collective after each.
        tables: by transport and staleness, 0 among them, and by examples of a rank.
    """

    naps: tuple[float, ...]
    late: tuple[float, ...]
    tables: Mapping[tuple[str, int], Mapping[int, TableTimes]]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> ClockTimes:
        """What a program measured.

        Args:
            found: as `harness.engine.exchanges` prints it.

        Returns:
            The times.
        """
        rows: dict[tuple[str, int], dict[int, list[Mapping[str, Any]]]] = {}
        for row in found["tables"]:
            rows.setdefault((row["transport"], row["staleness"]), {}).setdefault(row["examples"], []).append(row)
        tables = {kind: {n: TableTimes.of(few) for n, few in sorted(mine.items())} for kind, mine in rows.items()}
        return cls(tuple(found["naps"]["seconds"]), tuple(found["naps"]["late"]), tables)

    def after_nap(self, seconds: float) -> float:
        """How late the slowest rank is.

        Args:
            seconds: that it slept.

        Returns:
            Seconds, in proportion to the logarithm of sleep; beyond what was measured as at its end.
        """
        return float(np.interp(np.log(max(seconds, self.naps[0])), np.log(self.naps), self.late))

    def of_table(self, transport: Transport, staleness: float, sizes: Sequence[int], examples: int) -> float:
        """What a clock over a table takes more than one without exchange.

        Args:
            transport: how changes travel.
            staleness: s; one that was not measured is as the next smaller one that was.
            sizes: elements of each tensor of the net, W_1, b_1, W_2, …
            examples: of a rank, for which it computes meanwhile.

        Returns:
            Seconds, in proportion between the numbers of examples that were measured; beyond them as at their ends.
        """
        bound = max(s for name, s in self.tables if name == str(transport) and s <= staleness)
        beside = self.tables[str(transport), bound]
        return float(np.interp(examples, list(beside), [times.at(sizes) for times in beside.values()]))
