"""The named settings of `VarianceScaling`: Glorot, He and LeCun."""

from __future__ import annotations

from typing import Literal

from nnc.arguments import fixed
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

    scale: float = fixed(init=False)
    mode: Literal["fan_in", "fan_out", "fan_avg"] = fixed(init=False)
    distribution: str = fixed(init=False)


class GlorotUniform(NamedScaling, names=("GlorotUniform", "glorot_uniform")):
    """Uniform with limit √(6 / (inputs + outputs)).

    X. Glorot, Y. Bengio: Understanding the difficulty of training deep feedforward neural networks, 2010,
    https://proceedings.mlr.press/v9/glorot10a.html
    """

    scale, mode, distribution = 1.0, "fan_avg", "uniform"


class GlorotNormal(NamedScaling, names=("GlorotNormal", "glorot_normal")):
    """Truncated normal with standard deviation √(2 / (inputs + outputs)); the source is that of `GlorotUniform`."""

    scale, mode, distribution = 1.0, "fan_avg", "truncated_normal"


class HeUniform(NamedScaling, names=("HeUniform", "he_uniform")):
    """Uniform with limit √(6 / inputs).

    K. He, X. Zhang, S. Ren, J. Sun: Delving deep into rectifiers, 2015, https://arxiv.org/abs/1502.01852
    """

    scale, mode, distribution = 2.0, "fan_in", "uniform"


class HeNormal(NamedScaling, names=("HeNormal", "he_normal")):
    """Truncated normal with standard deviation √(2 / inputs); the source is that of `HeUniform`."""

    scale, mode, distribution = 2.0, "fan_in", "truncated_normal"


class LecunUniform(NamedScaling, names=("LecunUniform", "lecun_uniform")):
    """Uniform with limit √(3 / inputs).

    Y. LeCun, L. Bottou, G. B. Orr, K.-R. Müller: Efficient backprop, 1998,
    http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf
    """

    scale, mode, distribution = 1.0, "fan_in", "uniform"


class LecunNormal(NamedScaling, names=("LecunNormal", "lecun_normal")):
    """Truncated normal with standard deviation √(1 / inputs); the source is that of `LecunUniform`."""

    scale, mode, distribution = 1.0, "fan_in", "truncated_normal"
