"""In one process, one thread: rate of a whole step of 440–6×2048–1993 against that of its largest matrix product.

Prints operations per second of every round, step and product in turns. Run by `test_one_process.py`.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise

from harness.engine import runtime
from harness.engine.pinning import pin
from harness.engine.runtime import tf
from harness.engine.step_times import alone
from harness.spec import DataPartition
from harness.spec.timings import LARGE

BATCH, CLOCKS, ROUNDS = (int(word) for word in sys.argv[1:4])
WIDEST = 2048

pin()
runtime.limit_threads(1)


def step_rate() -> float:
    began = time.perf_counter()
    ADVANCE(tf.constant(CLOCKS))
    pairs = list(pairwise(LARGE.widths))
    # Forward, and backward twice: for the weights and for the inputs, which the first layer does without.
    operations = 2 * BATCH * (3 * sum(i * o for i, o in pairs) - pairs[0][0] * pairs[0][1])
    return CLOCKS * operations / (time.perf_counter() - began)


def product_rate() -> float:
    began = time.perf_counter()
    MULTIPLY(tf.constant(PRODUCTS))
    return PRODUCTS * 2 * BATCH * WIDEST**2 / (time.perf_counter() - began)


SHARE = alone(LARGE.training(BATCH), DataPartition(1))
ADVANCE = tf.function(
    lambda last: tf.while_loop(lambda c: c < last, SHARE.update, (tf.constant(0),), parallel_iterations=1),
    input_signature=[tf.TensorSpec([], tf.int32)],
)
LEFT, RIGHT = tf.Variable(tf.random.normal((BATCH, WIDEST))), tf.Variable(tf.random.normal((WIDEST, WIDEST)))
PRODUCTS = 18 * CLOCKS
MULTIPLY = tf.function(
    lambda last: tf.while_loop(
        lambda c, _: c < last,
        lambda c, seen: (c + 1, seen + tf.matmul(LEFT, RIGHT)[0, 0]),
        (tf.constant(0), tf.constant(0.0)),
        parallel_iterations=1,
    ),
    input_signature=[tf.TensorSpec([], tf.int32)],
)

step_rate(), product_rate()
print("RESULT", json.dumps([(step_rate(), product_rate()) for _ in range(ROUNDS)]), flush=True)
