"""Random graphs over all ops, which interpreter, NumPy and C must agree on, under sanitizers too."""
