"""Arrays in files that other programs have pickled: read without running anything that a file says."""

from __future__ import annotations

import io
import pickle
import zipfile
from math import prod
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy

from nnc.data.npz_table import READS_HEADER
from nnc.errors import DataError

Array = Any
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_REFUSED = (
    *("PERSID", "BINPERSID", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4"),
    *("BYTEARRAY8", "NEXT_BUFFER", "READONLY_BUFFER"),
)
"""What pickles can say and none of an array does: objects of classes, and memory that is taken before it is filled."""


class _Type:
    """An element type, as NumPy pickles it."""

    def __init__(self, name: Any, *ignored: Any) -> None:
        del ignored  # that it is aligned and copied
        self.name = name.decode("ascii") if isinstance(name, bytes) else name
        self.order: Any = "|"

    def __setstate__(self, state: Any) -> None:
        order = state[1]
        self.order = order.decode("ascii") if isinstance(order, bytes) else order

    @property
    def dtype(self) -> numpy.dtype[Any]:
        """The element type, one of numbers or of objects."""
        found = numpy.dtype(self.name).newbyteorder(self.order)
        if found.kind not in "biufO":
            raise ValueError(f"elements of type {found} are no numbers")
        return found


class _Array:
    """An array, as NumPy pickles it."""

    def __init__(self, *ignored: Any) -> None:
        del ignored  # what it is before it has a state
        self.array: Array = None

    def __setstate__(self, state: Any) -> None:
        _, shape, type, is_transposed, data = state
        dtype, count = type.dtype, prod(shape)
        if dtype.kind == "O":
            if not isinstance(data, list) or len(data) != count:
                raise ValueError(f"an array of shape {shape} has other elements")
            found: Array = numpy.empty(count, object)
            for place, item in enumerate(data):
                found[place] = item
        else:
            found = numpy.frombuffer(data, dtype).copy()
        self.array = found.reshape(shape, order="F" if is_transposed else "C")


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    """Return bytes, as Python 3 pickles them for Python 2."""
    del encoding
    return text.encode("latin1")


def _nothing() -> bytes:
    """Return no bytes, likewise."""
    return b""


_NAMES = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _encoded,
    ("__builtin__", "bytes"): _nothing,
}
_PythonUnpickler: Any = pickle._Unpickler  # that in C crashes on some damaged files


class _Unpickler(_PythonUnpickler):  # type: ignore[misc]
    """Reads arrays, lists, dictionaries, numbers and texts, and knows nothing else."""

    dispatch: ClassVar[dict[int, Any]] = {
        code: function
        for code, function in _PythonUnpickler.dispatch.items()
        if code not in {getattr(pickle, name)[0] for name in _REFUSED}
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a name in the file.

        Raises:
            UnpicklingError: it is that of nothing that makes an array.
        """
        if name == "_reconstruct" and module in _MODULES:
            return _Array
        if (module, name) not in _NAMES:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no array")
        return _NAMES[module, name]


def unpickled(stream: IO[bytes], name: str) -> Any:
    """Return what was pickled, by Python 2 as well: an array, or a dictionary of them whose keys are bytes.

    Args:
        stream: the pickle.
        name: what messages call it.

    Raises:
        DataError: it is damaged, or has something else in it; nothing of it was run.
    """
    try:
        found = _Unpickler(stream, encoding="bytes").load()
        if isinstance(found, dict):
            return {key: _known(item) for key, item in found.items()}
        return _known(found)
    except Exception as error:  # a damaged pickle raises anything
        raise DataError(f"{name}: expected arrays, and cannot be read as such: {error}") from error


def _known(item: Any) -> Any:
    return item.array if isinstance(item, _Array) else item


def npz_arrays(path: str) -> dict[str, Array]:
    """Return the arrays of an ``.npz`` file by name, such as hold lists of different lengths too.

    Raises:
        DataError: it is damaged, or has something else in it; nothing of it was run.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                name.removesuffix(".npy"): _array(archive.read(name), f"{path}, array '{name.removesuffix('.npy')}'")
                for name in archive.namelist()
                if name.endswith(".npy")
            }
    except (zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{path}: the file is damaged: {error}") from error


def _array(data: bytes, name: str) -> Array:
    stream = io.BytesIO(data)
    try:
        version = numpy.lib.format.read_magic(stream)
        read = numpy.lib.format.read_array_header_1_0 if version[0] == 1 else numpy.lib.format.read_array_header_2_0
        with READS_HEADER:
            shape, _, dtype = read(stream)
            if not dtype.hasobject:
                stream.seek(0)
                return numpy.lib.format.read_array(stream, allow_pickle=False)
    except ValueError as error:
        raise DataError(f"{name}: the array is damaged: {error}") from error
    found = unpickled(stream, name)
    if not isinstance(found, numpy.ndarray) or found.shape != shape:
        raise DataError(f"{name}: expected an array of shape {shape}, found {getattr(found, 'shape', type(found))}")
    return found


def file_of(folder: str, *parts: str) -> Path:
    """Return a file in a folder.

    Raises:
        DataError: it is not there.
    """
    path = Path(folder, *parts)
    if not path.is_file():
        raise DataError(f"{path} is missing; remove {folder}, so that it is extracted again")
    return path
