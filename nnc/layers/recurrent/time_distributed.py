"""TimeDistributed: the same layer at every time step."""

from __future__ import annotations

from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.lowering import current_lowering
from nnc.layers.structure import leaves, map_leaves
from nnc.layers.wrapping import Wrapper
from nnc.ops import max, reshape


class TimeDistributed(Wrapper):
    """Applies a layer to each step of the second axis of its input, (batch, time, …).

    Steps are rows to the layer inside, as many as there are steps in the batch.

    Args:
        layer: the layer inside.
        passes_inner_masks: whether the output has the mask that the layer inside gives its rows, as in Keras 2;
            a mask of more than two dimensions that it ends holds for the steps of which any part counts. In Keras 3
            the output has the mask of the input, whatever is inside.
        options: arguments of `Layer`.

    Raises:
        ModelError: it is no layer.
    """

    supports_masking = True

    def __init__(self, layer: Any, passes_inner_masks: bool = False, **options: Any) -> None:
        super().__init__(layer, **options)
        self.passes_inner_masks = passes_inner_masks

    def build(self, input_shape: Any) -> None:
        if len(input_shape) < 3:
            raise ModelError(f"expected an input with at least 3 dimensions, (batch, time, …), got {input_shape}")
        self.build_sublayer(self.layer, (input_shape[0], *input_shape[2:]))

    def call(self, x: Value, mask: Any = None) -> Any:
        batch, time = x.shape[:2]
        options: dict[str, Any] = {}
        if isinstance(mask, Value):
            if mask.rank < 2 or mask.shape[:2] != (batch, time):
                raise ModelError(f"a mask must have the first two dimensions of the input, {x.type}, got {mask.type}")
            if mask.rank > 2 and _takes_mask(self.layer):
                options["mask"] = reshape(mask, (batch * time, *mask.shape[2:]))
        found = self.layer(reshape(x, (batch * time, *x.shape[2:])), **options)
        for value in leaves(found, Value):
            if not value.rank or value.shape[0] != batch * time:
                raise ModelError(f"the layer inside must return a row for each row it is given, got {value.type}")

        def unfolded(value: Value) -> Value:
            result = reshape(value, (batch, time, *value.shape[1:]))
            if self.passes_inner_masks:
                masks = current_lowering().masks
                inner = masks.get(value)
                if inner is not None:
                    masks[result] = reshape(inner, (batch, time, *inner.shape[1:]))
                elif isinstance(mask, Value) and mask.rank > 2:
                    masks[result] = max(mask, range(2, mask.rank))
            return result

        return map_leaves(unfolded, found, Value)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {**config, "passes_inner_masks": True} if self.passes_inner_masks else config


def _takes_mask(layer: Any) -> bool:
    import inspect

    return "mask" in inspect.signature(layer.call).parameters
