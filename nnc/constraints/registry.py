"""Keras's constraints by name, and the way between constraints and their configs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, overload

from nnc.constraints.constraint import Constraint
from nnc.ir import Value
from nnc.objects import CallableRegistry

ConstraintFunction = Callable[[Value], Value]
"""A `Constraint` or a function that returns the weight which takes the place of one."""

CONSTRAINTS: Mapping[str, type[Constraint]] = MappingProxyType(Constraint.registered)
"""Every name that ``keras.constraints.get`` knows."""

_REGISTRY = CallableRegistry[ConstraintFunction](
    "constraint", Constraint, CONSTRAINTS, "keras.constraints", "a Constraint or a function"
)
serialize = _REGISTRY.serialize_optional
deserialize = _REGISTRY.deserialize


@overload
def get(identifier: None, custom_objects: Mapping[str, Any] | None = None) -> None: ...
@overload
def get(identifier: object, custom_objects: Mapping[str, Any] | None = None) -> ConstraintFunction | None: ...
def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> ConstraintFunction | None:
    """Return a constraint; None stays None.

    Args:
        identifier: a name, a config of `serialize`, a `Constraint` or a subclass of it, or a function of a weight.
        custom_objects: the user's own constraints by name.

    Raises:
        ModelError: the name is unknown, or the identifier is none of these.
    """
    return None if identifier is None else _REGISTRY.get(identifier, custom_objects)
