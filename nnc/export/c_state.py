"""Lays out the states of an exported program: in arrays of the source, or in memory that its caller gives."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy

from nnc.backends.c.text import C_TYPES, MEMORY_TYPES, identifier, inert, number_text

Array = Any
_ALIGNMENT = 8
"""Bytes that the largest element type has."""
WIDTH = 110
FUNCTIONS = (
    *("init", "predict", "prepare", "train", "metrics", "reset_metrics", "set_learning_rate", "take_averages"),
    "current",
)
"""Names of a source's functions and the mark of derived states, after the prefix; no state has such a name."""


@dataclass(frozen=True)
class StateEntry:
    """A state.

    Args:
        label: in the graphs.
        name: in C, without the prefix of the program.
        array: its numbers at the time of the export.
        offset: its first byte in the caller's memory, None where it is an array of the source that nothing changes.
    """

    label: str
    name: str
    array: Array
    offset: int | None

    @property
    def c_type(self) -> str:
        """Its element type in C."""
        return C_TYPES[str(self.array.dtype)]

    @property
    def shape_text(self) -> str:
        """Its shape and element type, for people."""
        return f"{self.c_type} {' x '.join(map(str, self.array.shape)) or '1'}"


@dataclass(frozen=True)
class StateLayout:
    """All states.

    Args:
        entries: by label; those in the caller's memory in the order they lie there, with zeros last.
        first_bytes: bytes from the first state to the last that has other numbers than zeros.
        nbytes: bytes of the caller's memory.
        current: byte of a number that says whether derived states are up to date, or None.
    """

    entries: Mapping[str, StateEntry]
    first_bytes: int
    nbytes: int
    current: int | None

    @property
    def names(self) -> list[str]:
        """Names of the states in C, without the prefix of the program."""
        return [entry.name for entry in self.entries.values()]

    @property
    def in_memory(self) -> list[StateEntry]:
        """The states in the caller's memory."""
        return [entry for entry in self.entries.values() if entry.offset is not None]

    @property
    def in_source(self) -> list[StateEntry]:
        """The states that are arrays of the source."""
        return [entry for entry in self.entries.values() if entry.offset is None]

    @property
    def first_numbers(self) -> list[StateEntry]:
        """The states in memory that do not start as zeros."""
        return [entry for entry in self.in_memory if not is_zero(entry.array)]

    def image(self) -> bytes:
        """Return the memory's first bytes; what follows is zeros."""
        memory = numpy.zeros(self.first_bytes, numpy.uint8)
        for entry in self.first_numbers:
            raw = numpy.ascontiguousarray(entry.array.astype(entry.array.dtype.newbyteorder("<"))).tobytes()
            assert entry.offset is not None
            memory[entry.offset : entry.offset + len(raw)] = numpy.frombuffer(raw, numpy.uint8)
        return memory.tobytes()


def lay_out(arrays: Mapping[str, Array], in_memory: Collection[str], has_derived: bool) -> StateLayout:
    """Decide where states lie.

    Args:
        arrays: their numbers, by label.
        in_memory: labels of those that lie in the caller's memory.
        has_derived: whether some are derived from others, which training changes.
    """
    entries: dict[str, StateEntry] = {}
    taken = set(FUNCTIONS)
    offset = first_bytes = 0
    for label, array in sorted(arrays.items(), key=lambda item: is_zero(item[1])):
        name = identifier(label, taken)
        taken.add(name)
        if label not in in_memory:
            entries[label] = StateEntry(label, name, array, None)
            continue
        entries[label] = StateEntry(label, name, array, offset)
        if not is_zero(array):
            first_bytes = offset + array.nbytes
        offset += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    current = offset if has_derived else None
    return StateLayout(entries, first_bytes, offset + (_ALIGNMENT if has_derived else 0), current)


def is_zero(array: Array) -> bool:
    """Whether all bits are zero, which those of -0.0 are not."""
    return not numpy.ascontiguousarray(array).reshape(-1).view(numpy.uint8).any()


def array_text(name: str, array: Array, types: Mapping[str, str] = C_TYPES) -> str:
    """Return the definition of an array, in C's types by element type: those of its users, or as units read them."""
    dtype = str(array.dtype)
    head = f"static const {types[dtype]} {name}[{max(array.size, 1)}] = {{"
    if is_zero(array):
        return f"{head}0}};"
    return "\n".join([head, wrapped(_texts(array.reshape(-1), dtype)), "};"])


def _texts(numbers: Array, dtype: str) -> Iterable[str]:
    """Return literals; for millions of weights, so the common ones all at once."""
    if dtype not in ("float32", "float64") or not numpy.isfinite(numbers).all():
        return (number_text(number, dtype) for number in numbers)
    end = "f" if dtype == "float32" else ""
    return (f"{text}{end}" for text in numbers.astype("U32").tolist())


def array_declaration(name: str, array: Array) -> str:
    """Return the declaration of an array that is defined further below."""
    return f"static const {MEMORY_TYPES[str(array.dtype)]} {name}[{max(array.size, 1)}];"


def wrapped(items: Iterable[str]) -> str:
    """Return items separated by commas, in lines."""
    return "\n".join(wrapped_lines(items))


def wrapped_lines(items: Iterable[str], indent: str = "    ") -> list[str]:
    """Return the lines of items separated by commas."""
    lines: list[str] = []
    line: list[str] = []
    length = len(indent)
    for item in items:
        if length + len(item) > WIDTH:
            lines.append(f"{indent}{', '.join(line)},")
            line, length = [], len(indent)
        line.append(item)
        length += len(item) + 2
    return [*lines, indent + ", ".join(line)]


def paragraph(text: str) -> str:
    """Return a comment of as many lines as it takes."""
    return "/* " + "\n   ".join(textwrap.wrap(inert(text), WIDTH)) + " */"
