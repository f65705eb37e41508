"""The named settings of `VarianceScaling`: Glorot, He and LeCun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from nnc.initializers.random import VarianceScaling


class NamedScaling(VarianceScaling):
    """A `VarianceScaling` whose scale, mode and distribution are given by the class.

    Args:
        seed: see `RandomInitializer`.
        input_axes: see `compute_fans`.
        output_axes: see `compute_fans`.

    Raises:
        ModelError: an argument is wrong.
    """

    setting: ClassVar[tuple[float, Literal["fan_in", "fan_out", "fan_avg"], str]] = (1.0, "fan_in", "truncated_normal")
    """Scale, mode and distribution."""

    def __init__(
        self,
        seed: int | Mapping[str, Any] | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.setting, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """Return seed and axes."""
        return {"seed": self.seed, "input_axes": self.input_axes, "output_axes": self.output_axes}


class GlorotUniform(NamedScaling):
    """Uniform with limit √(6 / (inputs + outputs)).

    X. Glorot, Y. Bengio: Understanding the difficulty of training deep feedforward neural networks, 2010,
    https://proceedings.mlr.press/v9/glorot10a.html
    """

    setting: ClassVar[tuple[float, Literal["fan_in", "fan_out", "fan_avg"], str]] = (1.0, "fan_avg", "uniform")


class GlorotNormal(NamedScaling):
    """Truncated normal with standard deviation √(2 / (inputs + outputs)); the source is that of `GlorotUniform`."""

    setting: ClassVar[tuple[float, Literal["fan_in", "fan_out", "fan_avg"], str]] = (1.0, "fan_avg", "truncated_normal")


class HeUniform(NamedScaling):
    """Uniform with limit √(6 / inputs).

    K. He, X. Zhang, S. Ren, J. Sun: Delving deep into rectifiers, 2015, https://arxiv.org/abs/1502.01852
    """

    setting: ClassVar[tuple[float, Literal["fan_in", "fan_out", "fan_avg"], str]] = (2.0, "fan_in", "uniform")


class HeNormal(NamedScaling):
    """Truncated normal with standard deviation √(2 / inputs); the source is that of `HeUniform`."""

    setting: ClassVar[tuple[float, Literal["fan_in", "fan_out", "fan_avg"], str]] = (2.0, "fan_in", "truncated_normal")


class LecunUniform(NamedScaling):
    """Uniform with limit √(3 / inputs).

    Y. LeCun, L. Bottou, G. B. Orr, K.-R. Müller: Efficient backprop, 1998,
    http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf
    """

    setting: ClassVar[tuple[float, Literal["fan_in", "fan_out", "fan_avg"], str]] = (1.0, "fan_in", "uniform")


class LecunNormal(NamedScaling):
    """Truncated normal with standard deviation √(1 / inputs); the source is that of `LecunUniform`."""

    setting: ClassVar[tuple[float, Literal["fan_in", "fan_out", "fan_avg"], str]] = (1.0, "fan_in", "truncated_normal")
