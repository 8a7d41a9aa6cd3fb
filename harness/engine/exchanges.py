"""Run on every rank: how long each collective takes, over sizes, and what clocks take beside.

Prints on rank 0 one line of JSON: seconds of a collective of float32 numbers by the bytes of all pieces together, among
all ranks, and where these can form groups of two or more, among the ranks of every group at once. Horovod looks after
each group that it knows of at every one of its turns, which delays all collectives: so the groups of a hybrid are known
to it, as they are where all partitions are timed. `harness.engine.overheads` says what else is measured.

Horovod looks for what is to be exchanged some thousand times a second. A collective right after another waits for that
as long as one can, and what it moves is moved meanwhile; one after some computing, or together with others, waits for
less: ranks that have a core each say how long a small sum takes after computing, and by how much each collective delays
those that begin together with it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from harness.engine.overheads import naps, tables
from harness.engine.pinning import pin
from harness.engine.ranks import Group, Ranks
from harness.engine.runtime import tf
from harness.engine.timed.own import Team
from harness.engine.timed.places import place
from harness.engine.timing import MARK, Loop, over, per_turn, repeated
from harness.planning import example
from harness.spec import DataPartition, Layout, ModelPartition, Role, Setting

BYTES = tuple(1 << power for power in (10, 14, 17, 19, 21, 23, 25, 27))
_ROUNDS = 3
# Ranks that share cores leave a barrier some milliseconds apart, which must be little beside what is timed.
_TURN_BYTES, _MOST_TURNS = 1 << 25, 60
# Among more ranks than these the largest two sizes are left out.
_MANY = 8
# Elements of a small sum, and products that are computed before it: none at first, at last for about a ms, which is
# several times as long as Horovod rests.
_FEW, _WAITING_TURNS = 256, 50
_SIDE, _PRODUCTS, _TOGETHER = 64, range(0, 201, 8), 4


def main() -> None:
    """Measure, and print what was found."""
    cores = len(os.sched_getaffinity(0))
    pin()
    ranks = place()[1]
    hybrid = ModelPartition(ranks, Layout.NEURON, 2) if ranks % 2 == 0 and ranks > 2 else None
    team = Team([_setting(hybrid or DataPartition(ranks))], Path())
    here = team.ranks
    # Beyond the cores of a machine ranks take turns: what is large would take minutes, and is in proportion.
    found = _times(here, (), BYTES if ranks <= cores else BYTES[:-1] if ranks <= _MANY else BYTES[:-2])
    groups = [_times(here, group, BYTES[:-2]) for group in _groups_of(hybrid, here.rank)] if hybrid else []
    beside = {"naps": naps(team), "tables": tables(team, crowded=ranks > cores)}
    waits = {"waits": _waits(here) if ranks <= cores else None}
    if here.rank == 0:
        print(MARK + json.dumps(found | {"groups": groups} | waits | beside), flush=True)


def _setting(distribution: DataPartition | ModelPartition) -> Setting:
    workers = distribution.workers
    return Setting(Role.CLAIM, example((workers, workers), workers), distribution, 1)


def _groups_of(hybrid: ModelPartition, rank: int) -> list[Group]:
    """The group that shares a net with a rank, and the one that shares its part of the net."""
    first, members = rank - rank % hybrid.members, hybrid.members
    together = tuple(range(first, first + members))
    alike = tuple(range(rank % members, hybrid.workers, members))
    return [together] if members == hybrid.groups else [together, alike]


def _times(here: Ranks, among: Group, sizes: Sequence[int]) -> dict[str, Any]:
    members = len(among) or here.size
    whole, piece = _held(members)
    loops = {name: repeated(step) for name, step in _collectives(whole, piece, here, among, f".of.{members}").items()}

    def timed(loop: Loop, size: int) -> float:
        _fill(whole, piece, size)
        return per_turn(loop, max(1, min(_MOST_TURNS, _TURN_BYTES // size)), here)

    seconds = over(sizes, {name: partial(timed, loop) for name, loop in loops.items()}, _ROUNDS)
    return {"ranks": members, "at_once": here.size // members, "bytes": sizes, "seconds": seconds}


def _collectives(
    whole: tf.Variable, piece: tf.Variable, here: Ranks, among: Group, of: str
) -> dict[str, Callable[[], tf.Tensor]]:
    """Each on a variable, since the input of a collective must vary; groups have no use for a broadcast."""
    found = {
        "allreduce": lambda: here.sum(whole.read_value(), "allreduce" + of, among),
        "reduce-scatter": lambda: here.piece_of_sum(whole.read_value(), "scatter" + of, among),
        "allgather": lambda: here.concatenated(piece.read_value(), "gather" + of, among),
    }
    return found if among else found | {"broadcast": lambda: here.broadcast(whole.read_value(), 0, "broadcast" + of)}


def _waits(here: Ranks) -> dict[str, Any]:
    """Seconds of a small sum after computing for so long, and of one more collective together with others."""
    small, products = tf.Variable(tf.ones(_FEW)), tf.Variable(0)
    before = repeated(lambda: _computed(products))
    after = repeated(lambda: _sum_after(_computed(products), small, here))

    def timed(loop: Loop, count: int) -> float:
        products.assign(count)
        return per_turn(loop, _WAITING_TURNS, here)

    found = over(_PRODUCTS, {"before": partial(timed, before), "after": partial(timed, after)}, _ROUNDS)
    seconds = [later - earlier for earlier, later in zip(found["before"], found["after"], strict=True)]
    return {"computed": found["before"], "seconds": seconds, "bytes": BYTES[:-2], "further": _further(here)}


def _further(here: Ranks) -> dict[str, list[float]]:
    """By collective, over sizes: what several together take more than one, by the number of the others."""
    tensors = [_held(here.size) for _ in range(_TOGETHER)]
    made = [_collectives(whole, piece, here, (), f".{place}") for place, (whole, piece) in enumerate(tensors)]

    def more(one: Loop, several: Loop, size: int) -> float:
        for whole, piece in tensors:
            _fill(whole, piece, size)
        turns = max(4, min(_WAITING_TURNS, _TURN_BYTES // size))
        return (per_turn(several, turns, here) - per_turn(one, turns, here)) / (_TOGETHER - 1)

    def summed(name: str, count: int) -> Loop:
        return repeated(partial(_all, [collectives[name] for collectives in made[:count]]))

    asked = {name: partial(more, summed(name, 1), summed(name, _TOGETHER)) for name in made[0]}
    found = over(BYTES[:-2], asked, _ROUNDS)
    return {name: [max(0.0, seconds) for seconds in times] for name, times in found.items()}


def _fill(whole: tf.Variable, piece: tf.Variable, size: int) -> None:
    """So many bytes of float32 numbers, and a member's piece of them."""
    members = whole.shape[0]
    for tensor, rows in ((whole, members), (piece, 1)):
        tensor.assign(tf.ones((rows, max(1, size // 4 // members))))


def _held(members: int) -> tuple[tf.Variable, tf.Variable]:
    """A whole, and a piece of it: rows are what members divide."""
    whole, piece = (tf.Variable(tf.ones((rows, 1)), shape=(rows, None)) for rows in (members, 1))
    return whole, piece


def _all(steps: Sequence[Callable[[], tf.Tensor]]) -> tf.Tensor:
    return tf.add_n([tf.reshape(step(), [-1])[0] for step in steps])


def _computed(products: tf.Variable) -> tf.Tensor:
    """So many products of small matrices, each of the one before."""
    matrix = tf.ones((_SIDE, _SIDE)) / _SIDE
    return tf.while_loop(
        lambda left, _: left > 0,
        lambda left, last: (left - 1, tf.matmul(last, matrix)),
        (products.read_value(), matrix),
        parallel_iterations=1,
    )[1]


def _sum_after(computed: tf.Tensor, small: tf.Variable, here: Ranks) -> tf.Tensor:
    with tf.control_dependencies([computed]):
        return here.sum(tf.identity(small.read_value()), "after")


if __name__ == "__main__":
    main()
