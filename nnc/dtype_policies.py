"""Keras's policies of element types; layers of nnc's compute in float32, whatever is narrower too, or in float64."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Self

import numpy

from nnc.absent_names import absence
from nnc.errors import ArgumentError, ModelError, user_level
from nnc.settings import default_dtype

NARROW = frozenset({"bfloat16", "float16", "half"})
"""Element types of fewer digits than float32."""
QUANTIZED_FROM = "_from_"
"""What stands between the mode and the policy before in the name of a quantized one, as in ``int8_from_float32``."""
_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}
"""Policies of weights in float32 that are computed with in fewer digits."""
_NAMES = frozenset(
    (
        *("bfloat16", "bool", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "string"),
        *("uint8", "uint16", "uint32", "uint64"),
    )
)
_QUANTIZED = ("int8", "int4", "float8", "gptq", "awq")


def computed_policy(name: str) -> str:
    """Return the policy of layers that are asked for one: narrow numbers are computed in float32.

    >>> computed_policy("mixed_float16"), computed_policy("int8_from_bfloat16"), computed_policy("float64")
    ('float32', 'int8_from_float32', 'float64')

    Args:
        name: a policy or an element type.
    """
    mode, separator, source = name.partition(QUANTIZED_FROM)
    if separator:
        return f"{mode}{separator}{computed_policy(source)}"
    return "float32" if name in NARROW or name in _MIXED else name


def narrow_note(policy: str, what: str = "layers") -> str | None:
    """Return what is said where a policy is computed in float32, None of others.

    Args:
        policy: the policy, or an element type.
        what: what has it.
    """
    return None if computed_policy(policy) == policy else f"{what} of dtype {policy} are computed in float32"


def computed_dtype(name: str, what: str = "layers") -> str:
    """Return the element type that is computed in where a policy or a type is asked for, with a warning if it differs.

    Args:
        name: what the user gave.
        what: what has it.
    """
    if (note := narrow_note(name, what)) is not None:
        warnings.warn(note, stacklevel=user_level())
    return computed_policy(name)


class DTypePolicy:
    """The element types of a layer: of its weights, and that in which it computes.

    Policies of narrow numbers, such as ``mixed_float16``, can be made, compared and stored; layers for which one is
    given compute in float32, and warn.

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
