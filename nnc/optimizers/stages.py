"""The stages of a step that all rules share: gradients are summed and clipped, weights decayed and averaged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nnc.ir import Value, ops
from nnc.optimizers.lookups import Gradient, of_parts
from nnc.optimizers.state import OptimizerState, is_multiple
from nnc.optimizers.windows import Window, by_runs, join, roots, scale, split

AVERAGE = "average"
"""Slot with the moving average of the weights; its states have this role as well."""
ACCUMULATOR = "gradient_accumulator"
"""Slot in which gradients add up."""


def sum_gradients(gradient: Gradient, state: OptimizerState, loss_scale: float | None) -> Gradient:
    """Return the mean gradient of the batches of a step; a mean of several consists of no look-ups any more.

    Args:
        gradient: that of this batch.
        state: what counts batches, and has the slot the gradients add up in.
        loss_scale: factor that was put into the gradient; None for 1.
    """
    if loss_scale is not None:
        gradient = gradient.map(lambda part: part / loss_scale, state.windows)
    due = state.clock.is_due
    if due is None:
        return gradient
    total = gradient.value + state.slot(ACCUMULATOR)
    state.clock.assign(state.slot_label(ACCUMULATOR), ops.where(due, 0.0, total))
    return Gradient(total / float(state.clock.every))


def clip_gradients(
    gradients: dict[str, Gradient],
    states: Mapping[str, OptimizerState],
    clipvalue: float | None,
    clipnorm: float | None,
    global_clipnorm: float | None,
) -> dict[str, Gradient]:
    """Return gradients that are not too large; at most one limit is given.

    The parts of a table's gradient are limited one by one, and count one by one in norms, as in Keras on TensorFlow.

    Args:
        gradients: by the label of the parameter's state.
        states: what knows the variables in each.
        clipvalue: largest absolute value of an element.
        clipnorm: largest Euclidean norm of a variable's gradient.
        global_clipnorm: largest Euclidean norm of all gradients together.
    """
    if clipvalue is not None:
        return {
            label: item.map(lambda part: ops.clip(part, -clipvalue, clipvalue), states[label].windows)
            for label, item in gradients.items()
        }
    if clipnorm is not None:
        return {label: _with_norms(item, clipnorm, states[label].windows) for label, item in gradients.items()}
    if global_clipnorm is None:
        return gradients
    squares = [ops.sum(_squares(item, states[label].windows)) for label, item in gradients.items()]
    total = squares[0]
    for square in squares[1:]:
        total = total + square
    factor = global_clipnorm / ops.maximum(ops.sqrt(total), global_clipnorm)
    return {label: Gradient(item.value * factor) for label, item in gradients.items()}


def _squares(gradient: Gradient, windows: Sequence[Window]) -> Value:
    return of_parts(ops.square, (gradient.value,), windows, gradient.lookups)


def _with_norms(gradient: Gradient, limit: float, windows: Sequence[Window]) -> Gradient:
    """Return a gradient in which no variable has a larger norm than this."""
    factors = limit / ops.maximum(roots(_squares(gradient, windows), windows), limit)
    scaled = scale(gradient.value, factors, windows)
    if not gradient.lookups:
        return Gradient(scaled)
    numbers = dict(zip([window.path for window in windows], split(factors, [()] * len(windows)), strict=True))
    lookups = {}
    for path, items in gradient.lookups.items():
        factor = numbers[path]
        lookups[path] = tuple(item.map(lambda rows, factor=factor: rows * factor) for item in items)
    return Gradient(scaled, lookups)


def decay(parameter: Value, state: OptimizerState, rate_of: Callable[[Window], float]) -> Value:
    """Return the parameter less its weight decay.

    Args:
        parameter: the parameter.
        state: learning rate and variables.
        rate_of: returns the weight decay of a variable, 0 for none.
    """
    rates = {rate_of(window) for window in state.windows}
    if rates == {0.0}:
        return parameter
    # not parameter · (1 - rate): near 1 the rounding of the factor is a large part of a small rate
    if len(rates) == 1:
        return parameter - parameter * (state.learning_rate * rates.pop())
    return join(
        [
            piece if rate == 0.0 else piece - piece * (state.learning_rate * rate)
            for rate, piece in by_runs(parameter, state.windows, rate_of)
        ]
    )


def average(parameter: Value, state: OptimizerState, momentum: float, overwrite: int | None) -> Value:
    """Update the moving average of a parameter, and return what becomes of the parameter.

    Args:
        parameter: the parameter after the step.
        state: what counts steps.
        momentum: weight of the average so far; the first average is the parameter itself.
        overwrite: steps after which the parameter takes over its average, each time; None for never.
    """
    done = state.clock.steps_done
    kept = ops.where(ops.equal(done, 0.0), 0.0, done.graph.constant(momentum, done.dtype))
    label = state.slot_label(AVERAGE)
    before = state.clock.before(label, parameter.type, AVERAGE)
    mean = before * kept + parameter * (1.0 - kept)
    state.clock.assign(label, mean)
    if not overwrite:
        return parameter
    return ops.where(is_multiple(done + 1.0, overwrite), mean, parameter)
