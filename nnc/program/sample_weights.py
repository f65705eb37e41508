"""Weights of samples: one per row, or one per step of a row, for each output that is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy

from nnc.arrays import first_row, is_array_like, is_read_by_rows, shape_of, to_array
from nnc.errors import DataError
from nnc.execution.spec import TargetSpec
from nnc.labels import STEPS, WEIGHTED

Array = Any
SAMPLE_WEIGHT = "sample_weight"
"""Label of the input with the weights of the only output."""


def weight_labels(targets: Sequence[str]) -> list[str]:
    """Return the labels of the inputs with weights, one per output, from those of the targets."""
    return [SAMPLE_WEIGHT] if len(targets) == 1 else [f"{SAMPLE_WEIGHT}_{target}" for target in targets]


def weights_suffixes(targets: Sequence[TargetSpec]) -> tuple[str, ...]:
    """Return the suffixes of the graphs for training (and evaluation) that a program has."""
    if not targets:  # nothing that weights could weigh
        return ("",)
    has_steps = any(target.steps for target in targets)
    return ("", WEIGHTED, WEIGHTED + STEPS) if has_steps else ("", WEIGHTED)


def weights_suffix(arrays: Mapping[str, Array]) -> str:
    """Return the suffix of the graph that takes the weights among these arrays."""
    ranks = {array.ndim for label, array in arrays.items() if label.startswith(SAMPLE_WEIGHT)}
    return (WEIGHTED + STEPS if max(ranks) > 1 else WEIGHTED) if ranks else ""


def as_weights(
    specs: Sequence[TargetSpec],
    names: Sequence[str],
    given: Any,
    class_weight: Mapping[int, float] | None,
    targets: Sequence[Array],
    step_shapes: Callable[[], Mapping[str, Sequence[int]]],
) -> dict[str, Array]:
    """Return weights by input label, float64, from sample and class weights; nothing where neither is given.

    Args:
        specs: what is known of the targets.
        names: names of the outputs they belong to.
        given: weights of shape (rows), (rows, steps), …, for all outputs; or a list, or a dictionary by output name.
        class_weight: weight of each class index.
        targets: the targets.
        step_shapes: returns, by label, the shape of a row of weights in the graph that takes weights per step.

    Raises:
        DataError: they do not fit the targets.
    """
    if (given is None and class_weight is None) or not specs:
        return {}
    rows, labels = len(targets[0]), weight_labels([spec.label for spec in specs])
    weights = {
        label: numpy.ones(rows) if item is None else _checked(item, rows, spec, label)
        for label, spec, item in zip(labels, specs, _per_output(given, specs, names), strict=True)
    }
    first = next(iter(weights.values()))
    if any(spec.weighed_alike for spec in specs) and not all(
        numpy.array_equal(first, item) for item in weights.values()
    ):
        raise DataError(
            "sample_weight: a loss measures several outputs at once, whose rows can't have different weights"
        )
    if class_weight is not None:
        if len(targets) != 1:
            raise DataError("class_weight needs a model with one output")
        factors = class_weights(class_weight, targets[0])
        weights = {label: array * _extended(factors, array.ndim) for label, array in weights.items()}
    if any(array.ndim > 1 for array in weights.values()):
        shapes = step_shapes()
        weights = {label: _per_step(array, shapes[label], label) for label, array in weights.items()}
    return weights


def _per_output(given: Any, specs: Sequence[TargetSpec], names: Sequence[str]) -> list[Any]:
    if isinstance(given, Mapping):
        labels = [spec.label for spec in specs]
        unknown = [key for key in given if key not in names and key not in labels]
        if unknown:
            raise DataError(f"sample_weight: the model has no output '{unknown[0]}', only {', '.join(names)}")
        return [given.get(name, given.get(label)) for name, label in zip(names, labels, strict=True)]
    is_list = isinstance(given, list | tuple) and len(given) == len(specs)
    if is_list and (any(map(_is_array, given)) or (len(specs) > 1 and all(item is None for item in given))):
        return list(given)
    return [given] * len(specs)


def _is_array(item: Any) -> bool:
    return is_array_like(item) and shape_of(item) != ()


def _checked(given: Any, rows: int, spec: TargetSpec, label: str) -> Array:
    weights = to_array(given, label).astype(float, copy=False)
    if weights.shape == (rows, 1):
        weights = weights[:, 0]
    if weights.ndim == 0 or len(weights) != rows or weights.ndim > 1 + spec.steps:
        longer = f", or up to {spec.steps} more dimensions" if spec.steps else ""
        raise DataError(f"{label} must have shape ({rows},){longer}, got {weights.shape}")
    if not numpy.isfinite(weights).all():
        row = first_row(~numpy.isfinite(weights))
        raise DataError(f"{label} has NaN or infinity, first in row {row}: {weights[row]}")
    return weights


def _extended(weights: Array, rank: int) -> Array:
    return weights.reshape(*weights.shape, *(1,) * (rank - weights.ndim))


def _per_step(weights: Array, shape: Sequence[int], label: str) -> Array:
    try:
        return numpy.broadcast_to(_extended(weights, 1 + len(shape)), (len(weights), *shape))
    except ValueError:
        expected = ", ".join(map(str, ("rows", *shape)))
        raise DataError(f"{label} must have shape ({expected}), or its first dimensions, got {weights.shape}") from None


def class_weights(class_weight: Mapping[int, float], target: Array) -> Array:
    """Return a weight per row from the weights of classes; those that have none weigh 1.

    Args:
        class_weight: weight of each class index.
        target: class indices, one-hot rows, or yes and no.

    Raises:
        DataError: the weights are not numbers by class index.
    """
    if not isinstance(class_weight, Mapping) or not all(
        _is_number(item) for pair in class_weight.items() for item in pair
    ):
        raise DataError(f"class_weight must be a dictionary of numbers by class index, got {class_weight!r:.200}")
    classes = numpy.asarray(target.computed(_classes)) if is_read_by_rows(target) else _classes(target)
    unknown = sorted(set(numpy.unique(classes).astype(int).tolist()) - {int(key) for key in class_weight})
    table = {int(key): float(value) for key, value in class_weight.items()} | dict.fromkeys(unknown, 1.0)
    return numpy.array([table[index] for index in classes.astype(int).tolist()])


def _classes(target: Array) -> Array:
    """Return the class of each row."""
    return target.argmax(-1) if target.ndim > 1 and target.shape[-1] > 1 else target.reshape(len(target), -1)[:, 0]


def _is_number(item: Any) -> bool:
    return isinstance(item, Real) and not isinstance(item, bool)
