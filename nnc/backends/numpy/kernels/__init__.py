"""NumPy kernels: for each op class, the statements that compute it into planned memory."""

from nnc.backends.numpy.kernels import (
    convolution,
    elementwise,
    gathering,
    movement,
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
    "convolution",
    "elementwise",
    "gathering",
    "kernel",
    "movement",
    "number_name",
    "pooling",
    "random",
    "reduction",
    "sparsemax",
]
