"""Statistics of verdicts: pure functions of arrays."""
