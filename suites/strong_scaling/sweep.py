"""Settings: three nets, the same global batch for any number of workers; everybody on 2 ranks, emulated 4 and 8."""

from harness.spec import DataPartition, Role, Setting, Tolerance
from harness.spec.timings import LARGE, NETS, everybody

BATCH = 512
ROUNDS = 15

# δ = 1/2: what is claimed is claimed of the median over rounds. 15 rounds bound a median by the 4th and the 12th
# (95 %). ε: 6 · 10⁻⁸ of float32, about 10⁵ roundings per clock and weight in one direction at worst, weights 30 times
# the distance travelled: below 0.02 by far; without exchange half of the gradient's noise is missing, about 0.5.
TOLERANCE = Tolerance(
    epsilon=0.02,
    delta=0.5,
    alpha=0.05,
    noise=1e-4,
    natural=1.0,
    throughout=True,
    margins=(),
    derivation=(
        "The unit is the round. Medians of 15 rounds lie between the 4th and the 12th with 95 %. A round counts only "
        "if its weights are within 0.02 of the reference's, relative to the distance travelled: float32 leaves some "
        "10⁻⁴, an exchange that is missing about 0.5. Under s ≥ 1 weights differ by what staleness does in some "
        "clocks, and 0.5 is allowed. 0.80 of ideal is the middle of what Horovod published, 0.68 to 0.90."
    ),
)
STALE = 0.5
NEAR_LINEAR = 0.80
BEST = Setting(Role.CLAIM, LARGE.training(BATCH), DataPartition(2), ROUNDS)

SETTINGS = tuple(setting for net in NETS for setting in everybody(net, lambda _: BATCH, (4, 8), ROUNDS))
