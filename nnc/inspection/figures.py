"""Numbers that describe two programs: parameters, operations, and the memory of their plans."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from nnc.inspection.difference import Figure
from nnc.ir import count_flops
from nnc.passes import count_nodes
from nnc.program import PREDICT, TRAIN, Program


def figures(first: Program, second: Program, batch: int) -> list[Figure]:
    """Return the numbers of both programs; those of memory are for batches of so many rows."""
    programs = first, second
    found = [
        _both("parameters", [_parameters(program) for program in programs]),
        _both("trained parameters", [_parameters(program, only_trained=True) for program in programs]),
    ]
    for graph in (PREDICT, TRAIN):
        sides = [_of_graph(program, graph, batch) for program in programs]
        names = dict.fromkeys(name for side in sides for name in side)
        found += [
            _both(f"{graph}: {name}", [side.get(name) for side in sides], name.startswith(("peak", "lower")))
            for name in names
        ]
    return found


def _both(name: str, values: Sequence[int | None], is_bytes: bool = False) -> Figure:
    return Figure(name, values[0], values[1], is_bytes)


def _parameters(program: Program, only_trained: bool = False) -> int:
    return sum(prod(spec.shape) for spec in program.spec.variables if spec.trainable or not only_trained)


def _of_graph(program: Program, graph: str, batch: int) -> dict[str, int]:
    """Return the numbers of one graph; none where the program has no such graph."""
    if graph == TRAIN and not program.spec.trains:
        return {}
    plan = program.plan(graph, batch)
    return {
        "nodes": count_nodes(program.graph(graph)),
        f"FLOPs, {batch} rows": count_flops(program.graph(graph), batch),
        f"peak bytes, {batch} rows": plan.peak_bytes,
        f"lower bound, {batch} rows": plan.lower_bound,
    }
