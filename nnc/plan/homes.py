"""Finds a home for each value: a state, a constant, a view, another value's buffer, a register, or one of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from nnc.ir import Graph, Input, Layout, Node, Op, State, TensorType, Value
from nnc.ir.decisions import Reason, Saved, decide, in_loop, is_listened_to
from nnc.ir.ops.scan import Scan
from nnc.plan.inplace import holds_input, later_reader, note_move, place_of, place_updates, stays_inside, take_over
from nnc.plan.storage import (
    Home,
    StepGroup,
    Storage,
    bound_constants,
    new_buffer,
    new_space,
    runs_by_rows,
    set_home,
)
from nnc.target import KernelNeeds, Target

if TYPE_CHECKING:
    from nnc.plan.chains import Chain
    from nnc.plan.lanes import LaneLoop
    from nnc.plan.nests import Nest


BodyPlanner = Callable[[int, Scan, Collection[str]], int]
"""Takes a step, its scan, and the labels of the windows that no run changes; returns the bytes of the body's arena."""


def find_homes(
    graph: Graph,
    bindings: Mapping[str, int],
    target: Target,
    reuse: bool,
    unchanged: frozenset[str],
    plan_body: BodyPlanner,
) -> Storage:
    """Decide where each value of a graph lives, and for how long.

    Args:
        graph: the graph without fusions.
        bindings: largest size of each run-time dimension.
        target: what the plan is for.
        reuse: whether buffers share memory.
        unchanged: labels of the states that no run changes.
        plan_body: plans the body of a scan, in an arena of its own.
    """
    storage = _begin(graph, bindings, target, reuse, unchanged)
    for value in graph.inputs.values():
        new_buffer(storage, value, 0)
    for value in graph.states.values():
        set_home(storage, value, Home(state=value.name))
    for node in graph.nodes:
        if not isinstance(node.op, Input | State):
            _place(storage, node, plan_body)
    place_updates(storage)
    _settle_lifetimes(storage)
    return storage


def _begin(
    graph: Graph,
    bindings: Mapping[str, int],
    target: Target,
    reuse: bool,
    unchanged: frozenset[str],
) -> Storage:
    """Return a record of what is known before anything is decided."""
    groups, constants = find_groups(graph, target), bound_constants(graph, bindings)
    nests: dict[int, Nest] = {}
    chains: dict[int, Chain] = {}
    lane_loops: dict[int, LaneLoop] = {}
    readers: dict[Value, set[int]] = {}
    if target.in_nests:
        from nnc.plan.chains import find_chains  # which a plan without them need not load
        from nnc.plan.lanes import find_lane_loops
        from nnc.plan.nests import find_nests

        nests = find_nests(graph, constants)
        lane_loops = find_lane_loops(graph, nests, constants)
        nests = {step: nest for step, nest in nests.items() if not runs_by_rows(lane_loops, step)}
        chains = find_chains(graph, nests, constants, target.needs)
        _note_nests(graph, nests)
        _note_chains(graph, chains)
        _note_lane_loops(graph, lane_loops)
        for node in graph.nodes:
            for operand in node.operands:
                readers.setdefault(operand, set()).add(node.index)
    tiled = {index: group.steps for group in groups if group.tile is not None for index in group.steps}
    spans = tiled | {index: nest.span for index, nest in nests.items()}
    spans |= {index: chain.span for index, chain in chains.items()}
    spans |= {index: loop.span for index, loop in lane_loops.items()}
    return Storage(
        graph,
        groups,
        bindings,
        target,
        reuse,
        unchanged,
        constants=constants,
        nests=nests,
        chains=chains,
        lane_loops=lane_loops,
        group_of={index: group for group in groups for index in group.steps},
        spans=spans,
        readers=readers,
        last_reader=_last_readers(graph),
        last_use=_last_uses(graph, spans),
        updated=_updated(graph),
    )


