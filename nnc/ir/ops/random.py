"""Random numbers as a pure function of a key, so that a resumed training draws the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from nnc.errors import ShapeError
from nnc.ir import Op, Shape, TensorType, Value, size_of
from nnc.ir.ops.elementwise import Array, apply

KEY_TYPE = TensorType("uint32", (2,))
"""Type of the random key: a seed and a counter."""

START_TYPE = TensorType("uint32", ())
"""Type of the number of the first element."""

_GOLDEN = 0x9E3779B9


def mix(words: Any, scratch: Any) -> None:
    """Scramble 32-bit words in place with the two-round hash 'lowbias32' (C. Wellons, hash-prospector)."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        numpy.right_shift(words, numpy.uint32(shift), scratch)
        numpy.bitwise_xor(words, scratch, words)
        if factor != 1:
            numpy.multiply(words, numpy.uint32(factor), words)


def stream_words(key: Any, stream: int) -> tuple[int, int]:
    """Return two 32-bit words that differ for each seed, counter and stream."""
    state = (int(key[0]) << 32 | int(key[1])) ^ (stream * 0xD1B54A32D192ED03 & 0xFFFFFFFFFFFFFFFF)
    words = []
    for _ in range(2):  # SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014)
        state = (state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        word = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        word = ((word ^ word >> 27) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        words.append((word ^ word >> 31) & 0xFFFFFFFF)
    return words[0], words[1]


def fill_uniform(key: Any, stream: int, counters: Any, words: Any, scratch: Any, out: Any, start: Any = 0) -> None:
    """Write uniform numbers of [0, 1) into `out` without allocating.

    Args:
        key: the random key, two 32-bit words.
        stream: number of the op, so that two ops of one graph differ.
        counters: 0 … n-1, scrambled by the golden ratio; see `element_counters`.
        words: uint32 workspace of n elements.
        scratch: uint32 workspace of n elements.
        out: n floats.
        start: number of the first element.
    """
    first, second = stream_words(key, stream)
    first = (first + int(start) * _GOLDEN) & 0xFFFFFFFF
    numpy.add(counters, numpy.uint32(first), words)
    mix(words, scratch)
    numpy.bitwise_xor(words, numpy.uint32(second), words)
    mix(words, scratch)
    numpy.right_shift(words, numpy.uint32(8), words)
    numpy.copyto(out, words, casting="unsafe")  # exact: 24 bits are left
    numpy.multiply(out, out.dtype.type(2.0**-24), out)


def element_counters(count: int) -> Any:
    """Return the scrambled element numbers 0 … count-1."""
    with numpy.errstate(over="ignore"):
        return numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(_GOLDEN)


@dataclass(frozen=True)
class RandomUniform(Op, name="random_uniform"):
    """Uniform numbers of [0, 1), a pure function of the key, the stream and the element's position.

    A second operand, where there is one, is added to the positions: the number of the first element in a larger array.

    Args:
        shape: shape of the result.
        stream: number that tells this op from others with the same key.
        dtype: element type of the result.
    """

    shape: Shape
    stream: int
    dtype: str = "float32"

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the declared type."""
        if operands[:1] != (KEY_TYPE,) or operands[1:] not in ((), (START_TYPE,)):
            found = " and ".join(map(str, operands)) or "nothing"
            raise ShapeError(
                f"'random_uniform' needs a key of type {KEY_TYPE}, and may have a start of type {START_TYPE},"
                f" got {found}"
            )
        result = TensorType(self.dtype, self.shape)
        if not result.is_floating:
            raise ShapeError(f"'random_uniform' gives floating-point numbers, not {result}")
        return (result,)

    def evaluate(self, *operands: Array) -> Array:
        """Draw with fresh arrays."""
        count = int(size_of(self.shape))
        words, scratch = numpy.empty((2, count), numpy.uint32)
        result = numpy.empty(count, self.dtype)
        fill_uniform(operands[0], self.stream, element_counters(count), words, scratch, result, *operands[1:])
        return result.reshape([int(dim) for dim in self.shape])

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """A key has no gradient."""
        return [None] * len(operands)


def random_uniform(key: Value, shape: Shape, stream: int, dtype: str = "float32") -> Value:
    """Return uniform numbers of [0, 1)."""
    return apply(RandomUniform(tuple(shape), stream, dtype), key)
