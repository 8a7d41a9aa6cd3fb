from __future__ import annotations

import subprocess
import sys

import pytest

ROUNDS = 40
# Three tensors of 1 MB, as the gradients of 64 nets: more than glibc keeps by default.
PROGRAM = f"""
import ctypes, resource, sys
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
if sys.argv[1] == "kept":
    from harness.engine.allocation import keep_memory
    keep_memory()
def take():
    places = [libc.malloc(1 << 20) for _ in range(3)]
    for place in places:
        ctypes.memset(place, 1, 1 << 20)
    for place in places:
        libc.free(place)
take()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range({ROUNDS}):
    take()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.parametrize("kept", [True, False])
def test_tensors_of_a_megabyte_are_mapped_once_where_memory_is_kept(kept: bool) -> None:
    words = ["env", "-u", "GLIBC_TUNABLES", sys.executable, "-c", PROGRAM, "kept" if kept else "default"]
    faults = int(subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout)
    assert (faults < 10 * ROUNDS) if kept else (faults > 100 * ROUNDS)
