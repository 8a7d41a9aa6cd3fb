"""`python -m harness.engine.check FOLDER GROUP THREADS PARENT MARK`: one process of a check."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from harness.check.folder import STARTING, Folder
from harness.check.plan import RANKS

_LONGEST_REST_SECONDS = 86_400


def main(words: list[str]) -> None:
    """Join the session, output into a log of its own.

    Args:
        words: folder, group, threads (0: as TensorFlow likes), process to outlive by no means, and a mark.
    """
    folder, group, threads, parent = Folder(Path(words[0])), words[1], int(words[2]), int(words[3])
    given = next((os.environ[v] for v in ("HOROVOD_RANK", "OMPI_COMM_WORLD_RANK") if v in os.environ), "0")
    log = os.open(folder.log(group, int(given)), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    folder.note_process(group, int(given), os.getpid())
    folder.note_stage(group, int(given), STARTING)
    if group == RANKS:
        os.environ["HOROVOD_TIMELINE"] = "DYNAMIC"
        # Ranks that are stopped while there is no work are waited for by those that were not stopped yet.
        os.environ["HOROVOD_GLOO_TIMEOUT_SECONDS"] = str(_LONGEST_REST_SECONDS)
    # More processes than cores: Horovod's thread need not look for work as often as where time is measured.
    os.environ["HOROVOD_CYCLE_TIME"] = "2"

    from harness.engine import ranks
    from harness.engine.check import process
    from harness.engine.runtime import tf

    process.watch(parent)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    here = ranks.join()
    process.run(folder, group, here.rank, here.size)


if __name__ == "__main__":
    main(sys.argv[1:])
