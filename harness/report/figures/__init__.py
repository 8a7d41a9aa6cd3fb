"""Figures of gaps, of verdicts over parameters, of stale reads, and of the verdict's own errors."""

from harness.report.figures.calibration import floors_found
from harness.report.figures.gaps import FLOOR, gap_against_clock, gap_by_training
from harness.report.figures.maps import Cell, verdict_maps
from harness.report.figures.staleness import ratio_against_clock, shares_of_lags

__all__ = [
    "FLOOR",
    "Cell",
    "floors_found",
    "gap_against_clock",
    "gap_by_training",
    "ratio_against_clock",
    "shares_of_lags",
    "verdict_maps",
]
