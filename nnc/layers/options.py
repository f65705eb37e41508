"""The arguments that all layers have, as types for their signatures: what a signature names itself is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict


class InputOptions(TypedDict, total=False):
    """The shape of a model's input, for its first layer; see `Layer`."""

    input_shape: Sequence[int | None] | None
    batch_input_shape: Sequence[int | None] | None
    batch_shape: Sequence[int | None] | None
    input_length: int | None


class LegacyInputOptions(TypedDict, total=False):
    """The arguments of `InputLayer` that files have, and that say nothing of an input."""

    trainable: bool
    input_tensor: None


class LegacyOptions(InputOptions, total=False):
    """The arguments that `Layer` does not name."""

    input_dim: int | None


class SharedOptions(InputOptions, total=False):
    """The arguments that all layers have, that none names itself; see `Layer`."""

    trainable: bool
    dtype: Any
    keras_2_masks: bool


class CommonLayerOptions(SharedOptions, total=False):
    """The arguments of layers that name the penalty on their output."""

    name: str | None
    input_dim: int | None


class LayerOptions(CommonLayerOptions, total=False):
    """The arguments of most layers."""

    activity_regularizer: Any


class NamelessLayerOptions(SharedOptions, total=False):
    """The arguments of layers that take their name by position."""

    input_dim: int | None
    activity_regularizer: Any


class RecurrentOptions(CommonLayerOptions, total=False):
    """The arguments of recurrent layers; ``implementation`` is Keras 2's."""

    implementation: int


class CellOptions(LayerOptions, total=False):
    """The arguments of recurrent cells; ``implementation`` is Keras 2's."""

    implementation: int
