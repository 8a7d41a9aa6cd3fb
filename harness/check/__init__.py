"""Is somebody's distributed training right? What is run, what was seen, and what follows from it: NumPy alone."""
