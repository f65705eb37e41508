"""Values that JSON has no words for, as Keras writes them: tuples, arrays and shapes."""

from __future__ import annotations

from dataclasses import replace

from frontends.nodes import Mapping, Scalar, Sequence, ValueNode

_LISTS = ("__tuple__", "TensorShape", "__set__")
_CALLS = "inbound_nodes"
"""The key under which arrays keep their element type: they are operands."""


def decoded(node: ValueNode, *, are_operands: bool = False) -> ValueNode:
    """Return a definition with plain lists and numbers instead of Keras's tuples, shapes and arrays.

    Args:
        node: the definition.
        are_operands: whether arrays stay as they are, with their element type.

    >>> from frontends.nodes import from_plain
    >>> decoded(from_plain({"class_name": "__tuple__", "items": [1, {"type": "ndarray", "value": 0.5}]})).plain()
    [1, 0.5]
    """
    if isinstance(node, Sequence):
        items = tuple(decoded(item, are_operands=are_operands) for item in node.items)
        return (
            node if all(old is new for old, new in zip(node.items, items, strict=True)) else replace(node, items=items)
        )
    if not isinstance(node, Mapping):
        return node
    name = node.text("class_name")
    items_node = node.entries.get("items")
    if name in _LISTS and isinstance(items_node, Sequence):
        return decoded(items_node, are_operands=are_operands)
    if node.text("type") == "ndarray" and len(node.entries) <= 3 and "value" in node.entries:
        return decoded(node.entries["value"])
    config = node.entries.get("config")
    if name == "__numpy__" and not are_operands and isinstance(config, Mapping) and "value" in config.entries:
        return decoded(config.entries["value"])
    entries = {key: decoded(entry, are_operands=are_operands or key == _CALLS) for key, entry in node.entries.items()}
    if all(entries[key] is entry for key, entry in node.entries.items()):
        return node
    return replace(node, entries=entries)


def decoded_mapping(node: Mapping) -> Mapping:
    """Return the same of a mapping, which stays one."""
    return replace(node, entries={key: decoded(entry) for key, entry in node.entries.items()})


def single(node: ValueNode) -> ValueNode:
    """Return the only item of a list of one."""
    return node.items[0] if isinstance(node, Sequence) and len(node.items) == 1 else node


def number(node: ValueNode | None) -> float | None:
    """Return a number, None where there is none."""
    value = node.value if isinstance(node, Scalar) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
