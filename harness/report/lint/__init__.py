"""The twelve rules of Hoefler and Belli, checked on what a report page really shows."""

from harness.report.lint.score import Score, broken, lint

__all__ = ["Score", "broken", "lint"]
