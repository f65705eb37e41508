"""JAX's ways to train: a jitted step that reuses its buffers, an epoch in one call, a whole training in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import numpy
from jax import lax
from jax import numpy as jnp

from benchmarks.contestant import CHECKED_EPOCHS, Contestant
from benchmarks.networks import NETWORKS
from benchmarks.order import ORDER_SEED, Order
from benchmarks.peers.jax_networks import JAX_NETWORKS, JaxNetwork

Tree = Any
_NOTHING_MEASURED = numpy.float32(0), numpy.int32(0)
_BLOCK = 100
"""Epochs of a call whose orders are drawn beforehand."""


def training_step(network: JaxNetwork) -> Callable[[Tree, Any, Any], Tree]:
    """Return a training step; its state is what is learned, the summed loss and the number of right answers."""

    def loss_of(parameters: Tree, x: Any, y: Any) -> tuple[Any, Any]:
        return network.loss(network.outputs(parameters, x), y)

    gradients_of = jax.value_and_grad(loss_of, has_aux=True)
    update = _adam if network.has_adam else _descend

    def step(state: Tree, x: Any, y: Any) -> Tree:
        learned, total, right = state
        (loss, found), gradients = gradients_of(learned[0], x, y)
        return update(learned, gradients, network.rate), total + loss * len(x), right + found

    return step


def _descend(learned: Tree, gradients: Tree, rate: float) -> Tree:
    return (jax.tree.map(lambda value, gradient: value - rate * gradient, learned[0], gradients),)


def _adam(learned: Tree, gradients: Tree, rate: float) -> Tree:
    parameters, momentum, velocity, count = learned
    count = count + 1
    momentum = jax.tree.map(lambda m, g: m + 0.1 * (g - m), momentum, gradients)
    velocity = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), velocity, gradients)
    rate = rate * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    parameters = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), parameters, momentum, velocity)
    return parameters, momentum, velocity, count


def fresh(network: JaxNetwork, weights: Sequence[Any] | None = None) -> Tree:
    """Return what is learned, at the beginning, from the network's own weights or others."""
    parameters = [jnp.array(array) for array in (network.weights() if weights is None else weights)]
    zeros = [[jnp.zeros_like(array) for array in parameters] for _ in range(2)]
    return (parameters, *zeros, jnp.zeros(())) if network.has_adam else (parameters,)


def _contestant(network: str, epoch: Callable[[Tree, bool], Tree]) -> Contestant:
    """Return a contestant that trains epochs, which are functions of the state and whether to shuffle."""
    rows = NETWORKS[network].rows
    holder = {"learned": fresh(JAX_NETWORKS[network])}

    def fit(epochs: int, shuffle: bool = True) -> list[tuple[float, float]]:
        learned, history = holder["learned"], []
        for _ in range(epochs):
            learned, total, right = epoch((learned, *_NOTHING_MEASURED), shuffle)
            history.append((float(total) / rows, int(right) / rows))
        holder["learned"] = learned
        return history

    return Contestant(fit, lambda: [loss for loss, _ in fit(CHECKED_EPOCHS, shuffle=False)])


def by_step(network: str) -> Contestant:
    """Return a contestant that calls a jitted step, which gathers its rows."""
    x, y = map(jnp.asarray, NETWORKS[network].data())
    step, order, batch = training_step(JAX_NETWORKS[network]), Order(len(x)), NETWORKS[network].batch
    jitted = jax.jit(lambda state, rows: step(state, x[rows], y[rows]), donate_argnums=0)

    def epoch(state: Tree, shuffle: bool) -> Tree:
        rows = order.draw(shuffle).astype("int32")
        for start in range(0, len(rows), batch):
            state = jitted(state, rows[start : start + batch])
        return state

    return _contestant(network, epoch)


def by_epoch(network: str) -> Contestant:
    """Return a contestant whose epochs are one call each, with a scan over the batches."""
    x, y = map(jnp.asarray, NETWORKS[network].data())
    step, order, batch = training_step(JAX_NETWORKS[network]), Order(len(x)), NETWORKS[network].batch

    @partial(jax.jit, donate_argnums=0)
    def scan(state: Tree, batches: Any) -> Tree:
        return lax.scan(lambda state, rows: (step(state, x[rows], y[rows]), None), state, batches)[0]

    return _contestant(
        network, lambda state, shuffle: scan(state, order.draw(shuffle).astype("int32").reshape(-1, batch))
    )


