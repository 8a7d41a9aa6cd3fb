"""Tables whose transport delivers when a test says so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from harness.engine.bounds import Bounds
from harness.engine.nets import Tensors
from harness.engine.optimizers import Rule
from harness.engine.packing import Packing
from harness.engine.runtime import tf
from harness.engine.table import Inbox, SSPTable
from harness.history import Recorder, written_out

SHAPES = [[(2, 3), (3,)], [(4,)]]
INITIAL = [[np.arange(np.prod(shape), dtype=float).reshape(shape) for shape in layer] for layer in SHAPES]


@dataclass
class ByHand:
    """A transport that delivers when it is told to."""

    adds_up: bool = False
    sent: list[tuple[int, Tensors]] = field(default_factory=list)

    def start(self, inbox: Inbox) -> None:
        self.inbox = inbox

    def send(self, clock: int, parcels: Tensors) -> None:
        self.sent.append((clock, parcels))
        if not self.adds_up:
            self.inbox.sent(clock)

    def finish(self) -> None:
        pass


@dataclass
class Worker:
    """A table, its transport and its history."""

    table: SSPTable
    wire: ByHand
    notes: bytearray

    @property
    def lines(self) -> list[str]:
        return written_out(bytes(self.notes))


def workers(
    count: int, staleness: float, clocks: int, rule: Rule, factor: float = 1.0, *, adds_up: bool = False
) -> list[Worker]:
    made = []
    for worker in range(count):
        wire, notes = ByHand(adds_up), bytearray()
        bounds = Bounds(worker, count, staleness, clocks)
        recorder = Recorder(worker, count, notes.extend)
        table = SSPTable(INITIAL, rule, factor=factor, bounds=bounds, transport=wire, recorder=recorder)
        made.append(Worker(table, wire, notes))
    return made


def changes(worker: int, clock: int) -> list[list[np.ndarray]]:
    draws = np.random.default_rng([worker, clock])
    return [[draws.normal(size=shape) for shape in layer] for layer in SHAPES]


def packed(change: list[list[np.ndarray]]) -> Tensors:
    flat = [tf.constant(c) for layer in change for c in layer]
    return Packing(flat).packed(flat)


def train(table: SSPTable, worker: int, clock: int) -> list[np.ndarray]:
    """One clock: what was read."""
    view = [variable.numpy() for layer in range(2) for variable in table.get(layer)]
    for layer, delta in enumerate(changes(worker, clock)):
        table.inc(layer, [tf.constant(d) for d in delta])
    table.clock()
    return view


def begun(act: Callable[[], object]) -> threading.Event:
    """Set when it is done."""
    done = threading.Event()

    def work() -> None:
        act()
        done.set()

    threading.Thread(target=work, daemon=True).start()
    return done


def added(seen: list[int]) -> list[np.ndarray]:
    """w_0 and the first n_q changes of every worker q, in NumPy."""
    total = [w.copy() for layer in INITIAL for w in layer]
    for worker, count in enumerate(seen):
        for clock in range(count):
            for place, change in enumerate(c for layer in changes(worker, clock) for c in layer):
                total[place] += change
    return total
