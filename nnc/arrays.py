"""Numbers of whatever a user gives, as plain NumPy arrays: tensors of any library, tables, buffers, lists.

Other libraries are known by what their objects can do (``__array__``, ``__dlpack__``, the buffer protocol), and none is
imported. Memory is shared where the giver allows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy

from nnc.errors import DataError, NncError
from nnc.texts import printable

Array = Any
NUMBERS = "fiub"
"""Kinds of NumPy's element types that are numbers here; complex ones are not."""
_ARRAY_PROTOCOLS = ("__array__", "__array_interface__", "__dlpack__", "shape")
_TO_DENSE = ("toarray", "todense", "to_tensor")
"""Methods that make sparse and ragged objects dense: SciPy's, sparse's, TensorFlow's."""
_TO_MEMORY = ("cpu", "get", "copy_to_host")
"""Methods that copy arrays from another device: PyTorch's, CuPy's, Numba's."""
_NARROW = ("torch.bfloat16", "torch.float8_e4m3fn", "torch.float8_e5m2")
"""Element types of PyTorch that hold numbers and have no counterpart in NumPy."""
_SHOWN_COLUMNS = 3


def is_array_like(given: Any) -> bool:
    """Return whether something is one array, by what it can do: it is an array, a tensor, a table or a buffer."""
    if any(has_attribute(given, protocol) for protocol in _ARRAY_PROTOCOLS):
        return True
    try:
        memoryview(given)
    except TypeError:
        return False
    return True


def is_read_by_rows(given: Any) -> bool:
    """Return whether something is an array whose rows are read when they are asked for, an `nnc.data.RowArray`."""
    return getattr(type(given), "reads_rows", False) is True


def has_attribute(given: Any, attribute: str) -> bool:
    """Return whether something has an attribute, also where it raises an error when it is asked for it."""
    try:
        return hasattr(given, attribute)
    except Exception:
        return True


def to_array(given: Any, name: str, dtype: str = "", on_text: Callable[[], str] | None = None) -> Array:
    """Return numbers as a plain NumPy array, in the memory of the one who gives them where that is possible.

    Args:
        given: an array or a tensor in main memory, a table, a buffer, a number, or a list of these. Tensors that record
            a gradient are taken without it; missing numbers of a table become NaN.
        name: what messages call it, such as ``input 'x'``.
        dtype: the element type that is wanted, for messages.
        on_text: returns what to do where texts were given, for messages.

    Raises:
        DataError: it holds no numbers, or they are sparse, masked, or on another device, or it raises an error itself.
    """
    try:
        columns = _column_names(given)
        array = _table(given, columns, name, dtype) if columns else _converted(given, name)
    except (NncError, MemoryError):
        raise
    except Exception as error:  # objects of others do as they like
        raise DataError(f"{name} {_reason(given, error)}") from None
    if array.dtype.kind == "V" and array.dtype.names is None and numpy.can_cast(array.dtype, numpy.float32):
        return array.astype(numpy.float32)  # bfloat16 and its like, of ml_dtypes
    if array.dtype.kind in NUMBERS:
        return array
    raise DataError(
        f"{name} must hold numbers{f' ({dtype})' if dtype else ''}, got {_no_numbers(given, array, on_text)}"
    )


def check_whole(array: Array, dtype: str, name: str, numbers: Array | None = None) -> None:
    """Check that the elements of an array are whole numbers which an element type has.

    Limits are compared in float64, which has them all: the largest int32 is not among the numbers of float32, and would
    be rounded up to one that is not an int32.

    Args:
        array: numbers, of shape (rows, …) or one.
        dtype: the element type, of whole numbers.
        name: what messages call the array.
        numbers: what messages call its rows, shape (rows); they are counted by default.

    Raises:
        DataError: they are not; the message has the first row.
    """
    limits = numpy.iinfo(dtype)
    if array.dtype.kind == "b" or (array.dtype.kind != "f" and numpy.can_cast(array.dtype, dtype)):
        return
    if array.dtype.kind == "f":
        fits = (array >= numpy.float64(limits.min)) & (array < numpy.float64(limits.max + 1))
        fits &= array == numpy.floor(array)
    else:
        fits = (array >= limits.min) & (array <= limits.max)
    if not fits.all():
        row = first_row(~fits) if array.ndim else 0
        number = row if numbers is None else int(numbers[row])
        raise DataError(
            f"{name} must hold whole numbers from {limits.min} to {limits.max} ({dtype}), row {number} has"
            f" {numpy.array2string(array[row] if array.ndim else array, threshold=8)}"
        )


def first_row(bad: Array) -> int:
    """Return the index of the first row that has a True."""
    return int(numpy.argmax(bad.reshape(len(bad), -1).any(axis=1)))


def spread(count: int, most: int) -> Array:
    """Return numbers below a count, evenly spread.

    >>> spread(5, 3).tolist(), spread(2, 3).tolist()
    ([0, 2, 4], [0, 1])
    """
    return numpy.unique(numpy.linspace(0, count - 1, min(most, count)).astype("int64"))


def shape_of(given: Any) -> tuple[int, ...] | None:
    """Return the shape of what `to_array` would return, None where there is none."""
    try:
        shape = getattr(given, "shape", None)
        return tuple(map(int, numpy.shape(given) if shape is None else shape))
    except Exception:  # rows of different lengths, say, or an object that has no shape after all
        return None


