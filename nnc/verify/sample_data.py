"""Arrays to verify a model with: drawn so that its layers and losses can do something with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.layers import Layer
from nnc.layers.symbolic import SymbolicTensor
from nnc.models.model import Model
from nnc.program import random_data

Array = Any
_COUNTS = ("input_dim", "num_tokens", "vocabulary_size")
"""Arguments that say how many whole numbers a layer knows."""


def draw_inputs(model: Model, rows: int, seed: int) -> list[Array]:
    """Return an array per input: standard normal numbers, or whole numbers that the first layer knows."""
    pairs = zip(model.program.spec.taken, model.inputs, strict=True)
    known = {spec.label: _known_numbers(model, tensor) for spec, tensor in pairs}
    counts = {label: count for label, count in known.items() if count is not None}
    return random_data.draw_inputs(model.program, rows, seed, counts)


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
    return random_data.draw_targets(model.program, arrays, seed)
