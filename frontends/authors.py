"""Finds what in a definition is not Keras's own but its author's, and says what to do about it."""

from __future__ import annotations

import re

from frontends.live_objects import TRAINING
from frontends.nodes import Mapping, Scalar, Sequence, ValueNode
from frontends.problems import Problems, shortened
from frontends.reader_options import Options
from nnc.identity import ObjectIdentity
from nnc.layers import layer_classes
from nnc.registration import known_objects

_REGISTERED = re.compile(r"[\w.]+>[\w.]+")
"""A name under which an author has registered something, in a package."""
_KEYS = ("module", "class_name", "config", "registered_name", "overrides")


def identity_of(node: Mapping) -> ObjectIdentity | None:
    """Return whose the object of a config is; None where it names nothing."""
    is_function = node.text("class_name") == "function"
    keys = [key for key in _KEYS if key in node.entries and (is_function or key != "config")]
    return ObjectIdentity.of({key: node.entries[key].plain() for key in keys})


def foreign_objects(node: ValueNode) -> list[ObjectIdentity]:
    """Return the objects in a config that are neither Keras's own nor registered by the user, each once."""
    known = known_objects()
    found: dict[ObjectIdentity, None] = {}
    stack = [node]
    while stack:
        item = stack.pop()
        identity = identity_of(item) if isinstance(item, Mapping) else None
        if isinstance(item, Scalar) and isinstance(item.value, str) and _REGISTERED.fullmatch(item.value):
            identity = ObjectIdentity(item.value)
        if identity is not None and not identity.is_keras and identity.name_among(known) is None:
            found[identity] = None
        elif isinstance(item, Mapping):
            stack += [*item.entries.values()][::-1]
        elif isinstance(item, Sequence):
            stack += item.items[::-1]
    return list(found)


def is_known(identity: ObjectIdentity, options: Options) -> bool:
    """Return whether the user has registered something for a class, or put something in its place."""
    is_replaced = options.replacement(*identity.names) is not None
    return is_replaced or layer_classes().registered_name(identity) is not None


def refuse_layer(identity: ObjectIdentity, subject: str, line: int | None, problems: Problems) -> None:
    """Note that a layer is of a class of its author's.

    Args:
        identity: the class.
        subject: the layer.
        line: where it stands.
        problems: where it is noted.
    """
    is_known = identity.name in layer_classes()
    name = shortened(identity.names[0] if is_known else identity.name)
    register = f"@nnc.layers.register(name='{name}')" if is_known or not name.isidentifier() else "@nnc.layers.register"
    problems.add(
        f"{identity.refusal('layer')}: register a class for it with {register},"
        f" or replace it with a layer: --replace '{name}=Layer(args)'",
        line,
        subject,
        once=f"{identity}",
    )


def refuse_model(identity: ObjectIdentity, kind: str, subject: str, line: int | None, problems: Problems) -> None:
    """Note that a model is of a class of its author's.

    Args:
        identity: the class.
        kind: Keras's class for such a config.
        subject: the model.
        line: where it stands.
        problems: where it is noted.
    """
    trains = set(identity.overrides) <= TRAINING and identity.overrides
    what = "train otherwise" if trains else "compute something other than its layers do"
    predict = "to predict, read it with compile=False; " if trains else ""
    problems.add(
        f"{identity.refusal('model')}, and may {what}: {predict}where it does not, read it as Keras's:"
        f" --replace '{shortened(identity.names[0])}={kind}'",
        line,
        subject,
        once=f"{identity}",
    )
