"""The losses of distributions as metrics."""

from __future__ import annotations

from nnc.losses import kl_divergence, poisson
from nnc.losses.measure import FunctionMeasure
from nnc.metrics.metric import Metric


class KLDivergence(FunctionMeasure, Metric):
    """The Kullback-Leibler divergence of the output from the target; see `nnc.losses.kl_divergence`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = kl_divergence

    def __init__(self, name: str | None = "kl_divergence", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


class Poisson(FunctionMeasure, Metric):
    """The Poisson loss of counts; see `nnc.losses.poisson`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = poisson

    def __init__(self, name: str | None = "poisson", dtype: str | None = None) -> None:
        super().__init__(name, dtype)
