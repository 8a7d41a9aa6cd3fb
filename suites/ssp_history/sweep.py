"""Settings: ranks × transport × controller × stragglers, s = 1 and 3; each rule broken on purpose as a control."""

from itertools import product

from harness.spec import (
    Controller,
    Fault,
    Role,
    Setting,
    StalePartition,
    StepSize,
    Stragglers,
    Tolerance,
    Training,
    Transport,
)

# The unit here is the launch: a rule is kept by a run or it is not, and 8 replicates share one. 4 launches of each of
# 16 settings are 64: without a violation, the probability of a launch with one is below 1 − 0.05^(1/64) = 0.046
# (Clopper–Pearson, α = 0.05). ε = 0.5: half a violation, so that a single one exceeds.
TOLERANCE = Tolerance(
    epsilon=0.5,
    delta=0.10,
    alpha=0.05,
    noise=1e-9,
    natural=1.0,
    throughout=True,
    margins=(),
    derivation=(
        "A rule is kept or broken, so a single violation refutes. The unit is the launch: 64 launches without one "
        "bound the probability of a launch with one by 0.046 (Clopper–Pearson, α = 0.05); δ is not used."
    ),
)

TRAINING = Training(data="digits", widths=(64, 16, 10), batch=32, clocks=120, step_size=StepSize(0.1), checkpoints=4)
LAUNCHES = 4
_PER_LAUNCH = 8

_MIXED = product((2, 4), Transport, (Controller.MPI, Controller.GLOO), (Stragglers.NONE, Stragglers.LOGNORMAL))
_RULES = (Fault.TOO_STALE, Fault.FORGETS_OWN, Fault.FALLS_BACK, Fault.FROM_FUTURE, Fault.LOSES_ONE)


def _claim(number: int, workers: int, transport: Transport, controller: Controller, law: Stragglers) -> Setting:
    partition = StalePartition(workers, (1, 3)[number % 2], transport, controller, law)
    return Setting(Role.CLAIM, TRAINING, partition, LAUNCHES * _PER_LAUNCH)


SETTINGS = (
    *(_claim(number + number // 2, *mixed) for number, mixed in enumerate(_MIXED)),
    *(Setting(Role.ANCHOR, TRAINING, StalePartition(2, 0, transport), 4 * _PER_LAUNCH) for transport in Transport),
    *(Setting(Role.CONTROL, TRAINING, StalePartition(2, 3, fault=fault), 4 * _PER_LAUNCH) for fault in _RULES),
)
