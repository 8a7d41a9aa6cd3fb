"""One round: everybody has a turn; T(1) is the undistributed training of what one rank is given."""

from dataclasses import replace

from harness.engine.timed import taken
from harness.rounds import undistributed
from harness.spec import Setting
from suites.weak_scaling.sweep import PER_RANK

measure = taken.measure


def base(setting: Setting) -> Setting:
    """The undistributed training whose time is T(1).

    Args:
        setting: who is timed.

    Returns:
        The same with the batch of one rank.
    """
    one = undistributed(setting)
    return replace(one, training=replace(one.training, batch=PER_RANK))
