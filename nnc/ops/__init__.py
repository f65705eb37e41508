"""Keras's functions of tensors, `keras.ops`: the same names, arguments and results.

On arrays and numbers a function computes at once, with NumPy. Inside a layer's `call`, a loss or a metric it takes
graph values and adds to the graph; between layers it takes symbolic tensors and makes a layer of itself. All other
arguments are numbers, texts and their lists, as in Keras: https://keras.io/api/ops/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnc.absent_names import absence
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
        raise absence("nnc.ops", name)
