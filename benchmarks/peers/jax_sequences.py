"""JAX: the recurrent network, its loop over time as a scan behind one product for all inputs."""

from __future__ import annotations

from typing import Any

import jax
from jax import lax
from jax import numpy as jnp

from benchmarks.peers.jax_training import adam_loop
from benchmarks.recurrent import BATCH, RATE, UNITS, data, weights
from benchmarks.worker import Contestant


def _outputs(arrays: Any, x: Any) -> Any:
    kernel, recurrent, bias, dense, dense_bias = arrays
    projected = (x @ kernel + bias).swapaxes(0, 1)

    def step(carry: Any, inputs: Any) -> Any:
        hidden, cell = carry
        i, f, c, o = jnp.split(inputs + hidden @ recurrent, 4, axis=-1)
        cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(c)
        return (jax.nn.sigmoid(o) * jnp.tanh(cell), cell), None

    zeros = jnp.zeros((len(x), UNITS))
    (hidden, _), _ = lax.scan(step, (zeros, zeros), projected)
    return hidden @ dense + dense_bias


def _loss_of(arrays: Any, x: Any, y: Any) -> tuple[Any, Any]:
    return jnp.mean(jnp.square(_outputs(arrays, x) - y)), jnp.int32(0)


def contestants() -> dict[str, Contestant]:
    """Return a contestant that trains epochs."""
    return {"JAX, jitted step": adam_loop(weights(), _loss_of, data(), BATCH, RATE)}
