"""How the trajectory gap of stale synchronous parallel scales with staleness, workers, step size and clock.

Claim: at a late clock the distance T = ‖x_c − w_c‖ between stale and undistributed weights is linear in how late
updates are seen, in P − 1 at updates of one size and in (P − 1)/P at one step size, and in the step size; it stays
on a plateau while the step size is constant, and falls as the step size falls.

Source: Kumar, Xie, Yin, Xing (arXiv 1512.02728) and Ho et al. (2013) bound what a view lacks by 2·s·(P − 1)·max‖u‖;
with contraction μ that makes T of the order s·(P − 1)·‖u‖·L/μ.

Assumptions: same initial weights, batches and step sizes; steps small against 1/(s·L); contraction, which softmax
regression with an ℓ2 penalty has and a tanh net has not; T close to its bound and not only below it.

What would refute it: an exponent of T whose interval over replicates lies more than a margin from the predicted one,
or a curve that is no power at all. A smaller exponent refutes the law, not the bound.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "Under stale synchronous parallel the distance from the undistributed weights is, at a late clock, linear in "
        "the lateness of updates, in the number of other workers and in the step size; it is constant in time at a "
        "constant step size and proportional to a decaying one."
    ),
    source=(
        "Kumar, Xie, Yin, Xing, arXiv:1512.02728; Ho et al. 2013: ‖view − x‖ ≤ 2·s·(P − 1)·max‖u‖, so that with "
        "contraction μ the gap is O(s·(P − 1)·‖u‖·L/μ)"
    ),
    assumptions=(
        "same initial weights, batches and step sizes as the reference",
        "steps small against 1/(s·L), L the largest curvature",
        "contraction towards the reference (softmax regression with ℓ2 = 0.1; a tanh net does not promise it)",
        "the gap is of the size of its bound, not only below it",
    ),
    refuted_by=(
        "an exponent whose 90 % interval over replicates lies outside the predicted one ± 0.15, or exponents of the "
        "two halves of the points that differ by more than 0.3"
    ),
    kind="convergence",
)
