"""Laws of the absolute gap: powers of a quantity and courses along the clock, stated before they are run."""

from __future__ import annotations

from dataclasses import dataclass

from harness.spec.setting import Setting

# Margin of an exponent. Other laws that theory offers differ by a half: √s where what is missed is independent noise,
# η^(3/2) where gradient noise drives the gap, s² where it feeds on itself. 0.15 is less than a third of that, and over
# a range of 8 it stands for a factor of 8^0.15 = 1.37. The same holds for slopes in log clock over three octaves. Where
# the exponent is within the margin all along, the two halves of the points differ by twice the margin at most. (The
# bend was added after a first run had shown a curve with a minimum and a mean exponent of 1; it can only take support
# away.)
MARGIN = 0.15


def derivation(replicates: int, *, rounding_as_in: str) -> str:
    """What a suite of laws says of its tolerance.

    Args:
        replicates: R, per setting.
        rounding_as_in: suite whose arithmetic the ε of the anchors follows.

    Returns:
        How laws are tested, and where ε comes from.
    """
    return (
        f"laws: exponent of the absolute gap per replicate, 90 % interval within ±{MARGIN:g} of the prediction, less "
        "than a third of the half that separates it from other laws, and bend between the halves of the points within "
        f"twice that (two one-sided signed-rank tests at α = 0.05 each, {replicates} replicates). Anchors: ε = 1e-12 "
        f"from rounding, as in {rounding_as_in}."
    )


@dataclass(frozen=True)
class Scaling:
    """A power of one quantity that the absolute gap follows at the last clock.

    The gap is the absolute one, trajectory · travelled, because that is the theorem's; where the reference is the same
    at all points, the relative gap has the same exponent.

    Args:
        name: what is varied, how.
        net: name of the net.
        quantity: label of the axis.
        points: values of the quantity, each with the setting that has it.
        predicted: exponent.
    """

    name: str
    net: str
    quantity: str
    points: tuple[tuple[float, Setting], ...]
    predicted: float = 1.0

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Settings that the law is about."""
        return tuple(setting for _, setting in self.points)


@dataclass(frozen=True)
class Trend:
    """The absolute gap follows η_c^a · c^b · √(1 + κ·Σ_{c' < c} η_c'²/η_c) over the last three octaves of the clock.

    With a = 1 alone that is the step size: a plateau where it is constant. With κ there is a random walk beside noise
    that is held at √η: κ is their ratio in squares after one unit of time.

    Args:
        name: which schedule.
        net: name of the net.
        setting: the run.
        step_power: a.
        clock_power: b.
        walk: κ.
    """

    name: str
    net: str
    setting: Setting
    step_power: float = 1.0
    clock_power: float = 0.0
    walk: float = 0.0

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Settings that the law is about."""
        return (self.setting,)


Law = Scaling | Trend
