"""Kinds of arguments that layers declare: initializers, activations and penalties, windows, axes, other layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Unpack

from nnc import activations, constraints, initializers, regularizers
from nnc.arguments import Argument, ArgumentOptions, argument
from nnc.identity import ObjectIdentity
from nnc.layers.base import Layer
from nnc.layers.nested import inner_layer, layer_config
from nnc.layers.registry import layer_classes
from nnc.layers.spatial import check_numbers, check_padding, check_pairs, check_pixel_range, check_range, pairs_config
from nnc.operations.data_formats import check_data_format

PADDINGS = ("valid", "same")


def activation_function(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare an activation: a name, a config, a function or a layer; None is ``linear``."""
    options.setdefault("optional", False)
    return Argument(lambda owner, key, value: get_activation(value), activation_config, **options)


def initializer(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare an initializer: a name, a config, a function or an array; None is the default."""

    def check(owner: Any, key: str, value: Any) -> Any:
        return initializers.get(item.default if value is None else value)

    options.setdefault("optional", False)
    item = Argument(check, initializers.serialize, **options)
    return item


def regularizer(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare a penalty on a weight or an output: a name, a config or a function."""
    return _object(regularizers.get, regularizers.serialize, options)


def constraint(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare what a weight has to satisfy after each step: a name, a config or a function."""
    return _object(constraints.get, constraints.serialize, options)


def _object(get: Callable[[Any], Any], serialize: Callable[[Any], Any], options: ArgumentOptions) -> Any:
    return Argument(lambda owner, key, value: get(value), serialize, **options)


def sizes(least: int = 1, encode: Callable[[Any], Any] | None = None, **options: Unpack[ArgumentOptions]) -> Any:
    """Declare one whole number for each spatial axis of the layer, or one for all; see `check_numbers`."""
    return Argument(
        lambda owner, key, value: check_numbers(owner._where, key, value, owner.spatial, least),
        encode,
        **options,
    )


def pairs(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare whole numbers before and after each spatial axis of the layer; see `check_pairs`."""
    return Argument(
        lambda owner, key, value: check_pairs(owner._where, key, value, owner.spatial),
        pairs_config,
        **options,
    )


def padding_name(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare a kind of padding, of those in the class's ``paddings`` where it has some."""
    return Argument(
        lambda owner, key, value: check_padding(owner._where, value, getattr(owner, "paddings", PADDINGS)),
        **options,
    )


def image_format(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare where the channels are; None is ``channels_last``."""
    options.setdefault("optional", False)
    return argument(lambda where, key, value: check_data_format(where, value), **options)


def factor_range(low: float, high: float, **options: Unpack[ArgumentOptions]) -> Any:
    """Declare how much is changed: a number, which stands for a range, or a range; see `check_range`."""
    return argument(lambda where, key, value: check_range(where, key, value, low, high), **options)


def value_range(**options: Unpack[ArgumentOptions]) -> Any:
    """Declare the range of pixels."""
    return argument(check_pixel_range, **options)


def get_activation(identifier: Any) -> Any:
    """Return an activation: what `nnc.activations.get` returns, or a layer, given as one or as its config.

    A layer becomes one of the sublayers of the layer whose attribute it is, so that its weights are trained with it.

    Raises:
        ModelError: it is none of these.
    """
    if isinstance(identifier, Mapping):
        identity, classes = ObjectIdentity.of(identifier), layer_classes()
        if identity is not None and not identity.is_function:
            is_layer = identity.name in classes or classes.registered_name(identity) is not None
            if is_layer and (identifier.get("module") == "keras.layers" or not activations.is_known(identity.name)):
                return inner_layer(identifier, "an activation")
    return activations.get(identifier)


def activation_config(activation: Any) -> Any:
    """Return the name or the config of an activation.

    Raises:
        ModelError: it is a function without a name to find it by.
    """
    return layer_config(activation) if isinstance(activation, Layer) else activations.serialize(activation)
