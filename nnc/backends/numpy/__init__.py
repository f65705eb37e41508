"""The NumPy backend: the reference, always there."""

from nnc.backends.numpy.executable import BoundRun, Executable
from nnc.backends.numpy.source import Source, kernel_workspace, print_source

__all__ = ["BoundRun", "Executable", "Source", "kernel_workspace", "print_source"]
