"""HDF5 files, read with h5py and without trust: links are not followed, and sizes are checked before they are read."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from math import prod
from typing import Any

import numpy

from frontends.hdf5_heaps import has_endless_heap
from frontends.hdf5_texts import StoredTexts
from nnc.errors import ModelError, NncError

Array = Any
MAX_ATTRIBUTE = 64 * 1024 * 1024
"""Bytes of the largest attribute; a model's config is one."""
_MAX_MEMBERS = 100_000
_MAX_DEPTH = 64
_MAX_EXPANSION = 1_100
"""The most bytes that may come from one stored byte; DEFLATE's limit is 1032."""
_MAX_RANK = 32
_KINDS = "fiub"


@contextmanager
def open_hdf5(source: str | os.PathLike[str] | bytes, title: str) -> Iterator[Group]:
    """Open a file and give its root group.

    Args:
        source: a path, or the file's content.
        title: how errors name it.

    Raises:
        ModelError: h5py is missing, or this is no HDF5 file, or a damaged one.
    """
    try:
        import h5py
    except ImportError:
        raise ModelError(f"{title} is an HDF5 file; to read it, run: pip install h5py") from None
    try:
        with (
            _content(source, title) as content,
            h5py.File(BytesIO(source) if isinstance(source, bytes) else source, "r") as file,
        ):
            yield Group(file, title, StoredTexts(content))
    except (NncError, Warning):  # the latter where warnings are errors
        raise
    except Exception as error:  # what h5py raises on a damaged file is not documented
        reason = str(error).partition("\n")[0]
        raise ModelError(f"{title} cannot be read as an HDF5 file, it may be damaged: {reason:.200}") from error


@contextmanager
def _content(source: str | os.PathLike[str] | bytes, title: str) -> Iterator[bytes | mmap.mmap]:
    """Give the bytes of a file whose heaps have an end."""
    with ExitStack() as opened:
        content: bytes | mmap.mmap = b""
        if isinstance(source, bytes):
            content = source
        else:
            with suppress(OSError, ValueError):  # an empty file, which the library refuses
                file = opened.enter_context(open(source, "rb"))
                content = opened.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        if has_endless_heap(content):
            raise ModelError(f"{title} cannot be read as an HDF5 file, it is damaged: a heap of texts has no end")
        yield content


