"""``tensorflow.data``: `Pipeline`, whose methods are those of a data set."""

from __future__ import annotations

from nnc.utils.pipeline import Pipeline as Dataset

__all__ = ["AUTOTUNE", "Dataset"]

AUTOTUNE = -1
