"""Says what nnc finds on a machine: NumPy and its BLAS, the processor, a compiler, the cache, Graphviz, packages."""

from nnc.doctor.examining import examine
from nnc.doctor.report import Finding, Report

__all__ = ["Finding", "Report", "examine"]
