"""TimeDistributed: the same layer at every time step."""

from __future__ import annotations

from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import max, reshape
from nnc.layers.lowering import current_lowering
from nnc.layers.wrapper import Wrapper
from nnc.structure import map_leaves


class TimeDistributed(Wrapper):
    """Applies a layer to each step of the second axis of its input, (batch, time, …).

    Steps are rows to the layer inside, as many as there are steps in the batch. The output has the mask of the input.
    With ``keras_2_masks`` it has the mask that the layer inside gives its rows, and where that ends a mask of more than
    two dimensions, the steps count of which any part does.

    Args:
        layer: the layer inside.

    Raises:
        ModelError: it is not a layer.
    """

    supports_masking = True
    keeps_integers = True

    def build(self, input_shape: Any) -> None:
        if len(input_shape) < 3:
            raise ModelError(f"expected an input with at least 3 dimensions, (batch, time, …), got {input_shape}")
        self.build_sublayer(self.layer, (input_shape[0], *input_shape[2:]))

    def call(self, x: Value, mask: Any = None) -> Any:
        batch, time = x.shape[:2]
        rows = reshape(x, (batch * time, *x.shape[2:]))
        row_mask: Value | None = None
        if isinstance(mask, Value):
            if mask.rank < 2 or mask.shape[:2] != (batch, time):
                raise ModelError(f"a mask must have the first two dimensions of the input, {x.type}, got {mask.type}")
            row_mask = reshape(mask, (batch * time, *mask.shape[2:]))
        is_given = row_mask is not None and row_mask.rank > 1 and _takes_mask(self.layer)
        found = self.layer(rows, **({"mask": row_mask} if is_given else {}))

        def unfolded(value: Value) -> Value:
            if not value.rank or value.shape[0] != batch * time:
                raise ModelError(f"the layer inside must return a row for each row it is given, got {value.type}")
            result = reshape(value, (batch, time, *value.shape[1:]))
            if self.keras_2_masks:
                masks = current_lowering().masks
                inner = masks.get(value)
                if inner is None and row_mask is not None:
                    computed = self.layer.compute_mask(rows, row_mask)
                    inner = computed[0] if isinstance(computed, list | tuple) else computed
                if inner is not None:
                    masks[result] = reshape(inner, (batch, time, *inner.shape[1:]))
                elif isinstance(mask, Value) and mask.rank > 2:
                    masks[result] = max(mask, range(2, mask.rank))
            return result

        return map_leaves(unfolded, found, Value)


def _takes_mask(layer: Any) -> bool:
    import inspect

    return "mask" in inspect.signature(layer.call).parameters
