"""Settings: digits and MNIST-5k on 2 and 4 ranks, one rank as the anchor, three faults as controls."""

from harness.spec import DataPartition, Fault, Role, Setting, Tolerance, Training

# ε. One update sums B = 32 products per weight and adds ten or so further roundings along the net: a relative
# error of at most γ = 32·u ≈ 4e-15 of the update (u = 1.1e-16; Higham 2002, §3.1). Over C = 2,000 clocks these
# add up to γ·√C ≈ 2e-13 of the distance travelled where they are independent, times an amplification by the
# dynamics that contraction keeps near 1. ε = 1e-12 leaves a factor of 5, and is a millionth of what the mildest
# mistake would leave: an update wrong by one part in a million.
# δ and α. No exceedance in R replicates bounds the probability by 1 − α^(1/R): 0.046 for R = 64, 0.089 for
# R = 32. δ = 0.10 needs 29 clean replicates (Clopper–Pearson, α = 0.05).
TOLERANCE = Tolerance(
    epsilon=1e-12,
    delta=0.10,
    alpha=0.05,
    derivation=(
        "ε = 1e-12: rounding of a batch of 32 gives 32·1.1e-16 ≈ 4e-15 per update, times √2000 clocks ≈ 2e-13, "
        "times 5 in reserve. δ = 0.10 at α = 0.05 needs 29 replicates without exceedance; 64 and 32 are run."
    ),
)

DIGITS = Training(data="digits", widths=(64, 32, 10), batch=32, clocks=2_000, step_size=0.1)
MNIST = Training(data="mnist5k", widths=(784, 16, 10), batch=32, clocks=2_000, step_size=0.1)

FAULTS = (Fault.NO_EXCHANGE, Fault.SUM_FOR_MEAN, Fault.SAME_SHARD)


def _settings(training: Training, replicates: int) -> tuple[Setting, ...]:
    return (
        *(Setting(Role.CLAIM, training, DataPartition(workers), replicates) for workers in (2, 4)),
        Setting(Role.ANCHOR, training, DataPartition(1), replicates),
        *(Setting(Role.CONTROL, training, DataPartition(2, fault), replicates) for fault in FAULTS),
    )


SETTINGS = _settings(DIGITS, 64) + _settings(MNIST, 32)
