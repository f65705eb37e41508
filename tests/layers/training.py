"""A layer's output and gradient as in training."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.ir import Graph, TensorType
from nnc.layers import Layer
from nnc.layers.lowering import declare_weights, lowering
from nnc.layers.weights import weight_paths
from nnc.passes import gradients
from tests.running import run_graph


def trained(layer: Layer, x: Any, key: int = 0) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Return a layer's output for an array while training, and the gradient of the output's sum.

    Args:
        layer: a layer of one input and one output.
        x: the array, taken as float64.
        key: seed of the random key.
    """
    graph = Graph("training")
    value = graph.input("x", TensorType("float64", x.shape))
    layer.ensure_built([value.type])
    with lowering(graph, training=True, dtype="float64") as context:
        declare_weights(context, weight_paths(layer))
        output = layer.lower(value)
    (gradient,) = gradients({output: graph.constant(numpy.ones(tuple(map(int, output.shape))), "float64")}, [value])
    graph.output("y", output)
    graph.output("slope", gradient if gradient is not None else graph.constant(numpy.zeros(x.shape), "float64"))
    states = {path: weight.numpy() for weight, path in weight_paths(layer).items()}
    outputs, _ = run_graph(graph, {"x": x}, {"random": numpy.array([key, 0], "uint32"), **states})
    return outputs["y"], outputs["slope"]
