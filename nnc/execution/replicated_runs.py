"""Runs of one plan on the states of all replicas, block after block, in one arena or one for each thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy

from nnc.backends import BoundRun, Executable
from nnc.backends.backend import EpochPlan, EpochsRun, FeedRun
from nnc.execution.collection import collection_paused
from nnc.execution.replication import Replication
from nnc.plan import Plan

Array = Any
Bind = Callable[[Mapping[str, Array], Array | None], Executable]
"""Binds code to states and, where it is given, to the memory of another arena."""

_LARGEST_COPY = 2**26
"""Bytes of the rows of a block, of its replicas' own, that are gathered at once."""


class ReplicatedExecutable:
    """The runs of one plan on the states of all replicas; not to be shared between threads.

    Args:
        plan: the plan of a block.
        bind: binds its code.
        states: arrays of all replicas' states.
        replication: how they lie in them.
        threads: number of blocks that may run at once.
        own_rows: whether inputs differ from replica to replica.
    """

    def __init__(
        self,
        plan: Plan,
        bind: Bind,
        states: Mapping[str, Array],
        replication: Replication,
        threads: int,
        own_rows: bool,
    ) -> None:
        self.plan, self.replication, self.own_rows = plan, replication, own_rows
        self.threads = min(threads, replication.blocks)
        self.blocks: list[Executable] = []
        with collection_paused():
            for block in range(replication.blocks):
                own = {label: states[label][block, ...] for label in plan.graph.states}
                arena = self.blocks[block % self.threads].arena if block >= self.threads else None
                self.blocks.append(bind(own, arena))

    def bind(self, bindings: Mapping[str, int]) -> BoundRun:
        """Return the run of all replicas for these sizes; outputs have the replicas as second axis, behind the rows.

        So have inputs that differ from replica to replica, with unused lanes.

        Raises:
            GraphError: the plan has no room for them.
        """
        with collection_paused(), self.plan.findings_kept():  # which are the same for all blocks
            run = _ReplicatedRun(self.blocks, bindings, self.replication, self.threads, self.own_rows)
        return run.bound