def find_groups(graph: Graph, target: Target) -> tuple[StepGroup, ...]:
    """Return the groups of a graph's steps, in their order.

    Args:
        graph: went through the pass ``inline``.
        target: what it is planned for.
    """
    steps = (node for node in graph.nodes if not node.is_leaf)
    found = groupby(steps, key=lambda node: id(graph.origins.get(node.index, node)))
    return tuple(_group(graph, [node.index for node in nodes], target) for _, nodes in found)


def _group(graph: Graph, steps: Sequence[int], target: Target) -> StepGroup:
    origin = graph.origins.get(steps[0], graph.nodes[steps[0]])
    tile = None if target.in_nests else target.tile
    is_tiled = tile is not None and _can_be_tiled(graph, steps, tile, target.needs)
    return StepGroup(origin, tuple(steps), tile if is_tiled else None)


def _can_be_tiled(graph: Graph, steps: Sequence[int], tile: int, needs: KernelNeeds) -> bool:
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
        and all(_is_plain(graph.nodes[index], needs) for index in steps)
    )


def _is_plain(node: Node, needs: KernelNeeds) -> bool:
    return node.op.elementwise and not needs.workspace(node.op, [value.type for value in node.operands], node.types)


def _updated(graph: Graph) -> frozenset[Value]:
    """Return the new states, and what they are views of."""
    found = set(graph.updates.values())
    for node in reversed(graph.nodes):
        if type(node.op).view is not Op.view and not found.isdisjoint(graph.results(node)):
            found.add(node.operands[0])
    return frozenset(found)


def _last_readers(graph: Graph) -> dict[Value, int]:
    last = {operand: node.index for node in graph.nodes for operand in node.operands}
    return last | dict.fromkeys(graph.roots, len(graph.nodes))


def _last_uses(graph: Graph, spans: Mapping[int, tuple[int, ...]]) -> dict[Value, int]:
    """Return the step until which each value is needed; not always the last reader is the last to run."""
    last: dict[Value, int] = {}
    for node in graph.nodes:
        for operand in node.operands:
            last[operand] = max(last.get(operand, -1), _step_end(spans, node.index, operand))
    return last | dict.fromkeys(graph.roots, len(graph.nodes))


def _step_end(spans: Mapping[int, tuple[int, ...]], index: int, operand: Value) -> int:
    """Return the step until which an operand read by step `index` is needed: tiles and loops come back to it."""
    span = spans.get(index, ())
    return span[-1] if span and operand.index not in span else index


def _note_nests(graph: Graph, nests: Mapping[int, Nest]) -> None:
    for index, nest in nests.items():
        if index == nest.steps[0] and len(nest.steps) > 1:
            nodes = [graph.nodes[step] for step in nest.steps]
            values = [value for node in nodes for value in graph.results(node)]
            decide("in one loop", nodes[0], "{}", nodes, after=values, saved=Saved(calls=len(nodes) - 1))


def _note_chains(graph: Graph, chains: Mapping[int, Chain]) -> None:
    for index, chain in chains.items():
        if index == chain.first:
            nodes = [graph.nodes[step] for step in chain.span]
            text, values = "{}, {} rows at a time", [value for node in nodes for value in graph.results(node)]
            decide("in one loop", nodes[0], text, nodes, chain.height, after=values)


def _note_lane_loops(graph: Graph, lane_loops: Mapping[int, LaneLoop]) -> None:
    for index, loop in lane_loops.items():
        if index == loop.steps[0]:
            nodes = [graph.nodes[step] for step in loop.steps]
            values = [value for node in nodes for value in graph.results(node)]
            decide("in one loop", nodes[0], "{}, row by row", nodes, after=values, saved=Saved(calls=len(nodes) - 1))


