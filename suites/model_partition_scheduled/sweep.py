"""Settings: policies and staleness over step sizes, simulated on 4 workers, and on 2 and 4 real ranks."""

from dataclasses import replace
from itertools import product

from harness.history import BLOCK_RULES
from harness.history import RULES as TABLE_RULES
from harness.spec import (
    Delays,
    Fault,
    Layout,
    Policy,
    Regularisation,
    Role,
    ScheduledPartition,
    Setting,
    StepSize,
    Tolerance,
    Training,
)

# The same ε, δ and α as the first theorem's `data_partition_ssp`, for the same reasons, and as many clocks as
# `staleness_border`: the last three octaves run from clock 125, where η has fallen to 0.54 of η_0, to 0.17 of it.
# Scales, from the pilot of `data_partition_bsp` (replicates 10,000 to 10,031): 1.0e-15 with another order of summation,
# 0.025 with another order of the data. (With the whole data set as the batch another order changes nothing.)
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

REPLICATES, WORKERS = 32, 4
RULES = {rule: name for rule, name in (TABLE_RULES | BLOCK_RULES).items() if rule != 5}

_STEP = StepSize(0.5, power=0.75)
SOFTMAX = Training(data="digits", widths=(64, 10), batch=64, clocks=1_000, step_size=_STEP, checkpoints=13)
TANH = replace(SOFTMAX, widths=(64, 32, 10))
SOFTMAX_L2 = replace(SOFTMAX, regularisation=Regularisation(l2=0.01))
# What is stale must be of the same examples, so that every clock sees all 256 of them.
FULL_SOFTMAX = replace(SOFTMAX, data="digits256", batch=256)
FULL_TANH = replace(FULL_SOFTMAX, widths=(64, 16, 10))

CHOOSING = (Policy.ROUND_ROBIN, Policy.RANDOM, Policy.PRIORITY, Policy.STRADS)
ETAS, STALENESS = (0.05, 0.15, 0.5), (1, 3, 8)


def at(training: Training, eta: float) -> Training:
    """A training with another first step size.

    Args:
        training: the training.
        eta: η_0.

    Returns:
        The new training.
    """
    return replace(training, step_size=replace(training.step_size, initial=eta))


def _chosen(policy: Policy, fault: Fault = Fault.NONE) -> ScheduledPartition:
    return ScheduledPartition(WORKERS, Layout.WEIGHT, policy, 0, Delays.NONE, fault)


def _late(staleness: int, fault: Fault = Fault.NONE) -> ScheduledPartition:
    return ScheduledPartition(WORKERS, Layout.NEURON, Policy.ALL, staleness, Delays.UNIFORM, fault)


def _claim(training: Training, partition: ScheduledPartition) -> Setting:
    return Setting(Role.CLAIM, training, partition, REPLICATES)


SETTINGS = (
    *(_claim(SOFTMAX, _chosen(policy)) for policy in CHOOSING),
    *(_claim(SOFTMAX_L2, _chosen(policy)) for policy in (Policy.RANDOM, Policy.STRADS)),
    *(_claim(at(TANH, eta), _chosen(policy)) for policy, eta in product(CHOOSING, ETAS)),
    *(_claim(FULL_SOFTMAX, _late(s)) for s in STALENESS),
    *(_claim(at(FULL_TANH, eta), _late(s)) for s, eta in product(STALENESS, ETAS)),
    _claim(SOFTMAX, ScheduledPartition(2, Layout.WEIGHT, Policy.RANDOM, 0)),
    _claim(TANH, ScheduledPartition(2, Layout.NEURON, Policy.ROUND_ROBIN, 0)),
    _claim(FULL_SOFTMAX, ScheduledPartition(2, Layout.WEIGHT, Policy.ALL, 3)),
    _claim(FULL_TANH, ScheduledPartition(2, Layout.NEURON, Policy.ALL, 3)),
    _claim(FULL_TANH, ScheduledPartition(4, Layout.WEIGHT, Policy.STRADS, 2)),
    Setting(Role.ANCHOR, TANH, _chosen(Policy.ALL), REPLICATES),
    Setting(Role.ANCHOR, TANH, ScheduledPartition(2, Layout.NEURON, Policy.ALL, 0), REPLICATES),
    Setting(Role.CONTROL, SOFTMAX, _chosen(Policy.RANDOM, Fault.UNSCALED), REPLICATES),
    Setting(Role.CONTROL, TANH, _chosen(Policy.ROUND_ROBIN, Fault.UNSCALED), REPLICATES),
    Setting(Role.CONTROL, FULL_TANH, _late(3, Fault.NO_EXCHANGE), REPLICATES),
)
