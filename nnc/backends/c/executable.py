"""Binds a compiled unit to memory: an arena, the states, and a record of pointers for each size."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import numpy

from nnc.backends import backend as base
from nnc.backends.backend import BoundRun, EpochPlan, EpochsRun, FeedRun, SideBySide
from nnc.backends.c.blas import find_blas
from nnc.backends.c.emitted import UnitSource
from nnc.backends.c.epochs import Epochs
from nnc.backends.c.places import ConstantArrays, buffer_offset
from nnc.backends.c.record import Run, pointers
from nnc.backends.c.threads import THREADS, call_each, pool, pool_library
from nnc.ir.ops.gathering import check_rows
from nnc.ir.types import ITEM_SIZES
from nnc.plan import Place, Plan

Array = Any

ONE = numpy.ones(1, numpy.int64)
"""The number of threads of runs that do not share their loops."""
BRIEF = 16 * 1024
"""Bytes up to which a run that works on no more keeps the interpreter's lock: to give it away would take longer."""


class Executable(base.Executable):
    """One plan in one arena; not to be shared between threads.

    Args:
        plan: what to run.
        source: the plan's source.
        library: the compiled functions, which take the address of a `Run`; a `Library` where they read packed weights.
        states: arrays of the plan's states, shared with whoever else holds them.
        memory: the arena of another executable of the plan; see `nnc.backends.backend.Executable`.
        is_shared: whether threads share the loops of a run.
    """

    def __init__(
        self,
        plan: Plan,
        source: UnitSource,
        library: Any,
        states: Mapping[str, Array],
        memory: Array | None = None,
        is_shared: bool = True,
    ) -> None:
        super().__init__(plan, states, memory)
        self.source = source
        self._library = library
        self._function = library[source.name]
        self._brief = ctypes.PyDLL(None, handle=library._handle)[source.name]
        self._function.restype = self._brief.restype = None
        self._batches = library[f"{source.name}_batches"] if source.feeds else None
        self._epochs = library[f"{source.name}_epochs"] if source.runs_epochs else None
        self._runs: WeakValueDictionary[tuple[tuple[str, int], ...], Run] = WeakValueDictionary()
        self._threads, self._pool = (THREADS, pool() if source.is_parallel else None) if is_shared else (ONE, None)
        self._lanes: list[Executable] = []

    def _make(self, bindings: Mapping[str, int]) -> BoundRun:
        plan, source = self.plan, self.source
        offsets = numpy.array([buffer_offset(plan, *slot) for slot in source.slots] or [0], numpy.int64)
        lengths = numpy.array([bindings[symbol] for symbol in source.symbols] or [0], numpy.int64)
        states = [self._states[label] for label in source.states]
        known = ConstantArrays(plan, bindings)
        constants = [known.array(path, value) for path, value in source.constants]
        fault = numpy.zeros(3, numpy.int64)
        finished = numpy.zeros(1, numpy.int64) if plan.milestones else None
        addresses = [pointers(arrays) for arrays in (states, constants)]
        preparation, packed = None, None
        interface = plan.interface(bindings)
        if interface.reads_prepacked:
            preparation, packed = self._library.prepack(source, self._states)
        blas = find_blas()
        run = Run(
            self.arena.ctypes.data,
            offsets.ctypes.data,
            lengths.ctypes.data,
            *(ctypes.addressof(array) for array in addresses),
            None if packed is None else packed.ctypes.data,
            *((None, None, 0) if blas is None else (blas.sgemm, blas.dgemm, blas.wide)),
            self._threads.ctypes.data,
            self._pool,
            fault.ctypes.data,
            None if finished is None else finished.ctypes.data,
        )
        run.faults = fault
        run.owned = packed, offsets, lengths, states, constants, addresses, fault, finished, self.arena, self._library
        inputs, outputs = (
            {label: self._window(place) for label, place in places.items()}
            for places in (interface.inputs, interface.outputs)
        )
        is_brief = self.arena.nbytes + sum(array.nbytes for array in states) <= BRIEF and not source.is_parallel
        call: Callable[..., None] = partial(self._brief if is_brief else self._function, ctypes.byref(run))
        if source.may_fail:
            call = partial(_checked, call, fault)
        feed = None if self._batches is None else partial(self._feed, run, fault, inputs)
        self._runs[tuple(bindings.items())] = run
        epochs, feed_blocks = None, None
        if self._epochs is not None:
            rows = len(next(iter(inputs.values())))
            epochs, feed_blocks = self._run_epochs, partial(self._feed_blocks, bindings, rows)
        return BoundRun(call, inputs, outputs, feed, feed_blocks, epochs, preparation, finished)

    def side_by_side(self, bindings: Sequence[Mapping[str, int]]) -> SideBySide | None:
        """See `nnc.backends.backend.Executable.side_by_side`."""
        if pool_library() is None:
            return None
        while len(self._lanes) < len(bindings):
            memory = None if self._lanes else self.arena
            lane = Executable(self.plan, self.source, self._library, self._states, memory, is_shared=False)
            self._lanes.append(lane)
        lanes = list(zip(self._lanes, bindings, strict=False))  # there may be more of an earlier call
        runs = [lane.bind(sizes) for lane, sizes in lanes]
        records = [lane.run_for(sizes) for lane, sizes in lanes]
        return SideBySide(partial(_run_each, self._function, records), runs)

    def _feed(
        self, run: Run, fault: Array, inputs: Mapping[str, Array], sources: Mapping[str, Array], order: Array
    ) -> FeedRun | None:
        """See `BoundRun.feed`."""
        given = [sources[label] for label in inputs]
        if not _can_gather(given, inputs.values()):
            return None
        given_pointers, batches, address = pointers(given), self._batches, order.ctypes.data
        assert batches is not None and order.dtype == numpy.int64
        batches.restype = None
        call: Callable[..., None] = partial(batches, ctypes.byref(run), given_pointers)
        if self.source.may_fail:
            call = partial(_checked, call, fault)
        return partial(_run_batches, call, address, (given, order))

    def _feed_blocks(
        self,
        bindings: Mapping[str, int],
        rows: int,
        sources: Mapping[str, Array],
        order: Array,
        blocks: Sequence[base.Executable],
        threads: int,
    ) -> FeedRun | None:
        """See `BoundRun.feed_blocks`."""
        if not self._can_gather(sources, bindings):
            return None
        plan = EpochPlan([(bindings, rows, 0)], sources, order, None, (), blocks, threads)
        epochs: list[Epochs] = []

        def fed(first: int, batches: int) -> None:
            if not epochs:  # not before: where whole epochs run in a call, no batches do
                epochs.append(self._epochs_of(plan))
            epochs[0].feed(first, batches)

        return fed

    def _run_epochs(self, plan: EpochPlan) -> EpochsRun | None:
        """See `BoundRun.epochs`."""
        return self._epochs_of(plan) if self._can_gather(plan.arrays, plan.stretches[0][0]) else None

    def _epochs_of(self, plan: EpochPlan) -> Epochs:
        """Return what runs the epochs of a plan whose rows can be gathered in C."""
        bounds = [self.bind(bindings) for bindings, _, _ in plan.stretches]
        given = [plan.arrays[label] for label in bounds[0].inputs]
        blocks = [block for block in plan.blocks or (self,) if isinstance(block, Executable)]
        runs = [[block.run_for(bindings) for bindings, _, _ in plan.stretches] for block in blocks]
        sums = [block.addresses(plan.sums) for block in blocks]
        nbytes = numpy.array([self._states[label].nbytes for label in plan.sums], numpy.int64)
        function = self._epochs
        assert function is not None
        function.restype = None
        return Epochs(function, plan, given, runs, sums, nbytes)

    def _can_gather(self, sources: Mapping[str, Array], bindings: Mapping[str, int]) -> bool:
        """Whether the rows of arrays can be gathered in C, for runs of these sizes."""
        inputs = self.bind(bindings).inputs
        return _can_gather([sources[label] for label in inputs], inputs.values())

    def run_for(self, bindings: Mapping[str, int]) -> Run:
        """Return the record of the run for these sizes; see `bind`."""
        self.bind(bindings)
        return self._runs[tuple(bindings.items())]

    def addresses(self, labels: Sequence[str]) -> list[int]:
        """Return where the arrays of states lie."""
        return [self._states[label].__array_interface__["data"][0] for label in labels]

    def _window(self, place: Place) -> Array:
        """Return the array of an input or output."""
        layout, itemsize = place.layout, ITEM_SIZES[place.type.dtype]
        if place.constant is not None:
            return place.constant
        shape = tuple(map(int, layout.shape))
        if 0 in shape:
            return numpy.empty(shape, place.type.dtype)
        strides = tuple(int(stride) * itemsize for stride in layout.strides)
        offset = int(layout.offset) * itemsize
        if place.home.state is not None:
            return numpy.ndarray(shape, place.type.dtype, self._states[place.home.state], offset, strides)
        return numpy.ndarray(shape, place.type.dtype, self.arena, place.byte_offset + offset, strides)


