"""JAX: the transformer encoder as a jitted step."""

from __future__ import annotations

from typing import Any

import jax
from jax import numpy as jnp

from benchmarks.peers.jax_training import adam_loop
from benchmarks.transformer import BATCH, EPSILON, HEADS, LAYERS, RATE, WIDTH, data, weights
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


def _loss_of(arrays: Tree, x: Any, y: Any) -> tuple[Any, Any]:
    logits = _logits(arrays, x)
    chosen = jnp.take_along_axis(logits, y[:, None], 1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - chosen), jnp.sum(jnp.argmax(logits, 1) == y)


def contestants() -> dict[str, Contestant]:
    """Return a contestant that trains epochs."""
    return {"JAX, jitted step": adam_loop(weights(), _loss_of, data(), BATCH, RATE)}
