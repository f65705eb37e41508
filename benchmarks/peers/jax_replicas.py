"""JAX's way to train replicas: a step under `vmap`, a scan over an epoch's batches, many epochs in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy
from jax import lax
from jax import numpy as jnp

from benchmarks.contestant import CHECKED_EPOCHS, Contestant
from benchmarks.networks import NETWORKS
from benchmarks.networks.dense import weights_of_replicas
from benchmarks.networks.replicas import WIDTHS
from benchmarks.order import ORDER_SEED
from benchmarks.peers.jax_networks import JAX_NETWORKS
from benchmarks.peers.jax_training import Tree, fresh, training_step

_BLOCK = 100
"""Epochs of a call, at most."""


def fit(network: str, replicas: int, written_out: bool = False) -> Contestant:
    """Return a contestant that trains epochs of replicas, with as many as are asked for, up to 100, in one call.

    Args:
        network: its name.
        replicas: number of replicas.
        written_out: whether the base network's layers are sums of a term for each weight, instead of products.
    """
    rows, found = NETWORKS[network].rows, JAX_NETWORKS[network]
    if written_out:
        found = replace(found, outputs=_base_written_out)
    epoch = _epoch(network, jax.vmap(training_step(found), (0, None, None)))
    weights = weights_of_replicas(WIDTHS[network], replicas)
    learned = fresh(found, weights)
    if found.has_adam:
        learned = (*learned[:-1], jnp.zeros(replicas))  # each counts its own steps, as `vmap` wants it
    nothing = jnp.zeros(replicas), jnp.zeros(replicas, "int32")

    @partial(jax.jit, donate_argnums=0)
    def train(learned: Tree, orders: Any, epochs: Any) -> Tree:
        def one(index: Any, carry: Tree) -> Tree:
            learned, total, right = epoch((carry[0], *nothing), orders[index])
            return learned, carry[1].at[index].set(jnp.stack([total, right.astype("float32")]) / rows)

        return lax.fori_loop(0, epochs, one, (learned, jnp.zeros((_BLOCK, 2, replicas))))

    generator = numpy.random.default_rng(ORDER_SEED)
    unshuffled = numpy.tile(numpy.arange(rows, dtype="int32"), (_BLOCK, 1))
    holder = {"learned": learned}

    def run(epochs: int, shuffle: bool = True) -> Any:
        history = []
        for start in range(0, epochs, _BLOCK):
            count, orders = min(_BLOCK, epochs - start), unshuffled
            if shuffle:
                orders = unshuffled.copy()
                orders[:count] = generator.permuted(unshuffled[:count], axis=1)
            holder["learned"], measured = train(holder["learned"], orders, count)
            history.append(numpy.asarray(measured)[:count])
        return numpy.concatenate(history)

    return Contestant(run, lambda: run(CHECKED_EPOCHS, shuffle=False)[:, 0].ravel().tolist())


def _epoch(network: str, step: Callable[[Tree, Any, Any], Tree]) -> Callable[[Tree, Any], Tree]:
    """Return an epoch, the batches of which are the same for all replicas."""
    (x, y), batch = map(jnp.asarray, NETWORKS[network].data()), NETWORKS[network].batch
    whole = len(x) // batch * batch

    def epoch(state: Tree, order: Any) -> Tree:
        batches = order[:whole].reshape(-1, batch)
        state, _ = lax.scan(lambda state, rows: (step(state, x[rows], y[rows]), None), state, batches)
        return step(state, x[order[whole:]], y[order[whole:]]) if whole < len(x) else state

    return epoch


def _base_written_out(arrays: Tree, x: Any) -> Any:
    kernel, bias, last_kernel, last_bias = arrays
    z = last_bias[0]
    for unit in range(2):
        z += jax.nn.sigmoid(x[:, 0] * kernel[0, unit] + x[:, 1] * kernel[1, unit] + bias[unit]) * last_kernel[unit, 0]
    return z[:, None]
