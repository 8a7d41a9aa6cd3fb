"""Histories of a divided net: who updated which block when, and how old what crossed a partition was.

Block (l, p), worker p's share of layer l, has the number l·P + p. A contribution is what a worker hands to an exchange
at a clock; `view[q]` is the number of q's clocks whose contributions to that exchange had come when it was read, of
which the newest is taken. The rules, with s the staleness bound, exchange by exchange:

1. bounded staleness: view[q] ≥ max(1, c + 1 − s) for every q, at clock c;
2. read my writes: view[p] = c + 1 for the reader p;
3. FIFO and monotone: contributions come in clock order, and views never shrink;
4. nothing from the future: view[q] is at most the number of q's contributions before the read, and at most c + 1;

and of the updates:

6. as scheduled: all workers hold the same schedule of a clock, and update what it says, all of it, and nothing else;
7. by its owner, once: block (l, p) is updated by worker p, at most once per clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.history.events import Checker, Event, Numbered

# For each replicate the numbers of some blocks.
Blocks = list[list[int]]


@dataclass
class BlockChecker(Checker):
    """The rules of a divided net: what each worker has contributed, seen and updated so far."""

    layers: int = 0
    counts: dict[tuple[str, int], int] = field(default_factory=dict)
    writes: dict[tuple[str, int, int], Numbered] = field(default_factory=dict)
    last_reads: dict[tuple[str, int], Numbered] = field(default_factory=dict)
    schedules: dict[int, Numbered] = field(default_factory=dict)
    scheduled: dict[tuple[int, int], Numbered] = field(default_factory=dict)
    updates: dict[tuple[int, int], Numbered] = field(default_factory=dict)

    def steps(self) -> Mapping[str, Callable[[int, Event], None]]:
        """What is done with each kind of event."""
        return {
            "write": self._write,
            "read": self._read,
            "schedule": self._schedule,
            "update": self._update,
            "final": self.ended,
        }

    def header(self, number: int, event: Event) -> None:
        """Read the header.

        Args:
            number: its line.
            event: the header.
        """
        super().header(number, event)
        self.layers = self.whole(number, event, "layers", least=1)

    def end(self) -> None:
        """Rule 6, once everything has been seen: nothing that was scheduled was left out."""
        for (worker, clock), (number, event) in self.scheduled.items():
            mine = [[b for b in blocks if b % self.workers == worker] for blocks in event["blocks"]]
            if any(mine) and (worker, clock) not in self.updates and worker in self.finals:
                text = f"worker {worker} does not update {_words(mine)} of clock {clock}, which are scheduled"
                self.violated(6, text, (number, event))

    def _write(self, number: int, event: Event) -> None:
        writer, clock, exchange = event["worker"], self.whole(number, event, "clock"), self._exchange(number, event)
        due = self.counts.get((exchange, writer), 0)
        if clock != due:
            text = f"worker {writer} contributes to {exchange} of clock {clock} when that of clock {due} is due"
            self.violated(3, text, (number, event), self.writes.get((exchange, writer, due - 1)))
        self.writes[exchange, writer, clock] = (number, event)
        self.counts[exchange, writer] = max(due, clock + 1)
        self.written += 1

    def _read(self, number: int, event: Event) -> None:
        reader, clock, exchange = event["worker"], self.whole(number, event, "clock"), self._exchange(number, event)
        view = self.view(number, event)
        self.reads += 1
        here, previous = (number, event), self.last_reads.get((exchange, reader))
        if view[reader] != clock + 1:
            text = f"worker {reader} reads {exchange} at clock {clock} with {view[reader]} of its own, not {clock + 1}"
            self.violated(2, text, here, self.writes.get((exchange, reader, clock)))
        for writer, seen in enumerate(view):
            if previous is not None and seen < previous[1]["view"][writer]:
                before = previous[1]["view"][writer]
                text = f"worker {reader} had seen {before} of worker {writer} in {exchange}, and sees {seen}"
                self.violated(3, text, previous, here)
            if writer != reader:
                self._other(here, exchange, writer, seen)
        self.last_reads[exchange, reader] = here

    def _other(self, here: Numbered, exchange: str, writer: int, seen: int) -> None:
        reader, clock = here[1]["worker"], here[1]["clock"]
        self.lags[clock + 1 - seen] = self.lags.get(clock + 1 - seen, 0) + 1
        if seen < max(1, clock + 1 - self.staleness):
            oldest = max(0, clock - self.staleness)
            text = (
                f"worker {reader} reads {exchange} at clock {clock} without what worker {writer} contributed at clock "
                f"{seen}; at staleness {self.staleness:g} it must not be older than clock {oldest:g}"
            )
            self.violated(1, text, here, self.writes.get((exchange, writer, seen)))
        there = self.counts.get((exchange, writer), 0)
        if seen > min(there, clock + 1):
            text = f"worker {reader} reads {seen} of worker {writer} in {exchange} at clock {clock}; {there} are there"
            self.violated(4, text, here, self.writes.get((exchange, writer, there - 1)))

    def _schedule(self, number: int, event: Event) -> None:
        worker, clock, blocks = event["worker"], self.whole(number, event, "clock"), self._blocks(number, event)
        first = self.schedules.setdefault(clock, (number, event))
        if first[1]["blocks"] != blocks:
            text = f"workers {first[1]['worker']} and {worker} hold different schedules of clock {clock}"
            self.violated(6, text, first, (number, event))
        self.scheduled[worker, clock] = (number, event)

    def _update(self, number: int, event: Event) -> None:
        worker, clock, blocks = event["worker"], self.whole(number, event, "clock"), self._blocks(number, event)
        here, earlier = (number, event), self.updates.get((worker, clock))
        if earlier is not None:
            self.violated(7, f"worker {worker} updates at clock {clock} twice", earlier, here)
        foreign = [[b for b in own if b % self.workers != worker] for own in blocks]
        if any(foreign):
            self.violated(7, f"worker {worker} updates {_words(foreign)} at clock {clock}, which it does not own", here)
        if any(len(set(own)) < len(own) for own in blocks):
            self.violated(7, f"worker {worker} updates a block twice at clock {clock}", here)
        self.updates[worker, clock] = here
        plan = self.scheduled.get((worker, clock))
        if plan is None:
            self.violated(6, f"worker {worker} updates at clock {clock} without a schedule", here)
            return
        mine = [sorted(b for b in own if b % self.workers == worker) for own in plan[1]["blocks"]]
        if [sorted(set(own)) for own in blocks] != mine and not any(foreign):
            text = f"worker {worker} updates {_words(blocks)} at clock {clock}; scheduled are {_words(mine)}"
            self.violated(6, text, plan, here)

    def _exchange(self, number: int, event: Event) -> str:
        name = event.get("exchange")
        if not isinstance(name, str):
            self.refuse(number, f"exchange {name!r} is not a name")
        return name

    def _blocks(self, number: int, event: Event) -> Blocks:
        blocks: Any = event.get("blocks")
        limit = self.layers * self.workers
        if not (
            isinstance(blocks, list)
            and all(isinstance(own, list) and all(type(b) is int and 0 <= b < limit for b in own) for own in blocks)
        ):
            self.refuse(number, f"blocks {blocks!r} are not lists of numbers from 0 to {limit - 1}")
        found: Blocks = blocks
        return found


def _words(blocks: Blocks) -> str:
    """Of the first replicate that has any."""
    replicate, some = next(((r, own) for r, own in enumerate(blocks) if own), (0, []))
    return f"blocks {some} of replicate {replicate}" if some else "no block"
