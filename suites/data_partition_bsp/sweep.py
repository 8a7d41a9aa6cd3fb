"""Settings: digits and MNIST-5k on 2 and 4 ranks, one rank as the anchor, three faults as controls."""

from harness.engine.predictions import ERROR_RATE, LOSS
from harness.spec import DataPartition, Fault, Role, Setting, StepSize, Tolerance, Training

# ε. One update sums B = 32 products per weight and adds ten or so further roundings along the net: a relative
# error of at most γ = 32·u ≈ 4e-15 of the update (u = 1.1e-16; Higham 2002, §3.1). Over C = 2,000 clocks these
# add up to γ·√C ≈ 2e-13 of the distance travelled where they are independent, times an amplification by the
# dynamics that contraction keeps near 1. ε = 1e-12 leaves a factor of 5, and is a millionth of what the mildest
# mistake would leave: an update wrong by one part in a million.
# Scales, from a pilot with replicates 10,000 to 10,031 (none of which is run here): the reference differs from
# itself by 0.7e-15 (digits) and 1.0e-15 (MNIST-5k) with another order of summation, and by 0.025 and 0.11 with
# another order of the data. Medians over replicates, all layers, at the last clock.
# δ and α. No exceedance in R replicates bounds the probability by 1 − α^(1/R): 0.046 for R = 64, 0.089 for
# R = 32. δ = 0.10 needs 29 clean replicates (Clopper–Pearson, α = 0.05).
# Margins: half a percentage point of error, and 0.005 nats of loss, are less than two data orders differ by.
TOLERANCE = Tolerance(
    epsilon=1e-12,
    delta=0.10,
    alpha=0.05,
    noise=1.0e-15,
    natural=0.025,
    throughout=True,
    margins=((ERROR_RATE, 0.005), (LOSS, 0.005)),
    derivation=(
        "ε = 1e-12: rounding of a batch of 32 gives 32·1.1e-16 ≈ 4e-15 per update, times √2000 clocks ≈ 2e-13, "
        "times 5 in reserve. δ = 0.10 at α = 0.05 needs 29 replicates without exceedance; 64 and 32 are run."
    ),
)

DIGITS = Training(data="digits", widths=(64, 32, 10), batch=32, clocks=2_000, step_size=StepSize(0.1))
MNIST = Training(data="mnist5k", widths=(784, 16, 10), batch=32, clocks=2_000, step_size=StepSize(0.1))

# Softmax regression is convex: its gap to another data order shrinks, which gives the calibration of the verdict
# recorded trajectories to plant floors in.
SOFTMAX = Training(data="digits", widths=(64, 10), batch=32, clocks=2_000, step_size=StepSize(0.5, power=0.75))

FAULTS = (Fault.NO_EXCHANGE, Fault.SUM_FOR_MEAN, Fault.SAME_SHARD)


def _settings(training: Training, replicates: int) -> tuple[Setting, ...]:
    return (
        *(Setting(Role.CLAIM, training, DataPartition(workers), replicates) for workers in (2, 4)),
        Setting(Role.ANCHOR, training, DataPartition(1), replicates),
        *(Setting(Role.CONTROL, training, DataPartition(2, fault), replicates) for fault in FAULTS),
    )


SETTINGS = (
    Setting(Role.CLAIM, SOFTMAX, DataPartition(2), replicates=64),
    *_settings(DIGITS, 64),
    *_settings(MNIST, 32),
)
