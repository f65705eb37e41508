"""An independent check of plans: who wrote each byte last, step by step, as a run would find it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

import numpy

from nnc.ir import Dim, Input, Layout, State, Value
from nnc.ir.types import ITEM_SIZES
from nnc.plan import ALIGNMENT, Plan, StepGroup

WORKSPACE = -2
ARENA = ""


class Simulation:
    """Goes through a plan's steps, checks that each value is still whole when it is read, and marks what is written.

    Each byte of arena and states remembers the value that was written there last. A view has no bytes of
    its own: reading it reads the value it is a view of.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.owners = {ARENA: numpy.full(plan.peak_bytes - ALIGNMENT, -1)}
        self.numbers = {
            value: position
            for position, value in enumerate(value for node in plan.graph.nodes for value in plan.graph.results(node))
        }
        for label, value in plan.graph.states.items():
            self.owners[label] = numpy.full(value.type.nbytes, self.numbers[value])

    def run(self) -> None:
        """Check the whole plan."""
        plan = self.plan
        for value in plan.graph.inputs.values():
            self.write(value)
        for group in plan.groups:
            for window in self.windows(group):
                for index in group.steps:
                    self.step(index, group, window)
        for label, value in plan.storage.copies:
            self.read(value)
            self.owners[label][:] = self.numbers[self.root(value)]
        for value in plan.graph.outputs.values():
            self.read(value)
        for label, value in plan.graph.updates.items():
            if not plan.storage.homes[value].constant:
                assert set(self.owners[label].tolist()) <= {self.numbers[self.root(value)]}, f"@{label} is not updated"

    def windows(self, group: StepGroup) -> Iterator[slice | None]:
        """The elements that each round of a tiled group works on."""
        if group.tile is None:
            yield None
            return
        (length,) = group.node.types[0].shape
        for start in range(0, int(length), group.tile):
            yield slice(start, min(start + group.tile, int(length)))

    def step(self, index: int, group: StepGroup, window: slice | None) -> None:
        plan, node = self.plan, self.plan.graph.nodes[index]
        storage, results = plan.storage, plan.graph.results(self.plan.graph.nodes[index])
        if isinstance(node.op, Input | State) or results[0] in storage.views or storage.homes[results[0]].constant:
            return

        def region(value: Value) -> tuple[str, range] | None:
            whole = value.shape != group.node.types[0].shape or not storage.layouts[value].is_dense
            return self.region(value, None if whole else window)

        for value in node.operands:
            self.read(value, region(value))
        if node.op.packs:
            self.check_pack(index)
        else:
            for position, operand in enumerate(node.operands):
                if overlap(region(operand), region(results[0])):
                    assert position in node.op.inplace, f"step {index} writes over operand {position}"
                    assert steps(storage.layouts[operand]) == steps(storage.layouts[results[0]])
        written = [region(value) for value in results]
        for buffer, type in storage.workspaces.get(index, ()):
            space = ARENA, range(plan.offsets[buffer], plan.offsets[buffer] + type.nbytes)
            assert not any(overlap(space, other) for other in (*map(region, node.operands), *written))
            self.mark(space, WORKSPACE)
            written.append(space)
        for value in results:
            self.write(value, region(value))

    def check_pack(self, index: int) -> None:
        """An operand is in its place, or is copied there from where no other copy writes."""
        plan, node = self.plan, self.plan.graph.nodes[index]
        home = self.region(plan.graph.results(node)[0], None)
        assert home is not None
        sizes = [value.type.nbytes for value in node.operands]
        starts = [home[1].start, *accumulate(sizes, initial=home[1].start)][1:]
        places = [(ARENA, range(start, start + size)) for start, size in zip(starts, sizes, strict=False)]
        unplaced = plan.storage.unplaced[index]
        for position, operand in enumerate(node.operands):
            source = self.region(operand, None)
            if position in unplaced:
                assert not any(overlap(source, places[other]) for other in unplaced if other != position)
            else:
                assert source == places[position]
                assert plan.storage.layouts[operand].is_dense

    def root(self, value: Value) -> Value:
        """The value whose memory a view looks at."""
        while value in self.plan.storage.views:
            value = self.plan.storage.views[value]
        return value

    def region(self, value: Value, window: slice | None) -> tuple[str, range] | None:
        """The memory and the bytes of a value, or of a window on it; None for a constant."""
        root = self.root(value)
        home, itemsize = self.plan.storage.homes[root], ITEM_SIZES[root.dtype]
        if home.constant:
            return None
        start, size = 0, root.type.bind(self.plan.bindings).nbytes
        if home.buffer is not None:
            start = self.plan.offsets[home.buffer]
            if self.plan.storage.buffers[home.buffer].tiled:
                assert window is not None, "a tile is used outside its group"
                window = slice(0, window.stop - window.start)
        if window is not None:
            start, size = start + window.start * itemsize, (window.stop - window.start) * itemsize
        return home.state or ARENA, range(start, start + size)

    def read(self, value: Value, region: tuple[str, range] | None = None) -> None:
        region = self.region(value, None) if region is None else region
        if region is None:
            return
        memory, places = region
        owners = self.owners[memory][places.start : places.stop]
        assert len(owners) == len(places), f"{self.plan.names.get(value)} lies outside of its memory"
        number = self.numbers[self.root(value)]
        assert (owners == number).all(), f"{self.plan.names.get(value)} was overwritten before it was read"

    def write(self, value: Value, region: tuple[str, range] | None = None) -> None:
        region = self.region(value, None) if region is None else region
        if region is not None:
            self.mark(region, self.numbers[value])

    def mark(self, region: tuple[str, range], number: int) -> None:
        memory, places = region
        assert places.stop <= len(self.owners[memory]), "memory ends before the value does"
        self.owners[memory][places.start : places.stop] = number


def steps(layout: Layout) -> tuple[Dim, list[tuple[Dim, Dim]]]:
    """What says where the elements of a layout lie; how far an axis of length 1 steps does not matter."""
    return layout.offset, [pair for pair in zip(layout.shape, layout.strides, strict=True) if pair[0] != 1]


def overlap(first: tuple[str, range] | None, second: tuple[str, range] | None) -> bool:
    """Whether two regions share a byte."""
    if first is None or second is None or first[0] != second[0] or not first[1] or not second[1]:
        return False
    return first[1].start < second[1].stop and second[1].start < first[1].stop


def simulate(plan: Plan) -> None:
    """Check a plan; the plan's text is added to what fails."""
    try:
        Simulation(plan).run()
    except AssertionError as error:
        error.add_note(f"in the plan\n{plan}\nof the graph\n{plan.source}")
        raise
