"""Calls a model on arrays: by its program, or by its layers if more than a prediction is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy

from nnc.layers.array_masks import mask_of, with_mask
from nnc.layers.call_arguments import default_training
from nnc.layers.symbolic import Call
from nnc.layers.weights import layers_inside
from nnc.structure import leaves, map_leaves

Array = Any


def is_more_than_a_prediction(inputs: Any, options: Mapping[str, Any]) -> bool:
    """Return whether a call asks for training, or gives masks or what only layers know."""
    asked = {key for key, value in options.items() if value is not None and (key, value) != ("training", False)}
    return bool(asked) or any(mask_of(array) is not None for array in leaves(inputs, numpy.ndarray))


def trains_by_default(calls: Sequence[Call]) -> bool:
    """Return whether a layer acts as in training if a call does not say."""
    return any(
        call.kwargs.get("training") or any(default_training(layer.call) for layer in layers_inside(call.layer))
        for call in calls
    )


def with_masks(forward: Callable[..., Any], found: Any, inputs: Any) -> Any:
    """Return a program's outputs with the masks that the layers give them, which are computed once somebody looks.

    Args:
        forward: runs the layers.
        found: the outputs.
        inputs: what they were computed of.
    """
    kept = map_leaves(numpy.copy, inputs, numpy.ndarray)
    outputs = leaves(found, numpy.ndarray)

    @cache
    def masks() -> list[Array | None]:
        return list(map(mask_of, leaves(forward(*kept, training=False), numpy.ndarray)))

    count = iter(range(len(outputs)))

    def masked(array: Array) -> Array:
        number = next(count)
        return with_mask(array, lambda: masks()[number])

    return map_leaves(masked, found, numpy.ndarray)
