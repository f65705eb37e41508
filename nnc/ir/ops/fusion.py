"""Fusions: several ops that run as one, with a graph as body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nnc.errors import ShapeError
from nnc.ir import Graph, Op, TensorType, Value, bind_shape, copy_into, interpret, solve_symbols
from nnc.ir.names import SIMPLE
from nnc.ir.ops.elementwise import Array


@dataclass(frozen=True)
class Fusion(Op, name="fusion"):
    """The ops of `body`, run one after the other on a few shared buffers.

    Args:
        kind: what the body is, such as ``dense_sigmoid``.
        body: graph whose inputs are the operands and whose outputs are the results, in order.
    """

    kind: str
    body: Graph

    def __post_init__(self) -> None:
        if not self.kind or not SIMPLE.fullmatch(self.title):
            raise ShapeError(f"a fusion's kind must be letters, digits and _, got {self.kind!r}")
        if not self.body.outputs:
            raise ShapeError(f"the body of '{self.title}' has no outputs")

    @property
    def title(self) -> str:
        """``fusion.kind``."""
        return f"fusion.{self.kind}"

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the body's output types."""
        expected = tuple(value.type for value in self.body.inputs.values())
        if operands != expected:
            raise ShapeError(
                f"'{self.title}' needs {', '.join(map(str, expected))}, got {', '.join(map(str, operands))}"
            )
        return tuple(value.type for value in self.body.outputs.values())

    def bound_types(self, bindings: Mapping[str, int], operands: Sequence[TensorType]) -> tuple[TensorType, ...]:
        """Return the body's output types with numbers."""
        return tuple(value.type.bind(bindings) for value in self.body.outputs.values())

    def evaluate(self, *operands: Array) -> Array:
        """Interpret the body."""
        outputs, _ = interpret(self.body, dict(zip(self.body.inputs, operands, strict=True)))
        return tuple(outputs.values())

    def decompose(self, *operands: Value) -> tuple[Value, ...]:
        """Return the body's ops in the operands' graph."""
        labels = zip(self.body.inputs, operands, strict=True)
        return tuple(copy_into(operands[0].graph, self.body, dict(labels)).values())

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return the sum over the body, bound to the operands' sizes."""
        return body_flops(self.body, operands)


def body_flops(body: Graph, operands: Sequence[TensorType]) -> int:
    """Return the operations of a body for operands of numeric types."""
    pairs = zip(body.inputs.items(), operands, strict=True)
    bindings = solve_symbols({label: (value.shape, bind_shape(type.shape, {})) for (label, value), type in pairs})
    return sum(
        node.op.bind(bindings).flops(
            [value.type.bind(bindings) for value in node.operands], [type.bind(bindings) for type in node.types]
        )
        for node in body.nodes
    )
