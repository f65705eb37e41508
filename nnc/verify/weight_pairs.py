"""Keras's weights beside nnc's, where the order of the layers inside an author's layer is not the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from nnc.errors import ModelError
from nnc.layers import Layer
from nnc.layers.traced import TracedLayer
from nnc.layers.variable import Variable
from nnc.models.model import Model


def paired_weights(own: Model, other: Any, root: str = "") -> dict[Variable, Any]:
    """Return Keras's weight for each of nnc's: layer by layer inside of what an author wrote, else in their order.

    Args:
        own: nnc's model.
        other: Keras's.
        root: name of the one layer that nnc's model consists of, where it is traced as a whole.

    Raises:
        ModelError: the models have weights of different shapes.
    """
    if not any(isinstance(layer, TracedLayer) or _cell(layer) is not None for layer in own.layers):
        _check_shapes(own.weights, other.weights)
        return dict(zip(own.weights, other.weights, strict=True))
    found = _by_layers(own, other, root)
    if len(found) < len(own.weights):
        _check_shapes(own.weights, other.weights)
        lost = next(weight for weight in own.weights if weight not in found)
        raise ModelError(f"the reference has no weight like '{lost.path}'")
    _check_shapes(own.weights, [found[weight] for weight in own.weights])
    return found


def _by_layers(own: Model, other: Any, root: str) -> dict[Variable, Any]:
    layers = own.layers
    found: dict[Variable, Any] = {}
    if root:
        (whole,) = (layer for layer in layers if layer.name == root and isinstance(layer, TracedLayer))
        found |= dict(zip(whole.own_weights, _own_weights(other), strict=True))
        layers = whole.inner
    for first, second in _pairs(layers, other):
        is_traced = isinstance(first, TracedLayer)
        weights = (first.own_weights, _own_weights(second)) if is_traced else (first.weights, second.weights)
        found |= dict(zip(*weights, strict=False))
    return found


def _pairs(layers: list[Layer], other: Any) -> Iterator[tuple[Layer, Any]]:
    """Yield the layers of equal names, and those inside of them where they are traced."""
    theirs: dict[str, list[Any]] = {}
    for layer in dict.fromkeys(other._flatten_layers(include_self=False, recursive=False)):
        theirs.setdefault(layer.name.replace("/", "_"), []).append(layer)
    for first in layers:
        if theirs.get(first.name):
            second, cell = theirs[first.name].pop(0), _cell(first)
            pair = (first, second) if cell is None else (cell, second.cell)
            yield pair
            if isinstance(pair[0], TracedLayer):
                yield from _pairs(pair[0].inner, pair[1])


def _cell(layer: Layer) -> TracedLayer | None:
    cell = getattr(layer, "cell", None)
    return cell if isinstance(cell, TracedLayer) else None


def _check_shapes(own: Sequence[Any], other: Sequence[Any]) -> None:
    mine, theirs = ([tuple(weight.shape) for weight in weights] for weights in (own, other))
    if mine != theirs:
        raise ModelError(f"the models have weights of different shapes: {_listed(mine)} and {_listed(theirs)}")


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes)) or "none"


def _own_weights(layer: Any) -> list[Any]:
    return [*layer._trainable_variables, *layer._non_trainable_variables]
