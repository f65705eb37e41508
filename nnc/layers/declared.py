"""Bases of Keras's own layers, whose classes declare their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, dataclass_transform

from nnc.arguments import (
    Argument,
    Declared,
    argument,
    choice,
    flag,
    number,
    passed_on,
    positive,
    random_seed,
    unsupported,
    upper_limit,
    whole,
)
from nnc.layers.arguments import (
    activation_function,
    constraint,
    factor_range,
    image_format,
    initializer,
    padding_name,
    pairs,
    regularizer,
    sizes,
    value_range,
)
from nnc.layers.base import Layer


@dataclass_transform(
    eq_default=False,
    field_specifiers=(
        Argument,
        activation_function,
        argument,
        choice,
        constraint,
        factor_range,
        flag,
        image_format,
        initializer,
        number,
        padding_name,
        pairs,
        passed_on,
        positive,
        random_seed,
        regularizer,
        sizes,
        unsupported,
        upper_limit,
        value_range,
        whole,
    ),
)
class DeclaredLayer(Declared, Layer):
    """A layer whose class declares its arguments; see `nnc.arguments`."""


class SharedLayer(DeclaredLayer):
    """A layer with the arguments that all of Keras's have by name only; it declares ``name`` and ``dtype`` itself."""

    _trainable_given: bool = passed_on(default=True, kw_only=True, alias="trainable")
    _keras_2_masks_given: bool = passed_on(default=False, kw_only=True, alias="keras_2_masks")
    _input_dim_given: int | None = passed_on(default=None, kw_only=True, alias="input_dim")
    _input_shape_given: Sequence[int | None] | None = passed_on(default=None, kw_only=True, alias="input_shape")
    _batch_input_shape_given: Sequence[int | None] | None = passed_on(
        default=None, kw_only=True, alias="batch_input_shape"
    )
    _batch_shape_given: Sequence[int | None] | None = passed_on(default=None, kw_only=True, alias="batch_shape")
    _input_length_given: int | None = passed_on(default=None, kw_only=True, alias="input_length")


class CommonLayer(SharedLayer):
    """A layer with the arguments that all of Keras's have, by name; see `Layer`. It declares a name of its own."""

    _dtype_given: Any = passed_on(default=None, kw_only=True, alias="dtype")


class NamedLayer(CommonLayer):
    """A layer that declares its ``activity_regularizer``, where Keras has it by position."""

    _name_given: str | None = passed_on(default=None, kw_only=True, alias="name")


class KerasLayer(NamedLayer):
    """A layer with the arguments of `Layer` besides those that it declares."""

    activity_regularizer: Any = passed_on(default=None, kw_only=True)
