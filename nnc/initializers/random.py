"""Initializers that draw random numbers: uniform, normal, scaled by the fans, orthogonal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, prod, sqrt
from typing import Any, Literal

import numpy
from numpy.typing import NDArray

from nnc.arguments import argument, number, passed_on
from nnc.checks import check_choice, is_number, is_whole, plain_number
from nnc.errors import ModelError, nearest
from nnc.initializers.initializer import DeclaredInitializer
from nnc.settings import SETTINGS

TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of the standard normal distribution cut off at -2 and 2."""

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")

Seed = Any
"""A whole number, a ``SeedGenerator`` or the config of one, or None."""


class RandomInitializer(DeclaredInitializer):
    """An initializer with a seed; a subclass says in `draw` what it draws.

    Args:
        seed: whole number, so that every call draws the same numbers; a config of Keras's ``SeedGenerator``
            counts as its seed. A ``SeedGenerator`` gives each call others. None takes the numbers from the caller's
            generator.

    Raises:
        ModelError: the seed is none of these.
    """

    def __init__(self, seed: Seed = None) -> None:
        entropy: Any = seed
        self._stream: Any = seed if callable(getattr(seed, "next", None)) else None
        if self._stream is not None:
            entropy = None
        elif isinstance(seed, Mapping):
            config = seed.get("config")
            entropy = config.get("seed") if isinstance(config, Mapping) else seed
        if entropy is not None and not is_whole(entropy):
            raise ModelError(f"{self._where}: seed must be a whole number, a SeedGenerator or None, got {seed!r}")
        self.seed = seed
        self._entropy: int | None = None if entropy is None else int(entropy) % 2**64

    def __call__(
        self, shape: tuple[int, ...], dtype: str | None = None, generator: numpy.random.Generator | None = None
    ) -> NDArray[Any]:
        """Return random numbers; drawn in double precision, so that they are the same in every element type.

        Raises:
            ModelError: the shape does not suit the initializer.
        """
        if self._stream is not None:
            generator = numpy.random.default_rng(self._stream.next())
        elif self._entropy is not None or generator is None:
            generator = numpy.random.default_rng(self._entropy)
        return self.draw(tuple(shape), generator).reshape(shape).astype(dtype or SETTINGS.floatx)

    @property
    def draws_from_caller(self) -> bool:
        """Whether each call returns what `draw` draws from the caller's generator."""
        is_own = type(self).__call__ is RandomInitializer.__call__
        return is_own and self._stream is None and self._entropy is None

    def draw(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> NDArray[numpy.float64]:
        """Return random numbers of this shape, or as many in another."""
        raise ModelError(f"{self._where} must define draw(self, shape, generator)")

    def get_config(self) -> dict[str, Any]:
        """Return the seed and the arguments that the class declares."""
        seed = self.seed
        if self._stream is not None:
            module = {"module": "keras.random", "class_name": "SeedGenerator", "registered_name": None}
            seed = module | {"config": seed.get_config()}
        return {"seed": seed, **super().get_config()}


def truncated_normal(count: int, generator: numpy.random.Generator) -> NDArray[numpy.float64]:
    """Return `count` standard normal numbers; those beyond 2 are drawn again."""
    numbers = generator.standard_normal(count)
    outside = numpy.flatnonzero(numpy.absolute(numbers) > 2.0)
    while outside.size:
        numbers[outside] = generator.standard_normal(outside.size)
        outside = outside[numpy.absolute(numbers[outside]) > 2.0]
    return numbers


class RandomNormal(RandomInitializer, names=("RandomNormal", "random_normal", "normal")):
    """Normal numbers. https://keras.io/api/layers/initializers/#randomnormal-class.

    Raises:
        ModelError: an argument is not a number, or `stddev` is negative.
    """

    mean: float = number(default=0.0)
    stddev: float = number(0.0, default=0.05)
    seed: Seed = passed_on(default=None)

    def draw(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> NDArray[numpy.float64]:
        """Draw from the normal distribution."""
        return self.mean + self.stddev * generator.standard_normal(prod(shape))


class TruncatedNormal(RandomNormal, names=("TruncatedNormal", "truncated_normal")):
    """Normal numbers; those beyond two `stddev` from the mean are drawn again.

    https://keras.io/api/layers/initializers/#truncatednormal-class
    """

    def draw(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> NDArray[numpy.float64]:
        """Draw from the truncated normal distribution."""
        return self.mean + self.stddev * truncated_normal(prod(shape), generator)


class RandomUniform(RandomInitializer, names=("RandomUniform", "random_uniform", "uniform")):
    """Uniform numbers of [minval, maxval). https://keras.io/api/layers/initializers/#randomuniform-class.

    Raises:
        ModelError: an argument is not a number, or `minval` is above `maxval`.
    """

    minval: float = number(default=-0.05)
    maxval: float = number(default=0.05)
    seed: Seed = passed_on(default=None)

    def __post_init__(self) -> None:
        if self.minval > self.maxval:
            raise ModelError(f"{self._where}: minval {self.minval} must not be above maxval {self.maxval}")

    def draw(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> NDArray[numpy.float64]:
        """Draw from the uniform distribution."""
        return generator.uniform(self.minval, self.maxval, prod(shape))


def compute_fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """Return the numbers of input and output units of a kernel (…, inputs, outputs).

    Leading axes are the receptive field of a convolution and multiply both.

    Args:
        shape: shape of the kernel.
        input_axes: axes of the input units, where the last-but-one is not the only one; given with `output_axes`.
        output_axes: axes of the output units.

    Raises:
        ModelError: an axis does not exist.
    """
    if input_axes is not None and output_axes is not None:
        for axis in (*input_axes, *output_axes):
            if not -len(shape) <= axis < len(shape):
                raise ModelError(f"axis {axis} of input_axes or output_axes does not exist in shape {tuple(shape)}")
        return prod(shape[axis] for axis in input_axes), prod(shape[axis] for axis in output_axes)
    if len(shape) < 2:
        return prod(shape), prod(shape)
    field = prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


def _check_distribution(where: str, key: str, value: Any) -> Any:
    lower = value.lower() if isinstance(value, str) else value
    return check_choice(where, key, "truncated_normal" if lower == "normal" else lower, DISTRIBUTIONS)


def _check_scale(where: str, key: str, value: Any) -> Any:
    if not is_number(value) or not 0.0 < value < inf:
        raise ModelError(f"{where}: Argument `{key}` must be positive float, a finite one, got {value!r}")
    return plain_number(value)


def _check_mode(where: str, key: str, value: Any) -> Any:
    if value not in MODES:
        hint = nearest(value, MODES) if isinstance(value, str) else ""
        raise ModelError(
            f"{where}: Invalid `{key}` argument: it must be one of {', '.join(MODES)}, got {value!r}.{hint}"
        )
    return value


def _check_axes(where: str, key: str, value: Any) -> Any:
    if not isinstance(value, list | tuple) or not all(map(is_whole, value)):
        raise ModelError(f"{where}: {key} must be whole numbers or None, got {value!r}")
    return value


class VarianceScaling(RandomInitializer, names=("VarianceScaling", "variance_scaling")):
    """Numbers with variance ``scale / n``, where n is a number of units: a fan.

    https://keras.io/api/layers/initializers/#variancescaling-class

    Args:
        scale: factor of the variance, positive.
        mode: ``fan_in`` (input units), ``fan_out`` (output units) or ``fan_avg`` (the mean of both).
        distribution: ``truncated_normal`` (also called ``normal``), ``untruncated_normal`` or ``uniform``.
        seed: see `RandomInitializer`.
        input_axes: see `compute_fans`.
        output_axes: see `compute_fans`.

    Raises:
        ModelError: an argument is wrong.
    """

    scale: float = argument(_check_scale, default=1.0)
    mode: Literal["fan_in", "fan_out", "fan_avg"] = argument(_check_mode, default="fan_in")
    distribution: str = argument(_check_distribution, default="truncated_normal")
    seed: Seed = passed_on(default=None)
    input_axes: Sequence[int] | None = argument(_check_axes, default=None)
    output_axes: Sequence[int] | None = argument(_check_axes, default=None)

    def draw(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> NDArray[numpy.float64]:
        """Draw from the distribution, scaled by the fans of the shape."""
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        units = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = sqrt(self.scale / max(1.0, units))
        if self.distribution == "uniform":
            limit = sqrt(3.0) * stddev
            return generator.uniform(-limit, limit, prod(shape))
        if self.distribution == "untruncated_normal":
            return stddev * generator.standard_normal(prod(shape))
        return stddev / TRUNCATED_STDDEV * truncated_normal(prod(shape), generator)


class Orthogonal(RandomInitializer, names=("Orthogonal", "OrthogonalInitializer", "orthogonal")):
    """An orthogonal matrix times `gain`, evenly distributed; all axes but the last are its rows.

    A. M. Saxe, J. L. McClelland, S. Ganguli: Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks, 2014, https://arxiv.org/abs/1312.6120; made even by the signs of R's diagonal, see F. Mezzadri: How
    to generate random matrices from the classical compact groups, 2007, https://arxiv.org/abs/math-ph/0609050.

    Raises:
        ModelError: the gain is not a number.
    """

    gain: float = number(default=1.0)
    seed: Seed = passed_on(default=None)

    def draw(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> NDArray[numpy.float64]:
        """Decompose a normal matrix.

        Raises:
            ModelError: the shape has fewer than two axes.
        """
        if len(shape) < 2:
            raise ModelError(f"{self._where} needs a shape of two axes or more, got {shape}")
        rows, columns = prod(shape[:-1]), shape[-1]
        q, r = numpy.linalg.qr(generator.standard_normal((max(rows, columns), min(rows, columns))))
        matrix: NDArray[numpy.float64] = q * numpy.sign(numpy.diagonal(r)) * self.gain
        return matrix if rows >= columns else matrix.T
