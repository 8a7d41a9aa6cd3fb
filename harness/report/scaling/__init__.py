"""Figures of time against cores: speed-up and efficiency, what a clock is made of, and rates.

What was measured, emulated or modelled is told apart by how markers are filled, and never joined.
"""

from harness.report.scaling.clocks import breakdown
from harness.report.scaling.speedups import speedup
from harness.report.scaling.throughput import rates

__all__ = ["breakdown", "rates", "speedup"]
