"""Arrays that carry a mask from one layer that is called on arrays to the next, as Keras's tensors do."""

from __future__ import annotations

from typing import Any

from nnc.eager_tensor import EagerTensor

Array = Any


class MaskedArray(EagerTensor):
    """An array with the mask that a layer gave it; what is computed from it by other means than layers has none."""

    _mask: Any = None

    @property
    def _keras_mask(self) -> Array | None:
        """Which elements count, an array of bool of its first axes, or None."""
        if callable(self._mask):
            self._mask = self._mask()
        return self._mask


def mask_of(given: Any) -> Array | None:
    """Return the mask that an array carries, None where everything counts."""
    return given._keras_mask if isinstance(given, MaskedArray) else None


def with_mask(array: Array, mask: Any) -> Array:
    """Return an array that carries a mask, in the same memory; without a mask the array itself.

    Args:
        array: the array.
        mask: its mask, None, or a function that returns one of these when it is first asked for.
    """
    if mask is None:
        return array
    masked = array.view(MaskedArray)
    masked._mask = mask
    return masked
