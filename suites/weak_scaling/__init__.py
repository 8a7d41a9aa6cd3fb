"""More work in the same time on more cores.

Claim: with 256 examples per rank, two ranks of the bulk synchronous data partition train at no less than 0.90 of the
rate of two ranks that exchange nothing, and 1.10 times the rate of PyTorch DDP and of plain Horovod over Gloo. (An
earlier run had named the stale one, s = 1, which was refuted; the claim was changed before anything was timed again.)

Source: the talk's figure of speed-up against cores; Horovod's own scaling efficiencies.

Assumptions: one thread per rank, a core per rank; where there are fewer cores, ranks sleep in the place of computing,
and what they show is called emulated.

What would refute it: a median ratio whose whole interval lies below what is claimed, or weights that are not right.
"""

from harness.spec import Claim

CLAIM = Claim(
    statement=(
        "440–6×2048–1993 with 256 examples per rank on 2 ranks: the bulk synchronous data partition reaches "
        "0.90 of the rate without exchange, and 1.10 times those of PyTorch DDP and of plain Horovod over Gloo."
    ),
    source="the talk's headline figure; Horovod's 0.68 to 0.90 at 512 GPUs (Sergeev and Del Balso 2018)",
    assumptions=(
        "one thread and one core per rank",
        "weights of every timed round agree with those of the reference (the anchor, and the control without exchange)",
    ),
    refuted_by="a ratio whose interval lies below what is claimed, or a round whose weights are not the reference's",
    kind="scaling",
)
