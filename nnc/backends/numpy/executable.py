"""Binds emitted source to memory: an arena, the states, and views that are made once per size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

import numpy

from nnc.backends.numpy.kernels import Arrays
from nnc.backends.numpy.source import Source, kernel_workspace
from nnc.errors import GraphError
from nnc.ir import Value
from nnc.ir.types import ITEM_SIZES
from nnc.plan import ALIGNMENT, Place, Plan

Array = Any
_REMEMBERED_SIZES = 256
"""Runs that are kept, so that memory does not grow with the number of different sizes."""


@dataclass(frozen=True, slots=True)
class BoundRun:
    """A run for one size: fill `inputs`, call `run`, read `outputs`; all arrays are windows on planned memory."""

    run: Callable[[], None]
    inputs: dict[str, Array]
    outputs: dict[str, Array]


class Executable:
    """One plan in one arena; not to be shared between threads.

    Args:
        plan: what to run.
        source: the plan's source.
        code: the compiled source.
        states: arrays of the plan's states, shared with whoever else holds them.
    """

    def __init__(self, plan: Plan, source: Source, code: CodeType, states: Mapping[str, Array]) -> None:
        self.plan = plan
        self.source = source
        self.memory = numpy.empty(plan.peak_bytes, numpy.uint8)
        start = -self.memory.ctypes.data % ALIGNMENT
        self.arena = self.memory[start : start + plan.peak_bytes - ALIGNMENT]
        self._code = code
        self._states = states
        self._bound: dict[tuple[tuple[str, int], ...], BoundRun] = {}

    def bind(self, bindings: Mapping[str, int]) -> BoundRun:
        """Return the run for these sizes.

        Raises:
            GraphError: the plan has no room for them.
        """
        key = tuple(bindings.items())
        if key not in self._bound:
            if len(self._bound) >= _REMEMBERED_SIZES:
                self._bound.pop(next(iter(self._bound)))
            self._bound[key] = self._make(bindings)
        return self._bound[key]

    def _make(self, bindings: Mapping[str, int]) -> BoundRun:
        plan, source = self.plan, self.source
        if not plan.fits(bindings):
            raise GraphError(f"the plan has room for {_sizes(plan.bindings)}, not for {_sizes(bindings)}")
        places = plan.places(bindings)
        arrays = Arrays(bindings)
        arrays.update((name, self._array(places[value])) for name, value in source.values.items())
        for name, (step, position) in source.workspaces.items():
            node = plan.graph.nodes[step]
            operands = [places[value].type for value in node.operands]
            type = kernel_workspace(node.op, operands, [places[value].type for value in plan.graph.results(node)])[
                position
            ]
            offset = plan.offsets[plan.storage.workspaces[step][position][0]]
            arrays[name] = numpy.ndarray([int(dim) for dim in type.shape], type.dtype, self.arena, offset)
        namespace: dict[str, Any] = {**source.names.functions, **arrays}
        for name, derivation in source.names.derived.items():
            namespace[name] = derivation(arrays)
        for name, (values, tile) in source.tiles.items():
            namespace[name] = self._tiles([arrays[value] for value in values], values, places, tile)
        run = FunctionType(self._code, namespace)
        return BoundRun(
            run,
            {label: self._array(places[value]) for label, value in plan.graph.inputs.items()},
            {label: self._array(places[value]) for label, value in plan.graph.outputs.items()},
        )

    def _tiles(
        self, arrays: list[Array], names: tuple[str, ...], places: Mapping[Value, Place], tile: int
    ) -> list[tuple[Array, ...]]:
        tiled = [places[self.source.values[name]].tiled for name in names]
        (length,) = {int(self.source.values[name].shape[0]) for name in names}
        return [
            tuple(
                array[: min(tile, length - start)] if small else array[start : start + tile]
                for array, small in zip(arrays, tiled, strict=True)
            )
            for start in range(0, length, tile)
        ]

    def _array(self, place: Place) -> Array:
        """Return the window on memory that a place describes."""
        layout, itemsize = place.layout, ITEM_SIZES[place.type.dtype]
        if place.constant is not None:
            return place.constant
        shape = tuple(map(int, layout.shape))
        if 0 in shape:
            return numpy.empty(shape, place.type.dtype)  # a part of nothing may begin behind the arena's end
        strides = tuple(int(stride) * itemsize for stride in layout.strides)
        if place.home.state is not None:
            base = self._states[place.home.state]
            return numpy.ndarray(shape, place.type.dtype, base, int(layout.offset) * itemsize, strides)
        offset = place.byte_offset + int(layout.offset) * itemsize
        if place.tiled:
            return numpy.ndarray((self._tile_length(place),), place.type.dtype, self.arena, offset)
        return numpy.ndarray(shape, place.type.dtype, self.arena, offset, strides)

    def _tile_length(self, place: Place) -> int:
        assert place.home.buffer is not None
        return self.plan.storage.buffers[place.home.buffer].nbytes // ITEM_SIZES[place.type.dtype]


def _sizes(bindings: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {size}" for name, size in bindings.items())
