"""Settings: s = 1, 2, 4, 8 by η_0 = 0.05 … 1.5, and by L2 = 0 … 0.1 at η_0 = 0.5."""

from dataclasses import replace
from itertools import product

from harness.spec import Fault, Regularisation, Role, Setting, StepSize, Tolerance, Training, VirtualPartition

# The same ε, δ and α as `data_partition_ssp`, for the same reasons; steps of the map are factors of 2 in s and about 3
# in η_0 and L2. 1,000 clocks: the last three octaves run from clock 125, where η has fallen to 0.54 of η_0, to 0.17.
TOLERANCE = Tolerance(
    epsilon=0.05,
    delta=0.10,
    alpha=0.05,
    noise=1.0e-15,
    natural=0.025,
    throughout=False,
    margins=(),
    derivation=(
        "ε = 0.05, δ = 0.10 and α = 0.05 as in data_partition_ssp, fixed before either was run; 32 replicates, of "
        "which 29 without exceedance are needed."
    ),
)

_BASE = Training(
    data="digits", widths=(64, 32, 10), batch=64, clocks=1_000, step_size=StepSize(0.5, power=0.75), checkpoints=13
)
STALENESS, WORKERS, REPLICATES = (1, 2, 4, 8), 8, 32
ETAS, L2S = (0.05, 0.15, 0.5, 1.5), (0.001, 0.01, 0.03, 0.1)
_TRAININGS = (
    *(replace(_BASE, step_size=StepSize(eta, power=0.75)) for eta in ETAS),
    *(replace(_BASE, regularisation=Regularisation(l2=l2)) for l2 in L2S),
)

SETTINGS = (
    *(
        Setting(Role.CLAIM, training, VirtualPartition(WORKERS, s), REPLICATES)
        for training, s in product(_TRAININGS, STALENESS)
    ),
    Setting(Role.ANCHOR, _BASE, VirtualPartition(WORKERS, 0), REPLICATES),
    Setting(Role.CONTROL, _BASE, VirtualPartition(WORKERS, 2, fault=Fault.NO_EXCHANGE), REPLICATES),
)
