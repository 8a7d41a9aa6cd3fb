"""The history of a run on real ranks, replayed in one process: the same tables, given what each recorded read saw.

The recorded order decides what is delivered to which table before it reads. So where the tables are right, and the
history is true, the bits are those of the run; with as many threads as it had, since sums may be cut by thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.engine.bounds import Bounds
from harness.engine.descent import Kept
from harness.engine.nets import Tensors
from harness.engine.objective import Objective
from harness.engine.optimizers import Descent
from harness.engine.runtime import tf
from harness.engine.starts import batches
from harness.engine.table import EVERYONE, Inbox, SSPTable
from harness.engine.trajectory import Trajectory
from harness.errors import BadInputError
from harness.history import Checked, Event, Recorder, check, written_out
from harness.schedule import share
from harness.spec import Training, Transport
from harness.verdict import Word

Deliver = Callable[[int, int, Tensors], None]


@dataclass(frozen=True)
class Replayed:
    """What a replay came to.

    Args:
        trajectory: weights w_0 + Σ u of all updates stamped before each checkpoint.
        digests: digest of the final weights of each worker.
        first_difference: the first recorded write or final state whose digest is another one in the replay.
    """

    trajectory: Trajectory
    digests: tuple[str, ...]
    first_difference: Event | None


def replay(
    training: Training, replicates: range, events: Sequence[Event], transport: Transport = Transport.EAGER
) -> Replayed:
    """Train once more under a recorded schedule, all workers in this process.

    Args:
        training: data, net, clocks, step size and optimizer of the run.
        replicates: those of the run.
        events: its history in wall order, the header first.
        transport: how updates travelled. Sums over more than two workers are taken in pairs of pairs; where the run
            took them in another order, the replay is float noise away.

    Returns:
        The trajectory and the digests.

    Raises:
        BadInputError: the history is not legal, not complete, not of this training or not of this transport.
    """
    checked = _require_whole(training, events)
    mail = _Mail(checked.workers, transport)
    workers = [_Worker(training, replicates, p, checked, mail) for p in range(checked.workers)]
    for event in events[1:]:
        if event["kind"] != "final":
            workers[event["worker"]].move(event)
    digests = tuple(worker.finish() for worker in workers)
    made = {_key(line): line for worker in workers for line in worker.lines}
    differ = (event for event in events[1:] if event.get("digest") != made[_key(event)].get("digest"))
    return Replayed(workers[0].kept.trajectory(), digests, next(differ, None))


def _key(event: Event) -> tuple[object, ...]:
    return event["kind"], event["worker"], event.get("clock")


def _require_whole(training: Training, events: Sequence[Event]) -> Checked:
    checked = check(events)
    if checked.verdict is not Word.SUPPORTED:
        raise BadInputError(checked.reason, where="history", remedy="only legal and complete histories are replayed")
    due = checked.workers * training.clocks
    if checked.writes != due or checked.reads != due:
        raise BadInputError(
            f"holds {checked.reads} reads and {checked.writes} writes; {checked.workers} workers that train for "
            f"{training.clocks} clocks make {due} of each",
            where="history",
            remedy="give the training that the history was recorded of",
        )
    if checked.workers > training.batch:
        raise BadInputError(f"{checked.workers} workers cannot share {training.batch} examples", where="history")
    return checked


def _sum(changes: Sequence[Tensors]) -> Tensors:
    """Add up pairs, and pairs of pairs: as an allreduce by recursive doubling does over 2, 4, 8, … workers."""
    if len(changes) == 1:
        return changes[0]
    pairs = [[a + b for a, b in zip(*pair, strict=True)] for pair in zip(changes[::2], changes[1::2], strict=False)]
    return _sum([*pairs, *changes[2 * len(pairs) :]])


class _Mail:
    """Changes on their way: kept until every worker has them.

    Args:
        workers: P.
        transport: whether each change travels by itself, or their sum.
    """

    def __init__(self, workers: int, transport: Transport) -> None:
        self._workers, self.adds_up = workers, transport is Transport.PIPELINED
        self._changes: dict[int, dict[int, Tensors]] = {}
        self._brought = [dict.fromkeys(self._senders(reader), 0) for reader in range(workers)]

    def post(self, worker: int, clock: int, parcels: Tensors) -> None:
        """Take a change that is sent, packed."""
        if self._workers > 1:
            self._changes.setdefault(clock, {})[worker] = parcels

    def bring(self, reader: int, view: Sequence[int], deliver: Deliver) -> None:
        """Deliver what a view holds and its reader does not have yet."""
        if self.adds_up:
            self._require_sums(reader, view)
        brought = self._brought[reader]
        for sender in self._senders(reader):
            count = view[(reader + 1) % self._workers] if sender == EVERYONE else view[sender]
            for clock in range(brought[sender], count):
                deliver(sender, clock, self._change(sender, clock))
            brought[sender] = max(brought[sender], count)
        everywhere = min((n for counts in self._brought for n in counts.values()), default=0)
        for clock in [clock for clock in self._changes if clock < everywhere]:
            del self._changes[clock]

    def _senders(self, reader: int) -> list[int]:
        others = [worker for worker in range(self._workers) if worker != reader]
        return [EVERYONE] if self.adds_up and others else others

    def _change(self, sender: int, clock: int) -> Tensors:
        if sender != EVERYONE:
            return self._changes[clock][sender]
        changes = self._changes[clock]
        return _sum([changes[worker] for worker in range(self._workers)])

    def _require_sums(self, reader: int, view: Sequence[int]) -> None:
        others = {seen for worker, seen in enumerate(view) if worker != reader}
        if len(others) > 1 or max(others, default=0) > view[reader]:
            raise BadInputError(
                f"worker {reader} at clock {view[reader]} has seen {list(view)}, which sums over all cannot bring",
                where="history",
                remedy="replay it with the eager transport",
            )


class _Given:
    """Transport of one table: it delivers when it is told to.

    Args:
        worker: p.
        mail: where changes lie.
    """

    def __init__(self, worker: int, mail: _Mail) -> None:
        self._worker, self._mail = worker, mail
        self.adds_up = mail.adds_up

    def start(self, inbox: Inbox) -> None:
        """Remember where to deliver."""
        self._inbox = inbox

    def send(self, clock: int, parcels: Tensors) -> None:
        """Leave a change where the others' transports find it."""
        self._mail.post(self._worker, clock, parcels)
        self._inbox.sent(clock)

    def bring(self, view: Sequence[int]) -> None:
        """Deliver all changes up to a view."""
        self._mail.bring(self._worker, view, self._inbox.deliver)

    def finish(self) -> None:
        """Do nothing: all has been brought."""


