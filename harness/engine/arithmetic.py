"""Run on every rank: how fast this machine multiplies matrices and passes over memory, all ranks at once.

Prints on rank 0 one line of JSON: seconds of the three products of a layer W[inputs, units] for B examples, over a grid
of shapes, and seconds per element of what else a step does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any

from harness.engine import allocation, ranks, runtime
from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.timing import MARK, per_turn, repeated

SIDES, BATCHES, FEW_BATCHES = (32, 128, 512, 2048), (4, 16, 64, 256, 1024), (16, 256, 1024)
_KINDS = {"float32": tf.float32, "float64": tf.float64, "bfloat16": tf.bfloat16}
_ELEMENTS = 1 << 23
# So many floating-point operations take some milliseconds on one core.
_OPERATIONS = 3e8
_REPEATS = 5


def main() -> None:
    """Measure, and print what was found."""
    runtime.limit_threads(1)
    allocation.keep_memory()
    here = ranks.join()
    found: dict[str, Any] = {"ranks": here.size, "products": {}}
    for name, kind in _KINDS.items():
        batches = BATCHES if name == "float32" else FEW_BATCHES
        found["products"][name] = _products(kind, batches, here)
    found["seconds_per_element"] = {name: _median(step, 4, here) / _ELEMENTS for name, step in _passes().items()}
    if here.rank == 0:
        print(MARK + json.dumps(found), flush=True)


def _products(kind: tf.DType, batches: tuple[int, ...], here: Ranks) -> dict[str, Any]:
    grids: dict[str, list[float]] = {"forward": [], "gradient": [], "backward": []}
    for inputs, units, batch in product(SIDES, SIDES, batches):
        weight = tf.Variable(tf.ones((1, inputs, units), kind))
        below, errors = (tf.Variable(tf.ones((1, side, batch), kind)) for side in (inputs, units))
        steps = _layer(weight, below, errors)
        turns = max(1, min(200, round(_OPERATIONS / (2 * inputs * units * batch))))
        for name, step in steps.items():
            grids[name].append(_median(step, turns, here))
    return {"inputs": SIDES, "units": SIDES, "batch": batches, "seconds": grids}


def _layer(weight: tf.Variable, below: tf.Variable, errors: tf.Variable) -> dict[str, Callable[[], tf.Tensor]]:
    """As a divided net multiplies: units first, examples last."""
    return {
        "forward": lambda: tf.matmul(weight, below, transpose_a=True),
        "gradient": lambda: tf.matmul(below, errors, transpose_b=True),
        "backward": lambda: tf.matmul(weight, errors),
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


def _median(step: Callable[[], tf.Tensor], turns: int, here: Ranks) -> float:
    loop = repeated(step)
    loop(1)
    times = sorted(per_turn(loop, turns, here) for _ in range(_REPEATS))
    return times[_REPEATS // 2]


if __name__ == "__main__":
    main()
