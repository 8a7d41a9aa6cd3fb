"""The first theorem: data-partitioned training under staleness converges to the undistributed one.

Claim: the weights x_c = w_0 + Σ u of training under stale synchronous parallel converge in probability to those of the
undistributed training on the same batches, with the same step sizes, as clocks go by.

Source: the talk's first theorem; Kumar, Xie, Yin, Xing (arXiv 1512.02728).

Assumptions: bounded staleness, η_c → 0 with Σ η_c = ∞. Contraction is *not* assumed, as the theorem does not: where the
loss has flat directions, weights may part for good while the functions come together.

What would refute it: a gap that does not decay, or passes ε at the last clock in more than δ of the replicates.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "Under bounded staleness and falling step sizes, the weights of data-partitioned training converge in "
        "probability to those of the undistributed training on the same batches, in every layer."
    ),
    source="First theorem of the talk; Kumar, Xie, Yin, Xing, arXiv:1512.02728",
    assumptions=(
        "staleness bounded by s, rules kept (suite ssp_history)",
        "same initial weights, batches and step sizes as the reference; η_c = 0.5/(1 + c/100)^0.75",
        "no contraction, convexity or regularisation: where the claim is refuted, that is what it lacks",
    ),
    refuted_by=(
        "a gap relative to the distance travelled that does not decay over the last three octaves, or is above ε at "
        "the last clock in more than a fraction δ of the replicates"
    ),
    kind="convergence",
)
