"""Lets results take over the memory of operands that nothing needs any more, and new states that of the old ones."""

from __future__ import annotations

from collections.abc import Iterator

from nnc.ir import Input, Layout, Node, Value
from nnc.ir.decisions import Reason, Saved, all_of, decide
from nnc.plan.storage import Buffer, Home, StepGroup, Storage, runs_by_rows, set_home, symbolic_bytes


def take_over(storage: Storage, node: Node, results: tuple[Value, ...]) -> bool:
    """Let the result use an operand's buffer where nothing needs the operand afterwards."""
    if len(results) != 1 or results[0] in storage.updated:
        return False  # an update is better computed in the state itself
    (result,) = results
    obstacles: list[Reason] = []
    for position, operand in _read_before(storage, node):
        home = storage.homes[operand]
        if home.buffer is None:
            continue
        obstacle = _obstacle_to_overwriting(storage, node, operand, result)
        if not obstacle:
            set_home(storage, result, home)
            storage.inplace[node.index] = position
            decide("in place", node, "{} of {}", node, operand, after=(result, operand), free=results)
            return True
        obstacles.append(obstacle)
    if obstacles:
        decide("in place", node, "{}", node, reason=all_of(obstacles), after=results)
    return False


def _read_before(storage: Storage, node: Node) -> Iterator[tuple[int, Value]]:
    """Yield what is read before a result is written, with its position: operands, and those of the nest so far."""
    yield from ((position, node.operands[position]) for position in node.op.inplace)
    nest = storage.nests.get(node.index)
    if nest is not None and node.index in nest.whole:
        earlier = (step for step in nest.steps if step < node.index)
        yield from ((0, operand) for step in earlier for operand in storage.graph.nodes[step].operands)


def _obstacle_to_overwriting(storage: Storage, node: Node, operand: Value, result: Value) -> Reason:
    """Say why a result cannot have the place of an operand, which lies in a buffer."""
    home, group = storage.homes[operand], storage.group_of[node.index]
    assert home.buffer is not None
    buffer = storage.buffers[home.buffer]
    tiled = group.tile is not None and stays_inside(storage, result, group)
    if operand.type != result.type:
        return "{} is {}", operand, operand.type
    if buffer.tiled != tiled:
        return "of {} there is {}", operand, "a tile only" if buffer.tiled else "more than a tile"
    whole = buffer.tiled or storage.extents[buffer.index] == symbolic_bytes(result)
    if not whole or not storage.layouts[operand].is_dense:
        return "{} is a part of something", operand
    if not _can_overwrite(storage, node, home, storage.layouts[operand]):
        return "other elements of {} are read as well", operand
    return later_reader(storage, home, node.index)


def stays_inside(storage: Storage, value: Value, group: StepGroup) -> bool:
    """Whether only the group that computes a value reads it."""
    return storage.last_use.get(value, -1) <= group.steps[-1]


def later_reader(storage: Storage, home: Home, step: int) -> Reason:
    """Say who reads a value in this home after `step`."""
    if storage.needed_until[home] <= step:
        return ()
    value = next(value for value in storage.inhabitants[home] if storage.last_use.get(value, -1) > step)
    return _last_read(storage, value, step)


def _last_read(storage: Storage, value: Value, step: int) -> Reason:
    """Say where a value that is needed after `step` is read for the last time."""
    last = storage.last_reader[value]
    if last == storage.end:
        return "{} leaves the graph", value
    if last <= step:
        return "the loop that reads {} comes back to it", value
    return "{} is read again by {}", value, storage.graph.nodes[last]


