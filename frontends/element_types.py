"""Keras's dtype policies and element types in nnc's: what is narrower than float32 is computed in float32."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy

from frontends.nodes import Mapping, Scalar, ValueNode
from frontends.origin import is_null
from nnc.dtype_policies import NARROW, QUANTIZED_FROM, computed_policy

FLOAT = "float32"
QUANTIZED_INSIDE = "layers inside it are quantized, which is read of layers by themselves only"
_BY_BITS = frozenset({"SaturateCast", "View"})
"""Operations whose result depends on the limits or the bits of an element type."""


def widened(dtype: Any) -> Any:
    """Return the name of an element type that nnc computes one of Keras's in; anything else is returned as it is.

    >>> widened("bfloat16"), widened("int32"), widened(None)
    ('float32', 'int32', None)
    """
    name = getattr(dtype, "name", dtype)
    return FLOAT if isinstance(name, str) and name in NARROW else dtype


def widened_array(array: numpy.ndarray) -> numpy.ndarray:
    """Return an array as it is, or in float32 where its element type is narrower."""
    return array.astype(FLOAT) if array.dtype.name in NARROW else array


def depends_on_bits(operation: str, dtype: Any) -> bool:
    """Whether an operation gives other numbers in float32 than in a narrower element type, beside their rounding."""
    return operation in _BY_BITS and widened(dtype) is not dtype


def bits_message(operation: str, dtype: Any) -> str:
    """Return the text of the error for such an operation."""
    return f"{operation} to {dtype} depends on its limits or bits, and narrow types are computed in float32 here"


class PolicyError(ValueError):
    """A dtype policy that cannot be computed as it says."""


def policy_name(node: ValueNode | None) -> str | None:
    """Return the name of a dtype policy, as Keras calls it, from its name or config; None where there is none.

    A map of policies for the layers inside a layer has the name that they share where float32 stands for all.

    Raises:
        PolicyError: nnc has no such policy.
    """
    if isinstance(node, Scalar):
        return node.value if isinstance(node.value, str) else None
    config = node.entries.get("config") if isinstance(node, Mapping) else None
    if not isinstance(node, Mapping) or not isinstance(config, Mapping):
        return None
    class_name = node.text("class_name") or ""
    if class_name == "DTypePolicyMap":
        return _name_of_map(config)
    mode = config.text("mode")
    if mode is not None:
        return f"{mode}{QUANTIZED_FROM}{config.text('source_name') or FLOAT}"
    return config.text("name")


def quantized_policy(name: str) -> tuple[str, str] | None:
    """Return the mode of a quantized policy and the policy before, None for another one.

    >>> quantized_policy("int4/128_from_float32"), quantized_policy("float32")
    (('int4/128', 'float32'), None)
    """
    mode, separator, source = name.partition(QUANTIZED_FROM)
    return (mode, source) if separator else None


def _name_of_map(config: Mapping) -> str:
    names = {name for node in _policies(config) if (name := policy_name(node)) is not None}
    if any(QUANTIZED_FROM in name for name in names):
        raise PolicyError(QUANTIZED_INSIDE)
    if len({computed_policy(name) for name in names}) > 1:
        raise PolicyError(f"the layers inside it have several element types ({', '.join(sorted(names))})")
    return min(names, default=FLOAT, key=lambda name: (name == computed_policy(name), name))


def _policies(config: Mapping) -> Iterator[ValueNode]:
    default, inner = config.entries.get("default_policy"), config.entries.get("policy_map")
    if default is not None and not is_null(default):
        yield default
    if isinstance(inner, Mapping):
        yield from inner.entries.values()
