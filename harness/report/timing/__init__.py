"""What a page says of times: names, tables, fits, comparisons, parts of a clock, and how they were measured."""

from harness.report.timing.timing import Timing

__all__ = ["Timing"]
