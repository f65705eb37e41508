"""The stages of a step that all rules share: gradients are summed and clipped, weights decayed and averaged."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nnc import ops
from nnc.ir import Value
from nnc.optimizers.state import OptimizerState, is_multiple, slot_label
from nnc.optimizers.windows import Window, by_runs, join, norms, scale

AVERAGE = "average"
"""Slot with the moving average of the weights; its states have this role as well."""
ACCUMULATOR = "gradient_accumulator"
"""Slot in which gradients add up."""


def sum_gradients(gradient: Value, state: OptimizerState, loss_scale: float | None) -> Value:
    """Return the mean gradient of the batches of a step.

    Args:
        gradient: that of this batch.
        state: what counts batches, and has the slot the gradients add up in.
        loss_scale: factor that was put into the gradient; None for 1.
    """
    if loss_scale is not None:
        gradient = gradient / loss_scale
    due = state.clock.is_due
    if due is None:
        return gradient
    total = gradient + state.slot(ACCUMULATOR)
    total.graph.update(slot_label(ACCUMULATOR, state.label), ops.where(due, 0.0, total))
    return total / float(state.clock.every)


def clip_gradients(
    gradients: dict[str, Value],
    states: Mapping[str, OptimizerState],
    clipvalue: float | None,
    clipnorm: float | None,
    global_clipnorm: float | None,
) -> dict[str, Value]:
    """Return gradients that are not too large; at most one limit is given.

    Args:
        gradients: by the label of the parameter's state.
        states: what knows the variables in each.
        clipvalue: largest absolute value of an element.
        clipnorm: largest Euclidean norm of a variable's gradient.
        global_clipnorm: largest Euclidean norm of all gradients together.
    """
    if clipvalue is not None:
        return {label: ops.clip(item, -clipvalue, clipvalue) for label, item in gradients.items()}
    if clipnorm is not None:
        clipped = {}
        for label, item in gradients.items():
            windows = states[label].windows
            factors = clipnorm / ops.maximum(norms(item, windows), clipnorm)
            clipped[label] = scale(item, factors, windows)
        return clipped
    if global_clipnorm is None:
        return gradients
    squares = [ops.sum(ops.square(item)) for item in gradients.values()]
    total = squares[0]
    for square in squares[1:]:
        total = total + square
    factor = global_clipnorm / ops.maximum(ops.sqrt(total), global_clipnorm)
    return {label: item * factor for label, item in gradients.items()}


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
            piece - piece * (state.learning_rate * rate) if rate else piece
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
    label = slot_label(AVERAGE, state.label)
    before = parameter.graph.state(label, parameter.type, AVERAGE)
    mean = before * kept + parameter * (1.0 - kept)
    parameter.graph.update(label, mean)
    if not overwrite:
        return parameter
    return ops.where(is_multiple(done + 1.0, overwrite), mean, parameter)
