"""How the gap of a divided net scales with the number of blocks, staleness, step size and clock.

Claim: at one training time Σ η the distance ‖x_c − w_c‖ from the undistributed weights is linear in the step size
where blocks take turns on all examples (Gauss–Seidel against Jacobi) and grows as its root where they are drawn at
random or examples are; it does not depend on how many blocks there are, but on how many of them wait; what is s clocks
late makes it linear in s and in the step size. Late in softmax regression with ℓ2 it stays on a floor, and where
batches are drawn it walks away from a plateau, in the one direction that neither loss nor ℓ2 feels: all biases.

Source: the talk's scheduler and second theorem, after Lee et al. 2014 (STRADS); the exponents are those of a composed
and of a direct Euler step (Hairer, Lubich, Wanner 2006) and of stochastic approximation at a constant step size
(Kushner, Yin 2003).

Assumptions: same initial weights, batches and step sizes; steps small against 1/(s·L) and n/(N·L), L the largest
curvature; for what is said of late clocks, contraction in all directions but one, which softmax regression with an ℓ2
penalty has and a tanh net has not.

What would refute it: an exponent whose interval over replicates lies more than a margin from the predicted one, or a
curve that is no power at all.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "The distance between the weights of a divided net under a scheduler or stale exchanges and the undistributed "
        "ones is, at one training time, linear in the step size and in staleness where nothing is drawn, grows as the "
        "root of the step size and of the blocks that wait for each updated one where something is, and does not "
        "depend on the number of blocks; at late clocks it rests on a floor, or walks where batches are drawn."
    ),
    source=(
        "second theorem of the talk; Lee et al. 2014; Hairer, Lubich, Wanner 2006 (two first-order integrators part by "
        "O(η)); Kushner, Yin 2003 (constant step size: O(√η))"
    ),
    assumptions=(
        "same initial weights, batches and step sizes as the reference",
        "steps small against 1/(s·L) and n/(N·L), L the largest curvature",
        "at late clocks, contraction but for all biases together (softmax regression with ℓ2 = 1; not a tanh net)",
    ),
    refuted_by=(
        "an exponent whose 90 % interval over replicates lies outside the predicted one ± 0.15, or exponents of the "
        "two halves of the points that differ by more than 0.3"
    ),
    kind="convergence",
)
