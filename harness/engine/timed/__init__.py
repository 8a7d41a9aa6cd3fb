"""Trainings that are timed: processes that stay, each waiting for its turn; see `harness.measure.stage`."""
