"""Keras's functions of tensors, `keras.ops`: the same names, arguments and results.

On arrays and numbers a function computes at once, with NumPy. Inside a layer's `call`, a loss or a metric it takes
graph values and adds to the graph; between layers it takes symbolic tensors and makes a layer of itself. All other
arguments are numbers, texts and their lists, as in Keras: https://keras.io/api/ops/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnc.ops import (
    control_flow,
    core,
    creation,
    elementwise,
    image,
    indexing,
    linalg,
    math,
    nn,
    numbers,
    numpy,
    products,
    reductions,
    shapes,
)
from nnc.ops.control_flow import *
from nnc.ops.core import *
from nnc.ops.creation import *
from nnc.ops.elementwise import *
from nnc.ops.indexing import *
from nnc.ops.linalg import *
from nnc.ops.math import *
from nnc.ops.nn import *
from nnc.ops.numbers import *
from nnc.ops.products import *
from nnc.ops.reductions import *
from nnc.ops.shapes import *

ABSENT = {
    "ctc_decode": "beam search keeps as many candidates as the numbers say",
    "custom_gradient": "a derivative is a rule of an operation; see the guide to your own op",
    "jvp": "derivatives are computed backwards",
    "lu_factor": "NumPy has no such decomposition",
    "polar": "there are no complex numbers in a graph",
    "rearrange": "use reshape and transpose",
    "vectorize": "use vectorized_map, or functions of nnc.ops, which work on all elements",
    "view_as_complex": "there are no complex numbers in a graph",
    "view_as_real": "there are no complex numbers in a graph",
}
"""Functions of `keras.ops` that are not here, and why."""

__all__ = ["image", "linalg", "nn", "numpy"]
__all__ += control_flow.__all__
__all__ += core.__all__
__all__ += creation.__all__
__all__ += elementwise.__all__
__all__ += indexing.__all__
__all__ += linalg.__all__
__all__ += math.__all__
__all__ += nn.__all__
__all__ += numbers.__all__
__all__ += products.__all__
__all__ += reductions.__all__
__all__ += shapes.__all__


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> Any:
        if name in ABSENT:
            raise AttributeError(f"nnc.ops has no '{name}' of keras.ops: {ABSENT[name]}")
        raise AttributeError(f"module 'nnc.ops' has no attribute {name!r}")
