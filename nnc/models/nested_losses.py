"""Losses nested as outputs are, several of an output and those of several outputs: placed as in Keras's CompileLoss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnc.errors import ModelError
from nnc.execution.spec import Structure
from nnc.models.nesting import is_config


@dataclass(frozen=True)
class Nesting:
    """How the outputs of a model are nested.

    Args:
        structure: their numbers, see `nnc.execution.spec.Structure`; None for a list of them, or the only one.
        producers: names of the layers they come from.
    """

    structure: Structure = None
    producers: Sequence[str] = ()

    def plain(self, count: int) -> Structure:
        """Return the structure of so many outputs, with the list that None stands for."""
        if self.structure is not None:
            return self.structure
        return 0 if count == 1 else {"list": list(range(count))}

    @property
    def is_deep(self) -> bool:
        """Whether there are lists, tuples or dictionaries of outputs inside others."""
        return self.structure is not None and any(not isinstance(part, int) for part in _parts(self.structure))


FLAT = Nesting()
"""The outputs as they are, in a list where there are several."""


@dataclass(frozen=True)
class PlacedLoss:
    """A loss, and what it measures.

    Args:
        given: the loss as `compile` was given it.
        weight: its factor as given, None for 1.
        place: the number of an output, or those of several, nested.
        name: what is shown in logs, without ``_loss``.
    """

    given: Any
    weight: Any
    place: Structure
    name: str


def is_nested(given: Any) -> bool:
    """Return whether something is a list, tuple or dictionary of objects, and not the config of one."""
    return isinstance(given, list | tuple) or (isinstance(given, Mapping) and not is_config(given))


def is_nested_deeper(given: Any) -> bool:
    """Return whether there are nested losses in nested losses, other than lists of a single one."""
    if not is_nested(given):
        return False
    parts = given.values() if isinstance(given, Mapping) else given
    return any(
        is_nested(part) and (isinstance(part, Mapping) or len(part) != 1 or is_nested(part[0])) for part in parts
    )


def placed_losses(loss: Any, weights: Any, labels: Sequence[str], nesting: Nesting) -> list[PlacedLoss]:
    """Return what each of the nested losses measures, in Keras's order.

    A list, or a tuple, where the outputs are nested otherwise means several losses of the same outputs.

    Args:
        loss: the losses.
        weights: their factors, nested likewise or one after the other; None for 1.
        labels: names of the outputs.
        nesting: how these are nested.

    Raises:
        ModelError: they do not fit the outputs, or there are fewer or more factors.
    """
    count = len(_flat(loss))
    factors = [None] * count if weights is None else _flat(weights)
    if len(factors) != count:
        raise ModelError(f"loss_weights: there are {count} losses, and {len(factors)} weights; give one for each")
    taken = iter(factors)
    found: list[PlacedLoss] = []
    plain = nesting.plain(len(labels))
    if isinstance(loss, Mapping) and not isinstance(plain, int) and "dict" not in plain and set(loss) == set(labels):
        plain = {"dict": {label: number for number, label in enumerate(labels)}}
    _place(_map(lambda item: (item, next(taken)), loss), plain, (), labels, found)
    return found


def _place(loss: Any, plain: Structure, path: tuple[Any, ...], labels: Sequence[str], found: list[PlacedLoss]) -> None:
    if isinstance(loss, _Leaf):
        if loss.given is not None:
            name = labels[plain] if isinstance(plain, int) else "/".join(map(str, path)) or _joined(plain, labels)
            found.append(PlacedLoss(loss.given, loss.weight, plain, name))
        return
    numbers = numbers_in(plain)
    if isinstance(loss, list | tuple):
        kind = "list" if isinstance(loss, list) else "tuple"
        if len(loss) == len(numbers) and all(isinstance(item, _Leaf) for item in loss):
            for item, number in zip(loss, numbers, strict=True):
                _place(item, number, path, labels, found)
            return
        if isinstance(plain, int) or kind not in plain:
            for item in loss:
                _place(item, plain, path, labels, found)
            return
    kind = "dict" if isinstance(loss, dict) else kind
    if isinstance(plain, int) or kind not in plain:
        raise ModelError(f"loss: there is {_said(loss)} at {_at(path)}, where the model has {_outputs(plain, labels)}")
    parts = plain[kind]
    if kind != "dict" and len(loss) != len(parts):
        raise ModelError(f"loss: expected {len(parts)} items at {_at(path)}, one per output, got {len(loss)}")
    for key, item in loss.items() if isinstance(loss, dict) else enumerate(loss):
        if isinstance(item, _Leaf) and item.given is None:
            continue
        if kind == "dict" and key not in parts:
            raise ModelError(f"loss: the path {(*path, key)} can't be found in the model's outputs: {labels}")
        _place(item, parts[key], (*path, key), labels, found)


@dataclass(frozen=True)
class _Leaf:
    given: Any
    weight: Any


def _map(function: Callable[[Any], tuple[Any, Any]], given: Any) -> Any:
    """Return nested losses with leaves in their places, in the order of `_flat`."""
    if isinstance(given, list | tuple):
        parts = [_map(function, part) for part in given]
        return parts if isinstance(given, list) else tuple(parts)
    if is_nested(given):
        made = {key: _map(function, given[key]) for key in sorted(given)}
        return {key: made[key] for key in given}
    return _Leaf(*function(given))


def _flat(given: Any) -> list[Any]:
    if isinstance(given, list | tuple):
        return [leaf for part in given for leaf in _flat(part)]
    if is_nested(given):
        return [leaf for key in sorted(given) for leaf in _flat(given[key])]
    return [given]


def _parts(plain: Structure) -> list[Structure]:
    if isinstance(plain, int):
        return []
    (parts,) = plain.values()
    return list(parts.values() if isinstance(parts, dict) else parts)


def numbers_in(plain: Structure) -> list[int]:
    """Return the numbers in a structure of outputs, in their order."""
    if isinstance(plain, int):
        return [plain]
    return sorted(number for part in _parts(plain) for number in numbers_in(part))


def _joined(plain: Structure, labels: Sequence[str]) -> str:
    names = plain["dict"] if "dict" in plain else [labels[number] for number in numbers_in(plain)]
    return "_".join(names)


def _said(loss: Any) -> str:
    return f"a {type(loss).__name__} of {len(loss)} losses"


def _at(path: tuple[Any, ...]) -> str:
    return f"the path {path}" if path else "the top"


def _outputs(plain: Structure, labels: Sequence[str]) -> str:
    if isinstance(plain, int):
        return f"the output '{labels[plain]}'"
    (kind,) = plain
    return f"a {kind} of outputs: {', '.join(labels[number] for number in numbers_in(plain))}"
