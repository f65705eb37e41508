"""Makes layers and inputs from their arguments in a file, and checks names and shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frontends.construction import construct, required_arguments, takes_argument
from frontends.keys import INPUT_KEYS
from frontends.nodes import Scalar, Sequence, ValueNode, describe
from frontends.problems import Problems, layer_subject, shortened
from frontends.wiring import LayerDefinition
from nnc.errors import nearest
from nnc.layers import InputLayer, Layer, layer_classes

_MAX_NAME = 200
_MAX_DIMENSIONS = 32
_MAX_LENGTH = 2**31 - 1
_SHAPES = {"shape": False, "input_shape": False, "batch_shape": True, "batch_input_shape": True}
"""Arguments that are shapes, and whether the batch is part of them."""
_NEUTRAL = frozenset({"name", "trainable", "activation", "use_bias", "seed"})
"""Arguments on which no shape depends, beside initializers, regularizers and constraints."""


def make_layer(
    class_name: str,
    arguments: Mapping[str, ValueNode],
    name: str,
    line: int | None,
    problems: Problems,
    own: type[Layer] | None = None,
    *,
    is_lenient: bool = False,
    may_be_authors: bool = False,
) -> LayerDefinition:
    """Return a layer; its problems are noted, each with the line of the argument it is about.

    Args:
        class_name: its class.
        arguments: its arguments, the name possibly among them.
        name: how problems name it.
        line: where it stands.
        problems: where problems are noted.
        own: the class itself, where it is not looked up by its name.
        is_lenient: whether arguments that the class does not have may be there, as long as they say nothing.
        may_be_authors: whether an argument that the class does not have may be that of an author's class of its name.
    """
    subject = layer_subject(name, class_name)
    made = LayerDefinition(name, class_name, line, None)
    cls = own or layer_classes().get(class_name)
    if cls is None:
        hint = nearest(class_name, layer_classes())
        remedy = remedy_for(class_name) if is_lenient or not hint else ""
        problems.add(f"unknown layer class '{class_name}'.{hint}{remedy}", line, subject, once=f"class {class_name}")
        return made
    given = _with_checked_shapes(arguments, subject, problems)
    if class_name == "InputLayer" and any(key in given and given[key].is_refused for key in _SHAPES):
        return made
    if given.get("name") is not None and read_name(given["name"], problems, subject) is None:
        given = {**given, "name": ValueNode()}
    found = construct(
        lambda values: _made(cls, values),
        given,
        required_arguments(cls),
        (f"{class_name}: ", f"{cls.__name__}: ", f"{cls.__name__} ", "Input: "),
    )
    for message, key in found.problems:
        node = given.get(key) if key is not None else None
        is_unknown = "has no argument" in message
        if is_lenient and node is not None and _says_nothing(key, node) and is_unknown:
            found.refused.discard(key or "")
            continue
        remedy = f" If the class is its author's, replace it with a layer: {_replace_option(class_name)}"
        problems.add(
            message + remedy * (may_be_authors and is_unknown),
            line if node is None or node.line is None else node.line,
            subject,
            once=message if message.startswith("unknown ") else "",
        )
    made.layer = found.made
    if isinstance(made.layer, Layer):
        made.layer.source_line = line
    made.is_sound = all(_is_neutral(key) for key in found.refused)
    if isinstance(made.layer, Layer) and not made.layer.has_own_name and not isinstance(made.layer, InputLayer):
        made.layer.set_default_name(name)
    return made


def _made(cls: type[Layer], values: dict[str, Any]) -> Layer:
    """Make a layer; one whose constructor takes no name, as a user's may, gets it afterwards."""
    is_taken = takes_argument(cls, "name")
    return cls.from_config(values if is_taken else {key: item for key, item in values.items() if key != "name"})


def remedy_for(class_name: str) -> str:
    """Return what to do about a class that is not known."""
    return (
        f" A class of your own: register it with @nnc.layers.register, or replace it with a layer:"
        f" {_replace_option(class_name)}"
    )


