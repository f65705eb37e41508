"""Parts of tensors, element types, and what is a tensor.

Arguments are those of `keras.ops`; see `nnc.ops`.
"""

from __future__ import annotations

from typing import Any

import numpy

from nnc.dtype_policies import computed_dtype
from nnc.eager_tensor import eager
from nnc.errors import ModelError
from nnc.ir import Placeholder, Value
from nnc.layers import SymbolicTensor
from nnc.ops.dispatch import as_arrays, operate
from nnc.structure import leaves

__all__ = [
    "cast",
    "convert_to_numpy",
    "convert_to_tensor",
    "dtype",
    "is_tensor",
    "saturate_cast",
    "scatter",
    "scatter_update",
    "shape",
    "slice",
    "slice_update",
    "stop_gradient",
    "unstack",
]


def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """Return zeros of a shape to which values are added at indices, whose last axis counts the axes they go along."""
    return operate("Scatter", indices, values, shape=shape)


def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: Any = None) -> Any:
    """Return inputs with updates at indices, whose last axis counts the axes they go along."""
    return operate("ScatterUpdate", inputs, indices, updates, reduction=reduction)


def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """Return the part of a shape that starts at some index; -1 in the shape is all that is left of an axis."""
    return operate("Slice", inputs, start_indices, shape=shape)


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """Return inputs with updates in place of the part that starts at some index, moved so far that it lies inside."""
    return operate("SliceUpdate", inputs, start_indices, updates)


def stop_gradient(variable: Any) -> Any:
    """Return a tensor that no gradient goes through."""
    return operate("StopGradient", variable)


def unstack(x: Any, num: Any = None, axis: Any = 0) -> Any:
    """Return the elements of x along an axis, which they do not have."""
    return operate("Unstack", x, num=num, axis=axis)


def cast(x: Any, dtype: Any) -> Any:
    """Return x in another element type."""
    return operate("Cast", x, dtype=computed_dtype(_name(dtype), "values"))


def saturate_cast(x: Any, dtype: Any) -> Any:
    """Return x in another element type, with the nearest number that it holds where x is beyond."""
    return operate("SaturateCast", x, dtype=_name(dtype))


def convert_to_numpy(x: Any) -> Any:
    """Return what holds numbers as a NumPy array.

    Raises:
        ModelError: it has none yet, inside a layer's `call` or between layers.
    """
    if leaves(_meant(x), (Value, SymbolicTensor)):
        raise ModelError(
            "ops.convert_to_numpy needs numbers, and there are none before the graph runs: compute with functions of"
            " nnc.ops instead of NumPy's"
        )
    return numpy.asarray(convert_to_tensor(x))


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """Return what holds numbers as a tensor: an array, or a graph value as it is.

    Raises:
        ModelError: a sparse or a ragged tensor is asked for, or there are no numbers.
    """
    if sparse or ragged:
        raise ModelError(f"ops.convert_to_tensor: {'sparse' if sparse else 'ragged'}=True is not supported")
    if leaves(_meant(x), (Value, SymbolicTensor)):
        return x if dtype is None else cast(x, dtype)
    (array,) = as_arrays([x])
    if isinstance(array, list | tuple):
        array = numpy.asarray(array)
    if not isinstance(array, numpy.ndarray):
        raise ModelError(f"ops.convert_to_tensor needs numbers, got {x!r:.80}")
    return eager(array if dtype is None else array.astype(_name(dtype)))


def dtype(x: Any) -> Any:
    """Return the name of the element type."""
    meant = _meant(x)
    return str(meant.dtype) if hasattr(meant, "dtype") else str(as_arrays([meant])[0].dtype)


def is_tensor(x: Any) -> Any:
    """Return whether something is a tensor: an array, a graph value or a symbolic tensor."""
    return isinstance(x, numpy.ndarray | Value | SymbolicTensor)


def shape(x: Any) -> Any:
    """Return the shape: a tuple of numbers; what is not known before the graph runs is a size of the graph, or None."""
    meant = _meant(x)
    return tuple(meant.shape if hasattr(meant, "shape") else numpy.shape(meant))


def _meant(x: Any) -> Any:
    """Return what a weight stands for, anything else as it is."""
    if isinstance(x, Placeholder):
        return x.value if x.has_value else x.memory  # type: ignore[attr-defined]  # a Variable, outside of a graph
    return x


def _name(dtype: Any) -> str:
    return str(getattr(dtype, "name", dtype))
