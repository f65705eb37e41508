"""Batch normalisation: each channel gets mean 0 and variance 1 over a batch, and later over all batches seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.arguments import Argument, argument, flag, number
from nnc.checks import is_whole
from nnc.errors import ModelError
from nnc.ir import Dim, Value
from nnc.ir.ops import broadcast_to, cast, mean, relu, reshape, sqrt, square, sum, where
from nnc.layers.arguments import constraint, initializer, regularizer
from nnc.layers.declared import KerasLayer
from nnc.layers.renormalization import check_clipping, correction, move, square_root_of
from nnc.layers.variable import Variable
from nnc.settings import SETTINGS


def single_axis(where: str, key: str, value: Any) -> int:
    """Return an axis from a number or from a list of one.

    Raises:
        ModelError: it is neither.
    """
    axis = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
    if not is_whole(axis):
        raise ModelError(f"{where}: {key} must be an integer, got {axis!r}")
    return int(axis)


def _clipping(layer: Any, key: str, value: Any) -> dict[str, float] | None:
    """Return the limits of renormalisation, which may be left out where there is none."""
    return check_clipping(layer._where, key, value) if layer.renorm or value is not None else None


class BatchNormalization(KerasLayer):
    """(x - mean) / √(variance + epsilon) · gamma + beta, for each channel.

    While training, mean and variance are those of the batch over all axes but that of the channels, and moving means
    of both are kept: ``moving = moving · momentum + batch · (1 - momentum)``. Otherwise, and always where the layer is
    not trainable, the moving means take their place. Elements that the mask leaves out count for neither.

    S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015, https://arxiv.org/abs/1502.03167.

    Args:
        axis: axis of the channels; a list with one axis, as old files have it, is the same.
        momentum: of the moving means.
        epsilon: added to the variance.
        center: whether there is a beta.
        scale: whether there is a gamma.
        beta_initializer: first value of beta, of shape (channels,).
        gamma_initializer: first value of gamma.
        moving_mean_initializer: first value of the moving mean.
        moving_variance_initializer: first value of the moving variance.
        beta_regularizer: penalty on beta.
        gamma_regularizer: penalty on gamma.
        beta_constraint: projection of beta after each update.
        gamma_constraint: projection of gamma after each update.
        renorm: whether what training normalises by is corrected towards means over all batches; see
            `nnc.layers.renormalization`. Predictions are the same.
        renorm_clipping: limits of that correction: ``rmin`` and ``rmax`` of the factor, ``dmax`` of the shift.
        renorm_momentum: of the means that it is corrected towards.
        synchronized: whether the means of a batch that several processes divide are those of all its rows, instead of
            those of each process's rows; see `nnc.passes.distribute`. In one process it is all the same.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = ("axis {axis}",)
    supports_masking = True

    axis: Any = argument(single_axis, default=-1)
    momentum: float = number(0, default=0.99)
    epsilon: float = number(0, default=1e-3)
    center: bool = flag(default=True)
    scale: bool = flag(default=True)
    beta_initializer: Any = initializer(default="zeros")
    gamma_initializer: Any = initializer(default="ones")
    moving_mean_initializer: Any = initializer(default="zeros")
    moving_variance_initializer: Any = initializer(default="ones")
    beta_regularizer: Any = regularizer(default=None)
    gamma_regularizer: Any = regularizer(default=None)
    beta_constraint: Any = constraint(default=None)
    gamma_constraint: Any = constraint(default=None)
    renorm: bool = flag(default=False)
    renorm_clipping: Any = Argument(_clipping, default=None, optional=False)
    renorm_momentum: float = number(0, default=0.99)
    synchronized: bool = flag(default=False, written="always")

    def __post_init__(self) -> None:
        self._measures_own_rows = not self.synchronized
        self.gamma: Variable | None = None
        self.beta: Variable | None = None
        self.moving_stddev: Variable
        self.renorm_mean: Variable
        self.renorm_stddev: Variable

    def build(self, input_shape: Any) -> None:
        shape = (known_length(input_shape, self.axis),)
        self.gamma, self.beta = gamma_and_beta(self, shape, self.scale, self.center)
        self.moving_mean = self.add_weight(shape, self.moving_mean_initializer, trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight(
            shape, self.moving_variance_initializer, trainable=False, name="moving_variance"
        )
        if self.renorm:
            deviation = square_root_of(self.moving_variance_initializer)
            for name, initializer in (
                ("moving_stddev", deviation),
                ("renorm_mean", self.moving_mean_initializer),
                ("renorm_stddev", deviation),
            ):
                setattr(self, name, self.add_weight(shape, initializer, trainable=False, name=name))

    def call(self, x: Value, training: bool = False, mask: Value | None = None) -> Value:
        if mask is not None and mask.rank != x.rank - 1:
            raise ModelError(f"expected a mask with one dimension fewer than the input {x.type}, got {mask.type}")
        axis = self.axis % x.rank
        channels = x.shape[axis]
        shape: tuple[Dim, ...] = tuple(channels if at == axis else 1 for at in range(x.rank))

        def spread(vector: Value) -> Value:
            return vector if axis == x.rank - 1 else reshape(vector, shape)

        if not (training and self.trainable):
            factor = 1.0 / sqrt(self.moving_variance + self.epsilon)
            if self.gamma is not None:
                factor = factor * self.gamma
            shift = -(self.moving_mean * factor) if self.beta is None else self.beta - self.moving_mean * factor
            return x * spread(factor) + spread(shift)
        axes = [at for at in range(x.rank) if at != axis]
        batch_mean, batch_variance, centered = _moments(x, axes, spread, mask)
        factor = 1.0 / sqrt(batch_variance + self.epsilon)
        added = None if self.beta is None else self.beta.value
        if self.renorm:
            ratio, offset = self._renormalized(batch_mean, sqrt(batch_variance + self.epsilon))
            factor = factor * ratio
            offset = offset if self.gamma is None else offset * self.gamma
            added = offset if added is None else offset + added
        else:
            move([(self.moving_mean, batch_mean), (self.moving_variance, batch_variance)], self.momentum)
        if self.gamma is not None:
            factor = factor * self.gamma
        scaled = centered * spread(factor)
        return scaled if added is None else scaled + spread(added)

    def _renormalized(self, mean: Value, deviation: Value) -> tuple[Value, Value]:
        """Return factor and shift that correct a batch towards all batches, and move the means over these."""
        found = correction(
            mean, deviation, self.renorm_mean, self.renorm_stddev, self.epsilon, self.renorm_clipping or {}
        )
        move([(self.renorm_mean, mean), (self.renorm_stddev, deviation)], self.renorm_momentum)
        move([(self.moving_mean, mean), (self.moving_stddev, deviation)], self.momentum)
        self.moving_variance.assign(relu(square(self.moving_stddev.value) - self.epsilon))
        return found


def _moments(x: Value, axes: Sequence[int], spread: Any, mask: Value | None) -> tuple[Value, Value, Value]:
    """Return mean and variance over axes of what the mask leaves, and x minus the mean."""
    if mask is None:
        batch_mean = mean(x, axes)
        centered = x - spread(batch_mean)
        return batch_mean, mean(square(centered), axes), centered
    counts = broadcast_to(reshape(cast(mask, "bool"), (*mask.shape, 1)), x.shape)
    number = sum(cast(counts, x.dtype), axes) + SETTINGS.epsilon
    batch_mean = sum(where(counts, x, 0.0), axes) / number
    centered = x - spread(batch_mean)
    return batch_mean, sum(square(where(counts, centered, 0.0)), axes) / number, centered


def known_length(input_shape: Sequence[int | None], axis: int) -> int:
    """Return the length of an axis of an input.

    Raises:
        ModelError: there is no such axis, or its length is only known at run time.
    """
    if not -len(input_shape) <= axis < len(input_shape):
        raise ModelError(f"axis {axis} is out of bounds for an input of shape {tuple(input_shape)}")
    length = input_shape[axis]
    if length is None:
        raise ModelError(f"axis {axis} must have a known length, got an input of shape {tuple(input_shape)}")
    return length


def gamma_and_beta(
    layer: Any, shape: Sequence[int], scale: bool, center: bool
) -> tuple[Variable | None, Variable | None]:
    """Make the weights gamma and beta of a layer of normalisation, where it scales and centers."""
    found: list[Variable | None] = []
    for name, exists in (("gamma", scale), ("beta", center)):
        initializer, regularizer, constraint = (
            getattr(layer, f"{name}_{key}") for key in ("initializer", "regularizer", "constraint")
        )
        weight = None
        if exists:
            weight = layer.add_weight(shape, initializer, name=name, regularizer=regularizer, constraint=constraint)
        found.append(weight)
    return found[0], found[1]
