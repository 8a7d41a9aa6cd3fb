"""One run: the reference in one process, all workers simulated in another, and the gaps between them."""

from harness.engine import finished, parts

undistributed = parts.undistributed
distributed = parts.stale
measure = finished.measure_theorem
