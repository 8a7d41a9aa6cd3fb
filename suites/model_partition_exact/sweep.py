"""Settings: every layout on 2, 4 and 8 ranks, on digits and MNIST-5k, through layers of 37 and 23 units."""

from harness.engine.predictions import ERROR_RATE, LOSS
from harness.spec import Fault, Layout, ModelPartition, Role, Setting, StepSize, Tolerance, Training

# ε. As in `data_partition_bsp`, one update is rounded by γ = 32·u ≈ 4e-15 of itself at most (u = 1.1e-16; Higham 2002,
# §3.1), for sums over the batch; here sums over up to 784 inputs are taken in another order as well, 784·u ≈ 9e-14 of a
# sum of one sign, of which signs that differ and pairwise summation leave about √784·u ≈ 3e-15. Over 2,000 clocks these
# add up to √2000 · 5e-15 ≈ 2e-13 where they are independent. The net has two hidden layers, which amplify more than one
# does: 1e-10 leaves a factor of 500 for it, and is a ten-thousandth of what an update wrong by one part in a million
# would leave.
# Scales, from a pilot with replicates 10,000 to 10,031 (none of which is run here): the reference differs from itself
# by 1.0e-15 (digits) and 1.4e-15 (MNIST-5k) with another order of summation, by 0.046 and 0.16 with another data order.
# δ and α. No exceedance in R = 32 replicates bounds the probability by 0.089; δ = 0.10 needs 29 clean replicates.
# Margins as in `data_partition_bsp`.
TOLERANCE = Tolerance(
    epsilon=1e-10,
    delta=0.10,
    alpha=0.05,
    noise=1.4e-15,
    natural=0.046,
    throughout=True,
    margins=((ERROR_RATE, 0.005), (LOSS, 0.005)),
    derivation=(
        "ε = 1e-10: rounding of sums over a batch of 32 and over up to 784 inputs leaves about 5e-15 per update, times "
        "√2000 clocks ≈ 2e-13, times 500 for the amplification by two hidden layers. δ = 0.10 at α = 0.05 needs 29 "
        "replicates without exceedance; 32 are run."
    ),
)

DIGITS = Training(data="digits", widths=(64, 37, 23, 10), batch=32, clocks=2_000, step_size=StepSize(0.1))
MNIST = Training(data="mnist5k", widths=(784, 37, 23, 10), batch=32, clocks=2_000, step_size=StepSize(0.1))
REPLICATES = 32

_ONE_GROUP = tuple(
    ModelPartition(workers, layout)
    for workers in (2, 4, 8)
    for layout in (Layout.NEURON, Layout.WEIGHT, Layout.ALTERNATE)
)
_GRIDS = (
    ModelPartition(2, Layout.GRID, rows=2),
    ModelPartition(4, Layout.GRID, rows=2),
    ModelPartition(8, Layout.GRID, rows=2),
)
_HYBRIDS = (
    ModelPartition(4, Layout.NEURON, groups=2),
    ModelPartition(4, Layout.ALTERNATE, groups=2),
    ModelPartition(8, Layout.ALTERNATE, groups=4),
    ModelPartition(8, Layout.GRID, groups=2, rows=2),
)
_CONTROLS = (
    ModelPartition(2, Layout.ALTERNATE, fault=Fault.BIAS_PER_WORKER),
    ModelPartition(2, Layout.ALTERNATE, fault=Fault.NO_BACKWARD_SUM),
    ModelPartition(2, Layout.NEURON, fault=Fault.GRADIENT_PER_WORKER),
    ModelPartition(4, Layout.NEURON, groups=2, fault=Fault.NO_EXCHANGE),
)

SETTINGS = tuple(
    Setting(role, training, partition, REPLICATES)
    for training in (DIGITS, MNIST)
    for role, partitions in (
        (Role.CLAIM, (*_ONE_GROUP, *_GRIDS, *_HYBRIDS)),
        (Role.ANCHOR, (ModelPartition(1, Layout.NEURON),)),
        (Role.CONTROL, _CONTROLS),
    )
    for partition in partitions
)
