"""The same quality sooner on more cores.

Claim: two ranks of the data partition bring the net to the loss that the undistributed reference has after 80 % of its
clocks in less wall time than one process without Horovod. For the stale synchronous partition three numbers are given:
clocks per second, clocks to target, and their product, the seconds to target.

Source: Ho et al. 2013 and Petuum report speed as the time to a quality, and take it apart so.

Assumptions: one thread per rank, a core per rank; one net, one draw of initial weights and one order of the data for
everybody, so that clocks to target differ between rounds by the moments of messages alone; the loss is the mean
cross-entropy over the whole data set that is trained on. Counted from the first timed clock.

Left out: four and eight workers on fewer cores, whose ranks would sleep in the place of computing and have no loss;
the neuron partition, none of whose ranks holds a whole net to take the loss of, and whose clocks to target are those of
the reference anyway. Weights are taken down between what is timed; of a stale partition within it, a copy of the
weights at each checkpoint.

What would refute it: a median over rounds of T(1)/T(2) whose whole interval lies below 1, or weights that are not the
reference's. A loss alone says little: on data as easy as these ranks that exchange nothing reach the target too.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "The bulk synchronous data partition of 784–512–512–10 on 2 ranks, MNIST-5k, batch 256, reaches the loss that "
        "one process has after 80 % of its clocks in less wall time than that process: median T(1)/T(2) > 1."
    ),
    source="time to a quality, as clocks per second and clocks to target (Ho et al., NeurIPS 2013; Xing et al. 2015)",
    assumptions=(
        "one thread and one core per rank",
        "one draw of initial weights and one order of the data: rounds differ by timing alone",
        "weights at the end of every round agree with those of the reference (the anchor, and the control without "
        "exchange)",
    ),
    refuted_by="a ratio whose interval over rounds lies below 1, or a round whose weights are not the reference's",
    kind="scaling",
)
