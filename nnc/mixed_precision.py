"""Keras's older names for policies of element types, ``keras.mixed_precision``; nnc computes in float32 and float64."""

from typing import TYPE_CHECKING

from nnc.absent_names import absence
from nnc.config import dtype_policy, set_dtype_policy
from nnc.dtype_policies import DTypePolicy

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy

__all__ = ["DTypePolicy", "Policy", "dtype_policy", "global_policy", "set_dtype_policy", "set_global_policy"]


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> object:
        raise absence("nnc.mixed_precision", name)
