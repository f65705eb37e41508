"""The hinge losses as metrics."""

from __future__ import annotations

from nnc.losses import categorical_hinge, hinge, squared_hinge
from nnc.losses.measure import FunctionMeasure
from nnc.metrics.metric import Metric


class Hinge(FunctionMeasure, Metric):
    """The shortfall to a margin of 1; see `nnc.losses.hinge`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = hinge

    def __init__(self, name: str | None = "hinge", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


class SquaredHinge(FunctionMeasure, Metric):
    """The square of what is missing to a margin of 1; see `nnc.losses.squared_hinge`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = squared_hinge

    def __init__(self, name: str | None = "squared_hinge", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


class CategoricalHinge(FunctionMeasure, Metric):
    """The shortfall to a margin between the right class and the best other one; see `nnc.losses.categorical_hinge`.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
    """

    function = categorical_hinge

    def __init__(self, name: str | None = "categorical_hinge", dtype: str | None = None) -> None:
        super().__init__(name, dtype)
