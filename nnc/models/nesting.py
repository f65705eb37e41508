"""Tensors and results of several outputs, nested, named and listed as Keras does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nnc.errors import ModelError
from nnc.layers.symbolic import Call, SymbolicTensor


def producer(tensor: SymbolicTensor) -> Call:
    """Return the call that a tensor comes from."""
    assert tensor.call is not None
    return tensor.call


def flat_tensors(given: Any, what: str) -> tuple[SymbolicTensor, ...]:
    """Return nested symbolic tensors one after the other, in the order of `sorted_map`.

    Args:
        given: the tensors.
        what: ``inputs`` or ``outputs``.

    Raises:
        ModelError: something else is among them.
    """
    found: list[SymbolicTensor] = []

    def note(item: Any) -> None:
        if not isinstance(item, SymbolicTensor):
            raise ModelError(
                f"All `{what}` values must be KerasTensors: Model takes symbolic tensors made with nnc.Input and"
                f" layers, got {item!r}"
            )
        found.append(item)

    sorted_map(note, given)
    return tuple(found)


def sorted_map(function: Callable[[Any], Any], nested: Any) -> Any:
    """Return a structure with a function applied to its leaves: as in Keras, in the order of dictionaries' keys.

    Raises:
        ModelError: a key is no string.
    """
    if isinstance(nested, list | tuple):
        parts = [sorted_map(function, part) for part in nested]
        return parts if isinstance(nested, list) else tuple(parts)
    if not isinstance(nested, Mapping):
        return function(nested)
    if any(not isinstance(key, str) for key in nested):
        raise ModelError(f"Model: keys of a dictionary of tensors must be strings, got {list(nested)!r:.80}")
    found = {key: sorted_map(function, nested[key]) for key in sorted(nested)}
    return {key: found[key] for key in nested}


def labels_of(nested: Any, path: str = "", key: str | None = None) -> list[str]:
    """Return a name for each output: keys of dictionaries, and the layer's where it is in none or in a list inside."""
    inside = path if key is None else f"{path}{key}/"
    if isinstance(nested, Mapping):
        return [label for name in sorted(nested) for label in labels_of(nested[name], inside, name)]
    if isinstance(nested, list | tuple):
        return [label for part in nested for label in labels_of(part, inside)]
    return [path + (producer(nested).layer.name if key is None else key)]


def unique_labels(labels: Iterable[str]) -> list[str]:
    """Return labels so that each is there once: one that has been there gets a number.

    >>> unique_labels(["a", "a_2", "a", "a"])
    ['a', 'a_2', 'a_3', 'a_4']
    """
    found: list[str] = []
    for label in labels:
        unique, number = label, len(found)
        while unique in found:
            unique = f"{label}_{number}"
            number += 1
        found.append(unique)
    return found


def in_order(logs: Mapping[str, Any], several: bool) -> list[Any]:
    """Return what was measured as Keras lists it: of several outputs the losses first, then metrics by their names.

    Args:
        logs: what was measured.
        several: whether the model has several outputs.
    """
    if not several:
        return list(logs.values())
    losses = [name for name in logs if name == "loss" or name.endswith("_loss")]
    return [logs[name] for name in (*losses, *sorted(set(logs) - set(losses)))]


def one_or_list(items: list[Any]) -> Any:
    """Return the only item, or the list where there are several."""
    return items[0] if len(items) == 1 else items


def is_config(given: Any) -> bool:
    """Return whether a dictionary is the config of an object."""
    return isinstance(given, Mapping) and "class_name" in given
