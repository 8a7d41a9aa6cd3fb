"""One run: the reference, all workers of a divided net played in one process, and the gaps between them."""

from harness.engine import finished, parts

undistributed = parts.undistributed
distributed = parts.scheduled
measure = finished.measure
