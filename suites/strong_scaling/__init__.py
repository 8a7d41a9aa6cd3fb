"""The same training in less time on more cores.

Claim: with the same global batch, two workers train the talk's net nearly twice as fast as one process without Horovod.

Source: the talk's figure of speed-up against cores; Chilimbi et al. 2014 and Xing et al. 2015 for the same shape.

Assumptions: one thread per rank, a core per rank; where there are fewer cores, ranks sleep in the place of computing,
and what they show is called emulated.

What would refute it: a median efficiency whose whole interval lies below 0.80, or weights that are not the reference's.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "At the same global batch the bulk synchronous data partition of 440–6×2048–1993 on 2 ranks reaches an "
        "efficiency of at least 0.80, T(1) being one process without Horovod."
    ),
    source="the talk's headline figure, near linear speed-up; Horovod's own 0.68 to 0.90 (Sergeev and Del Balso 2018)",
    assumptions=(
        "one thread and one core per rank",
        "weights of every timed round agree with those of the reference (the anchor, and the control without exchange)",
    ),
    refuted_by="an efficiency whose interval lies below 0.80, or a round whose weights are not the reference's",
    kind="scaling",
)
