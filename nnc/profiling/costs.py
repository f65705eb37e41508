"""The costs of a block of emitted source, from the ops of its steps: operations, and bytes read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnc.backends.marks import TimedBlock
from nnc.ir import Node, Value, bind_shape
from nnc.ir.cost import layer_of
from nnc.ir.nominal import node_flops
from nnc.plan import Plan


def block_layer(outer: Plan, block: TimedBlock) -> tuple[str, bool]:
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


def block_ops(block: TimedBlock) -> tuple[str, ...]:
    """Return the names of a block's operations."""
    return tuple(block.plan.graph.nodes[index].op.name for index in block.steps) or ("copy",)


def block_name(block: TimedBlock) -> str:
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
    ('add + sigmoid', 'exp + 3 more')
    """
    different = tuple(dict.fromkeys(ops))
    return " + ".join(different) if len(different) <= 3 else f"{different[0]} + {len(different) - 1} more"


def block_costs(block: TimedBlock, bindings: Mapping[str, int]) -> tuple[int, int]:
    """Return the floating-point operations of a block, and the bytes that it reads and writes, when it runs once.

    Args:
        block: the block.
        bindings: sizes of the run-time dimensions.
    """
    plan = block.plan
    nodes = [plan.graph.nodes[index] for index in block.steps if index not in plan.loops]
    flops = sum(node_flops(node, bindings) for node in nodes)
    if len(nodes) == 1:
        (node,) = nodes
        operands = [value.type.bind(bindings) for value in node.operands]
        return flops, node.op.bind(bindings).traffic(operands, [type.bind(bindings) for type in node.types])
    return flops, sum(value.type.bind(bindings).nbytes for value in _in_memory(plan, nodes))


def _in_memory(plan: Plan, nodes: list[Node]) -> list[Value]:
    """Return what steps that run together read from memory or write to it, each value once, whatever views it has."""
    storage = plan.storage
    made = {value for node in nodes for value in plan.graph.results(node)}
    read = {value: _whole(plan, value) for node in nodes for value in node.operands}
    written = [value for value in made if not storage.homes[value].register]
    return [*(value for value, whole in read.items() if whole not in made), *written]


def _whole(plan: Plan, value: Value) -> Value:
    """Return what a value is a view of, or itself."""
    while value in plan.storage.views:
        value = plan.storage.views[value]
    return value


def block_runs(outer: Plan, block: TimedBlock, bindings: Mapping[str, int]) -> int:
    """Return how often a block runs in one run of the function, over all rows each time.

    Args:
        outer: the plan of the function.
        block: the block.
        bindings: sizes of the run-time dimensions.
    """
    runs, plan = 1, outer
    for index in block.path:
        loop, node = plan.loops[index], plan.graph.nodes[index]
        runs *= int(bind_shape((loop.op.time([value.type for value in node.operands]),), bindings)[0])
        plan = loop.plan
    return runs
