"""Keras's constraints as graph arithmetic: what weights have to satisfy after each step."""

from nnc.constraints.constraint import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from nnc.constraints.registry import CONSTRAINTS, ConstraintFunction, deserialize, get, serialize

max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

__all__ = [
    "CONSTRAINTS",
    "Constraint",
    "ConstraintFunction",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]
