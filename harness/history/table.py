"""Histories of stale synchronous parallel, and the proof from them that what ran was what was meant.

A history is JSON lines in wall order: a header, then every read, write and final state of every worker. `view[q]` is
the number of q's clocks whose updates a read included. The checker goes through a history once and tests every read.

The rules, with s the staleness bound:

1. bounded staleness: view[q] ≥ max(0, c − s) for every q, at clock c;
2. read my writes: view[p] = c for the reader p;
3. FIFO and monotone: a writer's updates come in clock order, and never leave a reader's view;
4. nothing from the future: view[q] is at most the number of writes of q before the read, and at most c + s + 1;
5. nothing lost or doubled: at the end every worker has seen every write, once, and all hold the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.history.events import Checker, Event


@dataclass
class TableChecker(Checker):
    """The five rules of a table: what each worker has written and seen so far."""

    clocks: list[int] = field(default_factory=list)
    writes: dict[tuple[int, int], tuple[int, Event]] = field(default_factory=dict)
    last_reads: dict[int, tuple[int, Event]] = field(default_factory=dict)

    def steps(self) -> Mapping[str, Callable[[int, Event], None]]:
        """What is done with each kind of event."""
        return {"read": self._read, "write": self._write, "final": self._final}

    def header(self, number: int, event: Event) -> None:
        """Read the header.

        Args:
            number: its line.
            event: the header.
        """
        super().header(number, event)
        self.clocks = [0] * self.workers

    def _read(self, number: int, event: Event) -> None:
        reader, clock = event["worker"], self.whole(number, event, "clock")
        view = self.view(number, event)
        self.reads += 1
        if view[reader] != clock:
            text = f"worker {reader} reads at clock {clock} with {view[reader]} of its own updates, not {clock}"
            self.violated(2, text, (number, event), self.writes.get((reader, clock - 1)))
        previous = self.last_reads.get(reader)
        for writer, seen in enumerate(view):
            if writer != reader:
                self._other(number, event, writer, seen)
            before = previous[1]["view"][writer] if previous is not None else 0
            if seen < before:
                text = f"worker {reader} had seen {before} updates of worker {writer}, and sees {seen}"
                self.violated(3, text, previous, (number, event))
        self.last_reads[reader] = (number, event)

    def _other(self, number: int, event: Event, writer: int, seen: int) -> None:
        """Staleness and future of what a read holds of another worker."""
        reader, clock = event["worker"], event["clock"]
        self.lags[clock - seen] = self.lags.get(clock - seen, 0) + 1
        if seen < clock - self.staleness:
            oldest = int(clock - self.staleness - 1)
            text = (
                f"worker {reader} reads at clock {clock} without the update of worker {writer} stamped {seen}; "
                f"at staleness {self.staleness:g} it must hold all up to {oldest}"
            )
            self.violated(1, text, (number, event), self.writes.get((writer, seen)))
        if seen > self.clocks[writer]:
            wrote = self.clocks[writer]
            text = f"worker {reader} reads {seen} updates of worker {writer}, which has written {wrote} so far"
            self.violated(4, text, (number, event), self.writes.get((writer, wrote - 1)))
        elif seen > clock + self.staleness + 1:
            text = f"worker {reader} reads at clock {clock} {seen} updates of worker {writer}, past clock + s + 1"
            self.violated(4, text, (number, event), self.writes.get((writer, seen - 1)))

    def _write(self, number: int, event: Event) -> None:
        writer, clock = event["worker"], self.whole(number, event, "clock")
        if "digest" not in event:
            self.refuse(number, "has no digest")
        earlier = self.writes.get((writer, clock))
        if earlier is not None:
            self.violated(5, f"worker {writer} writes its update of clock {clock} twice", earlier, (number, event))
            return
        if clock != self.clocks[writer]:
            text = f"worker {writer} writes its update of clock {clock} when that of clock {self.clocks[writer]} is due"
            self.violated(3, text, (number, event), self.writes.get((writer, self.clocks[writer] - 1)))
        self.writes[writer, clock] = (number, event)
        self.written += 1
        self.clocks[writer] = max(self.clocks[writer], clock + 1)

    def _final(self, number: int, event: Event) -> None:
        self.view(number, event)
        self.ended(number, event)

    def end(self) -> None:
        """Rule 5, once everything has been seen."""
        for worker, (number, event) in sorted(self.finals.items()):
            for writer, seen in enumerate(event["view"]):
                if seen != self.clocks[writer]:
                    what = "lost" if seen < self.clocks[writer] else "doubled"
                    text = (
                        f"worker {worker} ends with {seen} updates of worker {writer}, which has written "
                        f"{self.clocks[writer]}: {what}"
                    )
                    place = min(seen, self.clocks[writer] - 1)
                    self.violated(5, text, (number, event), self.writes.get((writer, place)))
        ends = list(self.finals.values())
        for end in ends[1:]:
            if end[1]["digest"] != ends[0][1]["digest"]:
                text = f"workers {ends[0][1]['worker']} and {end[1]['worker']} end with different bits"
                self.violated(5, text, ends[0], end)
