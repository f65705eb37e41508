"""Layers that leave out parts of their input while training, or add to the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

from nnc import regularizers
from nnc.checks import check_number
from nnc.choices import DataFormat
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.layers.drawing import check_noise_shape, check_seed, draw_kept, full_noise_shape
from nnc.layers.options import CommonLayerOptions, LayerOptions
from nnc.layers.spatial import check_data_format, check_rank, per_axis


class Dropout(Layer):
    """While training, sets a share of the elements to 0 and scales the others so that the mean stays.

    Whole numbers stay whole when predicting, and become floating-point while training, which Keras refuses.

    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014).

    Args:
        rate: share of elements set to 0, from 0 to below 1.
        noise_shape: shape of the mask, with None or the full length where elements are dropped one by one.
        seed: tells this layer's random stream from others.
        options: arguments of `Layer`.
    """

    noted_arguments = ("rate {rate}",)
    supports_masking = True
    keeps_integers = True

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        where = type(self).__name__
        self.seed = check_seed(where, seed)
        self.noise_shape = check_noise_shape(where, noise_shape)
        self.rate = check_number(where, "rate", rate, high=1, low=0)

    def call(self, x: Value, training: bool = False) -> Value:
        if not training or self.rate == 0:
            return x
        x = self.as_floating(x)
        if self.rate == 1:
            return x * 0.0
        shape = full_noise_shape(x, self.noise_shape_for(x))
        return x * draw_kept(x, shape, self.rate, self.seed) * (1.0 / (1.0 - self.rate))

    def noise_shape_for(self, x: Value) -> Sequence[int | None] | None:
        """Return the shape of the mask for an input."""
        return self.noise_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate": self.rate,
            "seed": self.seed,
            "noise_shape": None if self.noise_shape is None else list(self.noise_shape),
        }


class SpatialDropout(Dropout):
    """Base of layers that leave out whole channels while training.

    J. Tompson et al., "Efficient object localization using convolutional networks", CVPR (2015).

    Args:
        rate: share of channels set to 0.
        data_format: ``channels_last`` or ``channels_first``.
        seed: tells this layer's random stream from others.
        options: arguments of `Layer`; ``noise_shape``, which older files have, must be None.
    """

    dimensions: ClassVar[int]
    """Number of axes between batch and channels."""

    def __init__(
        self,
        rate: float,
        data_format: DataFormat | None = None,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(rate, seed=seed, **options)
        self.data_format = check_data_format(type(self).__name__, data_format)

    def noise_shape_for(self, x: Value) -> Sequence[int | None] | None:
        check_rank(x, self.dimensions, self.data_format)
        axes = per_axis(self.data_format, (1,) * self.dimensions, other=0)
        return tuple(length or None for length in axes)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        keys = ("rate", "seed", "name", "dtype")
        return {key: config[key] for key in keys} | {"data_format": self.data_format}


class SpatialDropout1D(SpatialDropout):
    """Leaves out channels of a sequence while training; channels are last."""

    dimensions: ClassVar[int] = 1

    def __init__(self, rate: float, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(rate, seed=seed, **options)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("data_format")
        return config


class SpatialDropout2D(SpatialDropout):
    """Leaves out channels of an image while training."""

    dimensions: ClassVar[int] = 2


class SpatialDropout3D(SpatialDropout):
    """Leaves out channels of a volume while training."""

    dimensions: ClassVar[int] = 3


class ActivityRegularization(Layer):
    """Its input, whose elements add to the loss.

    Args:
        l1: weight of the sum of magnitudes.
        l2: weight of the sum of squares.
        options: arguments of `Layer`.
    """

    noted_arguments = ("l1 {l1}", "l2 {l2}")
    supports_masking = True
    keeps_integers = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Unpack[CommonLayerOptions]) -> None:
        self.l1 = check_number("ActivityRegularization", "l1", l1, low=0)
        self.l2 = check_number("ActivityRegularization", "l2", l2, low=0)
        super().__init__(activity_regularizer=regularizers.L1L2(l1=self.l1, l2=self.l2), **options)

    def call(self, x: Value) -> Value:
        return x

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer", None)  # l1 and l2 say it
        return {**config, "l1": self.l1, "l2": self.l2}
