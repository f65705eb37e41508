"""A user's replacements for classes that a file names: ``OldName=Layer(args)``, read and never executed."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import Parameter, signature
from typing import Any

from frontends.nodes import ValueNode, from_plain
from nnc.errors import ModelError, nearest
from nnc.layers import Layer, layer_classes
from nnc.layers.nested import MODELS

_LONGEST = 10_000
_EXAMPLE = "for example Swish=Activation('swish')"


@dataclass(frozen=True)
class Replacement:
    """A class that replaces another.

    Args:
        class_name: name of the class, or of an activation.
        arguments: its arguments; None for those of the file.
        cls: the class, where it is not found by its name.
    """

    class_name: str
    arguments: Mapping[str, Any] | None = field(default_factory=dict)
    cls: type[Layer] | None = None

    @property
    def is_model(self) -> bool:
        """Whether Keras's own model of the same config replaces a model."""
        return self.class_name in MODELS and self.arguments is None


KEPT = ("name", "trainable", "dtype", "batch_input_shape", "batch_shape", "input_shape")
"""Arguments that a layer keeps when another class is put in its place."""


def replaced_arguments(arguments: Mapping[str, ValueNode], found: Replacement) -> dict[str, ValueNode]:
    """Return the arguments of a layer's replacement.

    Args:
        arguments: those of the file.
        found: what stands in its place.
    """
    if found.arguments is None:
        return dict(arguments)
    kept = {key: node for key, node in arguments.items() if key in KEPT}
    return kept | {key: from_plain(value) for key, value in found.arguments.items()}


def read_replacements(given: Mapping[str, Any] | None) -> dict[str, Replacement]:
    """Return replacements by what they replace.

    Args:
        given: for each name a text such as ``Activation('swish')``, a subclass of `Layer`, or a layer.

    Raises:
        ModelError: a text is not such a call, or names no layer.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ModelError(f"replace must be a mapping of names, {_EXAMPLE}, got {given!r:.80}")
    return {str(name): _replacement(str(name), value) for name, value in given.items()}


def _replacement(name: str, value: Any) -> Replacement:
    if isinstance(value, str):
        return parse(name, value)
    if isinstance(value, type) and issubclass(value, Layer):
        return Replacement(value.__name__, None, value)
    if isinstance(value, Layer):
        config = {key: item for key, item in value.get_config().items() if key not in ("name", "trainable", "dtype")}
        return Replacement(type(value).__name__, config, type(value))
    raise ModelError(f"replace: expected a text, a class or a layer for '{name}', {_EXAMPLE}, got {value!r:.80}")


def parse(name: str, text: str) -> Replacement:
    """Return what a text such as ``Activation('swish')`` says; nothing of it is executed.

    Args:
        name: what is replaced, for messages.
        text: a class with literal arguments, or a name alone, which is a class or an activation.

    Raises:
        ModelError: it is something else.

    >>> parse("Old", "Dense(3, activation='relu')").arguments
    {'units': 3, 'activation': 'relu'}
    """
    where = f"replacement of '{name}'"
    try:
        tree = ast.parse(text.strip(), mode="eval").body if len(text) <= _LONGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if isinstance(tree, ast.Name):
        cls = layer_classes().get(tree.id)
        return Replacement(tree.id, {} if cls is not None else None)
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise ModelError(f"{where} must be a layer with its arguments, {_EXAMPLE}, got {text!r:.80}")
    cls = layer_classes().get(tree.func.id)
    if cls is None:
        raise ModelError(f"{where}: unknown layer class '{tree.func.id}'.{nearest(tree.func.id, layer_classes())}")
    known = [
        item.name
        for item in signature(cls).parameters.values()
        if item.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.POSITIONAL_ONLY)
    ]
    if len(tree.args) > len(known):
        raise ModelError(f"{where}: {tree.func.id} takes {len(known)} arguments without names, got {len(tree.args)}")
    arguments: dict[str, Any] = {}
    for key, node in [*zip(known, tree.args, strict=False), *((item.arg, item.value) for item in tree.keywords)]:
        if key is None or key in arguments:
            raise ModelError(f"{where}: each argument must be given once, by its name or its place")
        try:
            arguments[key] = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            raise ModelError(f"{where}: {key} must be a plain value, got {ast.unparse(node)!r:.80}") from None
    return Replacement(tree.func.id, arguments)
