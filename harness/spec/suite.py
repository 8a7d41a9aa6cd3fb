"""What is claimed, when it counts as refuted, and over which settings it is tested."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import BadInputError
from harness.spec.setting import Setting


@dataclass(frozen=True)
class Tolerance:
    """When a gap counts as exceeding, and how sure one must be: fixed before the run.

    Args:
        epsilon: ε, the relative gap that counts as an exceedance when passed.
        delta: δ, the probability of exceedance that is tolerated.
        alpha: α, error probability of each confidence bound.
        noise: relative gap of the reference to itself with another order of summation, in a pilot with other seeds.
        natural: relative gap of the reference to itself with another order of the data, in the same pilot.
        throughout: whether the claim is equality up to ε at every checkpoint, rather than convergence in the limit.
        margins: for each outcome the largest difference from the undistributed one that counts as equal.
        derivation: the arithmetic that leads to ε and δ.

    Raises:
        BadInputError: a number is out of range.
    """

    epsilon: float
    delta: float
    alpha: float
    noise: float
    natural: float
    throughout: bool
    margins: tuple[tuple[str, float], ...]
    derivation: str

    def __post_init__(self) -> None:
        for name in ("epsilon", "noise", "natural"):
            if not getattr(self, name) > 0:
                raise BadInputError(f"{name} = {getattr(self, name)} must be positive", where="tolerance")
        for name in ("delta", "alpha"):
            if not 0 < getattr(self, name) < 1:
                raise BadInputError(f"{name} = {getattr(self, name)} must lie in (0, 1)", where="tolerance")

    @property
    def scales(self) -> str:
        """ε as a multiple of the two scales that a relative gap is measured by."""
        noise, natural = self.epsilon / self.noise, self.epsilon / self.natural
        return f"ε is {noise:.2g} times the float noise and {natural:.2g} times the gap of another data order"


@dataclass(frozen=True)
class Claim:
    """What a suite tests.

    Args:
        statement: the claim in one sentence.
        source: where it was made.
        assumptions: what it presupposes.
        refuted_by: what observation would refute it.
        kind: `convergence` (weights against the reference), `protocol` (what was read against the rules) or `scaling`
            (time against cores).
    """

    statement: str
    source: str
    assumptions: tuple[str, ...]
    refuted_by: str
    kind: str


@dataclass(frozen=True)
class Suite:
    """A claim and the sweep that tests it.

    Args:
        name: name of its folder.
        claim: what is tested.
        tolerance: when it counts as refuted.
        settings: smallest first; at least one anchor and one control.
    """

    name: str
    claim: Claim
    tolerance: Tolerance
    settings: tuple[Setting, ...]
