"""Settings: ranks × staleness × transport for a linear and a tanh net; reads past the bound as the control."""

from itertools import product

from harness.spec import Fault, Role, Setting, StalePartition, StepSize, Stragglers, Tolerance, Training, Transport

# A view misses at most s updates of each of P − 1 workers, or holds s + 1 ≤ 2s too many: by the triangle inequality it
# lies within 2s(P−1)·max‖u‖. The ratio to that bound is at most 1 exactly; rounding of the norms (2,410 squares) adds
# less than 2,410·1.1e-16 < 1e-12. ε = 1 + 1e-9. At s = 0 the bound is 0, so that any gap is infinitely far outside.
# Every read is tested; replicates that share a launch share its schedule: 4 launches of 8 are run.
TOLERANCE = Tolerance(
    epsilon=1 + 1e-9,
    delta=0.10,
    alpha=0.05,
    noise=1e-12,
    natural=1.0,
    throughout=True,
    margins=(),
    derivation=(
        "The bound is a theorem about additions, so ε = 1 in units of the bound, plus 1e-9 for the rounding of norms. "
        "δ = 0.10 at α = 0.05 needs 29 replicates without a read outside; 32 are run, in 4 launches."
    ),
)

SOFTMAX = Training(data="digits", widths=(64, 10), batch=32, clocks=150, step_size=StepSize(0.5, power=0.75))
TANH = Training(data="digits", widths=(64, 32, 10), batch=32, clocks=150, step_size=StepSize(0.5, power=0.75))
_REPLICATES = 32


def _claim(training: Training, workers: int, staleness: int, transport: Transport) -> Setting:
    partition = StalePartition(workers, staleness, transport, stragglers=Stragglers.LOGNORMAL)
    return Setting(Role.CLAIM, training, partition, _REPLICATES)


SETTINGS = (
    *(_claim(SOFTMAX, *mixed) for mixed in product((2, 4), (1, 3), Transport)),
    *(_claim(TANH, 2, 3, transport) for transport in Transport),
    Setting(Role.ANCHOR, SOFTMAX, StalePartition(2, 0), _REPLICATES),
    Setting(Role.CONTROL, SOFTMAX, StalePartition(2, 0, fault=Fault.TOO_STALE), _REPLICATES),
)
