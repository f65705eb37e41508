"""What stands for Keras's private ``Trainer``, mixed with layers in its tests: ``class Net(Trainer, layers.Dense)``."""

from __future__ import annotations

from typing import Any

import nnc
from nnc.layers import Layer


class _Mixing(type(nnc.Model)):  # type: ignore[misc]
    """Lets the layer that a model is mixed with be given its arguments once, by its author, and not again by models."""

    def __new__(cls, name: str, bases: tuple[Any, ...], inside: dict[str, Any], **options: Any) -> Any:
        mixed = [base for base in bases if issubclass(base, Layer) and base is not Layer]
        parts = {base: _begun_as_layer(base) for base in mixed if not issubclass(base, nnc.Model)}
        return super().__new__(cls, name, tuple(parts.get(base, base) for base in bases), inside, **options)


def _begun_as_layer(layer: Any) -> Any:
    def begin(self: Any, *given: Any, **named: Any) -> None:
        Layer.__init__(self, *given, **named)

    return type(layer.__name__, (layer,), {"__init__": begin, "mixed": layer})


class Trainer(nnc.Model, metaclass=_Mixing):
    """A model; mixed with a layer of nnc's, one whose ``call`` is that layer, made with the same arguments."""

    mixed: Any = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.mixed_class() is not None and cls.call is nnc.Model.call:
            cls.call = lambda self, inputs: self.mixed_in(inputs)  # type: ignore[method-assign]

    @classmethod
    def mixed_class(cls) -> Any:
        """Return the class of the layer, None where there is none."""
        return next((base.__dict__["mixed"] for base in cls.__mro__ if base.__dict__.get("mixed")), None)

    def __init__(self, *given: Any, **named: Any) -> None:
        mixed = self.mixed_class()
        layer = None if mixed is None else mixed.from_config(mixed.get_config(self))
        super().__init__(*given, **named)
        if layer is not None:
            self.mixed_in = layer
