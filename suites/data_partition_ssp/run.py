"""One run: the reference in one process, training over the table on every rank, and the gaps between them."""

from harness.engine import finished, parts

undistributed = parts.undistributed
distributed = parts.stale
measure = finished.measure_theorem
