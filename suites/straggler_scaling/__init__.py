"""What slack buys where workers are late: bulk synchronous against stale synchronous clocks under injected stragglers.

Claim: for either exchange the time of 120 clocks at s = 0 over that at s = 1 or 3 is, within a tenth, what the queue
start_i(k) = max(finish_i(k−1), max_j finish_j(k−1−s)) makes of the very same compute times; for a worker that is
always slow it is 1.

Source: Ho et al. 2013 (slack hides transient stragglers, not lasting ones); the queue is that of `harness.stats.queue`.

Assumptions: ranks sleep for their drawn times, so that every point is an emulated one and no core is short; messages
take far less than a clock.

What would refute it: a median over rounds whose whole interval lies further than a tenth from the queue's ratio.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "Under injected stragglers (lognormal, pauses, one slow rank; 4 and 8 workers; eager and pipelined exchange) "
        "the time at s = 0 over the time at s = 1 and 3 lies within 10 % of the queue model of the same compute times."
    ),
    source="Ho et al., NeurIPS 2013; queue model start_i(k) = max(finish_i(k−1), max_j finish_j(k−1−s))",
    assumptions=(
        "emulated: ranks sleep for the drawn times in the place of computing, protocol and messages are real",
        "messages take far less than the mean compute time of 20 ms",
    ),
    refuted_by="a ratio whose 95 % interval over rounds lies outside ±10 % of the model",
    kind="scaling",
)