class _ReplicatedRun:
    """A run of all blocks.

    Args:
        executables: the blocks.
        bindings: sizes of the run-time dimensions.
        replication: how states, and outputs in lanes, lie.
        threads: number of blocks that may run at once; one and the same thread has each `threads`-th of them.
        own_rows: whether inputs differ from replica to replica.
    """

    def __init__(
        self,
        executables: Sequence[Executable],
        bindings: Mapping[str, int],
        replication: Replication,
        threads: int,
        own_rows: bool,
    ) -> None:
        self.executables = executables
        self.runs = runs = [block.bind(bindings) for block in executables]
        self.replication, self.threads, self.own_rows = replication, threads, own_rows
        self.inputs = {label: self._input(array) for label, array in runs[0].inputs.items()}
        self.outputs = {label: self._output(array) for label, array in runs[0].outputs.items()}

    @property
    def bound(self) -> BoundRun:
        first = self.runs[0]
        feed, epochs = first.feed and self._feed, first.epochs and self._epochs
        return BoundRun(self._run, self.inputs, self.outputs, feed=feed, epochs=epochs)

    def _input(self, array: Array) -> Array:
        """Return an array for an input of all replicas."""
        if not self.own_rows:
            return numpy.zeros_like(array)
        lanes = self.replication.lanes
        shape = array.shape[:-1] if lanes > 1 else array.shape
        return numpy.zeros((shape[0], self.replication.blocks * lanes, *shape[1:]), array.dtype)

    def _output(self, array: Array) -> Array:
        """Return an array for an output of all replicas."""
        shape = array.shape[:-1] if self.replication.lanes > 1 else array.shape
        return numpy.empty((*shape[:1], self.replication.count, *shape[1:]), array.dtype)

    def _run(self) -> None:
        lanes, count = self.replication.lanes, self.replication.count
        for block, run in enumerate(self.runs):
            first = block * lanes
            for label, target in run.inputs.items():
                given = self.inputs[label]
                if self.own_rows:
                    part = given[:, first : first + lanes]
                    given = numpy.moveaxis(part, 1, -1) if lanes > 1 else part[:, 0]
                numpy.copyto(target, given)
            run.run()
            for label, output in run.outputs.items():
                axis = min(self.outputs[label].ndim - 1, 1)
                parts = numpy.moveaxis(output, -1, axis) if lanes > 1 else numpy.expand_dims(output, axis)
                target = numpy.moveaxis(self.outputs[label], axis, 0)[first : first + lanes]
                numpy.copyto(target, numpy.moveaxis(parts, axis, 0)[: count - first])

    # ------------------------------------------------------------------ several batches in a call

    def _feed(self, sources: Mapping[str, Array], order: Array) -> FeedRun | None:
        """See `BoundRun.feed`."""
        if self.own_rows:
            return self._own_feed(sources, order)
        first = self.runs[0]
        if first.feed_blocks is not None:
            return first.feed_blocks(sources, order, self.executables, self.threads)
        one, *others = (run.feed for run in self.runs)
        feeds = [None if one is None else one(sources, order)]
        if feeds[0] is None:
            return None

        def fed(first: int, batches: int) -> None:
            if others:  # not before: where whole epochs run in a call, no batches do
                feeds.extend([feed(sources, order) for feed in others if feed is not None])
                others.clear()
            for feed in feeds:
                assert feed is not None
                feed(first, batches)

        return fed

    def _own_feed(self, sources: Mapping[str, Any], order: Array) -> FeedRun | None:
        size = len(next(iter(self.inputs.values())))
        lanes = self.replication.lanes
        at_once = max(1, _LARGEST_COPY // max(1, self._row_bytes * size))

        def fed(first: int, batches: int) -> None:
            for start in range(0, batches, at_once):
                number = min(at_once, batches - start)
                begin = first + start * size
                numbers = order[begin : begin + number * size]
                in_order = numpy.arange(len(numbers), dtype=numpy.int64)
                for block, run in enumerate(self.runs):
                    own = {label: source.of_block(numbers, block * lanes, lanes) for label, source in sources.items()}
                    feed = None if run.feed is None else run.feed(own, in_order)
                    assert feed is not None
                    feed(0, number)

        return fed

    @property
    def _row_bytes(self) -> int:
        """Bytes of a row of all inputs of a block."""
        return sum(array.nbytes // max(1, len(array)) for array in self.runs[0].inputs.values())

    # ------------------------------------------------------------------ several epochs in a call

    def _epochs(self, plan: EpochPlan) -> EpochsRun | None:
        """See `BoundRun.epochs`; each thread has blocks of its own."""
        if self.own_rows:
            return self._own_epochs(plan)
        first = self.runs[0].epochs
        return None if first is None else first(replace(plan, blocks=self.executables, threads=self.threads))

    def _own_epochs(self, plan: EpochPlan) -> EpochsRun | None:
        """See `BoundRun.epochs`; for each block its rows are gathered first."""
        if len(plan.order) * self._row_bytes > _LARGEST_COPY:
            return None
        rows, inputs, lanes = len(plan.order), self.runs[0].inputs, self.replication.lanes
        arrays = {label: numpy.empty((rows, *array.shape[1:]), array.dtype) for label, array in inputs.items()}
        own = replace(plan, arrays=arrays)
        blocks = [_Block(self, own, number) for number in range(len(self.runs))]
        if any(block.run is None for block in blocks):
            return None
        in_order = numpy.arange(rows)

        def run_all(count: int, record: Array) -> None:
            state = None if plan.generator is None else plan.generator.state
            for number, block in enumerate(blocks):
                for label, source in plan.arrays.items():
                    arrays[label][...] = source.of_block(in_order, number * lanes, lanes)
                block.run_epochs(count, record, state)
            _go_on(plan, blocks[-1].plan)

        return run_all


class _Block:
    """A block whose epochs run in a call of its own.

    Args:
        all_blocks: the run of all.
        plan: the epochs.
        number: the block's number.
    """

    def __init__(self, all_blocks: _ReplicatedRun, plan: EpochPlan, number: int) -> None:
        generator = None if plan.generator is None else type(plan.generator)()
        executable, bound = all_blocks.executables[number], all_blocks.runs[number]
        self.plan = replace(plan, order=plan.order.copy(), generator=generator, blocks=[executable])
        self.run = None if bound.epochs is None else bound.epochs(self.plan)
        self._first, self._number = plan.order, number

    def run_epochs(self, count: int, record: Array, state: Any) -> None:
        """Run epochs from an order and a generator's state on, and write the sums into the record of all blocks."""
        if self.plan.generator is not None:
            self.plan.generator.state = state
        numpy.copyto(self.plan.order, self._first)
        found = numpy.empty(count, _of_one_block(record.dtype))
        assert self.run is not None
        self.run(count, found)
        for label in self.plan.sums:
            record[label][:, self._number] = found[label][:, 0]


def _go_on(plan: EpochPlan, ran: EpochPlan) -> None:
    """Let a plan's order and generator be those of one that ran."""
    if plan.generator is not None:
        plan.generator.state = ran.generator.state
    numpy.copyto(plan.order, ran.order)


def _of_one_block(record: Any) -> Any:
    """Return the type of one block's record of an epoch, of that of all blocks."""
    fields = [(name, record[name].base, (1, *record[name].shape[1:])) for name in record.names]
    return numpy.dtype(fields)
