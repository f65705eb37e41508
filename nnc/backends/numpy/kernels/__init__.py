"""NumPy kernels: for each op class, the statements that compute it into planned memory."""

from nnc.backends.numpy.kernels import (
    accumulation,
    convolution,
    elementwise,
    gathering,
    movement,
    ordering,
    pooling,
    random,
    reduction,
    sparsemax,
)
from nnc.backends.numpy.kernels.registry import KERNELS, Arrays, Kernel, KernelCall, Names, kernel, number_name

__all__ = [
    "KERNELS",
    "Arrays",
    "Kernel",
    "KernelCall",
    "Names",
    "accumulation",
    "convolution",
    "elementwise",
    "gathering",
    "kernel",
    "movement",
    "number_name",
    "ordering",
    "pooling",
    "random",
    "reduction",
    "sparsemax",
]
