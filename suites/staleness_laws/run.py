"""One run: the reference, all workers played in one process, and the gaps between them."""

from harness.engine import finished, parts

undistributed = parts.undistributed
distributed = parts.stale
measure = finished.measure
