"""Initializers that draw random numbers: uniform, normal, scaled by the fans, orthogonal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod, sqrt
from typing import Any, Literal

import numpy
from numpy.typing import NDArray

from nnc.errors import ModelError, nearest
from nnc.initializers.initializer import Initializer

TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of the standard normal distribution cut off at -2 and 2."""

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


class RandomInitializer(Initializer):
    """An initializer with a seed; a subclass says in `draw` what it draws.

    Args:
        seed: whole number, so that every call draws the same numbers; a config of Keras's ``SeedGenerator``
            counts as its seed. None takes the numbers from the caller's generator.

    Raises:
        ModelError: the seed is none of these.
    """

    def __init__(self, seed: int | Mapping[str, Any] | None = None) -> None:
        number: Any = seed
        if isinstance(seed, Mapping):
            config = seed.get("config")
            number = config.get("seed") if isinstance(config, Mapping) else seed
        if number is not None and (not isinstance(number, int | numpy.integer) or isinstance(number, bool)):
            raise ModelError(f"initializer {type(self).__name__}: seed must be a whole number or None, got {seed!r}")
        self.seed = seed
        self._entropy: int | None = None if number is None else int(number) % 2**64

    def __call__(
        self, shape: tuple[int, ...], dtype: str = "float32", generator: numpy.random.Generator | None = None
    ) -> NDArray[Any]:
        """Return random numbers; drawn in double precision, so that they are the same in every element type.

        Raises:
            ModelError: the shape does not suit the initializer.
        """
        if self._entropy is not None or generator is None:
            generator = numpy.random.default_rng(self._entropy)
        return self.draw(tuple(shape), generator).reshape(shape).astype(dtype)

    def draw(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> NDArray[numpy.float64]:
        """Return random numbers of this shape, or as many in another."""
        raise ModelError(f"initializer {type(self).__name__} must define draw(self, shape, generator)")

    def get_config(self) -> dict[str, Any]:
        """Return the seed."""
        return {"seed": self.seed}


def truncated_normal(count: int, generator: numpy.random.Generator) -> NDArray[numpy.float64]:
    """Return `count` standard normal numbers; those beyond 2 are drawn again."""
    numbers = generator.standard_normal(count)
    outside = numpy.flatnonzero(numpy.absolute(numbers) > 2.0)
    while outside.size:
        numbers[outside] = generator.standard_normal(outside.size)
        outside = outside[numpy.absolute(numbers[outside]) > 2.0]
    return numbers


class RandomNormal(RandomInitializer):
    """Normal numbers. https://keras.io/api/layers/initializers/#randomnormal-class.

    Raises:
        ModelError: an argument is not a number, or `stddev` is negative.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | Mapping[str, Any] | None = None) -> None:
        super().__init__(seed)
        self.mean: float = self._number("mean", mean)
        self.stddev: float = self._number("stddev", stddev)
        if stddev < 0:
            raise ModelError(f"initializer {type(self).__name__}: stddev must be at least 0, got {stddev!r}")

    def draw(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> NDArray[numpy.float64]:
        """Draw from the normal distribution."""
        return self.mean + self.stddev * generator.standard_normal(prod(shape))

    def get_config(self) -> dict[str, Any]:
        """Return mean, standard deviation and seed."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Normal numbers; those beyond two `stddev` from the mean are drawn again.

    https://keras.io/api/layers/initializers/#truncatednormal-class
    """

    def draw(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> NDArray[numpy.float64]:
        """Draw from the truncated normal distribution."""
        return self.mean + self.stddev * truncated_normal(prod(shape), generator)


class RandomUniform(RandomInitializer):
    """Uniform numbers of [minval, maxval). https://keras.io/api/layers/initializers/#randomuniform-class.

    Raises:
        ModelError: an argument is not a number, or `minval` is above `maxval`.
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(seed)
        self.minval: float = self._number("minval", minval)
        self.maxval: float = self._number("maxval", maxval)
        if minval > maxval:
            raise ModelError(f"initializer {type(self).__name__}: minval {minval} must not be above maxval {maxval}")

    def draw(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> NDArray[numpy.float64]:
        """Draw from the uniform distribution."""
        return generator.uniform(self.minval, self.maxval, prod(shape))

    def get_config(self) -> dict[str, Any]:
        """Return bounds and seed."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


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


class VarianceScaling(RandomInitializer):
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

    def __init__(
        self,
        scale: float = 1.0,
        mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | Mapping[str, Any] | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        if self._number("scale", scale) <= 0:
            raise ModelError(f"initializer {type(self).__name__}: scale must be above 0, got {scale!r}")
        self.scale = scale
        self.mode = self._choice("mode", mode, MODES)
        lower = distribution.lower() if isinstance(distribution, str) else distribution
        lower = "truncated_normal" if lower == "normal" else lower
        self.distribution = self._choice("distribution", lower, DISTRIBUTIONS)
        self.input_axes = self._axes("input_axes", input_axes)
        self.output_axes = self._axes("output_axes", output_axes)

    def _choice(self, key: str, value: Any, known: tuple[str, ...]) -> str:
        if value not in known:
            hint = nearest(value, known) if isinstance(value, str) else ""
            raise ModelError(
                f"initializer {type(self).__name__}: {key} must be one of {', '.join(known)}, got {value!r}.{hint}"
            )
        return str(value)

    def _axes(self, key: str, value: Any) -> Any:
        axes = () if value is None else value
        if not isinstance(axes, list | tuple) or not all(type(axis) is int for axis in axes):
            raise ModelError(f"initializer {type(self).__name__}: {key} must be whole numbers or None, got {value!r}")
        return value

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

    def get_config(self) -> dict[str, Any]:
        """Return all arguments."""
        own = {"scale": self.scale, "mode": self.mode, "distribution": self.distribution}
        return {**super().get_config(), **own, "input_axes": self.input_axes, "output_axes": self.output_axes}


class Orthogonal(RandomInitializer):
    """An orthogonal matrix times `gain`, evenly distributed; all axes but the last are its rows.

    A. M. Saxe, J. L. McClelland, S. Ganguli: Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks, 2014, https://arxiv.org/abs/1312.6120; made even by the signs of R's diagonal, see F. Mezzadri: How
    to generate random matrices from the classical compact groups, 2007, https://arxiv.org/abs/math-ph/0609050.

    Raises:
        ModelError: the gain is not a number.
    """

    def __init__(self, gain: float = 1.0, seed: int | Mapping[str, Any] | None = None) -> None:
        super().__init__(seed)
        self.gain: float = self._number("gain", gain)

    def draw(self, shape: tuple[int, ...], generator: numpy.random.Generator) -> NDArray[numpy.float64]:
        """Decompose a normal matrix.

        Raises:
            ModelError: the shape has fewer than two axes.
        """
        if len(shape) < 2:
            raise ModelError(f"initializer {type(self).__name__} needs a shape of two axes or more, got {shape}")
        rows, columns = prod(shape[:-1]), shape[-1]
        q, r = numpy.linalg.qr(generator.standard_normal((max(rows, columns), min(rows, columns))))
        matrix: NDArray[numpy.float64] = q * numpy.sign(numpy.diagonal(r)) * self.gain
        return matrix if rows >= columns else matrix.T

    def get_config(self) -> dict[str, Any]:
        """Return gain and seed."""
        return {**super().get_config(), "gain": self.gain}
