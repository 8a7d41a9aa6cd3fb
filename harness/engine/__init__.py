"""Training itself, distributed and not; the only importer of TensorFlow and Horovod."""

import os

from harness.engine.lean import import_keras_lean

# Read by TensorFlow when it is imported, by whichever module comes first.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
# Read by Horovod when it starts: a shorter pause between two looks at the queue of collectives.
os.environ.setdefault("HOROVOD_CYCLE_TIME", "0.2")
os.environ.setdefault("HOROVOD_STALL_CHECK_TIME_SECONDS", "10")
import_keras_lean()
