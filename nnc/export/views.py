"""Writes down where bound arrays lie in memory, for every number of rows at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy

from nnc.backends.numpy.text import identifier, string_text
from nnc.export.expressions import InexpressibleError, Polynomial, Text, fit, joined, literal, repeated

Array = Any
Samples = Mapping[int, Any]
"""The same object, bound for several numbers of rows."""
_INDICES = "ijkmnpq"


@dataclass
class Windows:
    """The memory that windows lie in, and names of the exported file.

    Args:
        arena: the memory of all intermediate values.
        states: arrays by label.
        rows: name of the variable that has the rows of the batch.
        constants: filled with arrays that must be kept, by name.
    """

    arena: Array
    states: Mapping[str, Array]
    rows: str = "rows"
    constants: dict[str, Array] = field(default_factory=dict)

    def text(self, samples: Samples, name: str, depth: int = 0) -> Text:
        """Return the expression for an object.

        Args:
            samples: the object for each number of rows.
            name: what it is called, for constants.
            depth: lists around it.

        Raises:
            InexpressibleError: its numbers depend on the rows in a way that cannot be written.
        """
        kinds = {type(item) for item in samples.values()}
        if kinds == {numpy.ndarray}:
            return self._array(samples, name)
        if kinds == {list}:
            return self._list(samples, name, depth)
        if kinds == {tuple}:
            lengths = {len(item) for item in samples.values()}
            if len(lengths) != 1:
                raise InexpressibleError(f"tuples of {sorted(lengths)} elements")
            (length,) = lengths
            parts = [self.text(_part(samples, position), name, depth) for position in range(length)]
            return ("(", *joined(parts), ",)" if length == 1 else ")")
        if kinds == {int}:
            return fit(samples, self.rows)
        if len(set(map(repr, samples.values()))) == 1 and kinds <= {bool, type(None), str, float}:
            return (literal(next(iter(samples.values()))),)
        raise InexpressibleError(f"objects of {', '.join(sorted(kind.__name__ for kind in kinds))}")

    def _list(self, samples: Samples, name: str, depth: int) -> Text:
        """A list whose elements for fewer rows are the first ones of those for more rows."""
        length = max(len(item) for item in samples.values())
        items: list[tuple[Text, Text]] = []
        for position in range(length):
            having = {rows: item[position] for rows, item in samples.items() if len(item) > position}
            least = min(having)
            if any(rows >= least and len(item) <= position for rows, item in samples.items()):
                raise InexpressibleError("a list that is shorter for more rows")
            condition: Text = (f"{self.rows} >= ", Polynomial.number(least)) if least > min(samples) else ()
            items.append((self.text(having, name, depth + 1), condition))
        parts = repeated(items, _INDICES[depth])
        if depth or len(parts) < 2:
            return ("[", *joined(parts), "]")
        return ("[\n    ", *joined(parts, ",\n    "), ",\n]")

    # ------------------------------------------------------------------ arrays

    def _array(self, samples: Samples, name: str) -> Text:
        dtypes = {str(array.dtype) for array in samples.values()}
        ranks = {array.ndim for array in samples.values()}
        if len(dtypes) != 1 or len(ranks) != 1:
            raise InexpressibleError("arrays of several types")
        (dtype,) = dtypes
        places = {rows: self._place(array) for rows, array in samples.items() if array.size}
        owners = {label for label, _ in places.values()}
        if not owners or None in owners:
            return self._made(samples, dtype, name)
        if len(owners) != 1 or len(places) != len(samples):
            raise InexpressibleError("arrays that lie here and there")
        (label,) = owners
        if label and all(_is(array, self.states[label]) for array in samples.values()):
            return (f"STATES[{string_text(label)}]",)
        offset = fit({rows: start for rows, (_, start) in places.items()}, self.rows)
        shape = self._shape(samples)
        strides = () if all(array.flags.c_contiguous for array in samples.values()) else self._strides(samples)
        memory = f'in_state({string_text(label)}, "{dtype}", ' if label else f'in_arena("{dtype}", '
        return (memory, *offset, ", ", *shape, *((", ", *strides) if strides else ()), ")")

    def _place(self, array: Array) -> tuple[str | None, int]:
        """Return the label of the state in which an array lies, empty for the arena, and its first byte there."""
        address = _address(array)
        for label, memory in (("", self.arena), *self.states.items()):
            start = address - _address(memory)
            if 0 <= start < memory.nbytes:
                return label, start
        return None, 0

    def _number(self, samples: Samples) -> str:
        """Return the expression for a number that may be proportional to the rows, or to one part of them.

        Where rounding makes it neither, it is looked up, if all numbers of rows have been sampled.
        """
        values = list(samples.values())
        if len({value.tobytes() for value in values}) == 1:
            return literal(values[0].item())
        least = min(samples)
        dtype, kind, first = values[0].dtype, values[0].dtype.type, samples[least].item()
        part = round(1 / (first * least)) if first and numpy.isfinite(first) else 0
        candidates: list[tuple[str, Callable[[int], float]]] = [
            (f"{literal(first / least)} * {self.rows}", lambda rows: first / least * rows),
            (f"{literal(first * least)} / {self.rows}", lambda rows: first * least / rows),
            (f"1.0 / ({part} * {self.rows})", lambda rows: 1.0 / (part * rows) if part else 0.0),
            (
                f"numpy.{dtype}(1.0 / {self.rows}) / numpy.{dtype}({part})",
                lambda rows: kind(1.0 / rows) / kind(part) if part else 0.0,
            ),
            (
                f"numpy.{dtype}(1.0 / {self.rows}) * numpy.{dtype}({literal(first * least)})",
                lambda rows: kind(1.0 / rows) * kind(first * least),
            ),
        ]
        for text, function in candidates:
            if all(kind(function(rows)).tobytes() == value.tobytes() for rows, value in samples.items()):
                return text.removeprefix("1.0 * ")
        if sorted(samples) == list(range(1, len(samples) + 1)):
            return f"({', '.join(literal(samples[rows].item()) for rows in sorted(samples))})[{self.rows} - 1]"
        raise InexpressibleError("numbers that depend on the rows")

    def _shape(self, samples: Samples) -> Text:
        rank = next(iter(samples.values())).ndim
        dims = [fit({rows: array.shape[axis] for rows, array in samples.items()}, self.rows) for axis in range(rank)]
        return ("(", *joined(dims), ",)" if rank == 1 else ")")

    def _strides(self, samples: Samples) -> Text:
        rank = next(iter(samples.values())).ndim
        found = []
        for axis in range(rank):
            steps = {rows: array.strides[axis] for rows, array in samples.items() if array.shape[axis] > 1}
            found.append(fit(steps, self.rows) if steps else (Polynomial.number(0),))
        return ("(", *joined(found), ",)" if rank == 1 else ")")

    def _made(self, samples: Samples, dtype: str, name: str) -> Text:
        """An array that lies neither in the arena nor in a state: numbers that do not change."""
        shape = self._shape(samples)
        largest = max(samples.values(), key=lambda array: int(array.size))
        if not largest.size:
            return ("numpy.empty(", *shape, f', "{dtype}")')
        if all(_is_uniform(array) for array in samples.values()):
            number = self._number({rows: array.reshape(-1)[0] for rows, array in samples.items() if array.size})
            if largest.ndim == 0:
                return (f'numpy.array({number}, "{dtype}")',)
            if number == "1.0":
                return ("numpy.ones(", *shape, f', "{dtype}")')
            return ("numpy.full(", *shape, f', {number}, "{dtype}")')
        if largest.ndim == 1 and largest.dtype.kind in "iu" and largest[0] == 0:
            with numpy.errstate(over="ignore"):
                line = numpy.arange(len(largest), dtype=dtype) * largest[1]
            if all(numpy.array_equal(array, line[: len(array)]) for array in samples.values()):
                factor = "" if largest[1] == 1 else f" * numpy.{dtype}({largest[1]})"
                length = fit({rows: len(array) for rows, array in samples.items()}, self.rows)
                return ("numpy.arange(", *length, f', dtype="{dtype}")', factor)
        if not all(
            array.shape[1:] == largest.shape[1:] and _equals(array, largest[: len(array)]) for array in samples.values()
        ):
            raise InexpressibleError("numbers that depend on the rows")
        others = {key for key, array in self.constants.items() if not _equals(array, largest)}
        key = identifier(name, others)
        self.constants[key] = numpy.ascontiguousarray(largest)
        constant = f"CONSTANTS[{string_text(key)}]"
        if len({array.shape for array in samples.values()}) == 1:
            return (constant,)
        length = fit({rows: len(array) for rows, array in samples.items()}, self.rows)
        return (f"{constant}[:", *length, "]")


def _is_uniform(array: Array) -> bool:
    return not array.size or _equals(array, numpy.broadcast_to(array.reshape(-1)[0], array.shape))


def _equals(array: Array, other: Array) -> bool:
    """Whether two arrays have the same bits: NaN is equal to itself, and 0.0 is not -0.0."""
    return bool(array.shape == other.shape and array.tobytes() == other.tobytes())


def _part(samples: Samples, position: int) -> dict[int, Any]:
    return {rows: item[position] for rows, item in samples.items()}


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _is(array: Array, other: Array) -> bool:
    return _address(array) == _address(other) and array.shape == other.shape and array.strides == other.strides
