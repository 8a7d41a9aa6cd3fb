"""Time, traffic and memory of a step under every partition of a net, from measured constants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from harness.data import noise
from harness.errors import BadInputError
from harness.layout import TOGETHER, gradient_messages, messages, parcels
from harness.planning.arithmetic import Arithmetic, Work
from harness.planning.clocks import BYTES
from harness.planning.constants import Constants
from harness.planning.network import Network, Transfer
from harness.spec import Activation, DataPartition, Fault, Layout, ModelPartition, Precision, StepSize, Training
from harness.spec.distribution import parse_distribution

UNDIVIDED = DataPartition(1)
Partition = DataPartition | ModelPartition
# Small gradients go into one vector and back; where groups are averaged, all are multiplied with 1/D.
_COPIES = 2


@dataclass(frozen=True)
class Forecast:
    """One step of the slowest worker.

    Args:
        name: of the distribution.
        label: the same for people.
        workers: P.
        layout: `data`, a layout of the model, or `hybrid`.
        memory_bytes: weights, gradients, what is sent at once and activations.
        sent_bytes: handed to collectives.
        received_bytes: that a worker must receive at least.
        collectives: their number.
        compute_seconds: without exchange, what starting its operations takes included.
        exchange_seconds: of all collectives, beyond what is computed.
        extrapolated: whether a collective was not measured among so many workers.
    """

    name: str
    label: str
    workers: int
    layout: str
    memory_bytes: int
    sent_bytes: int
    received_bytes: float
    collectives: int
    compute_seconds: float
    exchange_seconds: float
    extrapolated: bool

    @property
    def step_seconds(self) -> float:
        """Compute and exchange, with nothing overlapped."""
        return self.compute_seconds + self.exchange_seconds

    def to_json(self) -> dict[str, Any]:
        """JSON-able form.

        Returns:
            The fields by name.
        """
        return asdict(self) | {"step_seconds": self.step_seconds}


def example(widths: Sequence[int], batch: int) -> Training:
    """A training of a net, of which only shapes matter.

    Args:
        widths: units per layer, inputs first.
        batch: examples per step, all workers together.

    Returns:
        ReLU, plain gradient descent, float32.
    """
    data = noise.name(widths[0], widths[-1])
    return Training(data, tuple(widths), batch, 1, StepSize(1e-3), Activation.RELU, Precision.FLOAT32)


def synchronous(name: str) -> Partition:
    """A partition whose steps can be forecast.

    Args:
        name: of the distribution, for example `w2` or `w4-d2-neuron`.

    Returns:
        The partition.

    Raises:
        BadInputError: it is one under staleness, or there is none of that name.
    """
    found = parse_distribution(name)
    if not isinstance(found, DataPartition | ModelPartition):
        raise BadInputError(
            f"{name!r} has no steps that all workers take together", where="plan", remedy="as in w2 or w4-d2-neuron"
        )
    return found


def forecast(training: Training, partition: Partition, arithmetic: Arithmetic, network: Network) -> Forecast:
    """Step of worker 0, whose pieces are the largest.

    Args:
        training: widths and batch.
        partition: how it is divided.
        arithmetic: what a rank computes in a second.
        network: what collectives take.

    Returns:
        The forecast.

    Raises:
        BadInputError: the net cannot be divided like that.
    """
    partition.require(training)
    if isinstance(partition, ModelPartition):
        return _model(training, partition, arithmetic, network)
    return _data(training, partition, arithmetic, network)


def seconds_here(
    training: Training, partition: Partition, constants: Constants, launcher: str, *, emulated: bool
) -> float:
    """Time of a step on this machine: of ranks that compute, or of more ranks than cores, which sleep for so long.

    Args:
        training: widths and batch.
        partition: how it is divided.
        constants: of this machine.
        launcher: under which exchanges were measured.
        emulated: whether ranks sleep.

    Returns:
        Seconds; of ranks that sleep, the slowest is late for the exchange.

    Raises:
        BadInputError: the net cannot be divided like that, or nothing was measured under that launcher.
    """
    arithmetic = constants.alone if emulated or partition.workers == 1 else constants.busy
    network = constants.network(launcher, oversubscribed=True, asleep=emulated)
    found = forecast(training, partition, arithmetic, network)
    if not emulated:
        return found.step_seconds
    return found.step_seconds + constants.clocks_of(launcher, partition.workers).after_nap(found.compute_seconds)


def plan(
    training: Training, workers: Sequence[int], arithmetic: Arithmetic, network: Network
) -> dict[int, list[Forecast]]:
    """Forecasts of data partition, every layout of the model, and the best hybrid of each layout.

    Args:
        training: widths and batch.
        workers: numbers of workers.
        arithmetic: what a rank computes in a second.
        network: what collectives take.

    Returns:
        Forecasts by number of workers, the fastest first.

    Raises:
        BadInputError: there are more workers than units or examples.
    """
    found = {}
    for count in workers:
        pure: list[Partition] = [DataPartition(count)]
        pure += [ModelPartition(count, layout) for layout in (Layout.NEURON, Layout.WEIGHT, Layout.ALTERNATE)]
        rows = [forecast(training, partition, arithmetic, network) for partition in pure]
        hybrids = [forecast(training, partition, arithmetic, network) for partition in _hybrids(count, training)]
        rows += sorted(hybrids, key=lambda row: row.step_seconds)[:1]
        found[count] = sorted(rows, key=lambda row: row.step_seconds)
    return found


def crossover(found: dict[int, list[Forecast]]) -> tuple[int, str, str] | None:
    """Where another kind of partition becomes the fastest.

    Args:
        found: forecasts by number of workers, the fastest first.

    Returns:
        The first number of workers with another winner than the smallest has, the layout before and the layout after.
    """
    counts = sorted(found)
    for before, after in pairwise(counts):
        old, new = found[before][0].layout, found[after][0].layout
        if old != new:
            return after, old, new
    return None


def _hybrids(count: int, training: Training) -> list[ModelPartition]:
    """Several groups that share the batch, or a grid of several rows."""
    possible = []
    for groups in (d for d in range(1, count + 1) if count % d == 0 and count // d > 1):
        members = count // groups
        if groups > 1:
            possible += [ModelPartition(count, layout, groups) for layout in list(Layout)[:3]]
        rows = [r for r in range(2, members) if members % r == 0]
        possible += [ModelPartition(count, Layout.GRID, groups, r) for r in rows]
    return [partition for partition in possible if partition.groups <= training.batch]


def _model(training: Training, partition: ModelPartition, arithmetic: Arithmetic, network: Network) -> Forecast:
    work = Work.divided(partition, training.widths, largest_share(training.batch, partition.groups))
    worker = (partition.groups - 1) * partition.members
    sent = [message for message in messages(partition, training, worker) if message.members > 1]
    sizes = [size for (i, u), o in zip(work.shapes, work.owned, strict=True) for size in (i * u, o)]
    parameters, compute = sum(sizes), arithmetic.step(work)
    if partition.groups > 1:
        compute += _packing(arithmetic, sizes) + sum(arithmetic.passes.seconds("copy", n) for n in sizes)
    transfers = [Transfer(m.collective, m.members, BYTES * m.whole, partition.workers // m.members) for m in sent]
    exchange = network.of_step(transfers, compute, together=False)
    activations = work.examples * (sum(i for i, _ in work.shapes) + sum(work.owned))
    flat = parameters if partition.groups > 1 else 0
    return Forecast(
        name=partition.id,
        label=partition.label,
        workers=partition.workers,
        layout="hybrid" if partition.groups > 1 or partition.rows > 1 else str(partition.layout),
        memory_bytes=BYTES * (2 * parameters + flat + activations),
        sent_bytes=BYTES * sum(message.handed for message in sent),
        received_bytes=BYTES * sum(message.received for message in sent),
        collectives=len(sent),
        compute_seconds=compute,
        exchange_seconds=exchange,
        extrapolated=any(message.members not in network.measured for message in sent),
    )


def _data(training: Training, partition: DataPartition, arithmetic: Arithmetic, network: Network) -> Forecast:
    workers, parameters = partition.workers, training.parameters
    examples = largest_share(training.batch, workers)
    compute, exchange = arithmetic.step(Work.undivided(training.widths, examples)), 0.0
    exchanging = workers > 1 and partition.fault is not Fault.NO_EXCHANGE
    sent = gradient_messages(training.sizes, workers) if exchanging else []
    if exchanging:
        compute += _packing(arithmetic, training.sizes)
        transfers = [Transfer("allreduce", workers, BYTES * message.handed) for message in sent]
        exchange = network.of_step(transfers, compute, together=True)
    flat = parameters if exchanging else 0
    return Forecast(
        name=partition.id,
        label="one process" if workers == 1 else f"{workers} data",
        workers=workers,
        layout="data",
        memory_bytes=BYTES * (2 * parameters + flat + examples * sum(training.widths)),
        sent_bytes=BYTES * flat,
        received_bytes=2 * BYTES * flat * (workers - 1) / workers,
        collectives=len(sent),
        compute_seconds=compute,
        exchange_seconds=exchange,
        extrapolated=exchanging and workers not in network.measured,
    )


def _packing(arithmetic: Arithmetic, sizes: Sequence[int]) -> float:
    """Small gradients are copied into one vector and back, and that takes some operations, however small they are."""
    copied = arithmetic.passes.seconds("copy", sum(sizes[place] for place in parcels(sizes).get(TOGETHER, ())))
    with_packing, without = (arithmetic.dispatch.of_step(name, len(sizes) // 2) for name in ("data", "undivided"))
    return _COPIES * copied + with_packing - without


def largest_share(batch: int, workers: int) -> int:
    """Examples of the worker who has most of them.

    Args:
        batch: examples per step.
        workers: who share them.

    Returns:
        ⌈batch / workers⌉.
    """
    return -(-batch // workers)
