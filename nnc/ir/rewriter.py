"""Building a new graph from an old one, node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnc.ir.graph import Graph, Node, Value
from nnc.ir.leaves import Input


class Rewriter:
    """Builds a new graph from an old one, node by node; what passes that replace nodes have in common.

    A pass walks the old graph, calls `keep` or `replace` for each node, and ends with `finish`.
    """

    def __init__(self, source: Graph, name: str | None = None) -> None:
        self.source = source
        self.graph = Graph(source.name if name is None else name)
        self._results: dict[int, tuple[Value | None, ...]] = {}  # by the old node; looked up more often than all else
        for value in (*source.inputs.values(), *source.states.values()):
            self.keep(value.node)

    def __getitem__(self, value: Value) -> Value:
        """Return the new value that stands for an old one."""
        found = self._results[value.index][value.result]
        if found is None:
            raise KeyError(value)
        return found

    def __contains__(self, value: Value) -> bool:
        return value.index in self._results and self._results[value.index][value.result] is not None

    def operands(self, node: Node) -> tuple[Value, ...]:
        """Return the new values for a node's operands."""
        return tuple([self[operand] for operand in node.operands])

    def keep(self, node: Node) -> tuple[Value, ...]:
        """Copy a node."""
        known = self._results.get(node.index)
        if known is not None:
            return tuple(value for value in known if value is not None)
        results = self.graph.copy_node(node, self.operands(node))
        self._results[node.index] = results
        return results

    def replace(self, node: Node, results: Sequence[Value]) -> None:
        """Let new values stand for a node's results."""
        if len(results) != len(node.types):
            raise ValueError(f"'{node.op.name}' has {len(node.types)} results, got {len(results)} to stand for them")
        self._results[node.index] = tuple(results)

    def set(self, old: Value, new: Value) -> None:
        """Let a new value stand for one old value."""
        known = self._results.get(old.index, (None,) * len(old.node.types))
        self._results[old.index] = (*known[: old.result], new, *known[old.result + 1 :])

    def keep_all(self) -> Graph:
        """Copy every node and update, but no outputs, and return the new graph to add to."""
        for node in self.source.nodes:
            self.keep(node)
        for label, value in self.source.updates.items():
            self.graph.update(label, self[value])
        return self.graph

    def finish(self) -> Graph:
        """Name outputs and updates as in the old graph and return the new one."""
        for label, value in self.source.outputs.items():
            self.graph.output(label, self[value])
        for label, value in self.source.updates.items():
            self.graph.update(label, self[value])
        return self.graph


def copy_into(
    graph: Graph, source: Graph, inputs: Mapping[str, Value], values: dict[Value, Value] | None = None
) -> dict[str, Value]:
    """Append the nodes of `source` to `graph`, its inputs replaced by values, and return its outputs.

    Args:
        graph: what to append to.
        source: what to copy.
        inputs: the values by name of input.
        values: filled with the copy of each value of `source`.
    """
    values = {} if values is None else values
    values.update((source.inputs[label], value) for label, value in inputs.items())
    for node in source.nodes:
        if isinstance(node.op, Input):
            continue
        results = graph.copy_node(node, [values[operand] for operand in node.operands])
        values.update(zip(source.results(node), results, strict=True))
    return {label: values[value] for label, value in source.outputs.items()}
