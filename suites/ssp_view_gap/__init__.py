"""What a worker reads lies within a bound of what had been written: no statistics, every read.

Claim: ‖view[p,c] − x_c‖ ≤ 2s(P−1)·max‖u‖, the largest update in the window of clocks c − s … c + s, on every read.

Source: Ho et al. 2013, Kumar et al. (arXiv 1512.02728): the first step of every proof about SSP.

Assumptions: plain gradient descent, whose updates add; s ≥ 1.

What would refute it: one read outside the bound.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "On every read the view lies within 2s(P−1)·max‖u‖ of w_0 plus all updates stamped before its clock, "
        "where the largest update is taken over the clocks c − s … c + s."
    ),
    source="Ho et al., NeurIPS 2013; Kumar, Xie, Yin, Xing, arXiv:1512.02728",
    assumptions=("plain gradient descent: updates add", "the rules of SSP are kept (suite ssp_history)"),
    refuted_by="a single read whose view lies outside the bound",
    kind="protocol",
)
