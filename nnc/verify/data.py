"""Arrays to verify a model with: drawn so that its layers and losses can do something with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from nnc.ir import TensorType, bind_shape, nominal_sizes
from nnc.layers import Layer
from nnc.layers.symbolic import SymbolicTensor
from nnc.models.model import Model
from nnc.program import PREDICT, TargetSpec

Array = Any
_COUNTS = ("input_dim", "num_tokens", "vocabulary_size")
"""Arguments that say how many whole numbers a layer knows."""


def draw_inputs(model: Model, rows: int, seed: int) -> list[Array]:
    """Return an array per input: standard normal numbers, or whole numbers that the first layer knows."""
    generator = numpy.random.default_rng(seed)
    sizes = nominal_sizes(model.program.graph(PREDICT), rows)
    arrays = []
    for spec, tensor in zip(model.program.spec.inputs, model.inputs, strict=True):
        shape = (rows, *bind_shape(spec.shape, sizes))
        count = _known_numbers(model, tensor)
        if count is not None or not TensorType(spec.dtype).is_floating:
            arrays.append(generator.integers(0, count or 2, shape).astype(spec.dtype))
        else:
            arrays.append(generator.normal(size=shape).astype(spec.dtype))
    return arrays


def _known_numbers(model: Model, tensor: SymbolicTensor) -> int | None:
    """Return how many whole numbers the layers know that read an input, None where they take any number."""
    counts = [_count(call.layer) for call in model.calls if tensor in call.inputs]
    known = [count for count in counts if count is not None]
    return min(known) if known else None


def _count(layer: Layer) -> int | None:
    if isinstance(layer, Model):
        return next((found for inner in layer.layers if (found := _count(inner)) is not None), None)
    found = next((getattr(layer, name) for name in _COUNTS if isinstance(getattr(layer, name, None), int)), None)
    return None if found is None else int(found)


def draw_targets(model: Model, arrays: Sequence[Array], seed: int) -> list[Array]:
    """Return an array of targets per output that its loss accepts."""
    generator = numpy.random.default_rng(seed + 1)
    spec = model.program.spec
    labels = [item.label for item in spec.inputs]
    sizes = model.program.sizes(PREDICT, dict(zip(labels, arrays, strict=True)))
    return [_target(item, (sizes["batch"], *bind_shape(item.shape, sizes)), generator) for item in spec.targets]


def _target(spec: TargetSpec, shape: tuple[int, ...], generator: numpy.random.Generator) -> Array:
    if spec.classes:
        return generator.integers(0, spec.classes, shape).astype(spec.dtype)
    if not TensorType(spec.dtype).is_floating:
        return generator.integers(0, 2, shape).astype(spec.dtype)
    low = -1.0 if spec.low is None else spec.low
    high = max(low, 0.0) + 1.0 if spec.high is None else spec.high
    drawn = generator.uniform(low, high, shape)
    if "crossentropy" in spec.loss and shape[-1] > 1:  # a row of probabilities
        drawn /= drawn.sum(-1, keepdims=True)
    return drawn.astype(spec.dtype)
