"""Laws of divided nets, each a few settings along one axis or one along the clock, with what theory says of each.

Notation: N = L·P blocks, of which n are updated at a clock with steps k = N/n times as long; g the gradient, H its
curvature, Π_j the projection on the blocks of turn j; time τ = Σ η. Everything is to leading order in η.

* *Turns, all examples.* A round of k clocks makes −kη·Σ_j Π_j g(w − kη·Σ_{i<j} Π_i g) where the reference makes
  −kη·g + η²·k(k − 1)/2·Hg: Gauss–Seidel against Jacobi, two first-order integrators of one flow. Per unit of time they
  part by η·(k·Σ_{i<j} Π_j H Π_i − (k − 1)/2·H)·g, so that at one time the gap is linear in η. Within a round they
  differ by O(η) besides, so rounds are complete at the last clock.
* *Drawn blocks.* A clock makes −η·z∘g with factors z = k for n of N blocks and 0 for the others: mean 1, variance k − 1
  each. The noise η·(z − 1)∘g has the mean square (k − 1)·η²·‖g‖², whatever N; τ/η clocks of it add up to
  (k − 1)·η·τ·‖g‖²: the gap is the root of that, √η and √(k − 1) at one time, and √c before curvature is felt. N matters
  only in H·((z − 1)∘g), where a direction shared by all blocks keeps a share of 1/N of it.
* *Turns, drawn batches.* In k clocks a block takes k times the gradient of one batch where the reference takes that of
  k: per clock (k − 1)·η²·σ², σ² the variance of a batch's gradient. So √η, like drawn blocks, and no longer η.
* *Stale activations and errors*, s clocks late, are wrong by s·η·(their change in time): the gradient by s·η·M·g, the
  gap by s·η·∫ e^(−H(τ − t)) M g dt. Linear in s and η at one time, in c before curvature is felt. Of one layer by
  neurons only log Σ exp is late; by weights, of P equal shares of the sums of a logit P − 1 are, and of the errors.
* *Contraction*. Softmax regression with ℓ2 on the weights has none on the biases, so that its slowest curvature is not
  ℓ2. On the 256 digits with ℓ2 = 1 those of the minimum are: 0, of all biases together, which the softmax does not see;
  nine of 0.0468 to 0.0478, of biases whose own 0.1 the weights of the mean image nearly cancel; all others from 1 on.
  The reference never moves all biases together (Σ_i (p_i − y_i) = 0), but chosen blocks do, and errors of probabilities
  that do not add up to 1, as with stale log-sums. That is never forgotten. So on all examples every gap ends on a
  floor, reached as exp(−0.047·τ); the last three octaves start at τ = 40, where a sixth of the rest is left.
* *Contraction and drawn batches*. Of the noise Q per clock and η², η·Q_v/(2·λ_v) is held in a direction v of curvature
  λ_v, and η·Q_0·τ is walked in the flat one. With the covariance of a batch's gradient at the minimum, P = 4 by
  neurons, Q_0 = 0.00144 (in turn 0.00141) and Σ Q_v/(2λ_v − ηλ_v²) = 0.105 at η = 0.2: the gap follows √(1 + 0.0137·τ)
  (in turn 0.0135), a plateau that walks away; times √η_c where η_c falls.

A tanh net has the same laws at one time, as these need only smoothness; along the clock it promises nothing, and a
plateau is asked of it to see.

Known after the first half of a first run, and left as it was: of drawn blocks the law is of the mean square, but judged
is the typical replicate, and few blocks make few directions. Were it N − 1 of them, √(χ²/(N − 1)) has a mean log of
−0.63 for N = 2, −0.18 for N = 4 and −0.06 for N = 10, and a spread of 1.1, 0.5 and 0.25 (less where the gradient
turns). So the typical gap rises with N where the mean square does not, and 32 replicates may leave the laws of N and k
open: the roots of the mean squares of 32 have exponents of 0.06 (softmax) and 0.07 (tanh) in N, and of 0.45 in k − 1.

Known after the first whole run, and left as it was: by weights the gap does not grow with (P − 1)/P (0.15 in place of
1). The shares that are late do not point one way. In a plain NumPy model of the same training (8 draws, P = 2, 3, 4,
10), late errors alone have the exponent 1.0 and late log-sums 0.9, but late sums of logits 0.5, as parts of a sum with
signs of their own do; and sums and errors undo each other in part, the more the larger P is (these two together
−0.4, all three 0.4). `tests/suites/test_late_parts.py` repeats errors, sums and both.

References:
    hairer2006, kushner2003, lee2014
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from harness.engine.predictions import ERROR_RATE, LOSS
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
from harness.spec.laws import Law, Scaling, Trend, derivation

# As in staleness_laws: half a width of 0.08 where replicates differ by a factor of 1.5 at each of four points over a
# range of 8, and less than that where they differ less.
REPLICATES = 32

# ε is for the anchors, where all blocks are updated and nothing is late: as in staleness_laws, sums over 256 examples
# and 64 inputs in place of 64, 3e-14 of an update, times √240 clocks ≈ 4e-13.
# Scales, from a pilot with replicates 10,000 to 10,007 (none of which is run here), medians of all layers at the last
# clock, of the tanh net: noise as in its anchors, and another data order where batches are drawn.
TOLERANCE = Tolerance(
    epsilon=1e-12,
    delta=0.10,
    alpha=0.05,
    noise=4e-16,
    natural=0.013,
    throughout=True,
    margins=((ERROR_RATE, 0.005), (LOSS, 0.005)),
    derivation=derivation(REPLICATES, rounding_as_in="staleness_laws"),
)

# Largest curvature 2.2 with ℓ2 = 1, of which 1.1 are late: k·η·L ≤ 2·0.1·2.2 = 0.44 along the axis of η,
# η·L·s ≤ 0.025·1.1·8 = 0.22 along that of s. Each step size trains for the same time, in clocks of whole rounds.
SOFTMAX = Training(
    data="digits256",
    widths=(64, 10),
    batch=256,
    clocks=240,
    step_size=StepSize(0.025),
    regularisation=Regularisation(l2=1.0),
)
TANH = Training(data="digits256", widths=(64, 32, 10), batch=256, clocks=160, step_size=StepSize(0.025))
NETS = {"softmax": SOFTMAX, "tanh": TANH}
WALK = 0.0136

_WORKERS, _LATE = 4, 2
_STALENESSES, _FACTORS = (1, 2, 4, 8), (0.5, 1, 2, 4)
_BLOCK_WORKERS, _FACTOR_WORKERS, _SHARE_WORKERS = (2, 4, 8, 10), (4, 7, 5, 3), (2, 3, 4, 10)
_BRIEF, _BRIEF_CLOCKS = StepSize(0.001), 64


def _stepping(training: Training, factor: float) -> Training:
    """Another step size for the same time."""
    step_size = StepSize(factor * training.step_size.initial)
    return replace(training, step_size=step_size, clocks=round(training.clocks / factor))


def _in_batches(training: Training) -> Training:
    return replace(training, data="digits", batch=64)


def _scheduled(training: Training, policy: Policy, workers: int = _WORKERS, fault: Fault = Fault.NONE) -> Setting:
    return _setting(training, ScheduledPartition(workers, Layout.NEURON, policy, 0, Delays.NONE, fault))


def _late(
    training: Training,
    staleness: int = _LATE,
    layout: Layout = Layout.NEURON,
    workers: int = _WORKERS,
    fault: Fault = Fault.NONE,
) -> Setting:
    return _setting(training, ScheduledPartition(workers, layout, Policy.ALL, staleness, Delays.LATEST, fault))


def _setting(training: Training, partition: ScheduledPartition) -> Setting:
    moved = partition.staleness or partition.policy is not Policy.ALL
    role = Role.CONTROL if partition.fault is not Fault.NONE else Role.CLAIM if moved else Role.ANCHOR
    return Setting(role, training, partition, REPLICATES)


def _factor(workers: int) -> float:
    """How many blocks of one layer there are for each that is updated: k = P/⌊P/2⌋."""
    return workers / (workers // 2)


def _by_step(training: Training, policy: Policy, fault: Fault = Fault.NONE) -> tuple[tuple[float, Setting], ...]:
    found = [_stepping(training, factor) for factor in _FACTORS]
    return tuple((t.step_size.initial, _scheduled(t, policy, fault=fault)) for t in found)


def _by_staleness(training: Training, layout: Layout) -> tuple[tuple[float, Setting], ...]:
    return tuple((s, _late(training, s, layout)) for s in _STALENESSES)


def _by_blocks(training: Training, policy: Policy) -> tuple[tuple[float, Setting], ...]:
    layers = len(training.widths) - 1
    return tuple((layers * p, _scheduled(training, policy, p)) for p in _BLOCK_WORKERS)


def _laws(net: str) -> tuple[Law, ...]:
    """Laws at one time, and of the first clocks."""
    training = NETS[net]
    brief = replace(training, step_size=_BRIEF, clocks=_BRIEF_CLOCKS)
    stale = tuple((t.step_size.initial, _late(t)) for t in (_stepping(training, factor) for factor in _FACTORS))
    return (
        Scaling("in turn, all examples", net, "step size η", _by_step(training, Policy.ROUND_ROBIN)),
        Scaling("drawn blocks, all examples", net, "step size η", _by_step(training, Policy.RANDOM), 0.5),
        Scaling("drawn blocks", net, "blocks L·P", _by_blocks(_stepping(training, 2), Policy.RANDOM), 0.0),
        Scaling("all s late, by neurons", net, "staleness s (clocks)", _by_staleness(training, Layout.NEURON)),
        Scaling("all s late, by weights", net, "staleness s (clocks)", _by_staleness(training, Layout.WEIGHT)),
        Scaling("2 late, by neurons", net, "step size η (stale)", stale),
        Trend("first clocks, 1 late", net, _late(brief, 1), clock_power=1.0),
        Trend("first clocks, drawn blocks", net, _scheduled(brief, Policy.RANDOM), clock_power=0.5),
    )


def _softmax_laws() -> tuple[Law, ...]:
    """Laws of a single layer, where k depends on P, and of late clocks."""
    net, training = "softmax", SOFTMAX
    twice, batches = _stepping(training, 2), _in_batches(training)
    long = replace(training, step_size=StepSize(0.2), clocks=1_600)
    noisy = replace(batches, step_size=StepSize(0.2), clocks=1_000)
    falling = replace(batches, step_size=StepSize(0.3, 0.5), clocks=1_000)
    waiting = tuple((_factor(p) - 1, _scheduled(twice, Policy.RANDOM, p)) for p in _FACTOR_WORKERS)
    shares = tuple(((p - 1) / p, _late(training, layout=Layout.WEIGHT, workers=p)) for p in _SHARE_WORKERS)
    return (
        Scaling("in turn, drawn batches", net, "step size η", _by_step(batches, Policy.ROUND_ROBIN), 0.5),
        Scaling("drawn blocks, k", net, "k − 1 (blocks waiting for each)", waiting, 0.5),
        Scaling("2 late, by weights", net, "(P − 1)/P", shares),
        Trend("floor, 2 late", net, _late(long)),
        Trend("floor, in turn", net, _scheduled(long, Policy.ROUND_ROBIN)),
        Trend("floor, drawn blocks", net, _scheduled(long, Policy.RANDOM)),
        Trend("batches, drawn blocks", net, _scheduled(noisy, Policy.RANDOM), 0.5, walk=WALK),
        Trend("batches, in turn", net, _scheduled(noisy, Policy.ROUND_ROBIN), 0.5, walk=WALK),
        Trend("batches, η falls", net, _scheduled(falling, Policy.RANDOM), 0.5, walk=WALK),
    )


def _tanh_laws() -> tuple[Law, ...]:
    """Laws of two layers, whose blocks take turns in another pattern for each P; and the plateau, not promised."""
    plateau = replace(_in_batches(TANH), step_size=StepSize(0.1), clocks=1_000)
    blocks = _by_blocks(_stepping(TANH, 2), Policy.ROUND_ROBIN)
    return (
        Scaling("in turn", "tanh", "blocks L·P", blocks, 0.0),
        Trend("batches, drawn blocks", "tanh", _scheduled(plateau, Policy.RANDOM), 0.5),
    )


def _controls(net: str) -> tuple[Scaling, ...]:
    """Without exchange nothing is late; with steps that are not lengthened the mean step is another one."""
    training = NETS[net]
    ends = (_STALENESSES[0], _STALENESSES[-1])
    alone = tuple((s, _late(training, s, fault=Fault.NO_EXCHANGE)) for s in ends)
    short = _by_step(training, Policy.RANDOM, Fault.UNSCALED)
    return (
        Scaling("all s late, no exchange", net, "staleness s (clocks)", alone),
        Scaling("drawn blocks, unscaled", net, "step size η", (short[1], short[3]), 0.5),
    )


def _in_order(settings: Sequence[Setting]) -> tuple[Setting, ...]:
    """Each once, smallest first."""
    return tuple(sorted(dict.fromkeys(settings), key=lambda s: s.training.parameters * s.training.clocks))


LAWS: tuple[Law, ...] = (*_laws("softmax"), *_softmax_laws(), *_laws("tanh"), *_tanh_laws())
CONTROLS: tuple[Law, ...] = tuple(chain.from_iterable(_controls(net) for net in NETS))
ANCHORS: tuple[Setting, ...] = tuple(
    _setting(training, ScheduledPartition(_WORKERS, layout, Policy.ALL, 0, Delays.NONE))
    for training in NETS.values()
    for layout in (Layout.NEURON, Layout.WEIGHT)
)
SETTINGS = _in_order([*chain.from_iterable(law.settings for law in (*LAWS, *CONTROLS)), *ANCHORS])
