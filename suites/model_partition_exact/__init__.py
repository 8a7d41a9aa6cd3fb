"""A net divided among workers computes what the undivided net computes.

Claim: under synchronous model partition, by neurons, by weights, alternated, in two dimensions, and together with data
partition, workers hold after every clock the blocks of the undistributed training's weights.

Source: the talk's Model-Parallel DNN ("a single layer is distributed across processors"); Shoeybi et al. 2019 for the
alternated layout; Xu and You 2023 for two dimensions.

Assumptions: same initial weights, batches and step sizes; activations and errors exchanged in the clock in which they
are computed.

What would refute it: a gap above float noise in more than δ of the replicates, in any layer, at any checkpoint.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "With every layer divided among workers, by neurons, weights, alternated, in two dimensions or together with "
        "data partition, the weights equal those of the undistributed training up to float noise, at every clock."
    ),
    source="Model-parallel DNN of the talk; Shoeybi et al., arXiv:1909.08053; Xu and You, arXiv:2104.05343",
    assumptions=(
        "same initial weights, batches and step sizes as the reference",
        "activations and errors are exchanged in the clock in which they are computed",
        "float64 arithmetic",
    ),
    refuted_by=(
        "a relative trajectory gap above ε at any checkpoint, in any layer, in more than a fraction δ of the replicates"
    ),
    kind="convergence",
)
