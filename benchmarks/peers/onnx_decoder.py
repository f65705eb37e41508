"""ONNX Runtime: one step of the GPT-2 as a graph whose keys and values grow by a token, as exporters write it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count as numbers
from typing import Any

import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.contestant import Contestant
from benchmarks.networks.decoder import EPSILON, HEADS, LAYERS, NEW, WIDTH, decoded, prompt, weights

SIZE = WIDTH // HEADS


class _Graph:
    """Nodes and tensors of a graph that is being written."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []
        self._names = (f"v{number}" for number in numbers())

    def constant(self, array: Any) -> str:
        """Add an array, and return its name."""
        name = next(self._names)
        self.tensors.append(numpy_helper.from_array(numpy.ascontiguousarray(array), name))
        return name

    def op(self, kind: str, *operands: str, result: str | None = None, **attributes: Any) -> str:
        """Add a node, and return the name of its result."""
        name = result or next(self._names)
        self.nodes.append(helper.make_node(kind, list(operands), [name], **attributes))
        return name

    def numbers(self, *given: int) -> str:
        """Add whole numbers, and return their name."""
        return self.constant(numpy.array(given, "int64"))


def step_bytes() -> bytes:
    """Return one step as the contents of an ONNX file: token, place and the past to the next token and the present."""
    graph, remaining = _Graph(), iter(weights())
    tokens, places = graph.constant(next(remaining)), graph.constant(next(remaining))
    x = graph.op("Add", graph.op("Gather", tokens, "token"), graph.op("Gather", places, "place"))
    for layer in range(LAYERS):
        x = _block(graph, x, layer, remaining)
    x = _normalized(graph, x, next(remaining), next(remaining))
    logits = graph.op("MatMul", x, graph.op("Transpose", tokens, perm=[1, 0]))
    graph.op("ArgMax", logits, axis=-1, keepdims=0, result="next")
    past = [(f"past_{what}{layer}", f"present_{what}{layer}") for layer in range(LAYERS) for what in ("key", "value")]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, 1]) for name in ("token", "place")]
    outputs = [helper.make_tensor_value_info("next", TensorProto.INT64, [1, 1])]
    for before, after in past:
        inputs.append(helper.make_tensor_value_info(before, TensorProto.FLOAT, [1, HEADS, "length", SIZE]))
        outputs.append(helper.make_tensor_value_info(after, TensorProto.FLOAT, [1, HEADS, "longer", SIZE]))
    made = helper.make_graph(graph.nodes, "step", inputs, outputs, graph.tensors)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return bytes(model.SerializeToString())


def _block(graph: _Graph, x: str, layer: int, remaining: Iterator[Any]) -> str:
    """Add a layer, which normalizes what goes into attention and into the dense layers."""
    query, key, value, output = ([next(remaining), next(remaining)] for _ in range(4))
    norm = next(remaining), next(remaining)
    inner, outer = ([next(remaining), next(remaining)] for _ in range(2))
    later_norm = next(remaining), next(remaining)
    y = _normalized(graph, x, *norm)
    q, k, v = (_heads(graph, y, *projection) for projection in (query, key, value))
    k = graph.op("Concat", f"past_key{layer}", k, axis=2, result=f"present_key{layer}")
    v = graph.op("Concat", f"past_value{layer}", v, axis=2, result=f"present_value{layer}")
    q = graph.op("Mul", q, graph.constant(numpy.float32(SIZE**-0.5)))
    scores = graph.op("Softmax", graph.op("MatMul", q, graph.op("Transpose", k, perm=[0, 1, 3, 2])), axis=-1)
    y = graph.op("Transpose", graph.op("MatMul", scores, v), perm=[0, 2, 1, 3])
    y = graph.op("Reshape", y, graph.numbers(1, 1, WIDTH))
    x = graph.op("Add", x, _dense(graph, y, output[0].reshape(WIDTH, WIDTH), output[1]))
    y = graph.op("Gelu", _dense(graph, _normalized(graph, x, *later_norm), *inner), approximate="tanh")
    return graph.op("Add", x, _dense(graph, y, *outer))


def _heads(graph: _Graph, x: str, kernel: Any, bias: Any) -> str:
    made = graph.op(
        "Reshape", _dense(graph, x, kernel.reshape(WIDTH, WIDTH), bias.ravel()), graph.numbers(1, 1, HEADS, SIZE)
    )
    return graph.op("Transpose", made, perm=[0, 2, 1, 3])


def _dense(graph: _Graph, x: str, kernel: Any, bias: Any) -> str:
    return graph.op("Add", graph.op("MatMul", x, graph.constant(kernel)), graph.constant(bias))


def _normalized(graph: _Graph, x: str, gamma: Any, beta: Any) -> str:
    return graph.op("LayerNormalization", x, graph.constant(gamma), graph.constant(beta), epsilon=EPSILON)


def run() -> Contestant:
    """Return a contestant that runs the step for each token; keys and values stay where the session has put them."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(step_bytes(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    past, first = [item.name for item in session.get_inputs()[2:]], prompt()
    tensor = onnxruntime.OrtValue.ortvalue_from_numpy
    empty = {name: tensor(numpy.zeros((1, HEADS, 0, SIZE), "float32")) for name in past}

    def tokens() -> list[int]:
        cache = dict(empty)

        def following(last: int, at: int) -> int:
            feed = {"token": tensor(numpy.array([[last]])), "place": tensor(numpy.array([[at]])), **cache}
            found, *present = session.run_with_ort_values(names, feed)
            cache.update(zip(past, present, strict=True))
            return int(found.numpy()[0, 0])

        return decoded(first, NEW, following)

    def repeat(count: int) -> None:
        for _ in range(count):
            tokens()

    return Contestant(repeat, lambda: [float(token) for token in tokens()])
