"""Helps passes with scans: enters their bodies, drops what nothing reads, and joins two that run side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from nnc.ir import Graph, Input, Node, Rewriter, Value, copy_into
from nnc.ir.decisions import Saved, decide, in_loop, undecided
from nnc.ir.ops.scan import Scan


def in_bodies(graph: Graph, change: Callable[[Graph], Graph]) -> Graph:
    """Return the graph with the bodies of its scans changed, those inside before the ones around them."""
    return change_bodies(graph, lambda body: change(in_bodies(body, change)))


def change_bodies(graph: Graph, change: Callable[[Graph], Graph]) -> Graph:
    """Return the graph with the bodies of its own scans changed; the same graph where nothing has changed."""
    bodies: dict[int, Graph] = {}
    for node in graph.nodes:
        if isinstance(node.op, Scan):
            with in_loop(graph.results(node)[0]):
                body = change(node.op.body)
            if body is not node.op.body:
                bodies[node.index] = body
    if not bodies:
        return graph
    rewriter = Rewriter(graph)
    for node in graph.nodes:
        if isinstance(node.op, Scan) and node.index in bodies:
            rewriter.keep(replace(node, op=replace(node.op, body=bodies[node.index])))
        else:
            rewriter.keep(node)
    return rewriter.finish()


@dataclass(frozen=True)
class Pruned:
    """A scan without results that nothing reads.

    Args:
        op: the smaller scan.
        operands: positions of the operands that are left.
        results: positions of the results that are left.
    """

    op: Scan
    operands: tuple[int, ...]
    results: tuple[int, ...]


def prune(op: Scan, live: Collection[int]) -> Pruned:
    """Remove results that are not live, carries that influence none that is, and what only those read.

    Args:
        op: the scan.
        live: positions of the results that somebody reads.
    """
    inputs, outputs = list(op.body.inputs.values()), list(op.body.outputs.values())
    kept = set(live)
    while True:
        reached = _reached(op.body, [outputs[position] for position in kept])
        carries = {position for position in range(op.carries) if inputs[position] in reached}
        if carries <= kept:
            break
        kept |= carries
    last = op.carries + op.sequences
    results = tuple(position for position in range(len(outputs)) if position in kept)
    operands = [
        position
        for position, value in enumerate(inputs)
        if (position in kept if position < op.carries else value in reached)
    ]
    if not any(op.carries <= position < last for position in operands):
        operands = sorted({*operands, op.carries})  # something must say how many steps there are
    if len(operands) == len(inputs) and len(results) == len(outputs):
        return Pruned(op, tuple(operands), results)
    body = Graph(op.body.name)
    labels = list(op.body.inputs)
    values = {inputs[position]: body.input(labels[position], inputs[position].type) for position in operands}
    for node in op.body.nodes:
        found = op.body.results(node)
        if not isinstance(node.op, Input) and any(value in reached for value in found):
            copied = body.copy_node(node, [values[operand] for operand in node.operands])
            values.update(zip(found, copied, strict=True))
    names = list(op.body.outputs)
    for position in results:
        body.output(names[position], values[outputs[position]])
    smaller = Scan(
        body,
        sum(position < op.carries for position in results),
        sum(op.carries <= position < last for position in operands),
        op.reverse,
    )
    return Pruned(smaller, tuple(operands), results)


def _reached(body: Graph, roots: Sequence[Value]) -> set[Value]:
    """Return the values of a body that some depend on."""
    reached = set(roots)
    for node in reversed(body.nodes):
        if any(value in reached for value in body.results(node)):
            reached.update(node.operands)
    return reached


def merge_scans(graph: Graph, simplify: Callable[[Graph], Graph]) -> Graph:
    """Make one scan of those that have the same operands and the same carries, and stack what each of them stacks.

    The derivative of a scan writes it once more with further stacks; this is where the two become one.

    Args:
        graph: after ``cse``.
        simplify: finds equal nodes in a body.
    """
    twins: dict[tuple[object, ...], list[Node]] = {}
    for node in graph.nodes:
        if isinstance(node.op, Scan):
            key = (node.operands, node.op.carries, node.op.sequences, node.op.reverse)
            twins.setdefault(key, []).append(node)
    merged: dict[int, tuple[Node, Scan, list[int]]] = {}
    for nodes in twins.values():
        found = _merged([node.op for node in nodes if isinstance(node.op, Scan)], simplify) if len(nodes) > 1 else None
        if found is not None:
            for node, positions in zip(nodes, found[1], strict=True):
                merged[node.index] = nodes[0], found[0], positions
    if not merged:
        return graph
    rewriter = Rewriter(graph)
    done: dict[int, tuple[Value, ...]] = {}
    for node in graph.nodes:
        if node.index not in merged:
            rewriter.keep(node)
            continue
        first, op, positions = merged[node.index]
        if first.index not in done:
            with rewriter.graph.scope(first.path, first.phase):
                done[first.index] = rewriter.graph.add(op, *rewriter.operands(first))
            count = sum(other.index == first.index for other, _, _ in merged.values())
            loops, saved = done[first.index], Saved(nodes=count - 1)
            decide("merged", first, "{} loops of equal operands → {}", count, loops[0], after=loops[:1], saved=saved)
        results = [done[first.index][position] for position in positions]
        for value, name in zip(results, node.names, strict=True):
            if name:
                rewriter.graph.set_name(value, name)
        rewriter.replace(node, results)
    return rewriter.finish()


def _merged(ops: Sequence[Scan], simplify: Callable[[Graph], Graph]) -> tuple[Scan, list[list[int]]] | None:
    """Return one scan and, for each of `ops`, where its results are; None where they carry different things."""
    first = ops[0]
    joint = Graph("body")
    inputs = [joint.input(label, value.type) for label, value in first.body.inputs.items()]
    for number, op in enumerate(ops):
        for label, value in copy_into(joint, op.body, dict(zip(op.body.inputs, inputs, strict=True))).items():
            joint.output(f"{number}/{label}", value)
    with undecided():
        simple = simplify(joint)
    outputs = iter(simple.outputs.values())
    given = [[next(outputs) for _ in op.body.outputs] for op in ops]
    carries = given[0][: first.carries]
    if any(values[: first.carries] != carries for values in given):
        return None
    stacks = list(dict.fromkeys(value for values in given for value in values[first.carries :]))
    body = Graph("body")
    copies: dict[Value, Value] = {}
    labels = {label: body.input(label, value.type) for label, value in simple.inputs.items()}
    copy_into(body, simple, labels, copies)
    for position, value in enumerate(carries):
        body.output(f"carry{position}", copies[value])
    for position, value in enumerate(stacks):
        body.output(f"stack{position}", copies[value])
    op = replace(first, body=body)
    return op, [
        [*range(first.carries), *(first.carries + stacks.index(value) for value in values[first.carries :])]
        for values in given
    ]
