"""One round: everybody has a turn; T(1) is the undistributed training at the same global batch."""

from harness.engine.timed import taken
from harness.rounds import undistributed as base

__all__ = ["base", "measure"]

measure = taken.measure
