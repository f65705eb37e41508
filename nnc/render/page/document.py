"""A page's data: groups, stages, layouts, steps, memory and source as plain values, every text stored once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from nnc.ir import PHASES
from nnc.render.diagram import Line
from nnc.render.page.cells import Cell, cells_of
from nnc.render.page.cost_cache import Costs
from nnc.render.page.execution_record import Execution
from nnc.render.page.graph_layout import Sketch, Wire, lay_out
from nnc.render.page.groups import Groups, RecordGroup
from nnc.render.page.layer_groups import add_layers
from nnc.render.page.model_stages import Compiled, Subject
from nnc.render.page.op_records import Op, changes, lane_of, ops_of
from nnc.render.page.pool import Pool
from nnc.render.page.text_width import box_size, wire_width

Data = dict[str, Any]
_LEAST_WIDTH = 132
"""Of a layer's box: room for ``12 ops · 345 MFLOPs``, which the page writes into it."""


def document(subject: Subject) -> Data:
    """Return the data of a page; equal subjects give equal data.

    Raises:
        NncError: Graphviz is not installed, or cannot lay out the graphs.
    """
    return _Document(subject).data()


class _Document:
    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.strings: Pool[str] = Pool()
        self.labels: Pool[tuple[Line, ...]] = Pool()
        self.sketches: Pool[Sketch] = Pool()

    def data(self) -> Data:
        graphs = [self.graph(compiled) for compiled in self.subject.compiled]
        definition = self.subject.definition
        labels = [[[line.style, self.strings.add(line.text)] for line in lines] for lines in self.labels.items]
        return {
            "title": self.subject.title,
            "file": None if definition is None else {"name": definition.name, "lines": definition.text.splitlines()},
            "graphs": graphs,
            "labels": labels,
            "lanes": {phase: lane_of(phase) for phase in PHASES},
            "layouts": lay_out(self.sketches.items),
            "strings": self.strings.items,
        }

    def graph(self, compiled: Compiled) -> Data:
        stages = _ops_of_stages(compiled)
        subject = self.subject
        groups = Groups(subject.title)
        if subject.model is not None:
            outputs = [op.home[1] for op in stages[compiled.printed] if op.home[0] == "output"]
            # A definition has no weights: they would be others each time, and the page would be too.
            add_layers(groups, subject.model, outputs, with_weights=subject.definition is None)
        groups.add_ops(stages, subject.notes)
        found = [self.stage(compiled.stages[0].name, stages[0], stages[0], groups)]
        for stage, (before, ops) in zip(compiled.stages[1:], pairwise(stages), strict=True):
            if before is ops:
                found.append({"pass": self.strings.add(stage.name)})
            else:
                found.append(self.stage(stage.name, before, ops, groups))
        return {
            "name": compiled.name,
            "groups": [self.group(groups, group, number) for number, group in enumerate(groups.all)],
            "stages": found,
            "execution": Execution(compiled, stages[compiled.printed], groups, self.strings).data(),
        }

    # ------------------------------------------------------------------ groups

    def group(self, groups: Groups, group: RecordGroup, number: int) -> Data:
        slots = groups.slots(number)
        places = {child: place for place, pair in enumerate(slots) for child in pair if child >= 0}
        sizes = [self.slot_size(groups, pair) for pair in slots]
        wires: list[Wire] = []
        said: set[tuple[int, str]] = set()
        for (start, end), shape in group.wires.items():
            is_new = (start, shape) not in said  # what goes to several readers is labelled once
            wires.append(Wire(places[start], places[end], wire_width(shape) if is_new else 0))
            said.add((start, shape))
        return {
            "name": self.strings.add(group.name),
            "path": self.strings.add(group.path),
            "kind": self.strings.add(group.kind),
            "parent": group.parent,
            "label": self.labels.add(group.lines),
            "line": group.line or 0,
            "parameters": group.parameters,
            "arguments": group.arguments,
            "weights": group.weights,
            "size": self.group_size(group),
            "slots": slots,
            "wires": [self.strings.add(shape) for shape in group.wires.values()],
            "layout": self.sketches.add(Sketch(tuple(sizes), tuple(wires))) if slots else -1,
        }

    def slot_size(self, groups: Groups, pair: tuple[int, int]) -> tuple[int, int]:
        sizes = [self.group_size(groups.all[child]) for child in pair if child >= 0]
        return max(width for width, _ in sizes), max(height for _, height in sizes)

    def group_size(self, group: RecordGroup) -> tuple[int, int]:
        if group.kind in ("input", "output"):
            return box_size(group.lines)
        return box_size((*group.lines, Line("", "detail")), least=_LEAST_WIDTH)  # the last line is what its ops cost

    # ------------------------------------------------------------------ stages

    def stage(self, name: str, before: Sequence[Op], ops: Sequence[Op], groups: Groups) -> Data:
        removed, added = changes(before, ops)
        numbers = [groups.number(op.home) for op in ops]
        names = [group.name for group in groups.all]
        strings = self.strings
        return {
            "pass": strings.add(name),
            "removed": removed,
            "added": added,
            "roots": sum(op.node is not None for op in ops),  # outputs and updates stand behind the nodes
            "ops": {
                "text": [strings.add(op.text) for op in ops],
                "label": [self.labels.add(op.lines) for op in ops],
                "kind": [strings.add(op.kind) for op in ops],
                "phase": [strings.add(op.phase) for op in ops],
                "group": numbers,
                "type": [strings.add(op.type) for op in ops],
                "flops": [op.flops for op in ops],
                "bytes": [op.nbytes for op in ops],
                "operands": [[operand.op for operand in op.operands] for op in ops],
            },
            "cells": [self.cell(cell) for cell in cells_of(ops, numbers, names)],
        }

    def cell(self, cell: Cell) -> Data:
        return {
            "group": cell.group,
            "lane": cell.lane,
            "ops": cell.ops,
            "ports": [[self.strings.add(port.label), port.kind, port.op] for port in cell.ports],
            "wires": [self.strings.add(label) for label in cell.labels],
            "layout": self.sketches.add(cell.sketch),
        }


def _ops_of_stages(compiled: Compiled) -> list[list[Op]]:
    """Return the ops of each stage; one that changes nothing has the very list of the one before."""
    costs = Costs(compiled.plan.bindings)
    found: list[list[Op]] = []
    for before, stage in zip([None, *compiled.stages], compiled.stages, strict=False):
        is_same = before is not None and before.graph == stage.graph
        found.append(found[-1] if is_same else ops_of(stage.graph, costs))
    return found