def _can_overwrite(storage: Storage, node: Node, home: Home, layout: Layout) -> bool:
    """Whether the step can write over `home` while it reads it: the same element, and then no more."""
    nodes = storage.graph.nodes
    nest, chain = storage.nests.get(node.index), storage.chains.get(node.index)
    heads = [] if nest is None or nest.head is None else [nest.head]
    heads += [] if chain is None else [chain.first, chain.last]
    for head in heads:  # each block of a product reads more than the elements of its own
        if any(storage.homes.get(operand) == home for operand in nodes[head].operands):
            return False
    earlier = (operand for index in (nest.steps if nest else ()) for operand in nodes[index].operands)
    return all(
        position in node.op.inplace and storage.layouts[operand] == layout
        for position, operand in enumerate(node.operands)
        if storage.homes[operand] == home
    ) and all(storage.layouts[operand] == layout for operand in earlier if storage.homes.get(operand) == home)


def holds_input(storage: Storage, buffer: Buffer) -> bool:
    """Whether an input lives in a buffer."""
    return any(isinstance(value.node.op, Input) for value in storage.inhabitants[Home(buffer=buffer.index)])


def place_of(storage: Storage, value: Value) -> Reason:
    """Say where a value lies that is in no buffer."""
    label = storage.homes[value].state
    return ("{} is known beforehand", value) if label is None else ("{} lies in {}", value, storage.graph.states[label])


def place_updates(storage: Storage) -> None:
    """Let new state be computed in the state's own memory where nothing reads the old state afterwards."""
    graph = storage.graph
    for label, value in graph.updates.items():
        home = storage.homes[value]
        if home == Home(state=label) and storage.layouts[value].is_dense:
            continue
        obstacle = _obstacle_to_updating(storage, label, value)
        if not obstacle:
            _move_to_state(storage, home, Home(state=label))
        else:
            storage.copies.append((label, value))
        note_move(storage, "in the state", value, graph.states[label], obstacle)


def note_move(storage: Storage, kind: str, value: Value, target: Value, obstacle: Reason) -> None:
    """Note that a value is computed where it would be copied to, or why not."""
    decide(
        kind,
        value.node,
        "{} of {}",
        *(value, target),
        reason=obstacle,
        after=(value, target),
        free=[value],
        accesses=2,
        saved=Saved(calls=1),
    )


def _move_to_state(storage: Storage, buffer: Home, state: Home) -> None:
    written = _first_written(storage, buffer)
    for position, operand in enumerate(written.node.operands):
        if storage.homes[operand] == state:
            storage.inplace[written.index] = position
    for value in storage.inhabitants.pop(buffer):
        storage.homes[value] = state
        storage.inhabitants[state].append(value)
    assert buffer.buffer is not None
    storage.buffers[buffer.buffer].nbytes = 0


def _obstacle_to_updating(storage: Storage, label: str, value: Value) -> Reason:
    """Say why a new state cannot be computed in the memory of the old one."""
    home = storage.homes[value]
    if home.buffer is None:
        return place_of(storage, value)
    buffer = storage.buffers[home.buffer]
    if buffer.tiled or storage.extents[buffer.index] != symbolic_bytes(value) or not storage.layouts[value].is_dense:
        return "{} is a part of something", value
    if holds_input(storage, buffer):
        return "{} is an input", value
    if buffer.index in storage.packs:
        return "parts of {} are computed before", value
    state, written = Home(state=label), _first_written(storage, home)
    if runs_by_rows(storage.lane_loops, written.index):
        return "what runs behind the loop that computes {} may read the old state", value
    if not _can_overwrite(storage, written.node, state, storage.layouts[written]):
        return "{} reads other elements of the old state as well", written.node
    late = next((old for old in storage.inhabitants[state] if not _read_in_time(storage, old, written)), None)
    return () if late is None else _last_read(storage, late, written.index)


def _first_written(storage: Storage, home: Home) -> Value:
    return min(storage.inhabitants[home], key=lambda value: value.index)


def _read_in_time(storage: Storage, old: Value, new: Value) -> bool:
    """Whether the old state is not read any more once the new one has been written."""
    last = storage.last_reader.get(old, -1)
    if last < new.index <= storage.last_use.get(old, -1):  # a tiled group reads it in the next tile
        return new.index in storage.spans.get(last, ()) and storage.layouts[old] == storage.layouts[new]
    return last <= new.index
