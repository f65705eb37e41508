"""JAX: the networks as functions of their weights, with their losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
from jax import lax
from jax import numpy as jnp

from benchmarks.networks import deep_dense, dense, images, recurrent, transformer
from benchmarks.networks.same_weights import kernel

Tree = Any
Loss = Callable[[Any, Any], tuple[Any, Any]]


@dataclass(frozen=True)
class JaxNetwork:
    """A network.

    Args:
        weights: returns what to begin with.
        outputs: of weights and a batch; logits where the loss is a cross-entropy.
        loss: mean loss and number of right answers, of outputs and targets.
        rate: learning rate.
        has_adam: whether Adam trains it; otherwise plain descent does.
        activation: from outputs to predictions.
    """

    weights: Callable[[], list[Any]]
    outputs: Callable[[Tree, Any], Any]
    loss: Loss
    rate: float
    has_adam: bool = True
    activation: Callable[[Any], Any] = jax.nn.softmax


def _binary(z: Any, y: Any) -> tuple[Any, Any]:
    return jnp.mean(jnp.logaddexp(z, 0.0) - z * y), jnp.sum((z > 0) == (y > 0.5))


def _classes(logits: Any, y: Any) -> tuple[Any, Any]:
    chosen = jnp.take_along_axis(logits, y[:, None], 1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - chosen), jnp.sum(jnp.argmax(logits, 1) == y)


def _squares(outputs: Any, y: Any) -> tuple[Any, Any]:
    return jnp.mean(jnp.square(outputs - y)), jnp.int32(0)


def _dense(activation: Callable[[Any], Any]) -> Callable[[Tree, Any], Any]:
    def outputs(arrays: Tree, x: Any) -> Any:
        for place in range(0, len(arrays) - 2, 2):
            x = activation(x @ arrays[place] + arrays[place + 1])
        return x @ arrays[-2] + arrays[-1]

    return outputs


def _deep(arrays: Tree, x: Any) -> Any:
    for place in range(0, len(arrays) - 2, 2):
        x = x + jax.nn.gelu(x @ arrays[place] + arrays[place + 1], approximate=False)
    return x @ arrays[-2] + arrays[-1]


def _dense_weights(widths: tuple[int, ...]) -> list[Any]:
    return [array for pair in dense.weights(widths) for array in pair]


def _cnn_weights() -> list[Any]:
    shapes = (
        *(("Conv2D", number, shape) for number, shape in enumerate(((3, 3, 1, 32), (3, 3, 32, 64)))),
        *(("Dense", number, shape) for number, shape in enumerate(((images.CNN_FLAT, 128), (128, 10)))),
    )
    return [array for given in shapes for array in (kernel(*given), jnp.zeros(given[2][-1]))]


def _cnn(arrays: Tree, x: Any) -> Any:
    for place in (0, 2):
        x = lax.conv_general_dilated(x, arrays[place], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        x = jax.nn.relu(x + arrays[place + 1])
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    return _dense(jax.nn.relu)(arrays[4:], x.reshape(len(x), -1))


def _lstm_alone(arrays: Tree, x: Any) -> Any:
    """The loop over time is a scan; one product for all inputs before it makes a training step slower."""
    kernel, recurrent_kernel, bias = arrays

    def step(carry: Any, inputs: Any) -> Any:
        hidden, cell = carry
        i, f, c, o = jnp.split(inputs @ kernel + hidden @ recurrent_kernel + bias, 4, axis=-1)
        cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(c)
        return (jax.nn.sigmoid(o) * jnp.tanh(cell), cell), None

    zeros = jnp.zeros((len(x), recurrent.UNITS))
    (hidden, _), _ = lax.scan(step, (zeros, zeros), x.swapaxes(0, 1))
    return hidden


def _lstm(arrays: Tree, x: Any) -> Any:
    return _lstm_alone(arrays[:3], x) @ arrays[3] + arrays[4]


def _encoder(arrays: Tree, x: Any) -> Any:
    for _ in range(transformer.LAYERS):
        wq, bq, wk, bk, wv, bv, wo, bo, gamma, beta, w1, b1, w2, b2, last_gamma, last_beta = arrays[:16]
        arrays = arrays[16:]
        q, k, v = (jnp.einsum("btd,dhs->bhts", x, w) + b[:, None] for w, b in ((wq, bq), (wk, bk), (wv, bv)))
        scores = jnp.einsum("bhts,bhus->bhtu", q, k) * (transformer.WIDTH // transformer.HEADS) ** -0.5
        mixed = jnp.einsum("bhtu,bhus->bths", jax.nn.softmax(scores), v)
        x = _normalized(x + jnp.einsum("bths,hsd->btd", mixed, wo) + bo, gamma, beta)
        x = _normalized(x + jax.nn.relu(x @ w1 + b1) @ w2 + b2, last_gamma, last_beta)
    return x.mean(1) @ arrays[0] + arrays[1]


def _normalized(x: Any, gamma: Any, beta: Any) -> Any:
    mean = x.mean(-1, keepdims=True)
    variance = jnp.square(x - mean).mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + transformer.EPSILON) * gamma + beta


def _same(outputs: Any) -> Any:
    return outputs


JAX_NETWORKS = {
    "base": JaxNetwork(
        lambda: _dense_weights(dense.BASE_WIDTHS),
        _dense(jax.nn.sigmoid),
        _binary,
        dense.BASE_RATE,
        has_adam=False,
        activation=jax.nn.sigmoid,
    ),
    "mlp": JaxNetwork(lambda: _dense_weights(dense.MLP_WIDTHS), _dense(jax.nn.relu), _classes, dense.MLP_RATE),
    "digits": JaxNetwork(lambda: _dense_weights(dense.DIGITS_WIDTHS), _dense(jax.nn.relu), _classes, dense.MLP_RATE),
    "cnn": JaxNetwork(_cnn_weights, _cnn, _classes, images.CNN_RATE),
    "lstm": JaxNetwork(recurrent.weights, _lstm, _squares, recurrent.RATE, activation=_same),
    "lstm_alone": JaxNetwork(lambda: recurrent.weights()[:3], _lstm_alone, _squares, recurrent.RATE, activation=_same),
    "transformer": JaxNetwork(transformer.weights, _encoder, _classes, transformer.RATE),
    **{
        f"residual_mlp_{depth}": JaxNetwork(partial(deep_dense.weights, depth), _deep, _classes, deep_dense.RATE)
        for depth in deep_dense.DEPTHS
    },
}
