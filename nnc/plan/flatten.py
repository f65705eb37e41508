"""Opens fusions: a flat graph whose nodes are the steps to execute, grouped by the node they came from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from nnc.ir import Constant, Graph, Input, Node, Op, State, TensorType, Value
from nnc.ir.decisions import decide
from nnc.ops.fusion import Fusion
from nnc.ops.movement import Copy, Reshape, Slice
from nnc.ops.packing import Unpack
from nnc.ops.scan import Scan
from nnc.plan.parts import nodes_in_parts, slice_of_operand, slice_of_slice

Workspace = Callable[[Op, Sequence[TensorType], Sequence[TensorType]], Sequence[TensorType]]
"""The arrays that a backend's kernel needs besides operands and results, from their types."""

TILE_ELEMENTS = 32 * 1024
"""Elements of one tile of a tiled group: a few float32 tiles stay in a 1 MiB second-level cache."""


@dataclass(frozen=True, slots=True)
class Group:
    """Consecutive steps that come from one node of the graph.

    Args:
        node: the node, a fusion or a single op; a node of the flat graph where the planner adds a copy.
        steps: indices of the nodes of the flat graph, ascending.
        tile: elements of a tile where the steps run tile by tile over one axis, otherwise None.
    """

    node: Node
    steps: tuple[int, ...]
    tile: int | None = None


@dataclass(frozen=True, slots=True)
class FlatGraph:
    """A graph without fusions, and the groups its nodes form."""

    graph: Graph
    groups: tuple[Group, ...]


def flatten(source: Graph, workspace: Workspace, tile: int | None = TILE_ELEMENTS, in_parts: bool = False) -> FlatGraph:
    """Return the graph with the bodies of fusions in their place.

    Args:
        source: a scheduled graph.
        workspace: what the backend's kernels need; ops that need any are not tiled.
        tile: elements of a tile; elementwise fusions over at least two tiles of known size are tiled. None: never.
        in_parts: whether elementwise results of which only parts or single steps are read are computed where these are.
    """
    inside, split = _apart(source) if in_parts else ({}, frozenset())
    graph = Graph(source.name)
    values: dict[Value, Value] = {}
    for value in (*source.inputs.values(), *source.states.values()):
        values[value] = graph.copy_node(value.node, ())[0]
    groups: list[Group] = []
    copies: dict[Value, Value] = {}
    for node in source.nodes:
        if isinstance(node.op, Input | State) or node.index in split or node.index in inside:
            continue
        first = len(graph.nodes)
        if isinstance(node.op, Slice) and node.operands[0].index in split:
            part = _part(graph, node.operands[0], node.op, values, split, groups)
            values[source.results(node)[0]] = part
            if node.names[0]:
                graph.set_name(part, node.names[0])
            continue
        op, given = node.op, list(node.operands)
        moved = [index for index, loop in inside.items() if loop == node.index] if isinstance(op, Scan) else []
        if moved and isinstance(op, Scan):
            from nnc.plan.steps import with_steps

            op, given = with_steps(node, op, moved)
        operands = [values[operand] for operand in given]
        with graph.scope(node.path, node.phase):
            if moved:
                results = list(graph.add(op, *_dense(graph, op, operands, copies), names=node.names))
                _note_steps(source, moved, results[0])
            elif isinstance(node.op, Fusion):
                results = _inline(graph, node.op.body, operands, copies)
                for name, result in zip(node.names, results, strict=True):
                    if name:
                        graph.set_name(result, name)
            else:
                results = list(graph.copy_node(node, _dense(graph, node.op, operands, copies)))
        values.update(zip(source.results(node), results, strict=True))
        steps = tuple(index for index in range(first, len(graph.nodes)) if not graph.nodes[index].is_leaf)
        if steps:
            groups.append(Group(node, steps, tile if tile and _tiles(graph, steps, tile, workspace) else None))
    changed = {label for label, value in source.updates.items() if values[value] != graph.states[label]}

    def leaving(value: Value) -> Value:
        """A state that leaves the graph under another name must be read before it changes."""
        if _state_of(value) not in changed:
            return value
        first = len(graph.nodes)
        copy = graph.add(Copy(), value)[0]
        groups.append(Group(graph.nodes[first], (first,)))
        reason = ("{} changes before it leaves the graph", value)
        decide("read where it is", copy.node, "{}", value, reason=reason, after=(copy, value))
        return copy

    for label, value in source.outputs.items():
        graph.output(label, leaving(values[value]))
    for label, value in source.updates.items():
        new = values[value]
        graph.update(label, leaving(new) if label in changed else new)
    return FlatGraph(graph, tuple(groups))


