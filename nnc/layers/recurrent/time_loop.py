"""Runs a function of one time step over sequences: as a loop, or written out; with masks as Keras has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import broadcast_to, cast, concatenate, reshape, take, transpose, where
from nnc.ir.ops.loop import Loop
from nnc.ir.ops.movement import flip
from nnc.ir.ops.scan import Scan
from nnc.layers.lowering import current_lowering, lowering_body
from nnc.structure import leaves, map_leaves

StepFunction = Callable[[Value, Any], tuple[Value, Any]]
"""Takes one step of the sequences and the states; returns the output and new states of the same structure."""


@dataclass(frozen=True)
class Steps:
    """The results of the steps.

    Args:
        last: output of the last step that ran, of shape (batch, …).
        outputs: outputs in the order in which the steps ran, (batch, time, …), or None where they were not asked for.
        states: the states after the last step, nested as the first ones.
    """

    last: Value
    outputs: Value | None
    states: Any


@dataclass(frozen=True)
class Stepper:
    """Runs a step over time, the second axis.

    Args:
        backwards: whether the last step in time comes first; outputs are then in that order too.
        unroll: whether the steps are written out one by one.
        all_outputs: whether the outputs of all steps are wanted.
        zero_masked: whether the output of a masked step is 0; otherwise it is that of the step before.
        fresh: whether the first states are zeros.
    """

    backwards: bool = False
    unroll: bool = False
    all_outputs: bool = True
    zero_masked: bool = False
    fresh: bool = False

    def run(self, step: StepFunction, sequences: Value, states: Any, mask: Value | None) -> Steps:
        """Run the steps.

        Args:
            step: what one step does.
            sequences: shape (batch, time, …).
            states: first states, of shape (batch, …), nested as `step` wants them.
            mask: bool, (batch, time): where it is false, a step leaves the states as they are; None for no such step.

        Raises:
            ModelError: the step changes the number or the types of the states, or cannot be unrolled.
        """
        if mask is not None and mask.dtype != "bool":
            mask = cast(mask, "bool")
        if self.unroll:
            return self._write_out(step, sequences, states, mask)
        return self._loop(step, sequences, states, mask)

    # ------------------------------------------------------------------ as a loop

    def _loop(self, step: StepFunction, sequences: Value, states: Any, mask: Value | None) -> Steps:
        first = leaves(states, Value)
        elements = [time_first(sequences), *(() if mask is None else (time_first(mask),))]
        loop = Loop(Scan, sequences.graph, first, elements, (), self.backwards)
        with lowering_body(loop):
            output, new = self._step(step, loop.elements[0], _nested(states, loop.carries))
            found = leaves(new, Value)
            _check(first, found)
            carries = dict(enumerate(found))
            same = next((index for index, value in enumerate(found) if value == output), None)
            previous: Value | None = None
            if mask is not None:
                kept = [
                    where_masked(loop.elements[1], value, old) for value, old in zip(found, loop.carries, strict=True)
                ]
                carries = dict(enumerate(kept))
                if self.zero_masked:
                    output, same = where_masked(loop.elements[1], output, zeros_like(output)), None
                elif same is not None and self.fresh:
                    output = kept[same]
                else:
                    previous, same = loop.carry(zeros_like_outside(sequences, output)), None
                    output = where_masked(loop.elements[1], output, previous)
            elif same is None and not self.all_outputs:
                previous = loop.carry(zeros_like_outside(sequences, output))
            if previous is not None:
                same = len(carries)
                carries[same] = output
            wanted = [output] if self.all_outputs or same is None else []
        finals, stacks = loop.finish(list(carries.values()), wanted)
        stack = stacks[0] if stacks else None
        last = finals[same] if same is not None else self._last(stack)
        outputs = None
        if stack is not None and self.all_outputs:
            ordered = flip(stack, 0) if self.backwards else stack
            outputs = time_first(ordered)
        return Steps(last, outputs, _nested(states, finals[: len(first)]))

    def _last(self, stack: Value | None) -> Value:
        assert stack is not None
        ordered = flip(stack, 0) if not self.backwards else stack
        return reshape(take(ordered, 0, 0, 1), stack.shape[1:])

    def _step(self, step: StepFunction, element: Value, states: Any) -> tuple[Value, Any]:
        found: Any = step(element, states)
        if not isinstance(found, list | tuple) or len(found) != 2:
            raise ModelError("a cell's call(inputs, states) must return (output, new_states)")
        return found[0], found[1]

    # ------------------------------------------------------------------ written out

    def _write_out(self, step: StepFunction, sequences: Value, states: Any, mask: Value | None) -> Steps:
        length = sequences.shape[1]
        if not isinstance(length, int):
            raise ModelError("a layer with unroll=True needs to know the number of time steps")
        first = leaves(states, Value)
        outputs: list[Value] = []
        for index in reversed(range(length)) if self.backwards else range(length):
            output, new = self._step(step, _at(sequences, index), states)
            found = leaves(new, Value)
            _check(first, found)
            if mask is not None:
                now = _at(mask, index)
                before = zeros_like(output) if self.zero_masked or not outputs else outputs[-1]
                output = where_masked(now, output, before)
                old = leaves(states, Value)
                found = [where_masked(now, value, kept) for value, kept in zip(found, old, strict=True)]
            states = _nested(states, found)
            outputs.append(output)
        stacked = None
        if self.all_outputs:
            rows = [reshape(output, (output.shape[0], 1, *output.shape[1:])) for output in outputs]
            stacked = concatenate(rows, axis=1)
        return Steps(outputs[-1], stacked, states)


def time_first(x: Value) -> Value:
    """Exchange the first two axes."""
    return transpose(x, (1, 0, *range(2, x.rank)))


def where_masked(mask: Value, new: Value, old: Value) -> Value:
    """Return `new` in the rows where the mask (batch,) holds, otherwise `old`."""
    return where(reshape(mask, (mask.shape[0], *(1,) * (new.rank - 1))), new, old)


def zeros_like(x: Value) -> Value:
    """Return zeros of a value's type, in its graph."""
    return broadcast_to(x.graph.constant(0.0, x.dtype), x.shape)


def zeros_like_outside(outside: Value, x: Value) -> Value:
    """Return zeros of a value's type, in the graph of another."""
    return broadcast_to(outside.graph.constant(0.0, x.dtype), x.shape)


def zeros(shape: Sequence[Any], dtype: str) -> Value:
    """Return zeros in the graph that is being built, for first states."""
    return broadcast_to(current_lowering().graph.constant(0.0, dtype), tuple(shape))


def _at(x: Value, index: int) -> Value:
    return reshape(take(x, 1, index, index + 1), (x.shape[0], *x.shape[2:]))


def _nested(structure: Any, values: Sequence[Value]) -> Any:
    remaining = iter(values)
    return map_leaves(lambda _: next(remaining), structure, Value)


def _check(old: Sequence[Value], new: Sequence[Value]) -> None:
    if len(old) != len(new):
        raise ModelError(f"a cell takes {len(old)} states and returns {len(new)}; it must return as many")
    for before, after in zip(old, new, strict=True):
        if before.type != after.type:
            raise ModelError(f"a cell makes {after.type} of a state of type {before.type}; states must keep their type")
