"""Arrays that a program can run on where a user has given none, drawn so that its layers and losses accept them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy

from nnc.execution.spec import TEXT, TargetSpec
from nnc.ir import NOMINAL_SIZE, Op, SymbolicDim, TensorType, Value, bind_shape, nominal_sizes
from nnc.ir.ops.gathering import numbered_length
from nnc.ir.ops.sizes import Cast
from nnc.labels import PREDICT
from nnc.program.data import input_arrays

if TYPE_CHECKING:
    from nnc.program.program import Program

Array = Any
_MOST_WORDS = 8
"""Words of the longest text that is drawn."""


def draw_inputs(program: Program, rows: int, seed: int = 0, counts: Mapping[str, int] | None = None) -> list[Array]:
    """Return an array per input: standard normal numbers, or whole numbers or texts where it is these that are wanted.

    Args:
        program: what will read them.
        rows: rows of each array, unless the program takes fewer, or one number alone.
        seed: seeds the numbers.
        counts: for inputs of whole numbers, by label, how many there are, from 0 on; by default the rows of the tables
            that the graph looks them up in. Others are 0 or 1.
    """
    generator = numpy.random.default_rng(seed)
    sizes = nominal_sizes(program.graph(PREDICT), rows)
    rows = sizes.get("batch", rows)
    counts = looked_up(program) if counts is None else counts
    arrays = []
    for place, spec in enumerate(program.spec.taken):
        names = {name for dim in spec.shape if isinstance(dim, SymbolicDim) for name in dim.symbols}
        shape = (rows, *bind_shape(spec.shape, dict.fromkeys(names, NOMINAL_SIZE) | sizes))
        count = counts.get(spec.label)
        if spec.dtype == TEXT and program.spec.edge is not None:
            arrays.append(_draw_texts(*program.spec.edge.words(place), shape, generator))
        elif count is not None or not TensorType(spec.dtype).is_floating:
            arrays.append(generator.integers(0, count or 2, shape).astype(spec.dtype))
        else:
            arrays.append(generator.normal(size=shape).astype(spec.dtype))
    return arrays


def _draw_texts(
    words: Sequence[str], several: bool, shape: tuple[int, ...], generator: numpy.random.Generator
) -> Array:
    """Return texts of words that a program knows, of one each or of several."""
    counts = generator.integers(1, _MOST_WORDS if several else 1, prod(shape), endpoint=True)
    texts = [" ".join(words[number] for number in generator.integers(0, len(words), count)) for count in counts]
    found = numpy.empty(len(texts), object)
    found[:] = [text.encode() for text in texts]
    return found.reshape(shape)


def looked_up(program: Program) -> dict[str, int]:
    """Return the number of rows of the smallest table that an input's numbers are looked up in, by its label."""
    graph = program.plan(PREDICT, 1).graph
    origins: dict[Value, str] = {value: label for label, value in graph.inputs.items()}
    counts: dict[str, int] = {}
    for node in graph.nodes:
        rows = numbered_length(node.op, node.operands, graph.results(node))
        if rows is not None:
            label = origins.get(node.operands[1])
            if label is not None and isinstance(rows, int):
                counts[label] = min(rows, counts.get(label, rows))
        elif node.operands and (isinstance(node.op, Cast) or type(node.op).view is not Op.view):
            label = origins.get(node.operands[0])
            if label is not None:
                origins.update(dict.fromkeys(graph.results(node), label))
    return counts


def draw_targets(program: Program, arrays: Sequence[Array], seed: int = 0) -> list[Array]:
    """Return an array of targets per output that its loss accepts.

    Args:
        program: what will read them.
        arrays: an array per input.
        seed: seeds the numbers.
    """
    generator = numpy.random.default_rng(seed + 1)
    spec = program.spec
    labels = [item.label for item in spec.inputs]
    made = arrays if spec.edge is None else input_arrays(spec, list(arrays))
    sizes = program.sizes(PREDICT, dict(zip(labels, made, strict=True)))
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
