"""Ranks that are timed have a core of their own where there are enough, and share them evenly where there are not."""

import os
import subprocess
import sys

import pytest

CORES = sorted(os.sched_getaffinity(0))
PROGRAM = "import os\nfrom harness.engine.pinning import pin\npin()\nprint(*sorted(os.sched_getaffinity(0)))"


def cores_of(rank: int, size: int, prefix: str) -> list[int]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HOROVOD_", "OMPI_"))}
    told = {f"{prefix}_LOCAL_RANK": str(rank), f"{prefix}_LOCAL_SIZE": str(size)}
    words = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(words, env=kept | told, capture_output=True, text=True, check=True, timeout=60)
    return [int(word) for word in ended.stdout.split()]


@pytest.mark.skipif(len(CORES) == 1, reason="one core: a rank more is beyond the cores")
@pytest.mark.parametrize("prefix", ["HOROVOD", "OMPI_COMM_WORLD"])
def test_each_rank_has_a_core_of_its_own(prefix: str) -> None:
    size = len(CORES)
    assert [cores_of(rank, size, prefix) for rank in range(size)] == [[core] for core in CORES]


def test_ranks_beyond_the_cores_share_them_evenly() -> None:
    size = 2 * len(CORES)
    assert [cores_of(rank, size, "HOROVOD") for rank in range(size)] == [[core] for core in 2 * CORES]


@pytest.mark.parametrize("prefix", ["HOROVOD", "NOBODY"])
def test_a_process_that_has_the_machine_to_itself_is_left_alone(prefix: str) -> None:
    assert cores_of(0, 1, prefix) == CORES
