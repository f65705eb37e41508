"""The final execution as plain data: steps, memory, and the source that was printed for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nnc.render.memory_layout import Loop, MemoryMap, Rectangle, rectangles_of
from nnc.render.page.groups import Groups
from nnc.render.page.model_stages import Compiled
from nnc.render.page.op_records import Op, home_of
from nnc.render.page.pool import Pool
from nnc.render.page.statements import source_blocks
from nnc.render.plan_steps import Step, inputs_of, steps_of
from nnc.render.theme import ink_on, layer_colours

Data = dict[str, Any]
_COLUMNS = ("number", "text", "op", "depth", "phase", "marks", "where", "flops", "bytes", "writes", "reads")


class Execution:
    """Makes the data of one graph's plan.

    Args:
        compiled: the graph.
        ops: the ops of the stage that the source is printed for.
        groups: where ops belong.
        strings: texts.
    """

    def __init__(self, compiled: Compiled, ops: Sequence[Op], groups: Groups, strings: Pool[str]) -> None:
        self.compiled, self.ops, self.groups, self.strings = compiled, ops, groups, strings
        self.nodes = {op.node: position for position, op in enumerate(ops) if op.node is not None}
        names, inputs = compiled.plan.names, compiled.plan.graph.inputs
        self.inputs = {names[value]: label for label, value in inputs.items()}
        self.steps: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
        self.plan_steps = steps_of(compiled.plan)
        layers = dict.fromkeys(step.path for step in self.plan_steps if step.path and step.phase == "forward")
        self.layers = {path: number for number, path in enumerate(layers)}
        self.buffers = {place.name: place.buffer for place in inputs_of(compiled.plan)}

    def data(self) -> Data:
        """Return the stage that they are about, steps, memory and source."""
        plan = self.compiled.plan
        numbers: dict[int, int] = {}
        for step in self.plan_steps:
            numbers[step.index] = len(self.steps["text"])
            self._add_step(step, self.nodes.get(-1 if step.source is None else step.source, -1), 0)
        return {
            "stage": self.compiled.printed,
            "sizes": dict(plan.bindings),
            "steps": self.steps,
            "memory": self._memory(rectangles_of(plan), numbers),
            "source": self._source(),
        }

    def _add_step(self, step: Step, op: int, depth: int) -> None:
        """Add a step, then those of its loop, whose buffers are the loop's own."""
        marks = [f"{step.rounds} rounds"] if step.loop else []
        marks += [f"in tiles of {step.tile}"] if step.tile else []
        if depth == 0:
            self.buffers |= {result.name: result.buffer for result in step.results}
        row = (
            step.index,
            self.strings.add(step.text),
            op,
            depth,
            self.strings.add(step.phase),
            self.strings.add(", ".join(marks)),
            self.strings.add("; ".join(result.text for result in step.results)),
            step.flops,
            step.nbytes,
            self._buffers((result.name for result in step.results), depth),
            self._buffers(step.reads, depth),
        )
        for name, cell in zip(_COLUMNS, row, strict=True):
            self.steps[name].append(cell)
        for inner in step.loop:
            self._add_step(inner, op, depth + 1)

    def _buffers(self, names: Iterable[str], depth: int) -> list[int]:
        found = {self.buffers.get(name) for name in names} if depth == 0 else set()
        return sorted(number for number in found if number is not None)

    def _memory(self, memory: MemoryMap, numbers: Mapping[int, int]) -> Data:
        return {
            "peak": memory.peak_bytes,
            "bound": memory.lower_bound,
            "arena": memory.arena_bytes,
            "moments": [numbers[index] for index in memory.steps],
            "end": memory.end,
            "colours": [[colour, ink_on(colour)] for colour in layer_colours(len(self.layers))],
            "buffers": [self._rectangle(item) for item in memory.rectangles],
            "loops": [self._loop(loop) for loop in memory.loops],
        }

    def _loop(self, loop: Loop) -> Data:
        inner = loop.memory
        return {
            "moment": loop.moment,
            "offset": loop.offset,
            "rounds": loop.rounds,
            "moments": inner.end + 1,
            "buffers": [self._rectangle(item) for item in inner.rectangles],
        }

    def _rectangle(self, item: Rectangle) -> Data:
        home = ("input", self.inputs[item.name]) if item.kind == "input" else home_of(item.path, item.phase)
        return {
            "number": item.buffer,
            "name": self.strings.add(item.name),
            "values": [self.strings.add(name) for name in item.values],
            "group": self.groups.number(home),
            "colour": -1 if item.kind in ("input", "loop") else self.layers.get(item.path, -1),
            "phase": self.strings.add(item.phase),
            "kind": self.strings.add(item.kind),
            "offset": item.offset,
            "bytes": item.nbytes,
            "start": item.start,
            "end": item.end,
            "inside": -1 if item.inside is None else item.inside,
            "tiled": item.tiled,
        }

    def _source(self) -> Data:
        lines = self.compiled.source.splitlines()
        return {
            "language": self.compiled.language,
            "lines": [self.strings.add(line) for line in lines],
            "blocks": source_blocks(lines, self.ops),
        }
