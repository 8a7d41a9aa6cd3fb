"""Staleness slows deeper nets down more, and momentum, RMSProp and Adam more than plain gradient descent.

Claim: the number of clocks that stale synchronous parallel needs to a training loss, over the number that the
undistributed reference needs, is larger for deeper nets, and larger under momentum, RMSProp and Adam than under
plain gradient descent and under Adagrad.

Source: Dai, Zhou, Dong, Zhang, Xing (arXiv 1810.03264), from experiments on other nets and data.

Assumptions: the same algorithm at staleness 0; a constant step size per optimizer, chosen without staleness; the same
target for all; the clock counts, not the time.

What would refute it: a slowdown of the deeper net, or of the other optimizer, that is shown over replicates to be less
than a tenth larger.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "Clocks to a training loss under stale synchronous parallel, over those of the undistributed reference, are "
        "more for deeper nets, and more under momentum, RMSProp and Adam than under plain gradient descent or Adagrad."
    ),
    source=(
        "Dai, Zhou, Dong, Zhang, Xing: Toward understanding the impact of staleness in distributed machine learning, "
        "arXiv:1810.03264"
    ),
    assumptions=(
        "the reference is the same algorithm at staleness 0, on the same initial weights and batches",
        "a constant step size per optimizer, chosen on the reference alone",
        "one target loss for all nets and optimizers",
        "the parameter server applies the optimizer to the sum of the workers' gradients of one clock",
    ),
    refuted_by=(
        "a slowdown that is shown, over replicates paired by seed, to be less than 1.1 times that of the shallower net "
        "or of the other optimizer"
    ),
    kind="convergence",
)