def _converted(given: Any, name: str) -> Array:
    """Return one thing as an array, whatever its elements are."""
    if hasattr(given, "filled") and isinstance(given, numpy.ndarray):
        _check_unmasked(given, name)
    elif hasattr(given, "requires_grad"):
        given = _without_gradient(given)
    elif isinstance(given, list | tuple) and given and _is_foreign(given[0]):
        given = [_converted(item, name) for item in given]
    elif (dense := _to_dense(given)) is not None:
        raise DataError(f"{name} is of type {type(given).__name__}, which is not dense; make it so first, with {dense}")
    if hasattr(given, "__dlpack__") and not hasattr(given, "__array__"):
        return numpy.from_dlpack(given)
    return numpy.asarray(given)


def _is_foreign(item: Any) -> bool:
    """Return whether an item of a list is an array of another library."""
    return not isinstance(item, numpy.ndarray | numpy.generic) and is_array_like(item)


def _without_gradient(tensor: Any) -> Any:
    """Return a tensor of PyTorch without its gradient, of an element type that NumPy has."""
    tensor = tensor.detach() if tensor.requires_grad else tensor
    return tensor.float() if str(tensor.dtype) in _NARROW else tensor


def _check_unmasked(given: Any, name: str) -> None:
    mask = numpy.asarray(given.mask)
    if mask.any():
        row = f", first in row {int(numpy.argwhere(mask)[0][0])}" if mask.ndim else ""
        raise DataError(f"{name} has {int(mask.sum())} masked elements{row}; fill them first, with .filled(0.0)")


def _to_dense(given: Any) -> str | None:
    """Return how to make something dense that is not, None where it is, or may be."""
    if hasattr(given, "__array__") or not hasattr(given, "shape"):
        return None
    if type(given).__name__ == "SparseTensor":
        return "tf.sparse.to_dense"
    return next((f".{method}()" for method in _TO_DENSE if hasattr(given, method)), None)


def _reason(given: Any, error: Exception) -> str:
    """Return why something could not be converted, and what to do."""
    with suppress(Exception):
        device = getattr(given, "device", "cpu")
        kind = str(getattr(device, "type", device)).partition(":")[0]
        copy = next((method for method in _TO_MEMORY if hasattr(given, method)), None)
        if copy is not None and (kind != "cpu" or hasattr(given, "__cuda_array_interface__")):
            where = f"on the device '{device}'" if kind != "cpu" else "on another device"
            return f"is {where}; copy it to main memory first, with .{copy}()"
    return f"is not an array: {error}" if str(error) else f"is not an array: {type(error).__name__} was raised"


def _no_numbers(given: Any, array: Array, on_text: Callable[[], str] | None) -> str:
    """Return what was found instead of numbers, and what to do."""
    if array.dtype.names:
        fields = ", ".join(array.dtype.names)
        return (
            f"records with the fields {fields}; make columns of them first, with"
            " numpy.lib.recfunctions.structured_to_unstructured(x)"
        )
    column = getattr(given, "name", None)
    where = f" in column {column!r}" if isinstance(column, str) else ""
    first = next(iter(array.flat), None)
    if on_text and isinstance(first, str) and not _is_a_number(first):
        return f"texts such as '{printable(first)[:40]}'{where}; {on_text()}"
    return f"elements of type {array.dtype}{where}; convert them first, for example with x.astype('float32')"


def _is_a_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# ------------------------------------------------------------------ tables


def _column_names(given: Any) -> Sequence[Any]:
    """Return the names of a table's columns; nothing where it is not a table."""
    if isinstance(given, numpy.ndarray | list | tuple) or not hasattr(given, "columns"):
        return ()
    return list(getattr(given, "column_names", given.columns))  # the columns of Arrow's tables are not names


def _table(table: Any, names: Sequence[Any], name: str, dtype: str) -> Array:
    """Return a table's columns side by side.

    Raises:
        DataError: columns hold no numbers; they are named.
    """
    whole = _converted(table, name)
    if whole.dtype.kind in NUMBERS:
        return whole
    columns = [_column(table, position, label) for position, label in enumerate(names)]
    wrong = [
        f"{label!r} ({found})"
        for label, (array, found) in zip(names, columns, strict=True)
        if array.dtype.kind not in NUMBERS
    ]
    if wrong:
        more = f" and {len(wrong) - _SHOWN_COLUMNS} more" if len(wrong) > _SHOWN_COLUMNS else ""
        raise DataError(
            f"{name} must hold numbers{f' ({dtype})' if dtype else ''}, the table has others in column"
            f"{'s' if len(wrong) > 1 else ''} {', '.join(wrong[:_SHOWN_COLUMNS])}{more}; leave them out or encode them"
            " first, for example with pandas.get_dummies; a program that was trained on a table takes it with"
            " predict_table"
        )
    return numpy.column_stack([array for array, _ in columns])


def _column(table: Any, position: int, label: Any) -> tuple[Array, str]:
    """Return a column as an array, and the name of its element type."""
    column = table.iloc[:, position] if hasattr(table, "iloc") else table[label]
    array = numpy.asarray(column)
    found = getattr(column, "dtype", getattr(column, "type", array.dtype))  # the latter is Arrow's word
    if array.dtype.kind == "O" and getattr(found, "kind", "O") in NUMBERS:  # pandas 2: numbers, some missing
        array = column.to_numpy(dtype="float64", na_value=numpy.nan)
    return array, str(found)
