"""Results of metrics, computed from their sums with NumPy alone."""
