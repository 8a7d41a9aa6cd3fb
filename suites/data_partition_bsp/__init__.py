"""Bulk synchronous data partition computes what one process computes.

Claim: at staleness 0, P workers that each take their share of a batch and average their gradients by
Horovod hold, after every clock, the weights of the undistributed training on the same batches.

Source: the talk's Data-Parallel DNN; Kumar, Xie, Yin, Xing (arXiv 1512.02728) at staleness 0;
Valiant's bulk synchronous model.

Assumptions: same initial weights, same batches, same step sizes; the mean over workers weighted by share;
gradients exchanged before every update.

What would refute it: a gap above float noise in more than δ of the replicates, on any rank, in any layer,
at any checkpoint.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "At staleness 0 the weights of data-partitioned training equal those of the undistributed "
        "training on the same batches, up to float noise, in every layer, on every rank, at every clock."
    ),
    source=(
        "Data-parallel DNN of the talk; Kumar, Xie, Yin, Xing, arXiv:1512.02728, at staleness 0 "
        "(bulk synchronous parallel: Valiant 1990)"
    ),
    assumptions=(
        "same initial weights, batches and step sizes as the reference",
        "gradients averaged over workers, weighted by share, before every update",
        "float64 arithmetic",
    ),
    refuted_by=(
        "a relative trajectory gap above ε at any checkpoint, on any rank, in any layer, "
        "in more than a fraction δ of the replicates"
    ),
    kind="convergence",
)
