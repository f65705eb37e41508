"""JAX: the transformer encoder as a jitted step that reuses its buffers and gathers its rows."""

from __future__ import annotations

from typing import Any

import jax
import numpy
from jax import numpy as jnp

from benchmarks.driving import CHECKED_EPOCHS
from benchmarks.transformer import BATCH, EPSILON, HEADS, LAYERS, RATE, ROWS, WIDTH, data, weights
from benchmarks.worker import Contestant

Tree = Any


def _logits(arrays: Tree, x: Any) -> Any:
    for _ in range(LAYERS):
        wq, bq, wk, bk, wv, bv, wo, bo, gamma, beta, w1, b1, w2, b2, last_gamma, last_beta = arrays[:16]
        arrays = arrays[16:]
        q, k, v = (jnp.einsum("btd,dhs->bhts", x, w) + b[:, None] for w, b in ((wq, bq), (wk, bk), (wv, bv)))
        scores = jnp.einsum("bhts,bhus->bhtu", q, k) * (WIDTH // HEADS) ** -0.5
        mixed = jnp.einsum("bhtu,bhus->bths", jax.nn.softmax(scores), v)
        x = _normalized(x + jnp.einsum("bths,hsd->btd", mixed, wo) + bo, gamma, beta)
        x = _normalized(x + jax.nn.relu(x @ w1 + b1) @ w2 + b2, last_gamma, last_beta)
    return x.mean(1) @ arrays[0] + arrays[1]


def _normalized(x: Any, gamma: Any, beta: Any) -> Any:
    mean = x.mean(-1, keepdims=True)
    variance = jnp.square(x - mean).mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + EPSILON) * gamma + beta


def _step(state: Tree, x: Any, y: Any) -> Tree:
    """One Adam step; the state is weights, both moments, the step, summed loss and right answers."""
    arrays, momentum, velocity, count, total, right = state

    def loss_of(arrays: Tree) -> tuple[Any, Any]:
        logits = _logits(arrays, x)
        return jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.take_along_axis(logits, y[:, None], 1)[:, 0]), logits

    (loss, logits), gradients = jax.value_and_grad(loss_of, has_aux=True)(arrays)
    count = count + 1
    momentum = jax.tree.map(lambda m, g: m + 0.1 * (g - m), momentum, gradients)
    velocity = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), velocity, gradients)
    rate = RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    arrays = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), arrays, momentum, velocity)
    return arrays, momentum, velocity, count, total + loss * len(x), right + jnp.sum(jnp.argmax(logits, 1) == y)


def contestants() -> dict[str, Contestant]:
    """Return a contestant that trains epochs."""
    x, y = map(jnp.asarray, data())
    step = jax.jit(lambda state, rows: _step(state, x[rows], y[rows]), donate_argnums=0)
    arrays = [jnp.asarray(array) for array in weights()]
    zeros = [[jnp.zeros_like(array) for array in arrays] for _ in range(2)]
    generator = numpy.random.default_rng(0)
    nothing = numpy.float32(0), numpy.int32(0)
    holder: dict[str, Tree] = {"state": (arrays, *zeros, jnp.zeros(()), *nothing)}

    def fit(epochs: int, shuffle: bool = True) -> list[tuple[float, float]]:
        state, history = holder["state"], []
        for _ in range(epochs):
            order = (generator.permutation(ROWS) if shuffle else numpy.arange(ROWS)).astype("int32")
            state = *state[:4], *nothing
            for at in range(0, ROWS, BATCH):
                state = step(state, order[at : at + BATCH])
            history.append((float(state[4]) / ROWS, int(state[5]) / ROWS))
        holder["state"] = state
        return history

    return {"JAX, jitted step": Contestant(fit, lambda: [loss for loss, _ in fit(CHECKED_EPOCHS, shuffle=False)])}
