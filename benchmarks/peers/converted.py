"""Keras's models as files of other engines: TensorFlow Lite's by TensorFlow's converter, ONNX's by tf2onnx.

A conversion takes up to minutes: the processes of a benchmark share what one of them has converted.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

from benchmarks.networks import NETWORKS
from nnc.files import write_atomically

OPSET = 17
FOLDER = "NNC_BENCH_CONVERTED"
"""Environment variable: where what is converted is kept for the other processes of a run; nowhere by default."""


def kept(form: str, network: str, x: numpy.ndarray, convert: Callable[[], bytes]) -> bytes:
    """Return a network in another engine's form, for inputs like x: what is kept, or what is converted now."""
    if FOLDER not in os.environ:
        return convert()
    path = Path(os.environ[FOLDER], f"{network}-{'x'.join(map(str, x.shape))}.{form}")
    if not path.exists():
        write_atomically(path, convert())
    return path.read_bytes()


def _frozen(network: str, x: numpy.ndarray) -> Any:
    """Return a network as a TensorFlow function of arrays like x, whose weights are constants."""
    import keras
    import tensorflow
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    model = NETWORKS[network].make(keras)
    function = tensorflow.function(lambda x: model(x, training=False))
    concrete = function.get_concrete_function(tensorflow.TensorSpec(x.shape, x.dtype, name="x"))
    return convert_variables_to_constants_v2(concrete)


def lite_bytes(network: str, x: numpy.ndarray) -> bytes:
    """Return a network as the contents of a file of TensorFlow Lite, for inputs of exactly this shape."""

    def convert() -> bytes:
        import tensorflow

        return bytes(tensorflow.lite.TFLiteConverter.from_concrete_functions([_frozen(network, x)]).convert())

    return kept("tflite", network, x, convert)


def onnx_bytes(network: str, x: numpy.ndarray) -> bytes:
    """Return a network as the contents of an ONNX file, for inputs of exactly this shape."""
    return kept("onnx", network, x, lambda: _by_tf2onnx(network, x))


def _by_tf2onnx(network: str, x: numpy.ndarray) -> bytes:
    import tensorflow
    import tf2onnx

    function = _frozen(network, x)
    names = ([tensor.name for tensor in tensors] for tensors in (function.inputs, function.outputs))
    inputs, outputs = names
    graph = tensorflow.Graph()
    with graph.as_default():
        tensorflow.import_graph_def(function.graph.as_graph_def(), name="")
        with tensorflow.compat.v1.Session(graph=graph):
            found = tf2onnx.tfonnx.process_tf_graph(graph, opset=OPSET, input_names=inputs, output_names=outputs)
    model = tf2onnx.optimizer.optimize_graph(found).make_model(network)
    _say_erfc_as_erf(model.graph)
    return bytes(model.SerializeToString())


def _say_erfc_as_erf(graph: Any) -> None:
    """Replace what tf2onnx makes of GELU, an operator that ONNX does not have."""
    from onnx import helper, numpy_helper

    nodes = list(graph.node)
    del graph.node[:]
    for node in nodes:
        if node.op_type != "Erfc":
            graph.node.append(node)
            continue
        (x,), (y,) = node.input, node.output
        one, error = f"{y} one", f"{y} erf"
        graph.initializer.append(numpy_helper.from_array(numpy.ones((), "float32"), one))
        graph.node.append(helper.make_node("Erf", [x], [error]))
        graph.node.append(helper.make_node("Sub", [one, error], [y]))
