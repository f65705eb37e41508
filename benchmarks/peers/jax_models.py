"""JAX: jitted steps that reuse their buffers, called from a loop of one's own or looped by XLA."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy
from jax import lax
from jax import numpy as jnp

from benchmarks.driving import CHECKED_EPOCHS
from benchmarks.networks import (
    BASE_BATCH,
    BASE_RATE,
    BASE_ROWS,
    BASE_STEPS,
    BASE_WIDTHS,
    MLP_BATCH,
    MLP_RATE,
    MLP_ROWS,
    MLP_WIDTHS,
    base_data,
    mlp_data,
    weights,
)
from benchmarks.worker import Contestant

Tree = Any
_NOTHING_MEASURED = numpy.float32(0), numpy.int32(0)


def _base_step(state: Tree, x: Any, y: Any) -> Tree:
    """One SGD step; the state is parameters, summed loss and number of right answers."""
    parameters, total, right = state

    def loss_of(pairs: Tree) -> tuple[Any, Any]:
        (w1, b1), (w2, b2) = pairs
        z = jax.nn.sigmoid(x @ w1 + b1) @ w2 + b2
        return jnp.mean(jnp.logaddexp(z, 0.0) - z * y), z

    (loss, z), gradients = jax.value_and_grad(loss_of, has_aux=True)(parameters)
    parameters = jax.tree.map(lambda value, gradient: value - BASE_RATE * gradient, parameters, gradients)
    return parameters, total + loss * len(x), right + jnp.sum((z > 0) == (y > 0.5))


def _fresh(pairs: Tree) -> Tree:
    return jax.tree.map(jnp.asarray, pairs), *_NOTHING_MEASURED


def base() -> dict[str, Contestant]:
    """Return contestants that train epochs of the base network."""
    x, y = map(jnp.asarray, base_data())
    step = jax.jit(lambda state, rows: _base_step(state, x[rows], y[rows]), donate_argnums=0)
    generator = numpy.random.default_rng(0)
    holder = {"state": _fresh(weights(BASE_WIDTHS))}

    def own_loop(epochs: int, shuffle: bool = True) -> list[tuple[float, float]]:
        state, history = holder["state"], []
        for _ in range(epochs):
            order = generator.permutation(BASE_ROWS) if shuffle else numpy.arange(BASE_ROWS)
            order = order.astype("int32")
            state = state[0], *_NOTHING_MEASURED
            for start in range(0, BASE_ROWS, BASE_BATCH):
                state = step(state, order[start : start + BASE_BATCH])
            history.append((float(state[1]) / BASE_ROWS, int(state[2]) / BASE_ROWS))
        holder["state"] = state
        return history

    return {
        "JAX, jitted step, own loop": Contestant(own_loop, lambda: _losses(own_loop)),
        "JAX, whole training in one call (lax)": _base_whole(x, y),
    }


def _losses(fit: Callable[..., Any]) -> list[float]:
    return [float(loss) for loss, _ in fit(CHECKED_EPOCHS, shuffle=False)[:CHECKED_EPOCHS]]


def train_base(epochs: int) -> Any:
    """Train the base network in one call, from the compilation on; return losses and accuracies."""
    return _base_whole(*map(jnp.asarray, base_data())).run(epochs)


def _base_whole(x: Any, y: Any) -> Contestant:
    """Return a contestant whose every epoch, its shuffling included, runs within one XLA program."""

    def epoch(shuffle: bool, index: Any, carry: Tree) -> Tree:
        key, parameters, history = carry
        key, used = jax.random.split(key)
        order = jax.random.permutation(used, BASE_ROWS) if shuffle else jnp.arange(BASE_ROWS)
        batches = order.reshape(BASE_STEPS, BASE_BATCH)
        state = parameters, *_NOTHING_MEASURED
        state, _ = lax.scan(lambda state, rows: (_base_step(state, x[rows], y[rows]), None), state, batches)
        measured = jnp.stack([state[1], state[2].astype(jnp.float32)]) / BASE_ROWS
        return key, state[0], history.at[index % len(history)].set(measured)

    @partial(jax.jit, donate_argnums=1, static_argnums=3)
    def train(key: Any, parameters: Tree, epochs: Any, shuffle: bool) -> Tree:
        return lax.fori_loop(0, epochs, partial(epoch, shuffle), (key, parameters, jnp.zeros((10_000, 2))))

    carry = {"key": jax.random.key(0), "parameters": jax.tree.map(jnp.asarray, weights(BASE_WIDTHS))}

    def whole(epochs: int, shuffle: bool = True) -> Any:
        carry["key"], carry["parameters"], history = train(carry["key"], carry["parameters"], epochs, shuffle)
        return numpy.asarray(history)

    return Contestant(whole, lambda: _losses(whole))


def _mlp_step(state: Tree, x: Any, y: Any) -> Tree:
    """One Adam step; the state is parameters, both moments, the step, summed loss and right answers."""
    parameters, momentum, velocity, count, total, right = state

    def loss_of(pairs: Tree) -> tuple[Any, Any]:
        hidden = x
        for kernel, bias in pairs[:-1]:
            hidden = jax.nn.relu(hidden @ kernel + bias)
        logits = hidden @ pairs[-1][0] + pairs[-1][1]
        chosen = jnp.take_along_axis(logits, y[:, None], 1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(logits, axis=1) - chosen), logits

    (loss, logits), gradients = jax.value_and_grad(loss_of, has_aux=True)(parameters)
    count = count + 1
    momentum = jax.tree.map(lambda m, g: m + 0.1 * (g - m), momentum, gradients)
    velocity = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), velocity, gradients)
    rate = MLP_RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    parameters = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), parameters, momentum, velocity)
    right = right + jnp.sum(jnp.argmax(logits, 1) == y)
    return parameters, momentum, velocity, count, total + loss * len(x), right


def _fresh_adam() -> Tree:
    parameters = jax.tree.map(jnp.asarray, weights(MLP_WIDTHS))
    zeros = [jax.tree.map(jnp.zeros_like, parameters) for _ in range(2)]
    return parameters, *zeros, jnp.zeros(()), *_NOTHING_MEASURED


def mlp() -> dict[str, Contestant]:
    """Return contestants that train epochs of the MLP."""
    x, y = mlp_data()
    starts = range(0, MLP_ROWS, MLP_BATCH)
    batches = [(jnp.asarray(x[at : at + MLP_BATCH]), jnp.asarray(y[at : at + MLP_BATCH])) for at in starts]
    on_device = jax.jit(_mlp_step, donate_argnums=0)
    all_x, all_y = jnp.asarray(x), jnp.asarray(y)
    gathering = jax.jit(lambda state, rows: _mlp_step(state, all_x[rows], all_y[rows]), donate_argnums=0)
    generator = numpy.random.default_rng(0)

    def ready_batches(shuffle: bool) -> list[tuple[Any, ...]]:
        return [batches[index] for index in generator.permutation(len(batches))] if shuffle else list(batches)

    def rows_to_gather(shuffle: bool) -> list[tuple[Any, ...]]:
        order = (generator.permutation(MLP_ROWS) if shuffle else numpy.arange(MLP_ROWS)).astype("int32")
        return [(order[at : at + MLP_BATCH],) for at in starts]

    return {
        "JAX, jitted step, batches ready": _adam_loop(on_device, ready_batches),
        "JAX, jitted step, gathers rows": _adam_loop(gathering, rows_to_gather),
    }


def _adam_loop(step: Callable[..., Tree], draw: Callable[[bool], list[tuple[Any, ...]]]) -> Contestant:
    holder = {"state": _fresh_adam()}

    def fit(epochs: int, shuffle: bool = True) -> list[tuple[float, float]]:
        state, history = holder["state"], []
        for _ in range(epochs):
            state = *state[:4], *_NOTHING_MEASURED
            for arguments in draw(shuffle):
                state = step(state, *arguments)
            history.append((float(state[4]) / MLP_ROWS, int(state[5]) / MLP_ROWS))
        holder["state"] = state
        return history

    return Contestant(fit, lambda: _losses(fit))
