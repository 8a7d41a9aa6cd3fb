"""The second theorem: model-partitioned training under a scheduler converges to the undistributed one.

Claim: where a scheduler chooses which blocks of a divided net are updated at a clock, or activations and errors of
other workers are up to s clocks old, the weights converge in probability to those of the undistributed training.

Source: the talk's second theorem ("the distributed weights converge in probability to the undistributed weights", model
partition under a scheduler); Lee et al. 2014 (STRADS) for the policies.

Assumptions: η_c → 0 with Σ η_c = ∞; every block is updated again and again; steps as many times longer as blocks are
fewer, so that the mean step of the schedule is the reference's; bounded staleness, of the same examples. Contraction is
*not* assumed: where the loss has flat directions, weights may part for good. Nor is it that priorities leave the mean
step as it is: they do not.

What would refute it: a gap that does not decay, or passes ε at the last clock in more than δ of the replicates.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "Under a scheduler of blocks and bounded staleness of what crosses partitions, with falling step sizes, the "
        "weights of a divided net converge in probability to those of the undistributed training, in every layer."
    ),
    source="Second theorem of the talk (model partition under a scheduler); Lee et al., NeurIPS 2014 (STRADS)",
    assumptions=(
        "same initial weights, batches and step sizes as the reference; η_c = η_0/(1 + c/100)^0.75; 1,000 clocks",
        "steps of chosen blocks are blocks/chosen times as long, so that the mean step is the reference's",
        "activations and errors of others at most s clocks old, of the same examples",
        "no contraction, convexity or regularisation: where the claim is refuted, that is what it lacks",
    ),
    refuted_by=(
        "a gap relative to the distance travelled that does not decay over the last three octaves, or is above ε at "
        "the last clock in more than a fraction δ of the replicates; a history that breaks a rule"
    ),
    kind="convergence",
)
