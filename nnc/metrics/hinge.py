"""The hinge losses as metrics."""

from __future__ import annotations

from nnc.arguments import passed_on
from nnc.losses import categorical_hinge, hinge, squared_hinge
from nnc.metrics.metric import FunctionMetric

__all__ = ["CategoricalHinge", "Hinge", "SquaredHinge", "hinge"]


class Hinge(FunctionMetric, names=("Hinge", "hinge")):
    """The shortfall to a margin of 1; see `nnc.losses.hinge`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = hinge

    _name_given: str | None = passed_on(default="hinge", alias="name")


class SquaredHinge(FunctionMetric, names=("SquaredHinge", "squared_hinge")):
    """The square of what is missing to a margin of 1; see `nnc.losses.squared_hinge`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = squared_hinge

    _name_given: str | None = passed_on(default="squared_hinge", alias="name")


class CategoricalHinge(FunctionMetric, names=("CategoricalHinge", "categorical_hinge")):
    """The shortfall to a margin between the right class and the best other one; see `nnc.losses.categorical_hinge`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = categorical_hinge

    _name_given: str | None = passed_on(default="categorical_hinge", alias="name")
