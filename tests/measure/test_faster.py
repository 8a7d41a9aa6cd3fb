"""The environment of what is timed: memory that was taken once is kept."""

import subprocess
import sys

from harness.measure.faster import FASTER

ROUNDS = 40
PROGRAM = f"""
import ctypes, resource
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
def take():
    place = libc.malloc(16 << 20)
    ctypes.memset(place, 1, 16 << 20)
    libc.free(place)
take()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range({ROUNDS}):
    take()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*variables: str) -> int:
    words = ["env", "-u", "GLIBC_TUNABLES", *variables, sys.executable, "-c", PROGRAM]
    ended = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert not ended.stderr
    return int(ended.stdout)


def test_a_tensor_of_16_mb_is_not_mapped_anew() -> None:
    assert faults(*FASTER) < ROUNDS


def test_with_the_defaults_of_older_programs_it_is() -> None:
    assert faults("GLIBC_TUNABLES=glibc.malloc.mmap_threshold=131072") > 1000 * ROUNDS
