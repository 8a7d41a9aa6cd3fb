"""Where does the first theorem hold? Its verdict over staleness × step size, and staleness × L2.

Claim: over the whole map, the weights of data-partitioned training under staleness converge in probability to those of
the undistributed training.

Source: the talk's first theorem; Kumar, Xie, Yin, Xing (arXiv 1512.02728), which name no border.

Assumptions: bounded staleness, η_c → 0 with Σ η_c = ∞; a tanh net, which has flat directions unless L2 bends them.

What would refute it: one point of the map that is refuted. The map, not the word, is what this suite is for.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "The weights of a tanh net trained by 8 workers under staleness converge in probability to those of the "
        "undistributed training, at every staleness, step size and strength of L2 of the map."
    ),
    source="First theorem of the talk; Kumar, Xie, Yin, Xing, arXiv:1512.02728, which name no border",
    assumptions=(
        "virtual executor, uniform delays, 8 workers in lockstep",
        "η_c = η_0/(1 + c/100)^0.75; 1,000 clocks",
    ),
    refuted_by="a point of the map whose gap does not decay, or passes ε in more than a fraction δ of the replicates",
    kind="convergence",
)
