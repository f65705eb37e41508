"""The base network: 2-2-1 sigmoid, binary cross-entropy, gradient descent; as a graph, without layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from nnc.ir import PARAMETER, Graph, TensorType, Value, symbol
from nnc.ir.ops import Unpack, cast, equal, mean, sigmoid, sigmoid_crossentropy
from nnc.passes import OPTIMIZE, Differentiate, run_passes
from nnc.passes.training import ApplyOptimizer

BATCH = symbol("batch")
SHAPES = {"dense/kernel": (2, 2), "dense/bias": (2,), "dense_1/kernel": (2, 1), "dense_1/bias": (1,)}


class GradientDescent:
    """The update rule: parameters minus the learning rate times the gradient."""

    def lower(self, gradients: Mapping[str, Value], variables: Sequence[Any]) -> dict[str, Value]:
        graph = next(iter(gradients.values())).graph
        rate = graph.state("learning_rate", TensorType(graph.states["parameters"].dtype), "hyperparameter")
        return {label: graph.states[label] - gradient * rate for label, gradient in gradients.items()}


def forward_graph(dtype: str = "float32") -> Graph:
    """Loss and accuracy of the network."""
    graph = Graph("train")
    x = graph.input("x", TensorType(dtype, (BATCH, 2)))
    y = graph.input("y", TensorType(dtype, (BATCH, 1)))
    parameters = graph.state("parameters", TensorType(dtype, (9,)), PARAMETER)
    w1, b1, w2, b2 = graph.add(Unpack(tuple(SHAPES.values())), parameters, names=list(SHAPES))
    with graph.scope("dense"):
        hidden = sigmoid(x @ w1 + b1)
    with graph.scope("dense_1"):
        logits = hidden @ w2 + b2
    with graph.scope("", "loss"):
        graph.output("loss", mean(sigmoid_crossentropy(logits, y)))
    with graph.scope("", "metrics"):
        graph.output("accuracy", mean(cast(equal(cast(logits > 0.0, dtype), y), dtype)))
    return graph


def training_graph(dtype: str = "float32") -> Graph:
    """The optimized training graph."""
    passes = [Differentiate(), ApplyOptimizer(GradientDescent()), *OPTIMIZE]
    return run_passes(forward_graph(dtype), passes)


def training_arrays(batch: int, dtype: str = "float32") -> tuple[dict[str, Any], dict[str, Any]]:
    """Random samples of exclusive or, and random parameters."""
    generator = numpy.random.default_rng(0)
    x = generator.integers(0, 2, (batch, 2)).astype(dtype)
    states = {
        "parameters": generator.standard_normal(9).astype(dtype),
        "learning_rate": numpy.array(0.1, dtype),
    }
    return {"x": x, "y": numpy.logical_xor(x[:, :1], x[:, 1:]).astype(dtype)}, states
