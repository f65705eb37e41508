"""The NumPy backend: the reference, always there."""

from nnc.backends.backend import BoundRun
from nnc.backends.numpy.executable import Executable
from nnc.backends.numpy.settings import apply_kernel_settings, kernel_settings
from nnc.backends.numpy.source import Source, kernel_workspace, print_source

__all__ = [
    "BoundRun",
    "Executable",
    "Source",
    "apply_kernel_settings",
    "kernel_settings",
    "kernel_workspace",
    "print_source",
]
