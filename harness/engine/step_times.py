"""Run on every rank: how long a step takes under several partitions of one net, in turns.

    python -m harness.engine.step_times MODE WIDTHS BATCH ROUNDS NAME[=SECONDS] …

MODE is `real`; or `alone`: one process computes what rank 0 would, and exchanges nothing; or `emulated`: ranks sleep
for SECONDS in the place of computing, then make the real collectives of a step. NAME is that of a distribution,
such as `w2` or `w4-d2-neuron`. Prints on rank 0 one line of JSON: by name the seconds of a step in every round.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.engine import ranks, runtime
from harness.engine.collectives import LeftOut, OverRanks
from harness.engine.data_partition import averaging, factors
from harness.engine.model_partition import Worker, groups
from harness.engine.objective import Objective
from harness.engine.optimizers import Descent
from harness.engine.pinning import pin
from harness.engine.ranks import Group, Ranks
from harness.engine.runtime import tf
from harness.engine.starts import batches
from harness.engine.timing import MARK, Loop, per_turn, repeated, slowest
from harness.layout import Message, gradient_messages, messages
from harness.planning import Partition, example, synchronous
from harness.schedule import share
from harness.spec import DataPartition, Fault, ModelPartition, Training

Update = Callable[[tf.Tensor], tf.Tensor]
_CLOCKS, _ROUND_SECONDS = 64, 0.4


@dataclass(frozen=True)
class Share:
    """What one worker trains.

    Args:
        weights: what it holds, W_1, b_1, W_2, …
        update: of a clock, c → c + 1, inside a `tf.function`.
    """

    weights: Sequence[tf.Variable]
    update: Update


def main() -> None:
    """Take turns, and print what was found."""
    pin()
    mode, widths, batch, rounds, *words = sys.argv[1:]
    runtime.limit_threads(1)
    named = {name: float(seconds or 0) for name, _, seconds in (word.partition("=") for word in words)}
    net = tuple(int(width) for width in widths.split(","))
    training = replace(example(net, int(batch)), clocks=_CLOCKS)
    partitions = {name: synchronous(name) for name in named}
    exchanging = [p for p in partitions.values() if isinstance(p, ModelPartition) and mode != "alone"]
    sets = {group for partition in exchanging for group in groups(partition, net)}
    workers = 1 if mode == "alone" else max(partition.workers for partition in partitions.values())
    here = ranks.start(workers, sets)
    makers: dict[str, Callable[[str, Partition], Loop]] = {
        "real": lambda _, partition: looped(real(training, partition, here).update),
        "alone": lambda _, partition: looped(alone(training, partition).update),
        "emulated": lambda name, partition: emulated(training, partition, here, named[name]),
    }
    loops = {name: makers[mode](name, partition) for name, partition in partitions.items()}
    found = _in_turns(loops, int(rounds), here)
    if here.rank == 0:
        print(MARK + json.dumps(found), flush=True)


def real(training: Training, partition: Partition, here: Ranks) -> Share:
    """The engine's own update.

    Args:
        training: the net.
        partition: how it is divided.
        here: this process among the workers.

    Returns:
        This worker's share.
    """
    if isinstance(partition, ModelPartition):
        group = here.rank // partition.members
        return _share(Worker(training, range(1), partition, OverRanks(here, group * partition.members), group))
    exchanging = partition.fault is not Fault.NO_EXCHANGE
    return _data_share(training, partition.workers, here.rank, here.sum if exchanging else None)


def alone(training: Training, partition: Partition) -> Share:
    """What worker 0 computes, without exchange.

    Args:
        training: the net.
        partition: how it is divided.

    Returns:
        Its share.
    """
    if isinstance(partition, ModelPartition):
        return _share(Worker(training, range(1), partition, LeftOut((0,))))
    return _data_share(training, partition.workers, 0, lambda tensor, _: tensor)


def emulated(training: Training, partition: Partition, here: Ranks, seconds: float) -> Loop:
    """A sleep in the place of computing and the collectives of a step in their order, in one graph as real steps are.

    Args:
        training: the net.
        partition: how it is divided.
        here: this process among the workers.
        seconds: of a step's computing.

    Returns:
        Makes so many steps.
    """
    if isinstance(partition, DataPartition):
        sent = gradient_messages(training.sizes, partition.workers)
    else:
        sent = _in_order(messages(partition, training, here.rank))
    held = [tf.Variable(tf.ones(_shape(message))) for message in sent]

    def step() -> tf.Tensor:
        before, seen = _asleep(seconds), []
        for message, variable in zip(sent, held, strict=True):
            with tf.control_dependencies(before):
                found = _exchanged(message, variable.read_value(), here, _group(partition, message, here))
                seen.append(tf.reshape(found, [-1])[0])
            before = [found]
        return tf.add_n(seen)

    return repeated(step)


def _asleep(seconds: float) -> list[tf.Tensor]:
    """Nothing to wait for where there is nothing to compute."""

    def nap(slept: NDArray[np.float64]) -> NDArray[np.float64]:
        time.sleep(seconds)
        return slept

    return [tf.numpy_function(nap, [tf.constant(seconds, tf.float64)], tf.float64)] if seconds else []


def _share(worker: Worker) -> Share:
    return Share(worker.weights, worker.update)


def _data_share(
    training: Training, workers: int, worker: int, total: Callable[[tf.Tensor, str], tf.Tensor] | None
) -> Share:
    """Where there is a total over workers, gradients are averaged by it."""
    ids = batches(training, range(1))[..., share(training.batch, worker, workers)]
    scale, factor = factors(training, workers, 1 / workers) if total else (workers / training.batch, 1.0)
    objective, rule = Objective(training, range(1), ids, scale), Descent.of(training)
    initial = objective.net.initial_weights(range(1))
    weights = [tf.Variable(array, dtype=objective.kind) for array in initial]
    exchange = averaging(factor, total) if total and workers > 1 else list

    def update(clock: tf.Tensor) -> tf.Tensor:
        for weight, gradient in zip(weights, exchange(objective.gradients(weights, clock)), strict=True):
            rule.apply(weight, (), [gradient], clock)
        return clock + 1

    return Share(weights, update)


def _in_order(sent: tuple[Message, ...]) -> list[Message]:
    """Forward up the layers, the softmax, backward down the layers, and what is left."""
    forward = [m for m in sent if m.name.endswith(".forward")]
    backward = [m for m in sent if m.name.endswith(".backward")]
    rest = [m for m in sent if m not in forward and m not in backward]
    softmax = [m for m in rest if m.name == "log-sums"]
    return [*forward, *softmax, *backward[::-1], *(m for m in rest if m not in softmax)]


def _shape(message: Message) -> tuple[int, ...]:
    """Rows are what Horovod divides; of a number of rows that is no multiple of the ranks only the traffic matters."""
    if message.collective == "reduce-scatter":
        return message.members, message.handed // message.members
    return (message.handed,)


def _group(partition: Partition, message: Message, here: Ranks) -> Group:
    if isinstance(partition, DataPartition) or message.members == here.size:
        return ()
    if message.name.startswith("gradient"):
        return tuple(range(here.rank % partition.members, here.size, partition.members))
    first = here.rank - here.rank % partition.members
    return tuple(range(first, first + partition.members))


def _exchanged(message: Message, tensor: tf.Tensor, here: Ranks, among: Group) -> tf.Tensor:
    match message.collective:
        case "allreduce":
            return here.sum(tensor, message.name, among)
        case "allgather":
            return here.concatenated(tensor, message.name, among)
        case _:
            return here.piece_of_sum(tensor, message.name, among)


def looped(update: Update) -> Loop:
    """Compile a loop of clocks.

    Args:
        update: of a clock, c → c + 1.

    Returns:
        Makes so many clocks.
    """
    advance = tf.function(
        lambda last: tf.while_loop(lambda clock: clock < last, update, (tf.constant(0),), parallel_iterations=1),
        input_signature=[tf.TensorSpec([], tf.int32)],
    )

    def run(clocks: int) -> None:
        advance(tf.constant(clocks))

    return run


def _in_turns(loops: dict[str, Loop], rounds: int, here: Ranks) -> dict[str, list[float]]:
    clocks = {}
    for name, loop in loops.items():
        loop(1)
        began = time.perf_counter()
        loop(1)
        once = slowest(time.perf_counter() - began, here)
        clocks[name] = max(1, min(_CLOCKS, round(_ROUND_SECONDS / once)))
    found: dict[str, list[float]] = {name: [] for name in loops}
    order = np.random.default_rng(0)
    for _ in range(rounds):
        for name in order.permutation(list(loops)):
            found[name].append(per_turn(loops[name], clocks[name], here))
    return found


if __name__ == "__main__":
    main()
