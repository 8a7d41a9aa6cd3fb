"""What runs as stale synchronous parallel is stale synchronous parallel.

Claim: in every history recorded on real ranks, every read keeps the five rules: bounded staleness, read my writes,
FIFO and monotone, nothing from the future, nothing lost or doubled.

Source: Ho et al. 2013 (SSP), Dai et al. 2015 (consistency of Petuum's tables); the rules as in `harness.history`.

Assumptions: ranks of one machine, so that their clocks agree.

What would refute it: a single read, write or final state that breaks a rule, with the events that prove it.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "Every read, write and final state of the table keeps the five rules of stale synchronous parallel, "
        "for both transports, both controllers, 2 and 4 ranks, with and without stragglers."
    ),
    source="Ho et al., NeurIPS 2013; Dai et al., AAAI 2015; the rules stand in `harness history --help`",
    assumptions=("ranks run on one machine, whose monotonic clock orders their events",),
    refuted_by="a single event that breaks a rule; the two or three events that prove it are shown",
    kind="protocol",
)
