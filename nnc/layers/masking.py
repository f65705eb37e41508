"""Layers that pass their input on: as it is, or with a mask of the steps that count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import numpy

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.layers.options import LayerOptions
from nnc.ops import cast, max, reshape, where
from nnc.ops.comparison import NotEqual
from nnc.ops.elementwise import apply


class Identity(Layer):
    """Its input."""

    supports_masking = True
    keeps_integers = True

    def call(self, inputs: Any) -> Any:
        return inputs


class Masking(Layer):
    """Masks the steps all of whose elements are `mask_value`, and sets them to 0; truth values become 0 and 1.

    Args:
        mask_value: what the elements of a step that does not count are.
        options: arguments of `Layer`.

    Raises:
        ModelError: the mask value is not a number.
    """

    noted_arguments = ("mask_value {mask_value}",)
    supports_masking = True
    keeps_integers = True

    def __init__(self, mask_value: Any = 0.0, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        if isinstance(mask_value, Mapping) and isinstance(mask_value.get("config"), Mapping):  # Keras's array
            mask_value = mask_value["config"].get("value")
        number: Any = numpy.asarray(mask_value)
        if number.shape != () or number.dtype.kind not in "fiub":
            raise ModelError(f"Masking: mask_value must be a number, got {mask_value!r}")
        self.mask_value = number.item() if isinstance(mask_value, numpy.generic | numpy.ndarray) else mask_value

    def call(self, inputs: Value) -> Value:
        counts = self._counts(inputs, keepdims=True)
        return where(counts, cast(inputs, "int32") if inputs.dtype == "bool" else inputs, 0)

    def compute_mask(self, inputs: Value, previous_mask: Any = None) -> Value:
        return self._counts(inputs, keepdims=False)

    def _counts(self, inputs: Value, keepdims: bool) -> Value:
        """Return whether a step has an element other than the mask value: the largest of truth values."""
        if inputs.rank < 2:
            raise ModelError(f"expected an input with at least 2 dimensions, got {inputs.type}")
        counts = max(apply(NotEqual(), self.as_floating(inputs), self.mask_value), -1, keepdims=True)
        return counts if keepdims else reshape(counts, inputs.shape[:-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}
