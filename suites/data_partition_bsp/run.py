"""One run: the reference in one process, the data partition on every rank, and the gaps between them."""

from harness.engine import finished, parts

undistributed = parts.undistributed
distributed = parts.bulk_synchronous
measure = finished.measure
