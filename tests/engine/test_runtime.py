"""What may run beside a step, and what runs one after the other."""

import subprocess
import sys

import numpy as np
import pytest
from tensorflow.python.eager import context

from harness.engine.runtime import in_order, tf

# A step that ends when another thread's operation has run, or gives up; in a process of its own, since threads are
# fixed once.
BESIDE = """
import sys, threading
from harness.engine import runtime
from harness.engine.runtime import in_order, tf
runtime.limit_threads(1, beside=int(sys.argv[1]))

def compiled(act):
    return tf.function(lambda: tf.numpy_function(act, [], tf.bool), autograph=False)

begun, came = threading.Event(), threading.Event()

def step():
    begun.set()
    return came.wait(5)

def other():
    begun.wait()
    compiled(lambda: bool(came.set()))()

threading.Thread(target=other, daemon=True).start()
print(bool(in_order(compiled(step))()))
"""


def said(program: str, *words: str) -> str:
    ended = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=60)
    assert not ended.returncode, ended.stderr
    return ended.stdout.strip()


@pytest.mark.parametrize(("beside", "begins"), [(0, "False"), (1, "True")])
def test_what_another_thread_asks_for_begins_during_a_step_where_there_is_room(beside: int, begins: str) -> None:
    assert said(BESIDE, str(beside)) == begins


def test_a_step_in_order_is_the_same_step_and_leaves_other_calls_as_they_are() -> None:
    draws = np.random.default_rng(0)
    left, right = (tf.constant(draws.normal(size=(30, 30))) for _ in range(2))
    step = tf.function(lambda a, b: (tf.tanh(a @ b) @ a, a @ b + b), autograph=False)
    for found, expected in zip(in_order(step)(left, right), step(left, right), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert in_order(lambda: context.context().function_call_options.executor_type)() == "SINGLE_THREADED_EXECUTOR"
    assert not context.context().function_call_options.executor_type


def test_what_goes_wrong_in_a_step_in_order_is_said() -> None:
    fails = tf.function(lambda x: tf.debugging.check_numerics(x, "no number"), autograph=False)
    with pytest.raises(tf.errors.InvalidArgumentError, match="no number"):
        in_order(fails)(tf.constant(np.nan))
