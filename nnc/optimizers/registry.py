"""Keras's optimizers by name, and the way between optimizers and their configs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from nnc.errors import nearest
from nnc.objects import Registry
from nnc.optimizers.adam import Adam, AdamW
from nnc.optimizers.optimizer import Optimizer
from nnc.optimizers.rmsprop import RMSprop
from nnc.optimizers.sgd import SGD

OPTIMIZERS: Mapping[str, type[Optimizer]] = MappingProxyType(
    {"adam": Adam, "adamw": AdamW, "rmsprop": RMSprop, "sgd": SGD}
)
"""Optimizers by name in lower case; upper case makes no difference."""


class _Optimizers(Registry[Optimizer]):
    def find(self, name: str) -> type[Optimizer] | None:
        return OPTIMIZERS.get(name.lower())

    def unknown(self, name: str, known: Iterable[str]) -> str:
        return f"unknown optimizer '{name}'; known are {', '.join(sorted(known))}.{nearest(name, known)}"


_REGISTRY = _Optimizers("optimizer", Optimizer, OPTIMIZERS, "keras.optimizers", "an Optimizer")
get = _REGISTRY.get
serialize = _REGISTRY.serialize
deserialize = _REGISTRY.deserialize
