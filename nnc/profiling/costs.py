"""What a block of emitted source costs, from the ops of its steps: operations, and bytes that are read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnc.backends.marks import Block
from nnc.ir import Node, Value
from nnc.ir.cost import layer_of
from nnc.plan import Plan


def block_layer(outer: Plan, block: Block) -> tuple[str, bool]:
    """Return the layer a block belongs to, and whether it is of the backward pass.

    Args:
        outer: the plan of the function.
        block: the block.
    """
    if not block.path and not block.steps:
        return "optimizer", False  # the copy of a new state
    graph = outer.graph
    nodes = [graph.nodes[index] for index in (block.path[:1] or block.steps)]
    names = dict.fromkeys(map(layer_of, nodes))
    return " + ".join(names), all(node.phase == "backward" for node in nodes)


def block_ops(block: Block) -> tuple[str, ...]:
    """Return the names of a block's operations."""
    return tuple(block.plan.graph.nodes[index].op.name for index in block.steps) or ("copy",)


def block_name(block: Block) -> str:
    """Return the numbers that a block's steps have in the plan, what they do, and what the last of them gives."""
    if not block.steps:
        return block.title
    first, last = block.steps[0], block.steps[-1]
    number = f"{first}" if first == last else f"{first}–{last}"
    result = block.plan.names[block.plan.graph.results(block.plan.graph.nodes[last])[0]]
    return f"{'.'.join([*map(str, block.path), number])} {operations_text(block_ops(block))} → {result}"


def operations_text(ops: Sequence[str]) -> str:
    """Return operations that run together as one name.

    >>> operations_text(("add", "sigmoid")), operations_text(("exp", "add", "add", "divide", "multiply"))
    ('add + sigmoid', 'loop nest of 4 operations')
    """
    different = tuple(dict.fromkeys(ops))
    return " + ".join(different) if len(different) <= 3 else f"loop nest of {len(different)} operations"


def block_costs(block: Block, bindings: Mapping[str, int]) -> tuple[int, int]:
    """Return the floating-point operations of a block, and the bytes that it reads and writes, when it runs once.

    Args:
        block: the block.
        bindings: sizes of the run-time dimensions.
    """
    plan = block.plan
    nodes = [plan.graph.nodes[index] for index in block.steps if index not in plan.storage.loops]
    flops = sum(_flops(node, bindings) for node in nodes)
    if len(nodes) == 1:
        (node,) = nodes
        operands = [value.type.bind(bindings) for value in node.operands]
        return flops, node.op.bind(bindings).traffic(operands, [type.bind(bindings) for type in node.types])
    return flops, sum(value.type.bind(bindings).nbytes for value in _in_memory(plan, nodes))


def _flops(node: Node, bindings: Mapping[str, int]) -> int:
    operands = [value.type.bind(bindings) for value in node.operands]
    return node.op.bind(bindings).flops(operands, [type.bind(bindings) for type in node.types])


def _in_memory(plan: Plan, nodes: list[Node]) -> list[Value]:
    """Return what steps that run together read from memory or write to it, each value once."""
    made = {value for node in nodes for value in plan.graph.results(node)}
    read = {value for node in nodes for value in node.operands if value not in made}
    written = [value for value in made if not plan.storage.homes[value].register]
    return [*read, *written]
