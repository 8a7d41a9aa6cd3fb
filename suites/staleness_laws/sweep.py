"""Laws, each a few settings along one axis or one setting along the clock, for softmax regression and a tanh net."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from harness.engine.predictions import ERROR_RATE, LOSS
from harness.spec import Delays, Fault, Regularisation, Role, Setting, StepSize, Tolerance, Training, VirtualPartition
from harness.spec.laws import Law, Scaling, Trend, derivation

# Replicates. The interval of an exponent over 32 replicates that differ by a factor of 1.5 at each of four points over
# a range of 8 has half a width of 1.7·0.4/√32/(√4·0.8) ≈ 0.08, half of the margin.
REPLICATES = 32

# ε is for the anchors, where nothing is late: a batch of 64 gives 64·1.1e-16 ≈ 7e-15 of the update, times √2000 clocks
# ≈ 3e-13 of the distance travelled (the arithmetic of data_partition_bsp), times 3 in reserve.
# Scales, from a pilot with replicates 10,000 to 10,007 (none of which is run here), the larger of both nets: medians of
# all layers at the last clock.
TOLERANCE = Tolerance(
    epsilon=1e-12,
    delta=0.10,
    alpha=0.05,
    noise=5.1e-16,
    natural=0.013,
    throughout=True,
    margins=((ERROR_RATE, 0.005), (LOSS, 0.005)),
    derivation=derivation(REPLICATES, rounding_as_in="data_partition_bsp"),
)

# Steps. The largest curvature of softmax regression on digits is 0.1·11.4 = 1.1 at the start (largest eigenvalue of the
# second moments of the inputs, times p(1 − p) + p²), so that η·L·s is at most 0.05·1.1·8 = 0.46 along the axis of s and
# 0.1·1.1·4 = 0.46 along that of η. Contraction by ℓ2 = 0.1 over 2,000 clocks: exp(−0.1·0.0125·2000) = 0.08 at the
# smallest step size, 5e-5 at the middle one. The tanh net has no such constant; its steps are as large as it trains
# well with, and its clocks are what ten minutes allow for.
# Known after the first run: a factor of 0.08 is not enough, the transient still shows at the two smallest steps and
# in the last three octaves; and along p = 1 it dies as (1 + c/τ)^(−η_0·τ·ℓ2) = (1 + c/τ)^(−1), as η_c itself falls.
SOFTMAX = Training(
    data="digits",
    widths=(64, 10),
    batch=64,
    clocks=2_000,
    step_size=StepSize(0.05),
    regularisation=Regularisation(l2=0.1),
)
TANH = Training(data="digits", widths=(64, 32, 10), batch=64, clocks=1_000, step_size=StepSize(0.1))
NETS = {"softmax": SOFTMAX, "tanh": TANH}

_WORKERS, _STALENESS = 8, 4
_STALENESSES, _HALVINGS = (1, 2, 4, 8), (4, 2, 1, 0.5)
_POWERS, _TAU = (0.5, 1.0), 100.0


def mean_lateness(staleness: int) -> float:
    """How many clocks an update of another worker is seen late, in the mean, where delays are uniform on {0..s}.

    Views never shrink, so that an update is unseen after j clocks only where no younger delay has shown it:
    Pr(late > j) = Π_{i ≤ j} (s − i)/(s + 1). The mean grows as √(πs/2) for large s, not as s/2.

    Args:
        staleness: s, in clocks.

    Returns:
        Clocks.
    """
    return float(np.cumprod((staleness - np.arange(staleness)) / (staleness + 1)).sum())


def _setting(training: Training, workers: int, staleness: int, delays: Delays, fault: Fault = Fault.NONE) -> Setting:
    role = Role.CONTROL if fault is not Fault.NONE else Role.CLAIM if staleness else Role.ANCHOR
    return Setting(role, training, VirtualPartition(workers, staleness, delays, fault), REPLICATES)


def _at(training: Training, workers: int = _WORKERS, staleness: int = _STALENESS) -> Setting:
    return _setting(training, workers, staleness, Delays.UNIFORM)


def _stepping(training: Training, factor: float, power: float = 0.0) -> Training:
    return replace(training, step_size=StepSize(factor * training.step_size.initial, power, _TAU))


def _laws(net: str) -> tuple[Law, ...]:
    """Laws of one net.

    By its definition an update is u = −(η/P)·g, so that what a view lacks is of the order of s·(P − 1)·η/P: linear in
    P − 1 where η/P is kept, in (P − 1)/P where η is.
    """
    training = NETS[net]
    steps = {halving: _stepping(training, 1 / halving) for halving in _HALVINGS}
    return (
        Scaling(
            "staleness, all s late",
            net,
            "lateness (clocks)",
            tuple((s, _setting(training, _WORKERS, s, Delays.LATEST)) for s in _STALENESSES),
        ),
        Scaling(
            "mean lateness, uniform delays",
            net,
            "lateness (clocks)",
            tuple((mean_lateness(s), _at(training, staleness=s)) for s in _STALENESSES),
        ),
        Scaling(
            "P − 1 at one η/P",
            net,
            "P − 1 (workers)",
            tuple((_WORKERS / h - 1, _at(steps[h], workers=round(_WORKERS / h))) for h in _HALVINGS),
        ),
        Scaling(
            "(P − 1)/P at one η",
            net,
            "(P − 1)/P",
            tuple(((p - 1) / p, _at(training, workers=p)) for p in (2, 4, 8, 16)),
        ),
        Scaling("step size", net, "step size η", tuple((t.step_size.initial, _at(t)) for t in steps.values())),
        Trend("plateau at constant η", net, _at(training)),
        *(Trend(f"decay, p = {power:g}", net, _at(_stepping(training, 2, power))) for power in _POWERS),
    )


def _control(net: str) -> Scaling:
    """Without exchange nothing is late, and the law in s has nothing to hold for."""
    ends = (_STALENESSES[0], _STALENESSES[-1])
    points = tuple((s, _setting(NETS[net], _WORKERS, s, Delays.LATEST, Fault.NO_EXCHANGE)) for s in ends)
    return Scaling("staleness, no exchange", net, "lateness (clocks)", points)


def _distinct(settings: Sequence[Setting]) -> tuple[Setting, ...]:
    return tuple(dict.fromkeys(settings))


LAWS: tuple[Law, ...] = tuple(chain.from_iterable(_laws(net) for net in NETS))
CONTROLS: tuple[Scaling, ...] = tuple(_control(net) for net in NETS)
ANCHORS: tuple[Setting, ...] = tuple(_at(training, staleness=0) for training in NETS.values())
SETTINGS = _distinct([
    setting
    for net, anchor in zip(NETS, ANCHORS, strict=True)
    for setting in (
        *chain.from_iterable(law.settings for law in LAWS if law.net == net),
        anchor,
        *chain.from_iterable(control.settings for control in CONTROLS if control.net == net),
    )
])
