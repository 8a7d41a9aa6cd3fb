"""Timing settings in rounds: everything once per round, in an order drawn anew, so that drift meets all alike.

A *visit* starts all processes once and plays some rounds; each setting's rounds of a visit become one record. So a
sweep that was stopped loses the visit in progress, and goes on with the next.
"""

from harness.rounds.sweep import Point, expected, plan, run_suite
from harness.rounds.teams import timed_clocks, undistributed

# Of a claim: suites whose settings are played in rounds.
KIND = "scaling"

__all__ = ["KIND", "Point", "expected", "plan", "run_suite", "timed_clocks", "undistributed"]
