"""Tensors of constants, ranges and patterns.

Arguments are those of `keras.ops`; see `nnc.ops`.
"""

from __future__ import annotations

from typing import Any

import numpy

from nnc.eager_tensor import eager
from nnc.errors import ModelError
from nnc.ir import SymbolicDim, Value, ops
from nnc.ir.ops.sizes import Iota
from nnc.layers import SymbolicTensor
from nnc.layers.lowering import current_graph, is_lowering
from nnc.operations.element_types import FLOAT
from nnc.ops.dispatch import operate
from nnc.settings import SETTINGS
from nnc.structure import leaves

__all__ = [
    "arange",
    "array",
    "bartlett",
    "blackman",
    "copy",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "geomspace",
    "hamming",
    "hanning",
    "identity",
    "kaiser",
    "linspace",
    "logspace",
    "ndim",
    "ones",
    "ones_like",
    "size",
    "tri",
    "tril",
    "triu",
    "view",
    "zeros",
    "zeros_like",
]


def array(x: Any, dtype: Any = None) -> Any:
    """Return x, in another element type where one is given."""
    return operate("Array", x, dtype=dtype)


def copy(x: Any) -> Any:
    """Return x, which nothing changes."""
    return operate("Copy", x)


def empty_like(x: Any, dtype: Any = None) -> Any:
    """Return zeros of the shape of x, as Keras on TensorFlow does."""
    return operate("EmptyLike", x, dtype=dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Return a tensor of a shape with a value that is broadcast to it, floats by default."""
    return operate("Full", fill_value, shape=shape, dtype=dtype or SETTINGS.floatx)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Return a tensor like x with a value that is broadcast to its shape."""
    return operate("FullLike", x, fill_value, dtype=dtype)


def ndim(x: Any) -> Any:
    """Return the number of axes, as int32."""
    return operate("Ndim", x)


def ones_like(x: Any, dtype: Any = None) -> Any:
    """Return ones of the shape of x."""
    return operate("OnesLike", x, dtype=dtype)


def size(x: Any) -> Any:
    """Return the number of elements."""
    return operate("Size", x)


def tril(x: Any, k: Any = 0) -> Any:
    """Return it."""
    return operate("Tril", x, k=k)


def triu(x: Any, k: Any = 0) -> Any:
    """Return it."""
    return operate("Triu", x, k=k)


def view(x: Any, dtype: Any = None) -> Any:
    """Return x, whose bytes are not read as numbers of another element type."""
    return operate("View", x, dtype=dtype)


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Return zeros of the shape of x."""
    return operate("ZerosLike", x, dtype=dtype)


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """Return numbers from a start up to a stop, in steps: whole numbers where all of them are.

    Raises:
        ModelError: an end is a graph value or a symbolic tensor, on whose number the shape would depend.
    """
    _check_numbers("arange", start, stop, step)
    ends = (start,) if stop is None else (start, stop)
    if any(isinstance(end, SymbolicDim) for end in ends):
        first, last = (0, start) if stop is None else (start, stop)
        return _counted(first, last, 1 if step is None else step, dtype)
    step = 1 if step is None else step
    numbers = [numpy.asarray(item) for item in (*ends, step)]
    kind = dtype or (
        SETTINGS.floatx if any(number.dtype.kind == "f" for number in numbers) else f"int{SETTINGS.floatx[-2:]}"
    )
    first, last = (0, *ends) if stop is None else ends
    return eager(numpy.arange(first, last, step).astype(_name(kind)))


def _counted(start: Any, stop: Any, step: Any, dtype: Any) -> Any:
    """Return whole numbers up to a length that is known when the graph runs."""
    if step != 1 or isinstance(start, float):
        raise ModelError("ops.arange up to a length that is known at run time counts whole numbers in steps of 1")
    counted = current_graph().add(Iota(stop - start))[0]
    return ops.cast(counted + start if start else counted, _name(dtype or "int32"))


def empty(shape: Any, dtype: Any = None) -> Any:
    """Return zeros, as Keras on TensorFlow does."""
    return zeros(shape, dtype)


def eye(N: Any, M: Any = None, k: Any = 0, dtype: Any = None) -> Any:
    """Return ones on a diagonal of a matrix, zeros elsewhere."""
    return eager(numpy.eye(N, M, k, _name(dtype)))


def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: Any = True, dtype: Any = None, axis: Any = 0) -> Any:
    """Return numbers between two, each the same multiple of the one before."""
    return operate("Geomspace", start, stop, num=num, endpoint=endpoint, dtype=dtype, axis=axis)


def identity(n: Any, dtype: Any = None) -> Any:
    """Return the identity matrix."""
    return eye(n, dtype=dtype)


def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: Any = True,
    retstep: Any = False,
    dtype: Any = None,
    axis: Any = 0,
) -> Any:
    """Return numbers between two at equal distances, and with `retstep` the distance too."""
    return operate("Linspace", start, stop, num=num, endpoint=endpoint, retstep=retstep, dtype=dtype, axis=axis)


def logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: Any = True, base: Any = 10, dtype: Any = None, axis: Any = 0
) -> Any:
    """Return powers of a base, whose exponents are at equal distances between two."""
    return operate("Logspace", start, stop, num=num, endpoint=endpoint, base=base, dtype=dtype, axis=axis)


def ones(shape: Any, dtype: Any = None) -> Any:
    """Return ones."""
    return _filled(shape, 1, dtype)


def tri(N: Any, M: Any = None, k: Any = 0, dtype: Any = None) -> Any:
    """Return ones on and below a diagonal of a matrix, zeros above."""
    return eager(numpy.tri(N, M, k, _name(dtype)))


def zeros(shape: Any, dtype: Any = None) -> Any:
    """Return zeros."""
    return _filled(shape, 0, dtype)


def bartlett(x: Any) -> Any:
    """Return the Bartlett window of a length, a triangle."""
    return _window("bartlett", x)


def blackman(x: Any) -> Any:
    """Return the Blackman window of a length."""
    return _window("blackman", x)


def hamming(x: Any) -> Any:
    """Return the Hamming window of a length."""
    return _window("hamming", x)


def hanning(x: Any) -> Any:
    """Return the Hann window of a length."""
    return _window("hanning", x)


def kaiser(x: Any, beta: Any) -> Any:
    """Return the Kaiser window of a length and a shape."""
    return _window("kaiser", x, float(beta))


def _window(name: str, length: Any, *settings: float) -> Any:
    _check_numbers(name, length)
    return getattr(numpy, name)(int(length), *settings).astype(
        FLOAT if name in ("hamming", "hanning", "kaiser") else SETTINGS.floatx
    )


def _filled(shape: Any, number: int, dtype: Any) -> Any:
    dims = tuple(shape) if isinstance(shape, list | tuple | numpy.ndarray) else (shape,)
    if is_lowering() and any(isinstance(dim, SymbolicDim) for dim in dims):
        return ops.broadcast_to(current_graph().constant(number, _name(dtype)), dims)
    return eager(numpy.full([int(dim) for dim in dims], number, _name(dtype)))


def _name(dtype: Any) -> str:
    """Return the name of an element type, Keras's default where none is given."""
    return SETTINGS.floatx if dtype is None else str(getattr(dtype, "name", dtype))


def _check_numbers(name: str, *numbers: Any) -> None:
    if leaves(numbers, (Value, SymbolicTensor)):
        raise ModelError(f"ops.{name} needs numbers: the shape of a static graph cannot depend on what it computes")
