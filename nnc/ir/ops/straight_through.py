"""Values whose gradient goes elsewhere: to another value, or nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from nnc.errors import ShapeError
from nnc.ir import Op, TensorType, Value
from nnc.ir.ops.elementwise import Array, apply
from nnc.ir.ops.movement import broadcast_to


class StraightThrough(Op, name="straight_through"):
    """The first operand; its gradient goes to the second instead, as if nothing lay between the two.

    Y. Bengio, N. Léonard, A. Courville, "Estimating or propagating gradients through stochastic neurons for
    conditional computation", https://arxiv.org/abs/1308.3432.
    """

    arity: ClassVar[int | None] = 2
    composite: ClassVar[bool] = True

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the type, which both have."""
        x, source = operands
        if x != source:
            raise ShapeError(f"'{self.name}' needs two operands of one type, got {x} and {source}")
        return (x,)

    def evaluate(self, *operands: Array) -> Array:
        """Return the first."""
        return operands[0]

    def decompose(self, *operands: Value) -> tuple[Value, ...]:
        """Return the first, once derivatives have been taken."""
        return (operands[0],)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """Hand the cotangent to the second operand."""
        return None, cotangents[0]

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return 0: nothing is computed."""
        return 0


def straight_through(x: Value, source: Value) -> Value:
    """Return x, and let its gradient go to `source`, which is of the same type.

    Raises:
        ShapeError: they are of different types.
    """
    return apply(StraightThrough(), x, source)


def stop_gradient(x: Value) -> Value:
    """Return x, and let no gradient reach what it was made of."""
    return straight_through(x, broadcast_to(x.graph.constant(0, x.dtype), x.shape))
