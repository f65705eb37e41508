"""Keras's random numbers, `keras.random`: the same names, arguments and distributions, and numbers of nnc's own.

On arrays numbers are NumPy's. Inside a layer's `call` they are drawn when the graph runs, from the stream of the
program, other ones in each run; with a whole number as seed they are the same in each run, as in Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy

from nnc.checks import is_whole
from nnc.eager_tensor import eager
from nnc.element_types import is_float_dtype
from nnc.errors import ModelError
from nnc.ir import SymbolicDim, Value
from nnc.layers import SymbolicTensor
from nnc.layers.draws import DRAWS
from nnc.layers.lowering import current_lowering, is_lowering
from nnc.settings import SETTINGS
from nnc.structure import leaves
from nnc.utils import random_generator

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]

Array = Any


class SeedGenerator:
    """Seeds for random numbers, another one each time; in a layer's `call` numbers are those of the program's stream.

    Args:
        seed: whole number; drawn by default.
        name: of the generator.
        kwargs: nothing.

    Raises:
        ModelError: the seed is none, or there is another argument.

    https://keras.io/api/random/seed_generator/
    """

    def __init__(self, seed: Any = None, name: Any = None, **kwargs: Any) -> None:
        if kwargs:
            raise ModelError(f"Unrecognized keyword arguments for SeedGenerator: {', '.join(map(repr, kwargs))}")
        self.seed = int(random_generator().integers(2**31)) if seed is None else _whole(seed)
        self.name = name if name is not None else "seed_generator"
        self.state = numpy.array([self.seed % 2**32, 0], "uint32")

    def next(self, ordered: bool = True) -> Array:
        """Return the next seed, uint32 of shape (2)."""
        del ordered  # which is about threads of other engines
        found = self.state.copy()
        self.state[1] += 1
        return found

    def get_config(self) -> dict[str, Any]:
        """Return the seed and the name."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> SeedGenerator:
        """Return a generator with the seed of a config."""
        return cls(**config)


def _whole(seed: Any) -> int:
    if not is_whole(seed) or seed < 0:
        raise ModelError(f"Argument `seed` must be an integer of at least 0, or a SeedGenerator, got {seed!r}")
    return int(seed)


def _generator(seed: Any) -> numpy.random.Generator:
    if seed is None:
        return random_generator()
    if isinstance(seed, SeedGenerator):
        return numpy.random.default_rng(seed.next())
    return numpy.random.default_rng(_whole(seed))


def _drawn(
    name: str, seed: Any, shape: Any, draw: Callable[[numpy.random.Generator], Array], dtype: Any, **given: Any
) -> Any:
    """Return numbers of a shape, in a graph that is being built or at once.

    Raises:
        ModelError: they cannot be drawn in a graph.
    """
    dims = tuple(shape) if isinstance(shape, list | tuple | numpy.ndarray) else (shape,)
    kind = SETTINGS.floatx if dtype is None else str(getattr(dtype, "name", dtype))
    if leaves(list(given.values()), (Value, SymbolicTensor)):
        raise ModelError(f"random.{name}: arguments must be numbers here, got a tensor that is computed")
    if is_lowering() and not is_whole(seed):
        if name not in DRAWS:
            raise ModelError(f"random.{name} cannot be drawn in a graph; there are {', '.join(DRAWS)}")
        return DRAWS[name](current_lowering().graph, shape=dims, dtype=kind, **given)
    if any(isinstance(dim, SymbolicDim) for dim in dims):
        raise ModelError(
            f"random.{name}: numbers by a seed are the same in each run, and need a shape that is known before; leave"
            " the seed out, or give a SeedGenerator"
        )
    return eager(numpy.asarray(draw(_generator(seed))).astype(kind))


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Return numbers of the beta distribution."""
    return _drawn("beta", seed, shape, lambda random: random.beta(alpha, beta, shape), dtype, alpha=alpha, beta=beta)


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Return how often something of a probability happens in so many trials."""
    given = {"counts": counts, "probabilities": probabilities}
    trials = numpy.asarray(counts).astype("int64")
    return _drawn("binomial", seed, shape, lambda random: random.binomial(trials, probabilities, shape), dtype, **given)