def _place(storage: Storage, node: Node, plan_body: BodyPlanner) -> None:
    graph = storage.graph
    results = graph.results(node)
    if all(value in storage.constants for value in results):
        for value in results:
            set_home(storage, value, Home(constant=True))
        if not node.is_leaf:
            title, text = node.op.title, "{} {}"
            decide("known beforehand", node, text, title, results, after=results, free=results, saved=Saved(calls=1))
        return
    if _as_view(storage, node, results):
        return
    if node.op.packs:
        _place_pack(storage, node, results[0])
    elif _stays_in_register(storage, node, results[0]):
        set_home(storage, results[0], Home(register=True))
        accesses = 1 + len(storage.readers.get(results[0], ()))
        decide("in a register", node, "{}", node, after=results, free=results, accesses=accesses)
    elif storage.reuse and not runs_by_rows(storage.lane_loops, node.index) and take_over(storage, node, results):
        pass
    else:
        group = storage.group_of[node.index]
        for value in results:
            inner = group.tile is not None and stays_inside(storage, value, group)
            new_buffer(storage, value, node.index, group.tile if inner else None)
            if inner:
                text, saved = "{}, {} elements at a time", Saved(arena=-storage.buffers[-1].nbytes)
                decide("in tiles", node, text, node, group.tile, after=(value,), free=(value,), saved=saved)
    if isinstance(node.op, Scan):
        _place_loop(storage, node, node.op, plan_body)
        return
    types = [value.type.bind(storage.bindings) for value in node.operands]
    needs, symbolic = storage.target.needs, [value.type for value in node.operands]
    found = needs.prepacked(node.op, symbolic, node.types) if storage.unchanged else None
    if found is not None and _is_unchanged(storage, node.operands[found.operand]):
        if not found.obstacle:
            storage.prepacked[node.index] = found
        operand, obstacle = node.operands[found.operand], found.obstacle
        decide("packed beforehand", node, "{} for {}", operand, node, reason=obstacle, after=results)
    end = storage.spans.get(node.index, (node.index,))[-1]  # the head of a nest runs as long as the nest
    spaces = [
        (new_space(storage, f"workspace of {node.op.name}", type.nbytes, node.index, end), type)
        for type in workspace_of(
            storage, node, types, [value.type.bind(storage.bindings) for value in results], storage.bindings
        )
    ]
    if spaces:
        storage.workspaces[node.index] = tuple(spaces)


def _as_view(storage: Storage, node: Node, results: tuple[Value, ...]) -> bool:
    if not node.operands or node.operands[0] in storage.constants:
        return False
    base = node.operands[0]
    layouts = node.op.view([storage.layouts[base]], node.types)
    if layouts is None:
        if is_listened_to() and node.op.view([Layout.dense(base.shape)], node.types) is not None:
            reason = ("the elements of {} do not lie one behind the other", base)
            decide("a view", node, "{} of {}", node, base, reason=reason, after=(*results, base))
        return False
    for value, layout in zip(results, layouts, strict=True):
        set_home(storage, value, storage.homes[base], layout)
        storage.views[value] = base
    decide(
        "a view", node, "{} of {}", node, base, after=(*results, base), free=results, accesses=2, saved=Saved(calls=1)
    )
    return True


def _stays_in_register(storage: Storage, node: Node, result: Value) -> bool:
    """Whether only the steps that run together with the one that computes a value read it."""
    if runs_by_rows(storage.lane_loops, node.index):
        readers = storage.readers.get(result, set())
        return result not in storage.graph.roots and storage.lane_loops[node.index].keeps(node.index, readers)
    if node.index in storage.chains and node.index != storage.chains[node.index].last:
        return result in storage.chains[node.index].inside
    nest = storage.nests.get(node.index)
    if nest is None or node.index == nest.head or result in storage.graph.roots:
        return False
    readers = storage.readers.get(result, set())
    return readers <= set(nest.steps) and nest.keeps(node.index, readers)


