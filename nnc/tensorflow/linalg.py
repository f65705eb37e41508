"""``tensorflow.linalg``."""

from __future__ import annotations

from nnc import ops
from nnc.tensorflow import einsum, eye, matmul, norm, tensordot
from nnc.tensorflow.math import l2_normalize
from nnc.tensorflow.signatures import renamed

__all__ = ["det", "einsum", "eye", "inv", "l2_normalize", "matmul", "norm", "tensordot", "trace"]

det = renamed(ops.det, "input")
inv = renamed(ops.inv, "input")
trace = renamed(lambda x: ops.trace(x, axis1=-2, axis2=-1), "x")
