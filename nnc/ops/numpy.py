"""The functions of `keras.ops.numpy`: those that NumPy has as well."""

from typing import TYPE_CHECKING

from nnc.absent_names import absence
from nnc.ops import creation, elementwise, indexing, numbers, products, reductions, shapes
from nnc.ops.creation import *
from nnc.ops.elementwise import *
from nnc.ops.indexing import *
from nnc.ops.numbers import *
from nnc.ops.products import *
from nnc.ops.reductions import *
from nnc.ops.shapes import *

__all__: list[str] = []
__all__ += creation.__all__
__all__ += elementwise.__all__
__all__ += indexing.__all__
__all__ += numbers.__all__
__all__ += products.__all__
__all__ += reductions.__all__
__all__ += shapes.__all__


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> object:
        raise absence("nnc.ops.numpy", name)
