"""Run on every rank of a trial launch: add up 1 … P by a real allreduce and print the sum."""

from __future__ import annotations

from harness.engine import ranks, runtime
from harness.engine.runtime import tf


def main() -> None:
    """Print `rank r of P: sum S`, and fail where S is not P(P+1)/2.

    Raises:
        SystemExit: the sum is wrong.
    """
    runtime.limit_threads(1)
    here = ranks.join()
    total = tf.function(lambda x: here.sum(x, "probe"), input_signature=[tf.TensorSpec([], tf.float64)])
    value = float(total(tf.constant(float(here.rank + 1), tf.float64)))
    print(f"rank {here.rank} of {here.size}: sum {value:g}", flush=True)
    if value != here.size * (here.size + 1) / 2:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
