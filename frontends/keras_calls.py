"""Reads what the layers of a Keras definition are applied to: ``inbound_nodes`` of Keras 1, 2 and 3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from frontends.element_types import widened
from frontends.legacy.layers import RECURRENT
from frontends.nodes import Mapping, Scalar, Sequence, ValueNode, describe
from frontends.operations import IGNORED, KEYWORDS, OPERATION
from frontends.origin import Origin, is_null
from frontends.problems import Problems
from frontends.wiring import CallDefinition, LayerDefinition, Reference
from nnc.structure import leaves, map_leaves

_TENSOR = "__keras_tensor__"
_INPUT_KEYWORDS = ("inputs", "x")
"""Names by which Keras's layers take what they are applied to."""
_CONSTANT = "_CONSTANT_VALUE"


class Unreadable(Exception):  # noqa: N818  (it is not an error to a user: the problem has been noted)
    """A call cannot be read; what is wrong has been noted."""


@dataclass
class CallReader:
    """Reads calls, and notes what is wrong in them.

    Args:
        origin: which Keras wrote them.
        problems: where problems are noted.
    """

    origin: Origin
    problems: Problems

    def calls(self, node: Mapping, layer: LayerDefinition) -> list[CallDefinition]:
        """Return the applications of a layer.

        Args:
            node: the layer's entry.
            layer: the layer.
        """
        inbound = node.entries.get("inbound_nodes")
        if not isinstance(inbound, Sequence) or not inbound.items:
            if not layer.is_input and (inbound is None or not inbound.is_refused):
                message = "inbound_nodes must be a list that says what the layer is applied to"
                self.problems.add(message, layer.line if inbound is None else inbound.line, layer.subject)
            return [CallDefinition(() if layer.is_input else None, layer.line)]
        return [self._call(item, layer) for item in inbound.items]

    def _call(self, node: ValueNode, layer: LayerDefinition) -> CallDefinition:
        try:
            if isinstance(node, Mapping):
                arguments = self._keras_3(node, layer)
            elif isinstance(node, Sequence):
                arguments = self._keras_2(node, layer)
            else:
                raise self._not_readable(node, layer)
        except Unreadable:
            return CallDefinition(None, node.line)
        sources = leaves(arguments, Reference)
        is_plain = not arguments[1] and len(arguments[0]) == 1
        return CallDefinition(sources, node.line, None if is_plain and _is_flat(arguments[0][0]) else arguments)

    # ------------------------------------------------------------------ Keras 3

    def _keras_3(self, node: Mapping, layer: LayerDefinition) -> tuple[tuple[Any, ...], dict[str, Any]]:
        args, keywords = node.entries.get("args"), node.entries.get("kwargs")
        found = [self._structure(item, layer) for item in args.items] if isinstance(args, Sequence) else []
        options: dict[str, Any] = {}
        for key, value in keywords.entries.items() if isinstance(keywords, Mapping) else ():
            if key in _INPUT_KEYWORDS and not found:
                found = [self._structure(value, layer)]
            elif key != "training" and not is_null(value):  # fit and predict of Keras 3 overrule training
                options[key] = self._structure(value, layer)
        while found and found[-1] is None:
            found.pop()
        if len(found) == 1 and isinstance(found[0], dict):  # a dictionary of inputs, in the order of the file
            found = [list(found[0].values())]
        return tuple(found), options

    def _structure(self, node: ValueNode, layer: LayerDefinition | None) -> Any:
        """Return nested lists and mappings with references instead of tensors."""
        if isinstance(node, Sequence):
            if _is_history(node):
                return self._history(node)
            return [self._structure(item, layer) for item in node.items]
        if isinstance(node, Mapping):
            if node.text("class_name") == _TENSOR:
                return self.reference(node, layer)
            return {key: self._structure(item, layer) for key, item in node.entries.items()}
        if node.is_refused:
            raise Unreadable
        return widened(node.plain())

    # ------------------------------------------------------------------ Keras 1 and 2

    def _keras_2(self, node: Sequence, layer: LayerDefinition) -> tuple[tuple[Any, ...], dict[str, Any]]:
        items = [node] if _is_history(node) else list(node.items)
        found: list[Any] = []
        options: dict[str, Any] = {}
        for item in items:
            if isinstance(item, Sequence) and not _is_history(item) and item.items and _is_constant(item):
                found.append(item.items[2].plain())
                continue
            if isinstance(item, Sequence) and not _is_history(item) and item.items:
                found.append([self.reference(part, layer) for part in item.items])
                continue
            found.append(self.reference(item, layer))
            last = item.items[3] if isinstance(item, Sequence) and len(item.items) > 3 else None
            for key, value in last.entries.items() if isinstance(last, Mapping) else ():
                if not is_null(value) and not (key in IGNORED and layer.class_name == OPERATION):
                    known = KEYWORDS.get(key, key) if layer.class_name == OPERATION else key
                    options.setdefault(known, self._structure(value, layer))
        if len(found) > 1 and layer.class_name in RECURRENT:  # the first state comes behind the sequence
            return (found[0],), {"initial_state": found[1:], **options}
        return (found if len(found) != 1 else found[0],), options

    # ------------------------------------------------------------------ references

    def reference(self, node: ValueNode, layer: LayerDefinition | None) -> Reference:
        """Return the reference that a tensor stands for.

        Raises:
            Unreadable: it is not a tensor, which is noted.
        """
        history: ValueNode | None = node
        if isinstance(node, Mapping):
            config = node.entries.get("config")
            history = config.entries.get("keras_history") if isinstance(config, Mapping) else None
        if isinstance(history, Sequence) and _is_history(history):
            return self._history(history)
        raise self._not_readable(node, layer)

    def _history(self, history: Sequence) -> Reference:
        name, call, output = (item.plain() for item in history.items[:3])
        return Reference(safe_name(name), history.line, call, output)

    def _not_readable(self, node: ValueNode, layer: LayerDefinition | None) -> Unreadable:
        if not node.is_refused:
            message = f"expected the output of a layer, as [name, call, output], got {describe(node)}"
            self.problems.add(message, node.line, "model" if layer is None else layer.subject)
        return Unreadable()


