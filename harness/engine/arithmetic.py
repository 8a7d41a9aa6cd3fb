"""Run on every rank: how fast this machine multiplies matrices and passes over memory, all ranks at once.

Prints on rank 0 one line of JSON: seconds of the three products of a layer W[inputs, units] for B examples, over a grid
of shapes in float32 and a few in other types, and seconds of what else a step does, over numbers of elements. What
TensorFlow takes to start all that, measured as the same on one number, is left out: `harness.engine.dispatch` has it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

from harness.engine import nets, ranks, runtime
from harness.engine.pinning import pin
from harness.engine.ranks import Ranks
from harness.engine.runtime import tf
from harness.engine.timing import MARK, Loop, over, per_turn, repeated

SIDES, BATCHES = (32, 128, 512, 2048), (4, 16, 64, 256, 1024)
# Steps are in float32; of the others no more than the rate of large products is said.
LARGE_SIDES, LARGE_BATCHES = (1024,), (256, 1024)
_OTHERS = {"float64": tf.float64, "bfloat16": tf.bfloat16}
ELEMENTS = tuple(1 << power for power in (14, 17, 20, 23))
_PASSED = 1 << 26
# Units of the layer whose activations are passed over.
_WIDTH = 128
# So many floating-point operations take some ten milliseconds on one core: a loop is called from Python, which takes
# a tenth of one.
_OPERATIONS = 2e9
_ROUNDS, _MOST_TURNS = 3, 200


def main() -> None:
    """Measure, and print what was found."""
    pin()
    runtime.limit_threads(1)
    here = ranks.join()
    products = {"float32": _products(tf.float32, SIDES, BATCHES, here)}
    products |= {name: _products(kind, LARGE_SIDES, LARGE_BATCHES, here) for name, kind in _OTHERS.items()}
    passes = _passes(here)
    if here.rank == 0:
        found = {"ranks": here.size, "products": products, "passes": passes}
        print(MARK + json.dumps(found), flush=True)


def _products(kind: tf.DType, sides: tuple[int, ...], batches: tuple[int, ...], here: Ranks) -> dict[str, Any]:
    """Each product is compiled once, for matrices of any shape: compiling takes far longer than multiplying."""
    weight, below, errors = (tf.Variable(tf.ones((1, 1, 1), kind), shape=(1, None, None)) for _ in range(3))
    loops = {name: repeated(step) for name, step in _layer(weight, below, errors).items()}

    def timed(loop: Loop, shape: tuple[int, int, int]) -> float:
        inputs, units, batch = shape
        for matrix, sides in ((weight, (inputs, units)), (below, (inputs, batch)), (errors, (units, batch))):
            matrix.assign(tf.ones((1, *sides), kind))
        turns = max(1, min(_MOST_TURNS, round(_OPERATIONS / (2 * inputs * units * batch))))
        return per_turn(loop, turns, here)

    shapes = list(product(sides, sides, batches))
    found = over(((1, 1, 1), *shapes), {name: partial(timed, loop) for name, loop in loops.items()}, _ROUNDS)
    seconds = _beyond_starting(found, [2.0 * i * u * b for i, u, b in shapes])
    return {"inputs": sides, "units": sides, "batch": batches, "seconds": seconds}


def _beyond_starting(found: dict[str, list[float]], work: list[float]) -> dict[str, list[float]]:
    """Times without the first, which is that of starting; none at a higher rate than the highest rate with it."""
    return {name: _beyond(started, seconds, work) for name, (started, *seconds) in found.items()}


def _beyond(started: float, seconds: list[float], work: list[float]) -> list[float]:
    highest = max(done / taken for done, taken in zip(work, seconds, strict=True))
    return [max(taken - started, done / highest) for done, taken in zip(work, seconds, strict=True)]


def _layer(weight: tf.Variable, below: tf.Variable, errors: tf.Variable) -> dict[str, Callable[[], tf.Tensor]]:
    """As a divided net multiplies: units first, examples last."""
    return {
        "forward": lambda: nets.product(weight, below, transpose_a=True),
        "gradient": lambda: nets.product(below, errors, transpose_b=True),
        "backward": lambda: nets.product(weight, errors),
    }


def _passes(here: Ranks) -> dict[str, Any]:
    weight, other, half = (tf.Variable(tf.ones(1), shape=(None,)) for _ in range(3))
    units, biases = tf.Variable(tf.ones((1, 1, 1)), shape=(1, None, None)), tf.Variable(tf.ones(1), shape=(None,))
    loops = {name: repeated(step) for name, step in _steps(weight, other, half, units, biases).items()}

    def timed(loop: Loop, elements: int) -> float:
        width = min(_WIDTH, elements)
        for vector, size in ((weight, elements), (other, elements), (half, max(1, elements // 2)), (biases, width)):
            vector.assign(tf.ones(size))
        units.assign(tf.ones((1, elements // width, width)))
        turns = max(4, min(_MOST_TURNS, _PASSED // elements))
        return per_turn(loop, turns, here)

    found = over((1, *ELEMENTS), {name: partial(timed, loop) for name, loop in loops.items()}, _ROUNDS)
    seconds = _beyond_starting(found, list(map(float, ELEMENTS)))
    return {"elements": ELEMENTS, "seconds": seconds}


def _steps(
    weight: tf.Variable, other: tf.Variable, half: tf.Variable, units: tf.Variable, biases: tf.Variable
) -> dict[str, Callable[[], tf.Tensor]]:
    """What a step makes of weights and gradients, and of the sums of a hidden layer and of the classes."""
    eta = tf.constant(1e-9)

    def update() -> tf.Tensor:
        done = tf.raw_ops.ResourceApplyGradientDescent(var=weight.handle, alpha=eta, delta=other.read_value())
        with tf.control_dependencies([done]):
            return tf.identity(eta)

    def hidden() -> tf.Tensor:
        activations = tf.nn.relu(units.read_value() + biases.read_value())
        errors = units.read_value() * tf.cast(activations > 0, tf.float32)
        return tf.reduce_sum(errors, axis=1)

    def classes() -> tf.Tensor:
        logits = units.read_value() + biases.read_value()
        truth = tf.one_hot(tf.zeros(tf.shape(logits)[:2], tf.int32), tf.shape(logits)[2])
        return tf.reduce_sum((tf.nn.softmax(logits) - truth) * eta, axis=1)

    return {
        "update": update,
        "copy": lambda: tf.concat([half.read_value(), half.read_value()], axis=0),
        "hidden": hidden,
        "classes": classes,
    }


if __name__ == "__main__":
    main()
