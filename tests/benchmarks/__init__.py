"""Tests of the benchmarks: of what they say about numbers, not of the numbers."""
