"""Numbers brought to another scale: by given numbers, or by mean and variance of data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy

from nnc.arguments import argument, flag
from nnc.arrays import is_array_like, to_array
from nnc.checks import is_whole
from nnc.errors import ArgumentError, ModelError
from nnc.ir import Value
from nnc.ir.ops import maximum, reshape, sqrt
from nnc.layers.declared import KerasLayer
from nnc.layers.spatial import axis_list
from nnc.operations.data_formats import CHANNELS_FIRST
from nnc.settings import SETTINGS

Array = Any


def as_numbers(where: str, key: str, value: Any) -> Any:
    """Return numbers from a number, a list, an array, or Keras's config of an array; arrays become lists.

    Raises:
        ModelError: they are none.
    """
    if isinstance(value, Mapping):
        inner = value.get("config")
        value = inner.get("value") if isinstance(inner, Mapping) else value
    try:
        array = numpy.asarray(value, float)
    except (TypeError, ValueError):
        raise ModelError(f"{where}: {key} must be a number or a list of numbers, got {value!r}") from None
    return value if isinstance(value, int | float) else array.tolist()


class Rescaling(KerasLayer):
    """``x · scale + offset``.

    Args:
        scale: a number, or one per element of the last axis; one per channel of images, whose channels come first where
            `nnc.config.image_data_format` says so.
        offset: a number, or one per element of the last axis.
    """

    noted_arguments = ("scale {scale}", "offset {offset}")
    supports_masking = True

    scale: Any = argument(as_numbers)
    offset: Any = argument(as_numbers, default=0.0)

    def call(self, x: Value) -> Value:
        scale, offset = (numpy.asarray(numbers) for numbers in (self.scale, self.offset))
        if scale.ndim and SETTINGS.image_data_format == CHANNELS_FIRST:
            scale = scale.reshape(*scale.shape, *(1,) * (3 - scale.ndim))
        return x * x.graph.constant(scale, x.dtype) + x.graph.constant(offset, x.dtype)


def _check_axis(where: str, key: str, value: Any) -> tuple[int, ...]:
    """Return the axes of one, several or none."""
    axes = () if value is None else axis_list(value)
    if not all(map(is_whole, axes)):
        raise ModelError(f"{where}: {key} must be an integer, a list of integers or None, got {value!r}")
    return tuple(axes)


class Normalization(KerasLayer):
    """``(x - mean) / deviation``, both given or taken from data by `adapt`.

    Args:
        axis: axes whose elements have a mean each, the last by default; None for one mean of everything.
        mean: the mean, a number or an array over these axes.
        variance: the variance, of the same shape.
        invert: whether the inverse is computed, ``mean + x · deviation``.

    Raises:
        ModelError: an argument is wrong, or does not fit an input.
    """

    noted_arguments = ("axis {axis}", "invert")
    supports_masking = True

    axis: int | Sequence[int] | None = argument(_check_axis, default=-1)
    input_mean: Any = argument(as_numbers, default=None, alias="mean")
    input_variance: Any = argument(as_numbers, default=None, alias="variance")
    invert: bool = flag(default=False)

    def __post_init__(self) -> None:
        mean, variance = self.input_mean, self.input_variance
        if (mean is None) != (variance is None):
            raise ModelError(
                "Normalization: When setting values directly, both `mean` and `variance` must be set, got "
                f"{mean!r} and {variance!r}"
            )
        self._axes = tuple(axis_list(self.axis))
        shapes = [numpy.shape(numbers) for numbers in (mean, variance)]
        if shapes[0] != shapes[1] or len(shapes[0]) > len(self._axes):
            raise ModelError(
                f"Normalization: mean and variance must have one shape over axes {self._axes}, "
                f"got {shapes[0]} and {shapes[1]}"
            )
        self._input_shape_built: tuple[Any, ...] = ()

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        if any(not -rank <= axis < rank for axis in self._axes):
            raise ModelError(
                f"All `axis` values must be in the range from {-rank} to {rank - 1} for an input of shape "
                f"{input_shape}, got {self._axes}"
            )
        self._kept = tuple(sorted(axis % rank for axis in self._axes))
        self._input_shape_built = tuple(input_shape)
        shape = [input_shape[axis] for axis in self._kept]
        if None in shape:
            raise ModelError(
                f"All `axis` values to be kept must have a known length, got {self._axes} and an input of shape "
                f"{input_shape}"
            )
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(shape, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", "int32", trainable=False, name="count")

    @property
    def mean(self) -> Array | None:
        """The mean, with an axis for each of the input's; None before the layer is built."""
        return self._placed(self.input_mean if self.input_mean is not None else getattr(self, "adapt_mean", None))

    @property
    def variance(self) -> Array | None:
        """The variance, with an axis for each of the input's; None before the layer is built."""
        given = self.input_variance
        return self._placed(given if given is not None else getattr(self, "adapt_variance", None))

    def _placed(self, numbers: Any) -> Array | None:
        if not self.built or numbers is None:
            return None
        kept = [self._input_shape_built[axis] for axis in self._kept]
        lengths = [dim if axis in self._kept else 1 for axis, dim in enumerate(self._input_shape_built)]
        return numpy.broadcast_to(numpy.asarray(numbers, self.dtype), kept).reshape(lengths)

    @property
    def is_adaptable(self) -> bool:
        """Whether mean and variance come from data, because they were not given."""
        return self.input_mean is None

    def adapt(self, data: Any) -> None:
        """Take mean and variance from data.

        Args:
            data: an array, or batches of arrays of the input's shape.

        Raises:
            ModelError: mean and variance were given, there is no data, or it does not fit the layer.
        """
        if self.input_mean is not None:
            raise ModelError(f"Layer '{self.name}' (Normalization) was given mean and variance, and cannot adapt")
        batches = [_numbers(batch) for batch in _batches(data)]
        if not batches:
            raise ModelError(
                f"Layer '{self.name}' (Normalization): adapt got an empty iterable, and no data to adapt to"
            )
        if not self.built:
            with self.blame():
                self.build((None, *batches[0].shape[1:]))
            self.built = True
        reduced = tuple(axis for axis in range(batches[0].ndim) if axis not in self._kept)
        expected = [self._input_shape_built[axis] for axis in self._kept]
        mean, variance, total = numpy.zeros(expected), numpy.zeros(expected), 0
        for batch in batches:
            if batch.ndim != len(self._input_shape_built) or [batch.shape[axis] for axis in self._kept] != expected:
                raise ModelError(
                    f"Layer '{self.name}' (Normalization) was built for inputs of shape {self._input_shape_built}, "
                    f"and cannot adapt to data of an incompatible shape, {batch.shape}"
                )
            count = batch.size // max(mean.size, 1)
            total += count
            weight = count / total if total else 0.0
            # T. F. Chan, G. H. Golub, R. J. LeVeque: Updating formulae and a pairwise algorithm for variances, 1979
            shift = batch.mean(reduced) - mean
            variance += weight * (batch.var(reduced) - variance + (1.0 - weight) * shift**2)
            mean += weight * shift
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)

    def call(self, x: Value) -> Value:
        built = self._input_shape_built
        shape = tuple(built[axis] if axis in self._kept else 1 for axis in range(len(built)))
        if self.input_mean is None:
            mean, variance = reshape(self.adapt_mean.value, shape), reshape(self.adapt_variance.value, shape)
        else:
            mean, variance = (self._given(x, numbers) for numbers in (self.input_mean, self.input_variance))
        deviation = maximum(sqrt(variance), SETTINGS.epsilon)
        return mean + x * deviation if self.invert else (x - mean) / deviation

    def _given(self, x: Value, numbers: Any) -> Value:
        """Return given numbers with their last axes along the last kept axes."""
        array = numpy.asarray(numbers)
        shape = [1] * x.rank
        for length, axis in zip(reversed(array.shape), reversed(self._kept), strict=False):
            shape[axis] = length
        return x.graph.constant(array.reshape(shape), x.dtype)


def _batches(data: Any) -> Iterable[Any]:
    """Return the batches of data; an array is one."""
    return [data] if is_array_like(data) else data


def _numbers(batch: Any) -> Array:
    """Return the numbers of a batch: of its inputs, where it is a tuple of inputs, targets and weights."""
    inputs = batch[0] if isinstance(batch, tuple) else batch
    if isinstance(inputs, int | float):
        raise ArgumentError(f"adapt takes an array, or batches that have a `.shape`, got {inputs!r} for a batch")
    return to_array(inputs, "data").astype(float)
