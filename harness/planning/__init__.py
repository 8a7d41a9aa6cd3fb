"""Time and memory of a step before anything is launched, from constants that were measured on this machine."""

from harness.planning.constants import Constants
from harness.planning.forecast import UNDIVIDED, Forecast, Partition, crossover, example, forecast, plan, synchronous

__all__ = ["UNDIVIDED", "Constants", "Forecast", "Partition", "crossover", "example", "forecast", "plan", "synchronous"]