def _state_of(value: Value) -> str | None:
    """Return the name of the state that a value is, or may be a view of."""
    node = value.node
    while node.operands and type(node.op).view is not Op.view:
        node = node.operands[0].node
    return node.op.label if isinstance(node.op, State) else None


def _dense(graph: Graph, op: Op, operands: list[Value], copies: dict[Value, Value]) -> list[Value]:
    """Return the operands of an op, copied where it needs them dense and they may not be."""
    for position in op.dense:
        value = operands[position]
        if _may_be_strided(value):
            if value not in copies:
                copies[value] = copy = graph.add(Copy(), value)[0]
                reason = ("{} needs elements that lie one behind the other", op.title)
                decide("read where it is", copy.node, "{}", value, reason=reason, after=(copy, value))
            operands[position] = copies[value]
    return operands


def _may_be_strided(value: Value) -> bool:
    """Whether the value may be a view whose elements do not lie in row-major order."""
    node = value.node
    while node.operands and type(node.op).view is not Op.view:
        if not isinstance(node.op, Reshape | Unpack):
            return True
        node = node.operands[0].node
    return False


def _inline(graph: Graph, body: Graph, operands: list[Value], copies: dict[Value, Value]) -> list[Value]:
    values: dict[Value, Value] = dict(zip(body.inputs.values(), operands, strict=True))
    for node in body.nodes:
        if isinstance(node.op, Input):
            continue
        if isinstance(node.op, Constant):
            results: Sequence[Value] = (graph.add_constant(node.op),)
        elif isinstance(node.op, Fusion):
            results = _inline(graph, node.op.body, [values[operand] for operand in node.operands], copies)
        else:
            inner = _dense(graph, node.op, [values[operand] for operand in node.operands], copies)
            results = graph.add(node.op, *inner, names=node.names)
        values.update(zip(body.results(node), results, strict=True))
    return [values[value] for value in body.outputs.values()]


def _part(
    graph: Graph, whole: Value, op: Slice, values: Mapping[Value, Value], split: Collection[int], groups: list[Group]
) -> Value:
    """Return a slice of a value of the source that may never be computed as a whole; see `nodes_in_parts`."""
    node = whole.node
    if node.index in split and isinstance(node.op, Slice):
        return _part(graph, node.operands[0], slice_of_slice(node.op, op), values, split, groups)
    operands = [
        _part(graph, operand, slice_of_operand(op, operand.type), values, split, groups)
        for operand in (node.operands if node.index in split else ())
    ]
    first = len(graph.nodes)
    with graph.scope(node.path, node.phase):
        if node.index not in split:
            is_whole = all(part == (0, -1, 1) for part in zip(op.starts, op.stops, op.steps, strict=True))
            part = values[whole] if is_whole else graph.add(op, values[whole])[0]
        elif isinstance(node.op, Fusion):
            (part,) = _inline(graph, node.op.body, operands, {})
        else:
            (part,) = graph.add(node.op, *operands)
    if node.index in split:
        decide("where it is read", node, "a part of {} → {}", node, part, before=[whole], after=[part])
    steps = tuple(index for index in range(first, len(graph.nodes)) if not graph.nodes[index].is_leaf)
    if steps:
        groups.append(Group(node, steps))
    return part


def _apart(source: Graph) -> tuple[dict[int, int], frozenset[int]]:
    """Return the nodes that are computed in the steps of a loop, with the loop's, and those that are in parts."""
    from nnc.plan.steps import nodes_in_steps  # NumPy's plans have none, and need not load it

    inside = nodes_in_steps(source)
    return inside, nodes_in_parts(source, inside)


def _note_steps(source: Graph, moved: Iterable[int], loop: Value) -> None:
    """Note which nodes of the source a loop computes."""
    for index in moved:
        node = source.nodes[index]
        before = source.results(node)
        decide("where it is read", node, "{} in the steps of {}", node, loop.node, before=before, after=[loop])


def _tiles(graph: Graph, steps: tuple[int, ...], tile: int, workspace: Workspace) -> bool:
    """Whether the steps are elementwise on vectors of one known size that is worth tiling."""
    if len(steps) < 2:
        return False
    shapes = {type.shape for index in steps for type in graph.nodes[index].types}
    if len(shapes) != 1:
        return False
    (shape,) = shapes
    return (
        len(shape) == 1
        and isinstance(shape[0], int)
        and shape[0] >= 2 * tile
        and all(_is_plain(graph.nodes[index], workspace) for index in steps)
    )


def _is_plain(node: Node, workspace: Workspace) -> bool:
    return node.op.elementwise and not workspace(node.op, [value.type for value in node.operands], node.types)
