"""A layer of a definition while rules rewrite it, and the kinds of rules."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from frontends.nodes import Mapping, Scalar, ValueNode, describe, from_plain
from frontends.origin import Origin, is_null

_REGISTERED_BY_KERAS = frozenset(
    {
        *("Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lion", "Nadam", "RMSprop", "SGD"),
        "CustomScaleLayer",
    }
)
"""Classes that Keras 2 registered as ``Custom>NAME``, as users do with theirs."""


def unregistered(node: Mapping, origin: Origin) -> Mapping:
    """Return the config of an object, by its own name where it is Keras 2's and was written by its registered one."""
    name = (node.text("class_name") or "").removeprefix("Custom>")
    if not origin.is_old or name not in _REGISTERED_BY_KERAS:
        return node
    return replace(node, entries={**node.entries, "class_name": Scalar(line=node.line, value=name)})


@dataclass
class Entry:
    """A class name and its arguments.

    Args:
        class_name: the layer's class.
        arguments: its arguments.
        origin: which Keras wrote them.
        line: where it stands.
        problems: what cannot be said in the words of Keras 3, each with the argument it is about.
        notes: what is computed otherwise than its file says.
        shared_notes: likewise, said once for all layers of a model.
    """

    class_name: str
    arguments: dict[str, ValueNode]
    origin: Origin
    line: int | None = None
    problems: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shared_notes: list[str] = field(default_factory=list)

    def has(self, key: str) -> bool:
        """Return whether an argument is given and not null."""
        return not is_null(self.arguments.get(key))

    def plain(self, key: str) -> Any:
        """Return an argument without positions, None where it is missing."""
        node = self.arguments.get(key)
        return None if node is None else node.plain()

    def put(self, key: str, value: Any, after: str | None = None) -> None:
        """Set an argument, on the line of another one that it comes from."""
        source = self.arguments.get(after or key)
        line = self.line if source is None else source.line
        node = from_plain(value)
        self.arguments[key] = Scalar(line=line, value=value) if isinstance(node, Scalar) else node


@dataclass(frozen=True)
class Rule:
    """One difference between an older Keras and Keras 3.

    Args:
        name: what it is called in tests and documents.
        apply: rewrites the entry.
        classes: names of the layer classes it is for; None for all.
        before: the first version of Keras that it is no longer for; None for all versions.
    """

    name: str
    apply: Callable[[Entry], None]
    classes: Collection[str] | None = None
    before: tuple[int, ...] | None = (3,)

    def fits(self, entry: Entry) -> bool:
        """Return whether the rule is for a layer."""
        if self.before is not None and not entry.origin < self.before:
            return False
        return self.classes is None or entry.class_name in self.classes


def renamed(old: str, new: str) -> Callable[[Entry], None]:
    """Return what gives an argument another name, unless the new one is there."""

    def apply(entry: Entry) -> None:
        node = entry.arguments.pop(old, None)
        if node is not None and new not in entry.arguments:
            entry.arguments[new] = node

    return apply


def dropped(*keys: str, unless: Collection[Any] = (), is_note: bool = False) -> Callable[[Entry], None]:
    """Return what removes arguments that say nothing.

    Args:
        keys: names of the arguments.
        unless: values that would change what is computed.
        is_note: whether such a value is only noted; otherwise it is a problem.
    """

    def apply(entry: Entry) -> None:
        for key in keys:
            node = entry.arguments.pop(key, None)
            if node is None or isinstance(node, Mapping) or node.plain() not in unless:
                continue
            if is_note:
                entry.notes.append(f"{key}={describe(node)} is left out")
            else:
                entry.arguments[key] = node
                entry.problems.append((f"{key}={describe(node)} is not supported", key))

    return apply
