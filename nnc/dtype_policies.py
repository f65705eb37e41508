"""Keras's policies of element types; layers of nnc's compute in the type that weights have, float32 or float64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy

from nnc.absent_names import absence
from nnc.errors import ArgumentError, ModelError
from nnc.settings import default_dtype

_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
_NAMES = frozenset(
    (
        *("bfloat16", "bool", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "string"),
        *("uint8", "uint16", "uint32", "uint64"),
    )
)
_QUANTIZED = ("int8", "int4", "float8", "gptq", "awq")


class DTypePolicy:
    """The element types of a layer: of its weights, and that in which it computes.

    Policies of narrow numbers, such as ``mixed_float16``, can be made, compared and stored; layers refuse them.

    Args:
        name: the element type, or ``mixed_float16`` or ``mixed_bfloat16``; by default that of layers for which none is
            given.

    Raises:
        ModelError: it is none, or one of quantized layers.
    """

    def __init__(self, name: str | None = None) -> None:
        name = default_dtype() if name is None else name
        if not isinstance(name, str):
            raise ArgumentError(f"a dtype policy's 'name' must be a string, such as 'float32', got {name!r}")
        if name.startswith(_QUANTIZED) and name not in _NAMES:
            raise ModelError(f"dtype policy '{name}': nnc trains no quantized layers; use float32 or float64")
        if name not in _NAMES and name not in _MIXED:
            raise ModelError(
                f"Cannot convert {name!r:.80} to a dtype policy: it is no element type; give float32 or float64"
            )
        self._name = name

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The element type that layers compute in."""
        return _MIXED.get(self._name, self._name)

    @property
    def variable_dtype(self) -> str:
        """The element type of weights."""
        return "float32" if self._name in _MIXED else self._name

    @property
    def quantization_mode(self) -> None:
        """None: nothing is quantized."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the arguments from which `from_config` makes an equal policy."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a policy from what `get_config` returned."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'


class FloatDTypePolicy(DTypePolicy):
    """Keras's second name of `DTypePolicy`."""


_CLASSES = {"DTypePolicy": DTypePolicy, "FloatDTypePolicy": FloatDTypePolicy}


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """Return a policy's config in Keras's form.

    Args:
        dtype_policy: the policy.
    """
    return {
        "module": "keras",
        "class_name": type(dtype_policy).__name__,
        "config": dtype_policy.get_config(),
        "registered_name": None,
    }


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> DTypePolicy:
    """Return the policy of a config of `serialize`.

    Args:
        config: the config.
        custom_objects: classes by name, which nnc has no use for: layers know these policies only.

    Raises:
        ModelError: it is of a class that nnc does not have, or malformed.
    """
    name = config.get("class_name")
    if name not in _CLASSES:
        raise ModelError(f"dtype policy of class {name!r}: nnc has DTypePolicy, with float32 and float64")
    arguments = config.get("config")
    if not isinstance(arguments, Mapping):
        raise ModelError(f"a dtype policy's config needs 'class_name' and 'config', got {dict(config)}")
    return _CLASSES[name].from_config(arguments)


def get(identifier: Any) -> DTypePolicy:
    """Return a policy from one, a name, an element type, or a config; None is that of layers where none is given.

    Args:
        identifier: what the user gave.

    Raises:
        ModelError: it is nothing of the kind.
    """
    if identifier is None or isinstance(identifier, str):
        return DTypePolicy(identifier)
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    try:
        return DTypePolicy(numpy.dtype(identifier).name)
    except TypeError:
        raise ModelError(
            "Cannot interpret `dtype` argument. It must be a name such as 'float32', a DTypePolicy or a config, got "
            f"{identifier!r}"
        ) from None


def __getattr__(name: str) -> Any:
    raise absence("nnc.dtype_policies", name)
