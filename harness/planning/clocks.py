"""What clocks take beside computing and collectives, as it was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.spec import Transport


@dataclass(frozen=True)
class TableTimes:
    """By how much a clock over a table is longer than the same clock without any exchange.

    Args:
        bytes: of the weights of nets of one layer, increasing.
        seconds: of these.
        per_layer: seconds for every further layer.
    """

    bytes: tuple[int, ...]
    seconds: tuple[float, ...]
    per_layer: float

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> TableTimes:
        """What a program measured, for one transport and one staleness.

        Args:
            rows: nets of one layer, and one of several and few bytes.

        Returns:
            The times.
        """
        single = sorted((row["bytes"], row["seconds"]) for row in rows if row["layers"] == 1)
        (several,) = (row for row in rows if row["layers"] > 1)
        sizes, seconds = (tuple(column) for column in zip(*single, strict=True))
        more = several["seconds"] - np.interp(several["bytes"], sizes, seconds)
        return cls(sizes, seconds, float(more) / (several["layers"] - 1))

    def at(self, size: float, layers: int) -> float:
        """Time of a clock.

        Args:
            size: bytes of the weights.
            layers: of the net.

        Returns:
            Seconds, in proportion between sizes that were measured and beyond them.
        """
        beyond = max(1.0, size / self.bytes[-1])
        return beyond * float(np.interp(size, self.bytes, self.seconds)) + (layers - 1) * self.per_layer


@dataclass(frozen=True)
class ClockTimes:
    """What clocks of some ranks take beside computing and collectives.

    Args:
        naps: seconds of sleep, increasing.
        late: by how many the slowest rank is late for a collective after each.
        tables: by transport and staleness, 0 or 1.
    """

    naps: tuple[float, ...]
    late: tuple[float, ...]
    tables: Mapping[tuple[str, int], TableTimes]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> ClockTimes:
        """What a program measured.

        Args:
            found: as `harness.engine.exchanges` prints it.

        Returns:
            The times.
        """
        rows: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
        for row in found["tables"]:
            rows.setdefault((row["transport"], row["staleness"]), []).append(row)
        tables = {kind: TableTimes.of(mine) for kind, mine in rows.items()}
        return cls(tuple(found["naps"]["seconds"]), tuple(found["naps"]["late"]), tables)

    def after_nap(self, seconds: float) -> float:
        """How late the slowest rank is.

        Args:
            seconds: that it slept.

        Returns:
            Seconds, in proportion to the logarithm of sleep; beyond what was measured as at its end.
        """
        return float(np.interp(np.log(max(seconds, self.naps[0])), np.log(self.naps), self.late))

    def of_table(self, transport: Transport, staleness: float, size: float, layers: int) -> float:
        """What a clock over a table takes more than one without exchange.

        Args:
            transport: how changes travel.
            staleness: s; any but 0 is as 1.
            size: bytes of the weights.
            layers: of the net.

        Returns:
            Seconds.
        """
        return self.tables[str(transport), min(1, int(staleness > 0))].at(size, layers)
