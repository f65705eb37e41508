"""JAX's way to train with Adam: a jitted step that reuses its buffers and gathers its rows, called in a loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy
from jax import numpy as jnp

from benchmarks.driving import CHECKED_EPOCHS
from benchmarks.worker import Contestant

Tree = Any


def adam_loop(
    weights: Sequence[Any],
    loss_of: Callable[[Tree, Any, Any], tuple[Any, Any]],
    arrays: tuple[Any, Any],
    batch: int,
    learning_rate: float,
) -> Contestant:
    """Return a contestant that trains epochs.

    Args:
        weights: to begin with.
        loss_of: mean loss and number of right answers, from weights, inputs and targets of a batch.
        arrays: all inputs and targets.
        batch: rows of a batch, of which all have as many.
        learning_rate: of Adam.
    """
    x, y = map(jnp.asarray, arrays)
    gradient_of = jax.value_and_grad(loss_of, has_aux=True)

    def step(state: Tree, rows: Any) -> Tree:
        parameters, momentum, velocity, count, total, right = state
        (loss, found), gradients = gradient_of(parameters, x[rows], y[rows])
        count = count + 1
        momentum = jax.tree.map(lambda m, g: m + 0.1 * (g - m), momentum, gradients)
        velocity = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), velocity, gradients)
        rate = learning_rate * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        parameters = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), parameters, momentum, velocity)
        return parameters, momentum, velocity, count, total + loss * batch, right + found

    jitted, generator, count = jax.jit(step, donate_argnums=0), numpy.random.default_rng(0), len(x)
    first = [jnp.asarray(array) for array in weights]
    moments = [[jnp.zeros_like(array) for array in first] for _ in range(2)]
    nothing = numpy.float32(0), numpy.int32(0)
    holder: dict[str, Tree] = {"state": (first, *moments, jnp.zeros(()), *nothing)}

    def fit(epochs: int, shuffle: bool = True) -> list[tuple[float, float]]:
        state, history = holder["state"], []
        for _ in range(epochs):
            order = (generator.permutation(count) if shuffle else numpy.arange(count)).astype("int32")
            state = *state[:4], *nothing
            for at in range(0, count, batch):
                state = jitted(state, order[at : at + batch])
            history.append((float(state[4]) / count, int(state[5]) / count))
        holder["state"] = state
        return history

    return Contestant(fit, lambda: [loss for loss, _ in fit(CHECKED_EPOCHS, shuffle=False)])
