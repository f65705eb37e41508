"""Binds a compiled unit to memory: an arena, the states, and a record of pointers for each size."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy

from nnc.backends import backend as base
from nnc.backends.backend import BoundRun, FeedRun
from nnc.backends.c.blas import find_blas
from nnc.backends.c.places import buffer_offset, constant_array
from nnc.backends.c.source import Source
from nnc.backends.c.threads import THREADS
from nnc.ir.types import ITEM_SIZES
from nnc.ops.gathering import check_rows
from nnc.plan import Place, Plan

Array = Any


class Run(ctypes.Structure):
    """``nnc_run`` of the emitted source."""

    owned: tuple[Any, ...]
    """Keeps alive what the pointers point to."""

    _fields_ = (
        ("arena", ctypes.c_void_p),
        ("offsets", ctypes.c_void_p),
        ("sizes", ctypes.c_void_p),
        ("states", ctypes.c_void_p),
        ("constants", ctypes.c_void_p),
        ("gemm_f32", ctypes.c_void_p),
        ("gemm_f64", ctypes.c_void_p),
        ("is_wide", ctypes.c_int64),
        ("threads", ctypes.c_void_p),
        ("fault", ctypes.c_void_p),
    )


class Executable(base.Executable):
    """One plan in one arena; not to be shared between threads.

    Args:
        plan: what to run.
        source: the plan's source.
        library: the compiled functions, which take the address of a `Run`.
        states: arrays of the plan's states, shared with whoever else holds them.
    """

    def __init__(self, plan: Plan, source: Source, library: Any, states: Mapping[str, Array]) -> None:
        super().__init__(plan, states)
        self.source = source
        self._function = library[source.name]
        self._function.restype = None
        self._batches = library[f"{source.name}_batches"] if source.feeds else None

    def _make(self, bindings: Mapping[str, int]) -> BoundRun:
        plan, source = self.plan, self.source
        offsets = numpy.array([buffer_offset(plan, *slot) for slot in source.slots] or [0], numpy.int64)
        lengths = numpy.array([bindings[symbol] for symbol in source.symbols] or [0], numpy.int64)
        states = [self._states[label] for label in source.states]
        constants = [constant_array(plan, path, value, bindings) for path, value in source.constants]
        fault = numpy.zeros(3, numpy.int64)
        pointers = [_pointers(arrays) for arrays in (states, constants)]
        blas = find_blas()
        run = Run(
            self.arena.ctypes.data,
            offsets.ctypes.data,
            lengths.ctypes.data,
            *(ctypes.addressof(array) for array in pointers),
            *((None, None, 0) if blas is None else (blas.sgemm, blas.dgemm, blas.wide)),
            THREADS.ctypes.data,
            fault.ctypes.data,
        )
        run.owned = offsets, lengths, states, constants, pointers, fault, self.memory
        places = plan.places(bindings)
        inputs, outputs = (
            {label: self._window(places[value]) for label, value in values.items()}
            for values in (plan.graph.inputs, plan.graph.outputs)
        )
        call: Callable[..., None] = partial(self._function, ctypes.byref(run))
        if source.may_fail:
            call = partial(_checked, call, fault)
        feed = None if self._batches is None else partial(self._feed, run, fault, inputs)
        return BoundRun(call, inputs, outputs, feed)

    def _feed(
        self, run: Run, fault: Array, inputs: Mapping[str, Array], sources: Mapping[str, Array], order: Array
    ) -> FeedRun | None:
        """See `BoundRun.feed`."""
        given = [sources[label] for label in inputs]
        for source, target in zip(given, inputs.values(), strict=True):
            same = source.dtype == target.dtype and source.shape[1:] == target.shape[1:]
            if not (same and source.flags.c_contiguous and source.flags.aligned):
                return None
        pointers, batches, address = _pointers(given), self._batches, order.ctypes.data
        assert batches is not None and order.dtype == numpy.int64
        batches.restype = None
        call: Callable[..., None] = partial(batches, ctypes.byref(run), pointers)
        if self.source.may_fail:
            call = partial(_checked, call, fault)
        return partial(_run_batches, call, address, (given, order))

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


def _checked(call: Callable[..., None], fault: Array, *arguments: Any) -> None:
    """Run and look whether the run ended early.

    Raises:
        DataError: a table has no row of some number.
    """
    call(*arguments)
    if fault[0]:
        fault[0] = 0
        check_rows(fault[1:2], int(fault[2]))


def _run_batches(call: Callable[..., None], order: int, kept: tuple[Any, ...], first: int, batches: int) -> None:
    """Run batches from the row at a position of the order on; what the call reads is kept alive meanwhile."""
    call(ctypes.c_void_p(order + 8 * first), ctypes.c_int64(batches))


def _pointers(arrays: Sequence[Array]) -> Any:
    return (ctypes.c_void_p * max(len(arrays), 1))(*(array.ctypes.data for array in arrays))
