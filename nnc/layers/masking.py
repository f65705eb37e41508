"""Layers that pass their input on: as it is, or with a mask of the steps that count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from nnc.arguments import argument
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import cast, max, reshape, where
from nnc.ir.ops.comparison import NotEqual
from nnc.ir.ops.elementwise import apply
from nnc.layers.declared import KerasLayer


class Identity(KerasLayer):
    """Its input."""

    supports_masking = True
    keeps_integers = True

    def call(self, inputs: Any) -> Any:
        return inputs


def _check_mask_value(where: str, key: str, value: Any) -> Any:
    """Return a number, which Keras's files may have as an array."""
    if isinstance(value, Mapping) and isinstance(value.get("config"), Mapping):
        value = value["config"].get("value")
    number: Any = numpy.asarray(value)
    if number.shape != () or number.dtype.kind not in "fiub":
        raise ModelError(f"{where}: {key} must be a number, got {value!r}")
    return number.item() if isinstance(value, numpy.generic | numpy.ndarray) else value


class Masking(KerasLayer):
    """Masks the steps all of whose elements are `mask_value`, and sets them to 0; truth values become 0 and 1.

    Args:
        mask_value: what the elements of a step that does not count are.

    Raises:
        ModelError: the mask value is not a number.
    """

    noted_arguments = ("mask_value {mask_value}",)
    supports_masking = True
    keeps_integers = True

    mask_value: Any = argument(_check_mask_value, default=0.0)

    def call(self, inputs: Value) -> Value:
        counts = self._counts(inputs, keepdims=True)
        return where(counts, cast(inputs, "int32") if inputs.dtype == "bool" else inputs, 0)

    def compute_mask(self, inputs: Value, mask: Any = None) -> Value:
        return self._counts(inputs, keepdims=False)

    def _counts(self, inputs: Value, keepdims: bool) -> Value:
        """Return whether a step has an element other than the mask value: the largest of truth values."""
        if inputs.rank < 2:
            raise ModelError(f"expected an input with at least 2 dimensions, got {inputs.type}")
        counts = max(apply(NotEqual(), self.as_floating(inputs), self.mask_value), -1, keepdims=True)
        return counts if keepdims else reshape(counts, inputs.shape[:-1])
