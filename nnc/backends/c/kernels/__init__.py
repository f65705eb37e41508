"""Kernels of the C backend: a module registers those of a family of ops when it is imported."""

from nnc.backends.c.kernels import (
    convolution,
    elementwise,
    gathering,
    movement,
    pooling,
    product,
    random,
    reduction,
    resizing,
    sparsemax,
)
from nnc.backends.c.kernels.registry import EXPRESSIONS, KERNELS, KernelCall, Unit

__all__ = [
    "EXPRESSIONS",
    "KERNELS",
    "KernelCall",
    "Unit",
    "convolution",
    "elementwise",
    "gathering",
    "movement",
    "pooling",
    "product",
    "random",
    "reduction",
    "resizing",
    "sparsemax",
]
