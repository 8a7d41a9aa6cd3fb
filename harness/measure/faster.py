"""Environment of processes that are timed, peers too; those that test theory keep the defaults."""

# By default glibc takes every tensor of some megabytes from the kernel and gives it back, so that each step is spent
# on page faults anew: with one heap in large pages, which is kept, the sum of 104 MB between two ranks under MPI took
# 36 ms where it had taken 69.
_MALLOC = {"hugetlb": 1, "arena_max": 1, "mmap_threshold": 1 << 32, "trim_threshold": 1 << 32}

# Timing is in float32 with the faster kernels, which the theory's float64 runs leave alone, and without the buffer in
# which Horovod fuses tensors, into and out of which they would be copied.
FASTER = (
    "TF_ENABLE_ONEDNN_OPTS=1",
    "HOROVOD_FUSION_THRESHOLD=0",
    "GLIBC_TUNABLES=" + ":".join(f"glibc.malloc.{name}={value}" for name, value in _MALLOC.items()),
)