def _run_each(function: Any, records: Sequence[Run]) -> None:
    """Run several records at once, and look whether one of them ended early.

    Raises:
        DataError: a table has no row of some number.
    """
    call_each(function, records)
    found = [record.faults.copy() for record in records if record.faults[0]]
    for record in records if found else ():
        record.faults[0] = 0
    for fault in found[:1]:
        _check(fault)


def _checked(call: Callable[..., None], fault: Array, *arguments: Any) -> None:
    """Run and look whether the run ended early.

    Raises:
        DataError: a table has no row of some number.
    """
    call(*arguments)
    _check(fault)


def _check(fault: Array) -> None:
    if fault[0]:
        fault[0] = 0
        check_rows(fault[1:2], int(fault[2]))


def _can_gather(sources: Sequence[Array], targets: Iterable[Array]) -> bool:
    """Whether rows of arrays can be copied as they lie into the inputs."""
    return all(
        source.dtype == target.dtype
        and source.shape[1:] == target.shape[1:]
        and source.flags.c_contiguous
        and source.flags.aligned
        for source, target in zip(sources, targets, strict=True)
    )


def _run_batches(call: Callable[..., None], order: int, kept: tuple[Any, ...], first: int, batches: int) -> None:
    """Run batches from the row at a position of the order on; what the call reads is kept alive meanwhile."""
    call(ctypes.c_void_p(order + 8 * first), ctypes.c_int64(batches))
