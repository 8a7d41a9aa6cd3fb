"""What the installed Horovod was built with, as JSON: run as a program, because it imports TensorFlow."""

from __future__ import annotations

import json

import horovod.tensorflow as hvd

from harness.engine.runtime import tf


def main() -> None:
    """Print the controllers, tensor operations and devices that are there."""
    print(
        json.dumps({
            "gloo": bool(hvd.gloo_built()),
            "mpi": bool(hvd.mpi_built()),
            "nccl": bool(hvd.nccl_built()),
            "gpus": len(tf.config.list_physical_devices("GPU")),
            "tensorflow": tf.__version__,
        })
    )


if __name__ == "__main__":
    main()
