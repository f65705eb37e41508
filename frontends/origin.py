"""Which Keras wrote a definition: its version decides what the words in it mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from frontends.nodes import Mapping, Scalar, Sequence, ValueNode
from nnc.optimizers import Summing

_OLD_KEYS = frozenset({"batch_input_shape", "time_major", "implementation", "input_length"})
"""Arguments that only layers of Keras 1 and 2 write."""


@dataclass(frozen=True)
class Origin:
    """The library that wrote a file.

    Args:
        version: its version as numbers, such as ``(2, 2, 4)``.
        backend: what it ran on, such as ``tensorflow``.
        has_masks: whether a layer in it makes masks.

    >>> Origin((2, 2, 4)) < (2, 3), Origin((3, 0, 0)).is_old
    (True, False)
    """

    version: tuple[int, ...] = (3,)
    backend: str = "tensorflow"
    has_masks: bool = False

    @property
    def is_old(self) -> bool:
        """Whether it is Keras 2 or earlier."""
        return self.version < (3,)

    @property
    def summing(self) -> Summing:
        """When its optimizers add up the look-ups of a row of an embedding."""
        if self.is_old:
            return Summing.CLIPPED
        return Summing.LAST if self.backend == "tensorflow" else Summing.FIRST

    def __lt__(self, version: tuple[int, ...]) -> bool:
        return self.version < version

    def __str__(self) -> str:
        return "Keras " + ".".join(map(str, self.version))


KERAS_3 = Origin()
KERAS_2 = Origin((2,))
KERAS_1 = Origin((1,))


def parse_version(text: str, backend: str = "tensorflow") -> Origin:
    """Return the origin that a text such as ``2.2.4-tf`` names; a text without numbers is the newest Keras.

    >>> str(parse_version("2.2.4-tf"))
    'Keras 2.2.4'
    """
    found = re.match(r"\d{1,6}(\.\d{1,6}){0,3}", text)
    return Origin(tuple(map(int, found[0].split("."))), backend) if found else Origin(backend=backend)


def origin_of(root: ValueNode) -> Origin:
    """Return where a definition comes from: what it says itself, otherwise what its layers look like."""
    if not isinstance(root, Mapping):
        return KERAS_3
    version = root.text("keras_version")
    if version is not None:
        return parse_version(version, root.text("backend") or "tensorflow")
    return KERAS_2 if _looks_old(root) else KERAS_3


def _looks_old(root: Mapping) -> bool:
    """Return whether a layer has an argument that Keras 3 does not write."""
    return any(not _OLD_KEYS.isdisjoint(node.entries) and "module" not in node.entries for node in _mappings(root))


def makes_masks(root: ValueNode) -> bool:
    """Return whether a layer of a definition makes masks."""
    return any(
        node.text("class_name") == "Masking"
        or (isinstance(node.entries.get("mask_zero"), Scalar) and node.entries["mask_zero"].plain() is True)
        for node in _mappings(root)
    )


def _mappings(root: ValueNode) -> Iterator[Mapping]:
    """Give the mappings in a definition, but for how its layers are connected."""
    stack: list[ValueNode] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Sequence):
            stack += node.items
        elif isinstance(node, Mapping):
            yield node
            stack += [entry for key, entry in node.entries.items() if key != "inbound_nodes"]


def is_null(node: ValueNode | None) -> bool:
    """Return whether a value is missing or null."""
    return node is None or (isinstance(node, Scalar) and node.value is None)
