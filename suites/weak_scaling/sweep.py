"""Settings: three nets, 256 examples per rank; everybody on 2 ranks, some emulated on 4 to 16."""

from dataclasses import replace

from harness.spec import (
    Controller,
    DataPartition,
    Distribution,
    Fault,
    Framework,
    PeerPartition,
    Role,
    Setting,
)
from harness.spec.timings import LARGE, NETS, ROUNDS, everybody, tolerance

PER_RANK = 256
# Set before anything was timed.
TOLERANCE = tolerance("0.90 of the limit and 1.10 of the peers are what is aimed at.")
SHARE_OF_LIMIT, TIMES_PEERS = 0.90, 1.10


def with_workers(setting: Setting, workers: int) -> Setting:
    """The same setting for another number of workers, each with as many examples as before.

    Args:
        setting: a point of the sweep.
        workers: P.

    Returns:
        The new setting.

    Raises:
        BadInputError: the number cannot be used.
    """
    training = replace(setting.training, batch=PER_RANK * workers)
    return replace(setting, training=training, distribution=replace(setting.distribution, workers=workers))


def _on_two(distribution: Distribution) -> Setting:
    return Setting(Role.CLAIM, LARGE.training(2 * PER_RANK), distribution, ROUNDS)


BEST = _on_two(DataPartition(2))
LIMIT = replace(_on_two(DataPartition(2, Fault.NO_EXCHANGE)), role=Role.CONTROL)
DDP, TAPE = _on_two(PeerPartition(2, Framework.DDP)), _on_two(PeerPartition(2, Framework.TAPE, Controller.GLOO))

SETTINGS = tuple(s for net in NETS for s in everybody(net, lambda workers: PER_RANK * workers, ROUNDS))
