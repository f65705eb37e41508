"""The arguments that all layers have, as types for the signatures of what hands them on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict


class InputOptions(TypedDict, total=False):
    """The shape of a model's input, for its first layer; see `Layer`."""

    input_dim: int | None
    input_shape: Sequence[int | None] | None
    batch_input_shape: Sequence[int | None] | None
    batch_shape: Sequence[int | None] | None
    input_length: int | None


class LayerOptions(InputOptions, total=False):
    """All arguments of `Layer`."""

    name: str | None
    trainable: bool
    dtype: Any
    keras_2_masks: bool
    activity_regularizer: Any