def batches_ready(network: str) -> Contestant:
    """Return a contestant that calls a jitted step on batches that are gathered beforehand; it shuffles these alone."""
    (x, y), batch = NETWORKS[network].data(), NETWORKS[network].batch
    batches = [(jnp.asarray(x[at : at + batch]), jnp.asarray(y[at : at + batch])) for at in range(0, len(x), batch)]
    jitted, order = jax.jit(training_step(JAX_NETWORKS[network]), donate_argnums=0), Order(len(batches))

    def epoch(state: Tree, shuffle: bool) -> Tree:
        for index in order.draw(shuffle):
            state = jitted(state, *batches[index])
        return state

    return _contestant(network, epoch)


# ---------------------------------------------------------------------- many epochs


def _epoch_of_base() -> Callable[[Tree, Any], Tree]:
    """Return an epoch of the base network: from parameters and an order to new ones, mean loss and accuracy."""
    x, y = map(jnp.asarray, NETWORKS["base"].data())
    step, shape = training_step(JAX_NETWORKS["base"]), (NETWORKS["base"].steps, NETWORKS["base"].batch)

    def epoch(learned: Tree, order: Any) -> Tree:
        inputs, truth = (array[order].reshape(*shape, -1) for array in (x, y))
        state, _ = lax.scan(
            lambda state, rows: (step(state, *rows), None), (learned, *_NOTHING_MEASURED), (inputs, truth)
        )
        return state[0], jnp.stack([state[1], state[2].astype(jnp.float32)]) / len(x)

    return epoch


def whole_training() -> Contestant:
    """Return a contestant whose every epoch, its shuffling included, runs within one XLA program."""
    run_epoch, rows = _epoch_of_base(), NETWORKS["base"].rows

    def epoch(shuffle: bool, index: Any, carry: Tree) -> Tree:
        key, learned, history = carry
        key, used = jax.random.split(key)
        learned, measured = run_epoch(learned, jax.random.permutation(used, rows) if shuffle else jnp.arange(rows))
        return key, learned, history.at[index % len(history)].set(measured)

    @partial(jax.jit, donate_argnums=1, static_argnums=3)
    def train(key: Any, learned: Tree, epochs: Any, shuffle: bool) -> Tree:
        return lax.fori_loop(0, epochs, partial(epoch, shuffle), (key, learned, jnp.zeros((10_000, 2))))

    carry = {"key": jax.random.key(ORDER_SEED), "learned": fresh(JAX_NETWORKS["base"])}

    def fit(epochs: int, shuffle: bool = True) -> Any:
        carry["key"], carry["learned"], history = train(carry["key"], carry["learned"], epochs, shuffle)
        return numpy.asarray(history)[:epochs]

    return Contestant(fit, lambda: fit(CHECKED_EPOCHS, shuffle=False)[:, 0])


def whole_training_in_order() -> Contestant:
    """Return a contestant that runs blocks of epochs within one XLA program, in orders that NumPy draws beforehand."""
    run_epoch, rows = _epoch_of_base(), NETWORKS["base"].rows
    generator = numpy.random.default_rng(ORDER_SEED)
    unshuffled = numpy.tile(numpy.arange(rows, dtype="int32"), (_BLOCK, 1))

    @partial(jax.jit, donate_argnums=0)
    def train(learned: Tree, orders: Any, epochs: Any) -> Tree:
        def epoch(index: Any, carry: Tree) -> Tree:
            learned, measured = run_epoch(carry[0], orders[index])
            return learned, carry[1].at[index].set(measured)

        return lax.fori_loop(0, epochs, epoch, (learned, jnp.zeros((_BLOCK, 2))))

    holder = {"learned": fresh(JAX_NETWORKS["base"])}

    def fit(epochs: int, shuffle: bool = True) -> Any:
        history = []
        for start in range(0, epochs, _BLOCK):
            orders = generator.permuted(unshuffled, axis=1) if shuffle else unshuffled
            count = min(_BLOCK, epochs - start)
            holder["learned"], measured = train(holder["learned"], orders, count)
            history.append(numpy.asarray(measured)[:count])
        return numpy.concatenate(history)

    return Contestant(fit, lambda: fit(CHECKED_EPOCHS, shuffle=False)[:, 0])
