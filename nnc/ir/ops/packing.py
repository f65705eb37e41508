"""Slabs: many tensors side by side in one vector, so that one call works on all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

import numpy

from nnc.errors import ShapeError
from nnc.ir import Layout, Op, Shape, TensorType, Value, size_of
from nnc.ir.ops.elementwise import Array, same_dtype


class Pack(Op, name="pack"):
    """One vector with the elements of all operands; operands are computed in their place in it."""

    packs: ClassVar[bool] = True

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the vector's type."""
        if not operands:
            raise ShapeError("'pack' needs at least one operand")
        if any(operand.symbols for operand in operands):
            raise ShapeError(f"'pack' needs operands of known size, got {', '.join(map(str, operands))}")
        total = sum(int(operand.size) for operand in operands)
        return (TensorType(same_dtype(self, operands), (total,)),)

    def evaluate(self, *operands: Array) -> Array:
        """Concatenate the flattened operands."""
        return numpy.concatenate([numpy.ravel(operand) for operand in operands])

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Unpack the cotangent."""
        cotangent = cotangents[0]
        if cotangent is None:
            return [None] * len(operands)
        return cotangent.graph.add(Unpack(tuple(operand.shape for operand in operands)), cotangent)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return 0: nothing is computed."""
        return 0


@dataclass(frozen=True)
class Unpack(Op, name="unpack"):
    """Views of a vector's consecutive parts, one per shape."""

    arity: ClassVar[int | None] = 1
    shapes: tuple[Shape, ...]

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return one type per shape."""
        (x,) = operands
        if not self.shapes:
            raise ShapeError("'unpack' needs at least one shape")
        total = sum(int(size_of(shape)) for shape in self.shapes)
        if x.shape != (total,):
            raise ShapeError(f"'unpack' into {total} elements does not fit {x}")
        return tuple(x.with_shape(shape) for shape in self.shapes)

    def evaluate(self, *operands: Array) -> tuple[Array, ...]:
        """Split with NumPy."""
        sizes = [int(size_of(shape)) for shape in self.shapes]
        parts = numpy.split(operands[0], list(accumulate(sizes))[:-1])
        return tuple(numpy.reshape(part, shape) for part, shape in zip(parts, self.shapes, strict=True))

    def view(self, operands: Sequence[Layout], results: Sequence[TensorType]) -> Sequence[Layout] | None:
        """Always views, in steps of the vector's own stride."""
        (step,), start = operands[0].strides, operands[0].offset
        layouts = []
        for result in results:
            dense = Layout.dense(result.shape)
            layouts.append(Layout(dense.shape, tuple(stride * step for stride in dense.strides), start))
            start = start + result.size * step
        return layouts

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Pack the cotangents; a part that is not used gets zeros."""
        graph = operands[0].graph
        for result, cotangent in zip(results, cotangents, strict=True):
            if cotangent is not None and result.name:
                graph.set_name(cotangent, f"gradient/{result.name}")
        if all(cotangent is None for cotangent in cotangents):
            return (None,)
        parts = [
            _zeros(result) if cotangent is None else cotangent
            for result, cotangent in zip(results, cotangents, strict=True)
        ]
        return graph.add(Pack(), *parts)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return 0: nothing is computed."""
        return 0


def _zeros(like: Value) -> Value:
    from nnc.ir.ops.movement import broadcast_to

    return broadcast_to(like.graph.constant(0.0, like.dtype), like.shape)