class Group:
    """A group of an HDF5 file.

    Args:
        handle: h5py's group.
        title: how errors name the file.
        stored: what is known of its texts before they are read.
        path: its path in the file.
        parent: the group that it was found in.
        depth: how deep it lies.

    Raises:
        ModelError: it lies at another path as well: following such links, which may lead back, would not end.
    """

    def __init__(
        self,
        handle: Any,
        title: str,
        stored: StoredTexts,
        path: str = "",
        parent: Group | None = None,
        depth: int = 0,
    ) -> None:
        import h5py

        self.handle = handle
        self.title = title
        self.stored = stored
        self.path = path
        self.depth = depth
        self._paths: dict[int, str] = {} if parent is None else parent._paths  # of all groups, by where they are stored
        first = self._paths.setdefault(h5py.h5o.get_info(handle.id).addr, path)
        if first != path:
            raise ModelError(f"{title}: the group '{path}' is '/{first}' once more, which is not followed")

    def names(self) -> list[str]:
        """Return the names of what is in it.

        Raises:
            ModelError: there is too much.
        """
        if len(self.handle) > _MAX_MEMBERS:
            raise ModelError(f"{self.title}: group '{self.path}' has more than {_MAX_MEMBERS:,} members")
        return list(self.handle)

    def __contains__(self, name: str) -> bool:
        return self._member(name) is not None

    def _member(self, name: str) -> Any:
        """Return a group or data set below this one; links to elsewhere and to other files are not followed."""
        import h5py

        handle = self.handle
        parts = [part for part in name.split("/") if part]
        if not parts or len(parts) + self.depth > _MAX_DEPTH or not name.isprintable():
            return None
        for part in parts:
            if part in (".", "..") or not isinstance(handle, h5py.Group):
                return None
            if not isinstance(handle.get(part, getlink=True), h5py.HardLink):
                return None
            handle = handle.get(part)
        return handle

    def group(self, name: str) -> Group | None:
        """Return the group of a name or path, None where there is none."""
        import h5py

        member = self._member(name)
        if not isinstance(member, h5py.Group):
            return None
        parts = [part for part in name.split("/") if part]
        path = "/".join([self.path, *parts] if self.path else parts)
        return Group(member, self.title, self.stored, path, self, self.depth + len(parts))

    def groups(self) -> dict[str, Group]:
        """Return the groups in it by name."""
        found = {name: self.group(name) for name in self.names()}
        return {name: group for name, group in found.items() if group is not None}

    def array(self, name: str) -> StoredArray | None:
        """Return the data set of a name or path, None where there is none.

        Raises:
            ModelError: what is stored is not an array of numbers, or is larger than the file.
        """
        import h5py

        member = self._member(name)
        if not isinstance(member, h5py.Dataset):
            return None
        path = f"{self.path}/{name}".lstrip("/")
        shape = member.shape
        if shape is None or len(shape) > _MAX_RANK or not _is_numeric(member.dtype):
            raise ModelError(f"{self.title}: '{path}' is not an array of numbers")
        if member.external or member.is_virtual:
            raise ModelError(f"{self.title}: '{path}' lies in another file, which is not followed")
        size = prod(shape) * member.dtype.itemsize
        stored = min(int(member.id.get_storage_size()), self.stored.size)
        if size > _MAX_EXPANSION * stored:
            raise ModelError(f"{self.title}: '{path}' claims {size:,} bytes, but {stored:,} are in the file")
        return StoredArray(path, name, tuple(int(length) for length in shape), member)

    def text(self, name: str) -> str | None:
        """Return an attribute that is a text, None where there is none.

        Raises:
            ModelError: it is too large, or no UTF-8.
        """
        value = self._attribute(name)
        if isinstance(value, numpy.ndarray) and value.shape == (1,):
            value = value[0]
        return None if value is None or isinstance(value, numpy.ndarray) else self._decoded(value, name)

    def texts(self, name: str) -> list[str] | None:
        """Return an attribute that is a list of texts, None where there is none.

        Keras splits those of more than 64 KiB into ``name0``, ``name1`` and so on.

        Raises:
            ModelError: it is too large, or no UTF-8.
        """
        value = self._attribute(name)
        if value is not None:
            return [self._decoded(item, name) for item in numpy.ravel(value)]
        found: list[str] = []
        for number in range(_MAX_MEMBERS):
            part = self._attribute(f"{name}{number}")
            if part is None:
                return found if number else None
            found += [self._decoded(item, name) for item in numpy.ravel(part)]
        raise ModelError(f"{self.title}: attribute '{name}' of '{self.path}' has too many parts")

    def _attribute(self, name: str) -> Any:
        import h5py

        attributes = self.handle.attrs
        if name not in attributes:
            return None
        identifier = attributes.get_id(name)
        if 0 in (identifier.shape or ()):
            return numpy.empty(0)
        if not isinstance(identifier.get_type(), h5py.h5t.TypeStringID):  # the library may crash on a damaged type
            raise ModelError(f"{self.title}: attribute '{name}' of '{self.path}' is not text")
        count, stored = prod(identifier.shape or ()), int(identifier.get_storage_size())
        if count > _MAX_MEMBERS or stored > min(MAX_ATTRIBUTE, self.stored.size):
            raise ModelError(f"{self.title}: attribute '{name}' of '{self.path}' is too large")
        if identifier.get_type().is_variable_str():
            self._check_texts(name, tuple(identifier.shape or ()))
        return attributes[name]

    def _check_texts(self, name: str, shape: tuple[int, ...]) -> None:
        claimed = self.stored.claimed(name, shape)
        if claimed is None:
            raise ModelError(
                f"{self.title}: attribute '{name}' of '{self.path}' is stored in a way that is not read; "
                "load the model with the Keras that saved it, and save it again"
            )
        if claimed > self.stored.size:
            raise ModelError(
                f"{self.title}: attribute '{name}' of '{self.path}' claims {claimed:,} bytes of text, but the whole "
                f"file has {self.stored.size:,}"
            )

    def _decoded(self, value: Any, name: str) -> str:
        text = value
        if isinstance(value, bytes):
            try:
                text = value.decode("utf-8")
            except UnicodeDecodeError:
                text = None
        if not isinstance(text, str) or len(text) > MAX_ATTRIBUTE:
            raise ModelError(f"{self.title}: attribute '{name}' of '{self.path}' is not text")
        return text


def _is_numeric(dtype: Any) -> bool:
    """Return whether elements are numbers, or two bytes each, as bfloat16 is stored."""
    return dtype.kind in _KINDS or (dtype.kind == "V" and dtype.itemsize == 2 and dtype.fields is None)


@dataclass(frozen=True)
class StoredArray:
    """An array that has not been read yet.

    Args:
        path: its path in the file.
        name: the name it was asked for by.
        shape: its shape.
        handle: h5py's data set.
    """

    path: str
    name: str
    shape: tuple[int, ...]
    handle: Any

    def read(self) -> Array:
        """Return the array.

        Raises:
            ModelError: its elements are not numbers.
        """
        value = numpy.asarray(self.handle[()])
        if value.dtype.kind == "V" and value.dtype.itemsize == 2:  # bfloat16: the upper half of a float32
            return (value.view("uint16").astype("uint32") << 16).view("float32")
        if value.dtype.kind not in _KINDS:
            raise ModelError(f"'{self.path}' has elements of type {value.dtype}, expected numbers")
        return value