def _place_loop(storage: Storage, node: Node, op: Scan, plan_body: BodyPlanner) -> None:
    """Let the body be planned; its arena is a workspace of the step."""
    with in_loop(storage.graph.results(node)[0]):
        first = op.carries + op.sequences
        unchanged = [
            f"w{number}" for number, value in enumerate(node.operands[first:]) if _is_unchanged(storage, value)
        ]
        nbytes = plan_body(node.index, op, unchanged)
    storage.arenas[node.index] = new_space(storage, f"body of {op.name}", nbytes, node.index, node.index)


def _is_unchanged(storage: Storage, value: Value) -> bool:
    """Whether a value is a part of a state that no run changes, the same for all sizes."""
    layout = storage.layouts[value]
    numbers = (*layout.shape, *layout.strides, layout.offset)
    return storage.homes[value].state in storage.unchanged and all(isinstance(number, int) for number in numbers)


def workspace_of(
    storage: Storage,
    node: Node,
    operands: Sequence[TensorType],
    results: Sequence[TensorType],
    bindings: Mapping[str, int],
) -> Sequence[TensorType]:
    """Return what the kernel of a step needs besides operands and results of these types, for some sizes.

    That of a chain is what its last step needs, since all of it runs there.
    """
    chain = storage.chains.get(node.index)
    if chain is not None:
        return (chain.workspace(bindings),) if node.index == chain.last else ()
    if node.index in storage.prepacked:
        found = storage.target.needs.prepacked(node.op, operands, results)
        if found is not None:  # with some sizes an operand would not be worth it, which is read so all the same
            return found.workspace
    return storage.target.needs.workspace(node.op, operands, results)


def _place_pack(storage: Storage, node: Node, result: Value) -> None:
    """Let operands be computed in their place in the pack."""
    new_buffer(storage, result, node.index)
    home = storage.homes[result]
    assert home.buffer is not None
    offset, unplaced = 0, []
    once = {operand for operand, count in Counter(node.operands).items() if count == 1}
    for position, operand in enumerate(node.operands):
        type = operand.type.bind(storage.bindings)
        obstacle = _obstacle_to_packing(storage, node, operand, operand in once)
        if not obstacle:
            part = storage.homes[operand].buffer
            assert part is not None
            storage.buffers[part].inside = home.buffer, offset
            storage.packs.add(home.buffer)
        else:
            unplaced.append(position)
        note_move(storage, "in its part", operand, result, obstacle)
        offset += type.nbytes
    storage.unplaced[node.index] = tuple(unplaced)


def _obstacle_to_packing(storage: Storage, node: Node, operand: Value, is_once: bool) -> Reason:
    """Say why an operand of a pack cannot be computed in its place there."""
    home = storage.homes[operand]
    if home.buffer is None:
        return place_of(storage, operand)
    buffer = storage.buffers[home.buffer]
    is_whole = storage.extents[buffer.index] == operand.type.bind(storage.bindings).nbytes and not buffer.tiled
    if not is_whole or not storage.layouts[operand].is_dense:
        return "{} is a part of something", operand
    if buffer.inside is not None or not is_once:
        return "{} is a part of a pack already", operand
    if holds_input(storage, buffer):
        return "{} is an input", operand
    if buffer.index in storage.packs:
        return "{} is a pack itself", operand
    return later_reader(storage, home, node.index)


def _settle_lifetimes(storage: Storage) -> None:
    for value, home in storage.homes.items():
        if home.buffer is None:
            continue
        buffer = storage.buffers[home.buffer]
        first = value.index if not isinstance(value.node.op, Input) else -1
        if value.index in storage.spans and not buffer.tiled:
            first = storage.spans[value.index][0]  # the second tile writes again while earlier steps run
        buffer.start = min(buffer.start, first)
        buffer.end = max(buffer.end, value.index, storage.last_use.get(value, -1))
        if value.index in storage.lane_loops:
            buffer.end = max(buffer.end, storage.spans[value.index][-1])  # what lies in between runs before the loop
    for buffer in storage.buffers:
        if buffer.inside is not None:
            buffer.end = max(buffer.end, storage.buffers[buffer.inside[0]].end)