def safe_name(name: str) -> str:
    """Return a layer's name as it is here, where '/' stands between a layer and its weights.

    >>> safe_name("block1/conv")
    'block1_conv'
    """
    return name.replace("/", "_")


def count_calls_from_first(layers: list[LayerDefinition], ends: list[list[Reference]]) -> list[list[Reference]]:
    """Count the calls of inner models from 0, where a file counts the call that made the model as well.

    Args:
        layers: all layers, whose calls are changed.
        ends: references to the model's inputs and to its outputs.

    Returns:
        The ends, counted from 0.
    """
    found = [reference for layer in layers for call in layer.calls for reference in call.sources or ()]
    found += [reference for end in ends for reference in end]
    shifted = set()
    for layer in layers:
        numbers = {reference.call for reference in found if reference.name == layer.name}
        if layer.is_model and numbers and 0 not in numbers and max(numbers) == len(layer.calls):
            shifted.add(layer.name)
    if not shifted:
        return ends

    def moved(reference: Reference) -> Reference:
        return replace(reference, call=reference.call - 1) if reference.name in shifted else reference

    for layer in layers:
        for call in layer.calls:
            call.sources = None if call.sources is None else [moved(item) for item in call.sources]
            call.arguments = map_leaves(moved, call.arguments, Reference)
    return [[moved(reference) for reference in end] for end in ends]


def _is_flat(item: Any) -> bool:
    return isinstance(item, Reference) or (
        isinstance(item, list) and bool(item) and all(isinstance(part, Reference) for part in item)
    )


def _is_history(node: Sequence) -> bool:
    """Return whether a list is ``[name, call, output]``, in Keras 2 with the call's arguments as fourth item."""
    items = [item.value if isinstance(item, Scalar) else None for item in node.items[:3]]
    return (
        len(items) == 3
        and isinstance(items[0], str)
        and all(isinstance(item, int) and not isinstance(item, bool) and item >= 0 for item in items[1:])
    )


def flat(node: ValueNode) -> Iterator[ValueNode]:
    """Return the tensors in nested lists and mappings, in order."""
    if isinstance(node, Sequence) and not _is_history(node):
        for item in node.items:
            yield from flat(item)
    elif isinstance(node, Mapping) and node.text("class_name") != _TENSOR:
        for item in node.entries.values():
            yield from flat(item)
    else:
        yield node


def nested(node: ValueNode, numbers: Iterator[int]) -> Any:
    """Return lists, tuples and dictionaries as `flat` goes through them, with numbers instead of tensors."""
    if isinstance(node, Sequence) and not _is_history(node):
        items = [nested(item, numbers) for item in node.items]
        return tuple(items) if node.is_tuple else items
    if isinstance(node, Mapping) and node.text("class_name") != _TENSOR:
        return {key: nested(item, numbers) for key, item in node.entries.items()}
    return next(numbers)


def _is_constant(node: Sequence) -> bool:
    """Return whether a list is ``["_CONSTANT_VALUE", -1, value]``."""
    first = node.items[0]
    return isinstance(first, Scalar) and first.value == _CONSTANT and len(node.items) > 2
