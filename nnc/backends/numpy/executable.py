"""Binds emitted source to memory: an arena, the states, and views that are made once per size."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from types import CodeType, FunctionType
from typing import Any

import numpy

from nnc.backends import backend as base
from nnc.backends.backend import BoundRun
from nnc.backends.numpy.kernels import Arrays
from nnc.backends.numpy.source import LoopSource, NumpySource, Scope, kernel_workspace
from nnc.ir import State, TensorType, Value
from nnc.ir.leaves import WINDOW
from nnc.ir.types import ITEM_SIZES
from nnc.plan import Place, Plan

Array = Any


class Executable(base.Executable):
    """One plan in one arena; not to be shared between threads.

    Args:
        plan: what to run.
        source: the plan's source.
        code: the compiled source.
        states: arrays of the plan's states, shared with whoever else holds them.
        memory: memory of another executable of the plan; see `nnc.backends.backend.Executable`.
    """

    def __init__(
        self,
        plan: Plan,
        source: NumpySource,
        code: CodeType,
        states: Mapping[str, Array],
        memory: Array | None = None,
    ) -> None:
        super().__init__(plan, states, memory)
        self.source = source
        self._code = code

    def _make(self, bindings: Mapping[str, int]) -> BoundRun:
        plan = self.plan
        scope = BoundScope(self.source.scope, self.arena, 0, bindings)
        # some of NumPy's methods import what they need in the namespace they are called from
        namespace = {"__builtins__": builtins} | scope.names.functions | scope.bind(self._states)
        return BoundRun(
            FunctionType(self._code, namespace | scope.still),
            {label: scope.array(value, self._states) for label, value in plan.graph.inputs.items()},
            {label: scope.array(value, self._states) for label, value in plan.graph.outputs.items()},
            finished=namespace[self.source.finished] if self.source.finished else None,
        )


class BoundScope:
    """The names of a scope for one size.

    Args:
        scope: the names.
        arena: memory.
        base: offset in bytes of the scope's own arena in it.
        bindings: sizes of the run-time dimensions.

    Attributes:
        still: what the scope and the loops in it bind once.
    """

    def __init__(self, scope: Scope, arena: Array, base: int, bindings: Mapping[str, int]) -> None:
        self.scope = scope
        self.names = scope.names
        self.arena = arena
        self.base = base
        self.bindings = bindings
        plan = scope.plan
        self.places = places = plan.places(bindings)
        self.moving = [(name, value) for name, value in scope.values.items() if places[value].home.state is not None]
        self.whole = {name: self._is_whole(value) for name, value in self.moving}
        self.still: dict[str, Array] = {
            name: self.array(value, {}) for name, value in scope.values.items() if places[value].home.state is None
        }
        for name, (step, position) in scope.workspaces.items():
            node = plan.graph.nodes[step]
            operands = [places[value].type for value in node.operands]
            results = [places[value].type for value in plan.graph.results(node)]
            type = kernel_workspace(node.op, operands, results)[position]
            self.still[name] = self._space(type, plan.storage.workspaces[step][position][0])
        self.loops: dict[str, BoundScope] = {}
        for name, loop in scope.loops.items():
            offset = base + plan.offsets[plan.loops[loop.step].arena]
            self.loops[name] = inner = BoundScope(loop.body, arena, offset, bindings)
            self.still |= inner.still
        self.arrays = Arrays(bindings)
        self.arrays.update(self.still)

    def bind(self, states: Mapping[str, Array]) -> dict[str, Any]:
        """Return the objects by name where states, or windows, are these arrays."""
        scope, arrays = self.scope, self.arrays
        found: dict[str, Any] = {}
        for name, value in self.moving:
            label = self.places[value].home.state
            assert label is not None
            found[name] = arrays[name] = states[label] if self.whole[name] else self.array(value, states)
        for name, derivation in self.names.derived.items():
            found[name] = derivation(arrays)
        for name, (values, tile) in scope.tiles.items():
            found[name] = self._tiles([arrays[value] for value in values], values, tile)
        for name, loop in scope.loops.items():
            found[name] = self._steps(loop, self.loops[name], arrays)
        return found

    def _steps(self, loop: LoopSource, inner: BoundScope, arrays: Mapping[str, Array]) -> list[tuple[Any, ...]]:
        """Return what a loop binds in each step, in the order in which the steps run."""
        plan = self.scope.plan.loops[loop.step]
        op, count = plan.op, len(plan.carries)
        operands = [self._dense(name, arrays[name]) for name in loop.operands]
        results = [arrays[name] for name in loop.results]
        last = count + op.sequences
        time = len(operands[count])
        fixed = {f"w{number}": operand for number, operand in enumerate(operands[last:])}
        steps = []
        for step in range(time):
            now, before, after = (
                (time - 1 - step, time - step, time - 2 - step) if op.reverse else (step, step - 1, step + 1)
            )
            windows = dict(fixed)
            windows.update((f"x{number}", operand[now, ...]) for number, operand in enumerate(operands[count:last]))
            windows.update((f"y{number}", stack[now, ...]) for number, stack in enumerate(results[count:]))
            for position, carry in enumerate(plan.carries):
                if carry.after is not None:
                    stack = results[count + carry.after]
                    windows[carry.operand] = operands[position] if step == 0 else stack[before, ...]
                    continue
                assert carry.result is not None
                windows[carry.operand] = windows[carry.result] = results[position]
                if carry.before is not None:
                    stack = results[count + carry.before]
                    windows[carry.operand] = stack[now, ...]
                    windows[carry.result] = results[position] if step == time - 1 else stack[after, ...]
            found = inner.bind(windows)
            steps.append(tuple(found[name] for name in loop.moving))
        return steps

    def _dense(self, name: str, array: Array) -> Array:
        """Return a loop's operand; a constant may be one number repeated, of which steps want dense parts."""
        if self.places[self.scope.values[name]].constant is None or array.flags.c_contiguous:
            return array
        return numpy.array(array, order="C")

    def _is_whole(self, value: Value) -> bool:
        """Whether a value is all of the window of a loop that it lies in, as it lies there."""
        label = self.places[value].home.state
        assert label is not None
        owner = self.scope.plan.graph.states[label]
        is_window = isinstance(owner.node.op, State) and owner.node.op.role == WINDOW
        return is_window and self.places[value].layout == self.places[owner].layout

    def _tiles(self, arrays: list[Array], names: tuple[str, ...], tile: int) -> list[tuple[Array, ...]]:
        values = [self.scope.values[name] for name in names]
        tiled = [self.places[value].tiled for value in values]
        (length,) = {int(value.shape[0]) for value in values}
        return [
            tuple(
                array[: min(tile, length - start)] if small else array[start : start + tile]
                for array, small in zip(arrays, tiled, strict=True)
            )
            for start in range(0, length, tile)
        ]

    def _space(self, type: TensorType, buffer: int) -> Array:
        offset = self.base + self.scope.plan.offsets[buffer]
        return numpy.ndarray([int(dim) for dim in type.shape], type.dtype, self.arena, offset)

    def array(self, value: Value, states: Mapping[str, Array]) -> Array:
        """Return the window on memory where a value lies."""
        place = self.places[value]
        layout, itemsize = place.layout, ITEM_SIZES[place.type.dtype]
        if place.constant is not None:
            return place.constant
        shape = tuple(map(int, layout.shape))
        if 0 in shape:
            return numpy.empty(shape, place.type.dtype)  # a part of nothing may begin behind the arena's end
        strides = tuple(int(stride) * itemsize for stride in layout.strides)
        if place.home.state is not None:
            base = states[place.home.state]
            return numpy.ndarray(shape, place.type.dtype, base, int(layout.offset) * itemsize, strides)
        offset = self.base + place.byte_offset + int(layout.offset) * itemsize
        if place.tiled:
            return numpy.ndarray((self._tile_length(place),), place.type.dtype, self.arena, offset)
        return numpy.ndarray(shape, place.type.dtype, self.arena, offset, strides)

    def _tile_length(self, place: Place) -> int:
        assert place.home.buffer is not None
        return self.scope.plan.storage.buffers[place.home.buffer].nbytes // ITEM_SIZES[place.type.dtype]
