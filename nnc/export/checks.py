"""What an exported program is to compute, recorded so that it can check itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

from nnc.ir import TensorType
from nnc.program import ArraySpec, Program, TargetSpec

Array = Any
STEPS = 3
"""Steps of training that are recorded."""


@dataclass(frozen=True)
class Recording:
    """Inputs, and what comes of them.

    Attributes:
        inputs: an array per input.
        outputs: predictions, an array per output.
        targets: an array per target.
        losses: the loss of each step of training on all rows; then of one on fewer.
        fewer: how many these are.
        states: all states after these steps, by label.
    """

    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    targets: tuple[Array, ...]
    losses: tuple[float, ...]
    fewer: int
    states: dict[str, Array]


def record(program: Program, batch: int, train: bool, fewer: int, seed: int = 0) -> Recording:
    """Return what a program computes; it is trained by this.

    Args:
        program: a program that nothing else uses.
        batch: rows.
        train: whether to record training too.
        fewer: rows of the last step of training.
        seed: of the inputs and targets.
    """
    generator = numpy.random.default_rng(seed)
    spec = program.spec
    inputs = tuple(_input(item, batch, generator) for item in spec.inputs)
    found = program(*inputs)
    outputs = tuple(found) if isinstance(found, list) else (found,)
    targets, losses = (), []
    if train:
        targets = tuple(_target(item, batch, generator) for item in spec.targets)
        for rows in (*(batch,) * STEPS, fewer):
            x, y = ([array[:rows] for array in arrays] for arrays in (inputs, targets))
            losses.append(program.train_step(_one(x), _one(y) if y else None))
    states = {label: array.copy() for label, array in program.states.items()}
    return Recording(inputs, outputs, targets, tuple(losses), fewer, states)


def _one(arrays: list[Array]) -> Any:
    return arrays[0] if len(arrays) == 1 else arrays


def _input(spec: ArraySpec, rows: int, generator: numpy.random.Generator) -> Array:
    """Return standard normal numbers, or zeros and ones, which every table of rows has."""
    shape = (rows, *map(int, spec.shape))
    if TensorType(spec.dtype).is_floating:
        return generator.normal(size=shape).astype(spec.dtype)
    return generator.integers(0, 2, shape).astype(spec.dtype)


def _target(spec: TargetSpec, rows: int, generator: numpy.random.Generator) -> Array:
    """Return numbers that the loss accepts."""
    shape = (rows, *map(int, spec.shape))
    if spec.classes:
        return generator.integers(0, spec.classes, shape).astype(spec.dtype)
    if not TensorType(spec.dtype).is_floating:
        return generator.integers(0, 2, shape).astype(spec.dtype)
    low = -1.0 if spec.low is None else spec.low
    drawn = generator.uniform(low, max(low, 0.0) + 1.0 if spec.high is None else spec.high, shape)
    if "crossentropy" in spec.loss and len(shape) > 1 and shape[-1] > 1:  # rows of probabilities
        drawn /= drawn.sum(-1, keepdims=True)
    return drawn.astype(spec.dtype)
