"""Run on every rank: how fast this machine multiplies matrices and passes over memory, all ranks at once.

Prints on rank 0 one line of JSON: seconds of the three products of a layer W[inputs, units] for B examples, over a grid
of shapes in float32 and a few in other types, and seconds per element of what else a step does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any

from harness.engine import nets, ranks, runtime
from harness.engine.pinning import pin
from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.timing import MARK, per_turn, repeated

SIDES, BATCHES = (32, 128, 512, 2048), (4, 16, 64, 256, 1024)
# Steps are in float32; of the others no more than the rate of large products is said.
LARGE_SIDES, LARGE_BATCHES = (1024,), (256, 1024)
_OTHERS = {"float64": tf.float64, "bfloat16": tf.bfloat16}
_ELEMENTS = 1 << 23
# So many floating-point operations take some milliseconds on one core.
_OPERATIONS = 3e8
_REPEATS = 5


def main() -> None:
    """Measure, and print what was found."""
    pin()
    runtime.limit_threads(1)
    here = ranks.join()
    products = {"float32": _products(tf.float32, SIDES, BATCHES, here)}
    products |= {name: _products(kind, LARGE_SIDES, LARGE_BATCHES, here) for name, kind in _OTHERS.items()}
    passes = {name: _median(repeated(step), 4, here) / _ELEMENTS for name, step in _passes().items()}
    if here.rank == 0:
        found = {"ranks": here.size, "products": products, "seconds_per_element": passes}
        print(MARK + json.dumps(found), flush=True)


def _products(kind: tf.DType, sides: tuple[int, ...], batches: tuple[int, ...], here: Ranks) -> dict[str, Any]:
    """Each product is compiled once, for matrices of any shape: compiling takes far longer than multiplying."""
    weight, below, errors = (tf.Variable(tf.ones((1, 1, 1), kind), shape=(1, None, None)) for _ in range(3))
    loops = {name: repeated(step) for name, step in _layer(weight, below, errors).items()}
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for inputs, units, batch in product(sides, sides, batches):
        for matrix, shape in ((weight, (inputs, units)), (below, (inputs, batch)), (errors, (units, batch))):
            matrix.assign(tf.ones((1, *shape), kind))
        turns = max(1, min(200, round(_OPERATIONS / (2 * inputs * units * batch))))
        for name, loop in loops.items():
            seconds[name].append(_median(loop, turns, here))
    return {"inputs": sides, "units": sides, "batch": batches, "seconds": seconds}


def _layer(weight: tf.Variable, below: tf.Variable, errors: tf.Variable) -> dict[str, Callable[[], tf.Tensor]]:
    """As a divided net multiplies: units first, examples last."""
    return {
        "forward": lambda: nets.product(weight, below, transpose_a=True),
        "gradient": lambda: nets.product(below, errors, transpose_b=True),
        "backward": lambda: nets.product(weight, errors),
    }


def _passes() -> dict[str, Callable[[], tf.Tensor]]:
    weight, other = (tf.Variable(tf.ones(_ELEMENTS)) for _ in range(2))
    eta = tf.constant(1e-9)

    def update() -> tf.Tensor:
        done = tf.raw_ops.ResourceApplyGradientDescent(var=weight.handle, alpha=eta, delta=other.read_value())
        with tf.control_dependencies([done]):
            return tf.identity(eta)

    halves = tf.Variable(tf.ones(_ELEMENTS // 2))
    return {
        "update": update,
        "copy": lambda: tf.concat([halves.read_value(), halves.read_value()], axis=0),
        "activation": lambda: tf.nn.relu(weight.read_value() + eta),
    }


def _median(loop: Callable[[int], object], turns: int, here: Ranks) -> float:
    loop(1)
    times = sorted(per_turn(loop, turns, here) for _ in range(_REPEATS))
    return times[_REPEATS // 2]


if __name__ == "__main__":
    main()