def categorical(logits: Any, num_samples: Any, dtype: Any = "int32", seed: Any = None) -> Any:
    """Return classes, drawn by their logits of shape (rows, classes), of shape (rows, num_samples)."""
    if isinstance(logits, Value):
        _check_stream("categorical", seed)
        return DRAWS["categorical"](logits.graph, logits=logits, num_samples=int(num_samples), dtype=dtype)
    scores = _array("categorical", logits)
    if scores.ndim != 2:
        raise ModelError(f"random.categorical: logits must be of shape (rows, classes), got {scores.shape}")
    noise = _generator(seed).gumbel(size=(*scores.shape[:-1], num_samples, scores.shape[-1]))
    return eager((scores[..., None, :] + noise).argmax(-1).astype(dtype))


def dropout(inputs: Any, rate: Any, noise_shape: Any = None, seed: Any = None) -> Any:
    """Return the inputs with a share of them 0 and the others scaled up."""
    if isinstance(inputs, Value):
        _check_stream("dropout", seed)
        return DRAWS["dropout"](inputs.graph, inputs=inputs, rate=float(rate), noise_shape=noise_shape)
    x = _array("dropout", inputs)
    if not 0.0 < rate < 1.0:
        return eager(x if rate <= 0.0 else x * 0)
    drawn = [None] * x.ndim if noise_shape is None else list(noise_shape)
    if len(drawn) != x.ndim:
        raise ModelError(f"random.dropout: noise_shape {tuple(drawn)} does not fit an input of shape {x.shape}")
    shape = [length if dim is None else dim for dim, length in zip(drawn, x.shape, strict=True)]
    kept = _generator(seed).random(shape) >= rate
    return eager((x * kept / (1.0 - rate)).astype(x.dtype))


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Return numbers of the gamma distribution with scale 1."""
    return _drawn("gamma", seed, shape, lambda random: random.gamma(alpha, 1.0, shape), dtype, alpha=alpha)


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Return numbers of the normal distribution."""
    given = {"mean": mean, "stddev": stddev}
    return _drawn("normal", seed, shape, lambda random: random.normal(mean, stddev, shape), dtype, **given)


def randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None) -> Any:
    """Return whole numbers from minval up to, and without, maxval."""
    if is_float_dtype(dtype):
        raise ModelError(f"`keras.random.randint` requires an integer `dtype`, got {dtype!r}")
    given = {"minval": minval, "maxval": maxval}
    return _drawn("randint", seed, shape, lambda random: random.integers(minval, maxval, shape), dtype, **given)


def shuffle(x: Any, axis: Any = 0, seed: Any = None) -> Any:
    """Return x with what lies along an axis in random order."""
    if isinstance(x, Value):
        _check_stream("shuffle", seed)
        return DRAWS["shuffle"](x.graph, x=x, axis=int(axis))
    return eager(_generator(seed).permutation(_array("shuffle", x), axis=axis))


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Return numbers of the normal distribution within two standard deviations."""
    from nnc.initializers.random import truncated_normal as standard

    def draw(random: numpy.random.Generator) -> Array:
        count = int(numpy.prod(shape))
        return (standard(count, random) * stddev + mean).reshape(shape)

    return _drawn("truncated_normal", seed, shape, draw, dtype, mean=mean, stddev=stddev)


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Return numbers of [minval, maxval)."""
    if dtype is not None and not is_float_dtype(dtype):
        raise ModelError(f"`keras.random.uniform` requires a floating point `dtype`, got {dtype!r}")
    given = {"minval": minval, "maxval": maxval}
    return _drawn("uniform", seed, shape, lambda random: random.uniform(minval, maxval, shape), dtype, **given)


def _check_stream(name: str, seed: Any) -> None:
    if is_whole(seed):
        raise ModelError(
            f"random.{name}: a number as seed draws the same in each run, which a graph does not; leave it out, or give"
            " a SeedGenerator"
        )


def _array(name: str, given: Any) -> Array:
    if isinstance(given, SymbolicTensor):
        raise ModelError(f"random.{name}: draw in a layer's call(), not between layers")
    return numpy.asarray(given)
