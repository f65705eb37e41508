"""Layers that leave out parts of their input while training, or add to the loss."""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Sequence
from typing import Any, ClassVar

from nnc import regularizers
from nnc.arguments import argument, number, passed_on, random_seed, unsupported
from nnc.choices import DataFormat
from nnc.ir import Shape, Value
from nnc.layers.arguments import image_format
from nnc.layers.declared import KerasLayer, NamedLayer, SharedLayer
from nnc.layers.random_numbers import check_noise_shape, check_rate, draw_kept, full_noise_shape
from nnc.operations.data_formats import check_rank, per_axis

_SPATIAL_KEYS = ("rate", "data_format", "seed", "name", "dtype")
"""Keys of the configs of layers that leave out channels."""


def drop(x: Value, shape: Shape, rate: float, seed: int | None = None) -> Value:
    """Return x with a share of its elements set to 0, and the others scaled so that the mean stays.

    Args:
        x: floating-point numbers.
        shape: that of the mask, which is broadcast over x.
        rate: the share, from 0 to 1.
        seed: tells the random stream from others.
    """
    if rate == 1:
        return x * 0.0
    return x * draw_kept(x, shape, rate, seed) * (1.0 / (1.0 - rate))


class Dropout(KerasLayer, metaclass=ABCMeta):
    """While training, sets a share of the elements to 0 and scales the others so that the mean stays.

    Whole numbers stay whole when predicting, and become floating-point while training, which Keras refuses.

    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).

    Args:
        rate: share of elements set to 0, from 0 to below 1.
        noise_shape: shape of the mask, with None or the full length where elements are dropped one by one.
        seed: tells this layer's random stream from others.
    """

    noted_arguments = ("rate {rate}",)
    supports_masking = True
    keeps_integers = True

    rate: float = argument(check_rate)
    noise_shape: Sequence[int | None] | None = argument(check_noise_shape, default=None)
    seed: int | None = random_seed(default=None)

    def call(self, x: Value, training: bool = False) -> Value:
        if not training or self.rate == 0:
            return x
        x = self.as_floating(x)
        return drop(x, full_noise_shape(x, self.noise_shape), self.rate, self.seed)


class SpatialDropout(SharedLayer):
    """Base of layers that leave out whole channels while training.

    J. Tompson et al., "Efficient object localization using convolutional networks", CVPR (2015).

    Args:
        rate: share of channels set to 0.
        data_format: ``channels_last`` or ``channels_first``.
        seed: tells this layer's random stream from others.
        noise_shape: must be None, as older files have it.
    """

    noted_arguments = ("rate {rate}",)
    supports_masking = True
    keeps_integers = True
    spatial: ClassVar[int]
    """Number of axes between batch and channels."""

    noise_shape: None = unsupported(default=None, kw_only=True)
    activity_regularizer: Any = passed_on(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self.rate: float
        self.seed: int | None
        self.data_format: DataFormat | None

    def call(self, x: Value, training: bool = False) -> Value:
        if not training or self.rate == 0:
            return x
        check_rank(x, self.spatial, self.data_format)
        axes = per_axis(self.data_format, (1,) * self.spatial, other=0)
        shape = tuple(length or dim for length, dim in zip(axes, x.shape, strict=True))
        return drop(self.as_floating(x), shape, self.rate, self.seed)

    def get_config(self) -> dict[str, Any]:
        return {key: value for key, value in super().get_config().items() if key in _SPATIAL_KEYS}


Dropout.register(SpatialDropout)  # in Keras it is a subclass, although its arguments are others


class SpatialDropout1D(SpatialDropout):
    """Leaves out channels of a sequence while training; channels are last."""

    spatial: ClassVar[int] = 1

    rate: float = argument(check_rate)
    seed: int | None = random_seed(default=None)
    _name_given: str | None = passed_on(default=None, alias="name")
    _dtype_given: Any = passed_on(default=None, alias="dtype")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.data_format = None


class SpatialDropout2D(SpatialDropout):
    """Leaves out channels of an image while training."""

    spatial: ClassVar[int] = 2

    rate: float = argument(check_rate)
    data_format: DataFormat | None = image_format(default=None)
    seed: int | None = random_seed(default=None)
    _name_given: str | None = passed_on(default=None, alias="name")
    _dtype_given: Any = passed_on(default=None, alias="dtype")


class SpatialDropout3D(SpatialDropout):
    """Leaves out channels of a volume while training."""

    spatial: ClassVar[int] = 3

    rate: float = argument(check_rate)
    data_format: DataFormat | None = image_format(default=None)
    seed: int | None = random_seed(default=None)
    _name_given: str | None = passed_on(default=None, alias="name")
    _dtype_given: Any = passed_on(default=None, alias="dtype")


class ActivityRegularization(NamedLayer):
    """Its input, whose elements add to the loss.

    Args:
        l1: weight of the sum of magnitudes.
        l2: weight of the sum of squares.
    """

    noted_arguments = ("l1 {l1}", "l2 {l2}")
    supports_masking = True
    keeps_integers = True

    l1: float = number(0, default=0.0)
    l2: float = number(0, default=0.0)
    activity_regularizer: Any = unsupported(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self.activity_regularizer = regularizers.L1L2(l1=self.l1, l2=self.l2)

    def call(self, x: Value) -> Value:
        return x

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer", None)  # l1 and l2 say it
        return {**config, "l1": self.l1, "l2": self.l2}
