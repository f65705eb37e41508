"""Runs a program on drawn arrays and keeps what came out, for exported source to check itself against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy

from nnc.backends.numpy import kernel_settings
from nnc.errors import ModelError
from nnc.execution.signature import Signature
from nnc.execution.spec import TargetSpec
from nnc.ir import Op, TensorType, Value, bind_shape
from nnc.ir.ops.gathering import numbered_length
from nnc.labels import PREDICT, PROLOGUE, TRAIN
from nnc.program import Program

Array = Any
STEPS = 3
"""Training steps that are recorded."""


@dataclass
class Recording:
    """Arrays by label, and what the NumPy backend made of them.

    Attributes:
        inputs: inputs and, for training, targets.
        outputs: predictions.
        losses: the loss of each step of training on these rows.
        metrics: means of loss and metrics after these steps, by name.
        trained: states after these steps.
        outputs_after: predictions after these steps.
    """

    inputs: dict[str, Array]
    outputs: dict[str, Array]
    losses: list[float] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    trained: dict[str, Array] = field(default_factory=dict)
    outputs_after: dict[str, Array] = field(default_factory=dict)


def record_twice(program: Program, sizes: Mapping[str, int], train: bool) -> tuple[Recording, Recording]:
    """Return what a program computes, and what it computes after its weights have moved as much as rounding moves them.

    The difference says how far rounding alone can take two engines apart: far, in a deep network with batch
    normalisation that is trained on few rows, where activations have kinks.

    Args:
        program: what to run; its states change.
        sizes: of the run-time dimensions, ``batch`` among them.
        train: whether to train.

    Raises:
        DataError: sizes are too small for what is cut off.
    """
    moved = moved_by_rounding(program)
    return record(program, sizes, train), record(moved, sizes, train)


def moved_by_rounding(program: Program) -> Program:
    """Return a copy of a program whose weights have moved as much as rounding moves them."""
    moved = copy_program(program)
    generator = numpy.random.default_rng(1)
    for label in dict.fromkeys(variable.state for variable in program.spec.variables):
        array = moved.states[label]
        if array.dtype.kind == "f":
            array *= 1 + generator.uniform(-1, 1, array.shape) * numpy.finfo(array.dtype).eps
    return moved


def copy_program(program: Program) -> Program:
    """Return a program with the same graphs and copies of the states, which NumPy runs."""
    for name in (PREDICT, *((TRAIN,) if program.spec.trains else ())):
        program.graph(name)  # makes the states that are missing
    names = [*program.graph_names, *([PROLOGUE] if Signature.of(program.graph(PREDICT)).hoisted else [])]
    graphs = {name: partial(program.graph, name) for name in names}
    states = {label: array.copy() for label, array in program.states.items()}
    copied = Program(program.spec, graphs, states, backend="numpy")
    copied.table = program.table
    return copied


def record(program: Program, sizes: Mapping[str, int], train: bool) -> Recording:
    """Run a program, and train it if wished.

    Args:
        program: what to run; its states change.
        sizes: of the run-time dimensions, ``batch`` among them.
        train: whether to train.

    Raises:
        DataError: sizes are too small for what is cut off.
    """
    generator = numpy.random.default_rng(0)
    graph = program.graph(TRAIN if train else PREDICT)
    targets = {target.label: target for target in program.spec.targets}
    arrays: dict[str, Array] = {}
    for label, value in graph.inputs.items():
        shape = tuple(map(int, bind_shape(value.shape, sizes)))
        if label in targets:
            arrays[label] = draw_target(targets[label], shape, generator)
        else:
            arrays[label] = _draw_input(value, _rows_of_tables(program, label), shape, generator)
    program.reset_metrics()
    recording = Recording(arrays, predict(program, sizes, arrays))
    if train:
        recording.losses = [program.step(TRAIN, arrays)["loss"] for _ in range(STEPS)]
        values = program.metric_values()
        means = [
            name for name in program.spec.metrics if name not in {result.metric for result in program.spec.results}
        ]
        recording.metrics = {name: float(values[name]) for name in means}
        recording.trained = {label: array.copy() for label, array in program.states.items()}
        recording.outputs_after = predict(program, sizes, arrays)
    return recording


def predict(program: Program, sizes: Mapping[str, int], arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return copies of what a program predicts."""
    bound = program.bound(PREDICT, sizes)
    for label, target in bound.inputs.items():
        numpy.copyto(target, arrays[label])
    with kernel_settings():
        bound.run()
    return {label: output.copy() for label, output in bound.outputs.items()}


def _draw_input(value: Value, rows: int | None, shape: tuple[int, ...], generator: numpy.random.Generator) -> Array:
    if rows is not None or not TensorType(value.dtype).is_floating:
        return generator.integers(0, rows or 2, shape).astype(value.dtype)
    return generator.normal(size=shape).astype(value.dtype)


def _rows_of_tables(program: Program, label: str) -> int | None:
    """Return the rows of the smallest table that an input numbers the rows of, None where it numbers none."""
    graph = program.graph(PREDICT)
    if label not in graph.inputs:
        return None
    same = {graph.inputs[label]}
    found = []
    for node in graph.nodes:
        reads = [position for position, operand in enumerate(node.operands) if operand in same]
        length = numbered_length(node.op, node.operands, graph.results(node))
        if length is not None and 1 in reads:
            found.append(length)
        elif reads and (node.op.name == "cast" or type(node.op).view is not Op.view):
            same.update(graph.results(node))
    return min((int(rows) for rows in found if isinstance(rows, int)), default=None)


def draw_target(spec: TargetSpec, shape: tuple[int, ...], generator: numpy.random.Generator) -> Array:
    """Return targets that the loss accepts."""
    if spec.classes:
        return generator.integers(0, spec.classes, shape).astype(spec.dtype)
    is_certain = (spec.low, spec.high) == (0.0, 1.0)
    if not TensorType(spec.dtype).is_floating or (is_certain and shape[-1] == 1):
        return generator.integers(0, 2, shape).astype(spec.dtype)
    low = -1.0 if spec.low is None else spec.low
    drawn = generator.uniform(low, max(low, 0.0) + 1.0 if spec.high is None else spec.high, shape)
    if "crossentropy" in spec.loss and shape[-1] > 1:  # a row of probabilities
        drawn /= drawn.sum(-1, keepdims=True)
    return drawn.astype(spec.dtype)


def check_own_steps(program: Program, train: bool) -> None:
    """Check that what is exported of a program with steps of its user's own only predicts.

    Args:
        program: what is exported.
        train: whether it is to train.

    Raises:
        ModelError: it is.
    """
    if train and program.spec.logs:
        raise ModelError(
            f"program '{program.name}' has training steps that its user wrote, which exported code does not have yet:"
            " export it to predict, or train it with nnc"
        )
