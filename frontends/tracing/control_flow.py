"""Branches and loops of Keras's, recorded: a branch computes both sides, and a loop's step is recorded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy

from frontends.tracing.recording import Assigned, Body, Call, Frame, Loss, Recorder, constant_array
from nnc.errors import ModelError

Step = Callable[[list[Any], list[Any]], tuple[list[Any], list[Any]]]
"""Takes the states of a loop and one step of its sequences, both flat; returns new states and outputs."""
_MOST_STEPS = 10_000
"""Steps of a loop that may be written out one by one."""


def cond(recorder: Recorder, pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Return what one of two functions returns; both are computed where the condition follows from data."""
    if not _is_symbolic(recorder, pred):
        return true_fn() if bool(constant_array(pred, recorder.keras)) else false_fn()
    return _chosen(recorder, pred, true_fn, false_fn)


def switch(recorder: Recorder, index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """Return what the function of a number returns; all are computed where the number follows from data."""
    last = len(branches) - 1
    if not _is_symbolic(recorder, index):
        return branches[min(max(int(constant_array(index, recorder.keras)), 0), last)](*operands)

    def from_here(number: int) -> Any:
        def first() -> Any:
            return branches[number](*operands)

        if number == last:
            return first()
        return _chosen(recorder, recorder.keras.ops.less_equal(index, number), first, lambda: from_here(number + 1))

    return from_here(0)


def _chosen(recorder: Recorder, pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    ops, tree = recorder.keras.ops, recorder.keras.tree
    pred = ops.reshape(ops.cast(pred, "bool"), ())
    outer = recorder.condition
    start = len(recorder.frames[-1].steps)
    found = []
    for condition, function in ((pred, true_fn), (ops.logical_not(pred), false_fn)):
        recorder.condition = condition if outer is None else ops.logical_and(outer, condition)
        try:
            found.append(function())
        finally:
            recorder.condition = outer
    for layer in _updating(recorder.frames[-1].steps[start:]):
        raise ModelError(f"keras.ops.cond: layer '{layer.name}' updates its weights in one branch only")
    if len(tree.flatten(found[0])) != len(tree.flatten(found[1])):
        raise ModelError("keras.ops.cond: its branches must return the same structure")
    return tree.map_structure(lambda one, other: None if one is None else ops.where(pred, one, other), *found)


def while_loop(
    recorder: Recorder,
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """Return the values after a loop that runs as long as a condition holds.

    Where the condition follows from data, the loop is written out as often as it may run at most.

    Raises:
        ModelError: the condition follows from data, and nothing says how often the loop may run.
    """
    ops, tree = recorder.keras.ops, recorder.keras.tree
    is_single = not isinstance(loop_vars, list | tuple)
    values = (loop_vars,) if is_single else tuple(loop_vars)
    alive: Any = None
    for number in range(_MOST_STEPS if maximum_iterations is None else int(maximum_iterations)):
        goes_on = cond(*values)
        is_open = _is_symbolic(recorder, goes_on)
        if not is_open and not bool(constant_array(goes_on, recorder.keras)):
            break
        if is_open and maximum_iterations is None:
            raise ModelError(
                "keras.ops.while_loop: the condition is computed from data, so nobody knows how often the loop runs;"
                " give maximum_iterations, or loop a number of times that is known"
            )
        if is_open:
            goes_on = ops.reshape(ops.cast(goes_on, "bool"), ())
            alive = goes_on if alive is None else ops.logical_and(alive, goes_on)
        found = body(*values)
        found = tuple(found) if isinstance(found, list | tuple) else (found,)
        keep: Any = alive
        if keep is not None:
            found = tree.map_structure(lambda new, old, keep=keep: ops.where(keep, new, old), found, values)
        values = found
        if number == _MOST_STEPS - 1:
            raise ModelError(f"keras.ops.while_loop: more than {_MOST_STEPS:,} steps cannot be written out one by one")
    return values[0] if is_single else values


def fori_loop(recorder: Recorder, lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """Return the value after a counting loop.

    Raises:
        ModelError: how often it runs follows from data.
    """
    if _is_symbolic(recorder, lower) or _is_symbolic(recorder, upper):
        raise ModelError("keras.ops.fori_loop: its bounds are computed from data; they must be numbers that are known")
    first, last = (int(constant_array(bound, recorder.keras)) for bound in (lower, upper))
    if last - first > _MOST_STEPS:
        raise ModelError(f"keras.ops.fori_loop: {last - first:,} steps cannot be written out one by one")
    value = init_val
    for number in range(first, last):
        value = body_fun(number, value)
    return value


def scan(
    recorder: Recorder,
    f: Callable[[Any, Any], Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> Any:
    """Return the last state of a loop over the first axis, and its outputs side by side."""
    del unroll
    ops, tree = recorder.keras.ops, recorder.keras.tree
    elements = tree.flatten(xs) if xs is not None else [ops.arange(int(length or 0))]
    first = tree.flatten(init)
    structure: list[Any] = []

    def step(states: list[Any], items: list[Any]) -> tuple[list[Any], list[Any]]:
        given = None if xs is None else tree.pack_sequence_as(xs, items)
        carry, output = f(tree.pack_sequence_as(init, states), given)
        structure[:] = [output]
        return tree.flatten(carry), [] if output is None else tree.flatten(output)

    states, outputs = loop(recorder, step, first, elements, bool(reverse))
    stacked = None if structure[0] is None else tree.pack_sequence_as(structure[0], outputs)
    return tree.pack_sequence_as(init, states), stacked


def map(recorder: Recorder, f: Callable[[Any], Any], xs: Any) -> Any:
    """Return what a function returns for each row, side by side."""
    tree = recorder.keras.tree
    structure: list[Any] = []

    def step(states: list[Any], items: list[Any]) -> tuple[list[Any], list[Any]]:
        output = f(tree.pack_sequence_as(xs, items))
        structure[:] = [output]
        return states, tree.flatten(output)

    _, outputs = loop(recorder, step, [], tree.flatten(xs))
    return tree.pack_sequence_as(structure[0], outputs)


def associative_scan(
    recorder: Recorder, f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """Return what an associative function makes of the elements up to each one, by halving (G. E. Blelloch, 1990)."""
    ops, tree = recorder.keras.ops, recorder.keras.tree

    def part(x: Any, start: int, stop: int | None, step: int = 1) -> Any:
        return x[(slice(None),) * (axis % len(x.shape)) + (slice(start, stop, step),)]

    def combined(one: list[Any], other: list[Any]) -> list[Any]:
        found: list[Any] = tree.flatten(f(tree.pack_sequence_as(elems, one), tree.pack_sequence_as(elems, other)))
        return found

    def scanned(items: list[Any]) -> list[Any]:
        count = items[0].shape[axis]
        if count < 2:
            return items
        odd = scanned(combined([part(x, 0, count - 1, 2) for x in items], [part(x, 1, None, 2) for x in items]))
        even = [part(x, 0, 1) for x in items]
        if count > 2:
            before = odd if count % 2 else [part(x, 0, count // 2 - 1) for x in odd]
            rest = combined(before, [part(x, 2, None, 2) for x in items])
            even = [ops.concatenate(pair, axis=axis) for pair in zip(even, rest, strict=True)]
        return [woven(*pair, count) for pair in zip(even, odd, strict=True)]

    def woven(even: Any, odd: Any, count: int) -> Any:
        places = numpy.argsort(numpy.concatenate([numpy.arange(0, count, 2), numpy.arange(1, count, 2)]))
        return ops.take(ops.concatenate([even, odd], axis=axis), places, axis=axis)

    given = [_symbolic(recorder, item) for item in tree.flatten(elems)]
    turned = [ops.flip(x, axis=axis) for x in given] if reverse else given
    found = scanned(turned)
    return tree.pack_sequence_as(elems, [ops.flip(x, axis=axis) for x in found] if reverse else found)


def rnn(
    recorder: Recorder,
    step_function: Callable[[Any, Any], Any],
    inputs: Any,
    initial_states: Any,
    go_backwards: bool = False,
    mask: Any = None,
    constants: Any = None,
    unroll: bool = False,
    input_length: Any = None,
    time_major: bool = False,
    zero_output_for_mask: bool = False,
    return_all_outputs: bool = True,
) -> Any:
    """Return the last output of a loop over time, all of them, and the last states, as a backend of Keras's does."""
    del input_length
    ops, tree = recorder.keras.ops, recorder.keras.tree
    elements = [x if time_major else _time_first(ops, x) for x in tree.flatten(inputs)]
    first = [_symbolic(recorder, state) for state in tree.flatten(initial_states)]
    if mask is not None:
        mask = ops.cast(mask, "bool")
        mask = mask if time_major else _time_first(ops, mask)
        elements.append(mask)
    if go_backwards:
        elements = [ops.flip(x, axis=0) for x in elements]
    last: list[int | None] = []

    def called(states: list[Any], items: list[Any]) -> tuple[list[Any], Any]:
        nested = tree.pack_sequence_as(inputs, items)
        output, new = step_function(nested, (*tree.pack_sequence_as(initial_states, states), *(constants or ())))
        return tree.flatten(new), output

    def plain(states: list[Any], items: list[Any]) -> tuple[list[Any], list[Any]]:
        new, output = called(states, items)
        last[:] = [next((place for place, state in enumerate(new) if state is output), None)]
        return new, [output] if return_all_outputs or last[0] is None else []

    def masked(states: list[Any], items: list[Any]) -> tuple[list[Any], list[Any]]:
        *before, previous = states
        new, output = called(before, items[:-1])
        kept = [_where_masked(ops, items[-1], *pair) for pair in zip(new, before, strict=True)]
        other = ops.zeros_like(previous) if zero_output_for_mask and not unroll else previous
        output = _where_masked(ops, items[-1], output, other)
        return [*kept, output], [output] if return_all_outputs else []

    if mask is None:
        states, outputs = loop(recorder, plain, first, elements)
        place = last[0]
        final = outputs[0][-1] if place is None else states[place]
    else:
        with recorder.discarded():
            _, like = called(first, [x[0] for x in elements[:-1]])
        (*states, final), outputs = loop(recorder, masked, [*first, ops.zeros(like.shape, dtype=like.dtype)], elements)
        if zero_output_for_mask and unroll:  # after the loop there, of what masked steps repeat
            final = _where_masked(ops, elements[-1][-1], final, ops.zeros_like(final))
            outputs = [_where_masked(ops, elements[-1], x, ops.zeros_like(x), 2) for x in outputs]
    stacked = outputs[0] if return_all_outputs else ops.expand_dims(final, 0)
    return final, stacked if time_major else _time_first(ops, stacked), tree.pack_sequence_as(initial_states, states)


def time_distributed(recorder: Recorder, layer: Any, inputs: Any, training: Any = None, mask: Any = None) -> Any:
    """Return what `TimeDistributed` computes: its layer is called for each step of the second axis."""
    ops, inner = recorder.keras.ops, layer.layer
    kwargs = {"training": training} if inner._call_has_training_arg else {}
    elements = [_time_first(ops, inputs)]
    if mask is not None and inner._call_has_mask_arg:
        elements.append(_time_first(ops, mask))

    def step(states: list[Any], items: list[Any]) -> tuple[list[Any], list[Any]]:
        masks = {"mask": items[1]} if len(items) > 1 else {}
        return states, [recorder.layer(inner, (items[0],), masks | kwargs, type(inner).compute_output_spec)]

    _, (output,) = loop(recorder, step, [], elements)
    return _time_first(ops, output)


def loop(
    recorder: Recorder, step: Step, first: Sequence[Any], elements: Sequence[Any], backwards: bool = False
) -> tuple[list[Any], list[Any]]:
    """Return the last states of a loop, and its outputs side by side.

    Where a step assigns weights or adds to the loss, the steps are written out one by one.

    Args:
        recorder: what records.
        step: what one step does.
        first: first states.
        elements: sequences, with time first.
        backwards: whether the last step in time comes first; outputs are in the order of the sequences.

    Raises:
        ModelError: a step makes other states than it takes.
    """
    carries, sequences = ([_symbolic(recorder, item) for item in items] for items in (first, elements))
    count = sequences[0].shape[0]
    tensor = recorder.keras.KerasTensor
    given = [recorder.copy(item) for item in carries]
    given += [tensor(item.shape[1:], dtype=item.dtype) for item in sequences]

    def called(*tensors: Any) -> list[Any]:
        states, outputs = step(list(tensors[: len(carries)]), list(tensors[len(carries) :]))
        return [*(_symbolic(recorder, item) for item in states), *(_symbolic(recorder, item) for item in outputs)]

    frame = recorder.body(called, given)
    for before, after in zip(carries, frame.outputs, strict=False):
        if (tuple(before.shape), before.dtype) != (tuple(after.shape), after.dtype):
            raise ModelError(
                f"a loop makes a state of shape {tuple(after.shape)} and type {after.dtype} of one of shape"
                f" {tuple(before.shape)} and type {before.dtype}"
            )
    if not any(_effects(frame.steps)):
        made = [tensor(item.shape, dtype=item.dtype) for item in carries]
        made += [tensor((count, *item.shape), dtype=item.dtype) for item in frame.outputs[len(carries) :]]
        recorder.add(Body(frame, len(carries), len(sequences), backwards), (*carries, *sequences), {}, made)
        return made[: len(carries)], made[len(carries) :]
    rows: dict[int, list[Any]] = {}
    for number in reversed(range(count)) if backwards else range(count):
        carries, rows[number] = step(carries, [item[number] for item in sequences])
    ops = recorder.keras.ops
    ordered = [rows[number] for number in range(count)]
    return carries, [ops.stack(items) for items in zip(*ordered, strict=True)]


def _effects(steps: Sequence[Any]) -> Iterator[Any]:
    """Yield what steps do beside computing: weights that they assign, losses, layers that update their weights."""
    for step in steps:
        if isinstance(step, Assigned | Loss):
            yield step
        elif isinstance(step, Call) and isinstance(step.target, Frame):
            yield from _effects(step.target.steps)
        elif isinstance(step, Call) and isinstance(step.target, Body):
            yield from _effects(step.target.frame.steps)
    yield from _updating(steps)


def _updating(steps: Sequence[Any]) -> Iterator[Any]:
    """Yield Keras's own layers that are called as in training and update their weights then."""
    for step in steps:
        if not isinstance(step, Call):
            continue
        if isinstance(step.target, Frame):
            yield from _updating(step.target.steps)
        elif hasattr(step.target, "_flatten_layers") and step.kwargs.get("training"):
            seeds = {id(item.state) for layer in step.target._flatten_layers() for item in layer._seed_generators}
            for layer in step.target._flatten_layers():
                if any(id(item) not in seeds for item in layer._non_trainable_variables):
                    yield layer


def _is_symbolic(recorder: Recorder, item: Any) -> bool:
    return isinstance(item, recorder.keras.KerasTensor)


def _symbolic(recorder: Recorder, item: Any) -> Any:
    """Return a tensor as a symbolic one."""
    if _is_symbolic(recorder, item):
        return item
    ops = recorder.keras.ops
    array = constant_array(item, recorder.keras)
    zeros = ops.zeros(array.shape, dtype=array.dtype.name)
    return ops.logical_or(zeros, array) if array.dtype == bool else ops.add(zeros, array)


def _time_first(ops: Any, x: Any) -> Any:
    return ops.transpose(x, (1, 0, *range(2, len(x.shape))))


def _where_masked(ops: Any, mask: Any, new: Any, old: Any, axes: int = 1) -> Any:
    """Return new numbers in the rows where a mask holds, old ones in the others."""
    shape = tuple(mask.shape)
    while len(shape) > axes and shape[-1] == 1:
        shape = shape[:-1]
    return ops.where(ops.reshape(mask, (*shape, *(1,) * (len(new.shape) - len(shape)))), new, old)
