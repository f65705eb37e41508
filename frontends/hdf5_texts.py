"""Reads the claimed lengths of an HDF5 attribute's texts, for which the HDF5 library takes memory unseen.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, "The Attribute Message" and "Fractal Heap".
The library tells nothing of these lengths, so attributes are looked for by name in the bytes of the file.
"""

from __future__ import annotations

import mmap
import struct
from math import prod

import numpy

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_ATTRIBUTE = struct.Struct("<BBHHH")  # version, flags, sizes of name, type and shape
_SHARED_SHAPE = 2
_SHAPES = {1: 8, 2: 4}  # by version, where the lengths begin
_FRACTAL_HEAP = b"FRHP"

Shape = tuple[int, ...]


class StoredTexts:
    """The texts of variable length that attributes refer to.

    Args:
        content: the file.
    """

    def __init__(self, content: bytes | mmap.mmap) -> None:
        self.content = content
        self.size = len(content)
        self._attributes: dict[bytes, list[tuple[int, Shape | None]]] = {}
        start = 0
        while start < self.size and content[start : start + len(_SIGNATURE)] != _SIGNATURE:
            start = 2 * start or 512  # where the library looks
        start += len(_SIGNATURE)
        version = content[start : start + 1]
        first = start + (5 if version in (b"\0", b"\1") else 1)
        self._address, self._length = content[first : first + 2] or (8, 8)  # bytes of an address and of a length

    def claimed(self, attribute: str, shape: Shape) -> int | None:
        """Return how many bytes the texts of an attribute claim to have; None if it lies where that cannot be seen.

        Args:
            attribute: its name; the largest claim counts where several objects have such attributes.
            shape: lengths of the array of texts.
        """
        if self._hides_attributes():
            return None
        count, width = prod(shape), 8 + self._address  # the length of a text, the address of a heap, a number there
        kind = numpy.dtype({"names": ["length"], "formats": ["<u4"], "offsets": [0], "itemsize": width})
        claims = [
            int(numpy.frombuffer(self.content, kind, count, start)["length"].sum(dtype=numpy.uint64))
            for start, found in self._named(attribute.encode("utf-8", "surrogateescape"))
            if found in (shape, None) and start + count * width <= self.size
        ]
        return max(claims, default=None)

    def _named(self, name: bytes) -> list[tuple[int, Shape | None]]:
        """Return where the data of the attributes of a name begin, and their shapes if these are not elsewhere."""
        if name not in self._attributes:
            self._attributes[name] = found = []
            place = self.content.find(name + b"\0")
            while place >= 0:
                found += [seen for version in (1, 2, 3) if (seen := self._attribute(version, place, len(name)))]
                place = self.content.find(name + b"\0", place + 1)
        return self._attributes[name]

    def _attribute(self, version: int, place: int, length: int) -> tuple[int, Shape | None] | None:
        """Return where the data of an attribute begin whose name is at a place, and its shape; None if it is none."""
        header = place - _ATTRIBUTE.size - (version == 3)  # which has a byte for the encoding of the name
        if header < 0:
            return None
        found, flags, *sizes = _ATTRIBUTE.unpack_from(self.content, header)
        if found != version or sizes[0] <= length:
            return None
        name, type, shape = (-(-size // 8) * 8 if version == 1 else size for size in sizes)
        start = place + name + type
        is_elsewhere = version > 1 and flags & _SHARED_SHAPE
        return start + shape, None if is_elsewhere else self._shape(self.content[start : start + shape])

    def _shape(self, message: bytes) -> Shape | None:
        if len(message) < 2 or message[0] not in _SHAPES:
            return None
        first, rank, width = _SHAPES[message[0]], message[1], self._length
        return tuple(
            int.from_bytes(message[start : start + width], "little")
            for start in range(first, first + rank * width, width)
        )

    def _hides_attributes(self) -> bool:
        """Return whether attributes may be compressed: they can lie in a fractal heap, and that can have filters."""
        place = self.content.find(_FRACTAL_HEAP)
        while place >= 0:
            filters = self.content[place + 7 : place + 9]  # behind the version and the length of identifiers
            if self.content[place + 4 : place + 5] == b"\0" and filters != b"\0\0":
                return True
            place = self.content.find(_FRACTAL_HEAP, place + 1)
        return False
