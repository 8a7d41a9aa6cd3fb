"""One round: ranks over the table sleep for their drawn times, each bound of staleness in its turn."""

from harness.engine.timed import taken
from harness.rounds import undistributed as base

__all__ = ["base", "measure"]

measure = taken.measure
