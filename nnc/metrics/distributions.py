"""The losses of distributions as metrics."""

from __future__ import annotations

from nnc.arguments import passed_on
from nnc.losses import kl_divergence, poisson
from nnc.metrics.metric import FunctionMetric


class KLDivergence(FunctionMetric, names=("KLDivergence", "kl_divergence")):
    """The Kullback-Leibler divergence of the output from the target; see `nnc.losses.kl_divergence`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = kl_divergence

    _name_given: str | None = passed_on(default="kl_divergence", alias="name")


class Poisson(FunctionMetric, names=("Poisson", "poisson")):
    """The Poisson loss of counts; see `nnc.losses.poisson`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = poisson

    _name_given: str | None = passed_on(default="poisson", alias="name")
