"""The costs of ops for given sizes, worked out once for those that are the same in many graphs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnc.ir import Node, Op, TensorType


class Costs:
    """FLOPs and bytes of nodes.

    Args:
        bindings: a size for each run-time dimension.
    """

    def __init__(self, bindings: Mapping[str, int]) -> None:
        self.bindings = bindings
        self._flops: dict[tuple[Op, tuple[TensorType, ...]], int] = {}
        self._nbytes: dict[TensorType, int] = {}

    def flops(self, node: Node) -> int:
        """Return the floating-point operations of a node."""
        key = node.op, tuple(value.type for value in node.operands)
        if key not in self._flops:
            operands = [type.bind(self.bindings) for type in key[1]]
            results = [type.bind(self.bindings) for type in node.types]
            self._flops[key] = node.op.bind(self.bindings).flops(operands, results)
        return self._flops[key]

    def nbytes(self, types: Sequence[TensorType]) -> int:
        """Return the bytes of values of these types."""
        for type in types:
            if type not in self._nbytes:
                self._nbytes[type] = type.bind(self.bindings).nbytes
        return sum(self._nbytes[type] for type in types)
