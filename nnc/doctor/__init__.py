"""Says what nnc finds on a machine: NumPy and its BLAS, the processor, a compiler, the cache, Graphviz, packages."""

from nnc.doctor.examination import examine
from nnc.doctor.findings import Finding, Report

__all__ = ["Finding", "Report", "examine"]