class _Worker:
    """One worker: its share of the examples, and its table.

    Args:
        training: what is trained.
        replicates: their numbers.
        worker: p; the first keeps its base at the checkpoints.
        checked: what is known of the history.
        mail: what connects it to the others.
    """

    def __init__(self, training: Training, replicates: range, worker: int, checked: Checked, mail: _Mail) -> None:
        self._worker = worker
        mine = share(training.batch, self._worker, checked.workers)
        ids = batches(training, replicates)[..., mine]
        objective = Objective(training, replicates, ids, checked.workers / training.batch)
        self.lines: list[Event] = []
        self._clocks, self._clock, self._read = training.clocks, 0, False
        self._transport = _Given(self._worker, mail)
        self._layers = range(len(objective.net.layers))
        initial = [tf.constant(w, objective.kind) for w in objective.net.initial_weights(replicates)]
        self.kept = Kept(training, objective.net, initial)
        self._table = SSPTable(
            [initial[2 * layer : 2 * layer + 2] for layer in self._layers],
            Descent.of(training),
            factor=training.summed / checked.workers,
            bounds=Bounds(self._worker, checked.workers, checked.staleness, training.clocks),
            transport=self._transport,
            recorder=Recorder(self._worker, checked.workers, self._note),
            on_fold=self.kept.keep if self._worker == 0 else lambda clock, base: None,
        )
        self._step = tf.function(objective.gradients, autograph=False)

    def move(self, event: Event) -> None:
        """Read or write.

        Args:
            event: as recorded.

        Raises:
            BadInputError: another event of this worker is due, or the table reads another view than the recorded one.
        """
        due = ("write" if self._read else "read", self._clock)
        if (event["kind"], event["clock"]) != due:
            raise BadInputError(
                f"worker {self._worker} has a {event['kind']} of clock {event['clock']} where its {due[0]} of clock "
                f"{due[1]} is due",
                where="history",
                remedy="it is damaged; record it anew",
            )
        if self._read:
            self._write()
        else:
            self._transport.bring(event["view"])
            self._weights = [weight for layer in self._layers for weight in self._table.get(layer)]
            self._require_view(event)
        self._read = not self._read

    def finish(self) -> str:
        """Take in all that is missing, and return the digest of the final weights."""
        self._transport.bring([self._clocks] * self._table.bounds.workers)
        self._table.finish()
        return str(self.lines[-1]["digest"])

    def _require_view(self, event: Event) -> None:
        if list(self._table.view) != event["view"]:
            raise BadInputError(
                f"worker {self._worker} at clock {self._clock} has seen {event['view']}, where a table reads "
                f"{list(self._table.view)}",
                where="history",
                remedy="only what a table has recorded can be replayed",
            )

    def _note(self, note: bytes) -> None:
        self.lines += map(json.loads, written_out(note))

    def _write(self) -> None:
        gradients = self._step(self._weights, tf.constant(self._clock))
        for layer in self._layers:
            self._table.inc(layer, gradients[2 * layer : 2 * layer + 2])
        self._table.clock()
        self._clock += 1
