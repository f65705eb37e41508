"""Divides an optimizer's update: the same graph for some elements of the vectors of weights, gradients and slots."""

from __future__ import annotations

import itertools
import math

from nnc.errors import DistributionError
from nnc.ir import Constant, Graph, Input, Node, State, TensorType, Value
from nnc.ir.ops.fusion import Fusion
from nnc.labels import SUM
from nnc.passes.split import fusion_of_parts, is_elementwise


def summed_vector(graph: Graph) -> Value | None:
    """Return the one vector of sums that a part of a graph takes, None where there are none or several."""
    found = [value for label, value in graph.inputs.items() if label.startswith(SUM)]
    return found[0] if len(found) == 1 and isinstance(found[0].shape[0], int) else None


def obstacle_to_dividing(graph: Graph) -> str:
    """Return why a graph cannot be computed for some elements of its vectors; empty where it can.

    Vectors are whatever is as long as the sums that it takes. Each element has to depend on those of the same number
    alone, so what takes them must be elementwise; all else has to do without them.

    Args:
        graph: the part of a training graph that applies gradients; may have fusions.
    """
    vector = summed_vector(graph)
    if vector is None:
        return "it takes not one vector of sums"
    if any(value.shape == vector.shape for value in graph.outputs.values()):
        return "a vector is an output"
    for node in graph.nodes:
        if not _has(node, vector):
            continue
        if isinstance(node.op, Input):
            is_divisible = node.types[0] == vector.type and graph.results(node)[0] == vector
        elif isinstance(node.op, State):
            is_divisible = node.op.role != "metric"
        else:
            is_divisible = isinstance(node.op, Constant) or _is_divisible(node, vector)
        if not is_divisible:
            return f"{node.op.title} needs more than one element of a vector"
    if not any(value.shape == vector.shape for value in graph.updates.values()):
        return "no vector is updated"
    return ""


def update_of(graph: Graph, elements: range) -> Graph:
    """Return a graph that computes some elements of all vectors; see `obstacle_to_dividing`.

    Its states have the labels of the whole ones, and its input of sums is as long as they are.

    Args:
        graph: the part of a training graph that applies gradients.
        elements: consecutive elements of each vector.

    Raises:
        DistributionError: it cannot be divided.
    """
    if obstacle := obstacle_to_dividing(graph):
        raise DistributionError(f"graph '{graph.name}' cannot be divided by elements: {obstacle}")
    vector = summed_vector(graph)
    assert vector is not None
    found, values = Graph(graph.name), dict[Value, Value]()
    for node in graph.nodes:
        operands = [values[operand] for operand in node.operands]
        with found.scope(node.path, node.phase):
            made = _part(found, node, operands, elements) if _has(node, vector) else found.copy_node(node, operands)
        values.update(zip(graph.results(node), made, strict=True))
    for label, value in graph.outputs.items():
        found.output(label, values[value])
    for label, value in graph.updates.items():
        found.update(label, values[value])
    return found


def ranges_of(length: int, count: int, multiple: int) -> list[range]:
    """Return consecutive ranges of a vector, one for each process, that begin at a multiple of so many elements.

    >>> ranges_of(100, 3, 16)
    [range(0, 32), range(32, 64), range(64, 100)]
    """
    blocks = math.ceil(length / multiple)
    bounds = [min(length, multiple * (blocks * number // count)) for number in range(count + 1)]
    return [range(begin, end) for begin, end in itertools.pairwise(bounds)]


def _has(node: Node, vector: Value) -> bool:
    """Whether a node takes or gives what is as long as a vector."""
    return any(type.shape == vector.shape for type in (*node.types, *(operand.type for operand in node.operands)))


def _is_divisible(node: Node, vector: Value) -> bool:
    return is_elementwise(node) and all(type.shape == vector.shape for type in node.types)


def _part(graph: Graph, node: Node, operands: list[Value], elements: range) -> list[Value]:
    """Return some elements of the results of a node."""
    type = TensorType(node.types[0].dtype, (len(elements),))
    if isinstance(node.op, Input):
        return [graph.input(node.op.label, type)]
    if isinstance(node.op, State):
        return [graph.state(node.op.label, type, node.op.role)]
    if isinstance(node.op, Constant):
        return [graph.add_constant(Constant(type, node.op.data[elements.start : elements.stop]))]
    op = fusion_of_parts(node.op, operands) if isinstance(node.op, Fusion) else node.op
    return list(graph.add(op, *operands))