def _replace_option(class_name: str) -> str:
    return f"--replace '{shortened(class_name)}=Layer(args)'"


def _says_nothing(key: str | None, node: ValueNode) -> bool:
    """Whether an argument has the value that changes nothing; for Keras's `autocast`, which nnc has not, it is true."""
    return not node.is_refused and node.plain() in (None, False, [], {}, *([True] if key == "autocast" else []))


def _is_neutral(key: str) -> bool:
    return key in _NEUTRAL or key.endswith(("_initializer", "_regularizer", "_constraint"))


def _with_checked_shapes(arguments: Mapping[str, ValueNode], subject: str, problems: Problems) -> dict[str, ValueNode]:
    found = dict(arguments)
    for key, has_batch in _SHAPES.items():
        node = found.get(key)
        is_given = node is not None and not (isinstance(node, Scalar) and node.value is None)
        if node is not None and is_given and read_shape(node, problems, subject, key, has_batch) is None:
            found[key] = ValueNode()
    return found


def read_shape(
    node: ValueNode, problems: Problems, subject: str = "", key: str = "shape", has_batch: bool = False
) -> list[int | None] | None:
    """Return the shape of a row, None where it is wrong, which is noted.

    Args:
        node: a list of positive whole numbers (null for a length that is not known), or one number.
        problems: where problems are noted.
        subject: what has the shape.
        key: name of the argument.
        has_batch: whether the first number is that of rows, which does not matter.
    """
    if node.is_refused:
        return None
    items: tuple[ValueNode, ...] | None = None
    if isinstance(node, Sequence) and (node.items or not has_batch):
        items = node.items[1:] if has_batch else node.items
    elif isinstance(node, Scalar) and not has_batch:
        items = (node,)
    if items is None:
        problems.add(f"{key} must be a list of positive integers, got {describe(node)}", node.line, subject)
        return None
    if len(items) > _MAX_DIMENSIONS:
        problems.add(f"{key} may have {_MAX_DIMENSIONS} dimensions, got {len(items)}", node.line, subject)
        return None
    shape: list[int | None] = []
    for item in items:
        value = item.value if isinstance(item, Scalar) else False
        if value is None:
            shape.append(None)
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            problems.add(f"{key} must be a list of positive integers, got {describe(item)}", item.line, subject)
            return None
        if value > _MAX_LENGTH:
            problems.add(f"{key} may have dimensions up to {_MAX_LENGTH:,}, got {value}", item.line, subject)
            return None
        shape.append(value)
    return shape


def read_name(node: ValueNode, problems: Problems, subject: str) -> str | None:
    """Return a name, None where it is wrong, which is noted.

    Args:
        node: text on one line without '/', so that ``layer/weight`` is clear.
        problems: where problems are noted.
        subject: what has the name.
    """
    if node.is_refused:
        return None
    value = node.value if isinstance(node, Scalar) else None
    if not isinstance(value, str):
        quotes = "; put it in quotes" if isinstance(node, Scalar) and value is not None else ""
        problems.add(f"name must be text, got {describe(node)}{quotes}", node.line, subject)
    elif not value or len(value) > _MAX_NAME or not value.isprintable() or "/" in value:
        shown = value if len(value) <= _MAX_NAME else f"{value[:40]}..."
        problems.add(
            f"name must be 1 to {_MAX_NAME} printable characters without '/', got {shown!r}", node.line, subject
        )
    else:
        return value
    return None


def input_arguments(arguments: Mapping[str, ValueNode], subject: str, problems: Problems) -> dict[str, ValueNode]:
    """Return the arguments that an input has, and note others."""
    found = dict(arguments)
    for key, node in arguments.items():
        if key not in INPUT_KEYS and key not in ("optional", "trainable", "input_tensor"):
            problems.add(f"has no argument '{key}'.{nearest(key, INPUT_KEYS)}", node.line, subject)
            del found[key]
    return found
