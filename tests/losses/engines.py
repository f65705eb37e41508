"""Data for each loss, and the loss and its derivative by nnc and by Keras on TensorFlow."""

import numpy

from nnc.ir import Graph, TensorType, ops, parse_graph, symbol, verify
from nnc.passes import gradients
from tests.running import run_graph

RNG = numpy.random.default_rng(11)
ROWS = 7
ACTIVATIONS = {
    "none": lambda x: x,
    "sigmoid": ops.sigmoid,
    "softmax": ops.softmax,
    "positive": lambda x: ops.clip(ops.sigmoid(x), 0.0, 1.0),  # probabilities whose logits cannot be seen
    "unit": lambda x: x / ops.sqrt(ops.sum(ops.square(x), -1, keepdims=True)),
}


def data(name, shape, axis=-1):
    """Outputs and the targets that suit the loss."""
    x = RNG.normal(0.0, 2.0, (ROWS, *shape)).astype("float32")
    if name in ("MeanSquaredLogarithmicError", "Poisson"):
        return x, RNG.integers(0, 4, x.shape).astype("float32")
    if name.startswith("Mean") or name in ("Huber", "LogCosh", "CosineSimilarity"):
        return x, RNG.normal(0.0, 2.0, x.shape).astype("float32")
    if name == "SquaredHinge":
        return x, 2.0 * RNG.integers(0, 2, x.shape).astype("float32") - 1.0
    if name.startswith("Binary") or name in ("Hinge", "Dice", "Tversky"):
        return x, RNG.integers(0, 2, x.shape).astype("float32")
    if name == "KLDivergence":
        return x, RNG.dirichlet(numpy.ones(x.shape[-1]), x.shape[:-1]).astype("float32")
    if name == "CTC":  # of different lengths, with repetitions, one of them empty
        lengths = numpy.arange(ROWS)[:, None] % 5
        labels = numpy.where(numpy.arange(4) < lengths, RNG.integers(1, shape[-1], (ROWS, 4)), 0)
        labels[-1] = [1, 0, 2, 1]  # of which Keras takes the first three, as many as are not 0
        return x, labels.astype("int32")
    if name == "Circle":
        return x, numpy.array([0, 1, 0, 1, 1, 2, 0], "int32")  # class 2 has nobody to be near
    classes = RNG.integers(0, numpy.shape(x)[axis], numpy.take(x, 0, axis).shape).astype("int32")
    if name.startswith("Sparse") or name.endswith("CrossEntropy"):
        return x, classes
    return x, numpy.moveaxis(numpy.eye(x.shape[axis], dtype="float32")[classes], -1, axis)


def run(loss, y_true, x, weights=None, activation=ACTIVATIONS["none"], mask=None):
    """The loss of a batch of run-time size, and its derivative with respect to x."""
    graph, batch = Graph("loss"), symbol("batch")
    value = graph.input("x", TensorType(str(x.dtype), (batch, *x.shape[1:])))
    target = graph.input("y", TensorType(str(y_true.dtype), (batch, *y_true.shape[1:])))
    weight = None if weights is None else graph.input("w", TensorType(str(weights.dtype), (batch, *weights.shape[1:])))
    counted = None if mask is None else graph.input("m", TensorType("bool", (batch, *mask.shape[1:])))
    result = loss.lower(target, activation(value), weight, counted)
    assert result.type == TensorType(str(x.dtype), ())
    graph.output("loss", result)
    (gradient,) = gradients({result: graph.constant(1.0, result.dtype)}, [value])
    graph.output("gradient", gradient)
    verify(graph)
    assert parse_graph(str(graph)) == graph
    inputs = {"x": x, "y": y_true} | ({} if weights is None else {"w": weights})
    inputs |= {} if mask is None else {"m": mask}
    outputs, _ = run_graph(graph, inputs)
    return outputs["loss"], outputs["gradient"]


def keras_run(keras, tensorflow, loss, y_true, x, weights, activation, mask=None):
    """The same through Keras; its weights need the rank of the values, or they weigh the wrong axis."""
    activations = {
        "none": lambda x: x,
        "sigmoid": keras.activations.sigmoid,
        "softmax": keras.activations.softmax,
        "positive": lambda x: tensorflow.clip_by_value(tensorflow.sigmoid(x), 0.0, 1.0),
        "unit": lambda x: x / tensorflow.sqrt(tensorflow.reduce_sum(tensorflow.square(x), -1, keepdims=True)),
    }
    variable = tensorflow.Variable(x)
    if weights is not None:
        rank = loss.call(tensorflow.constant(y_true), tensorflow.constant(numpy.abs(x))).shape.rank
        weights = weights.reshape(*weights.shape, *(1,) * (rank - weights.ndim))
    with tensorflow.GradientTape() as tape:
        output = activations[activation](variable)
        if mask is not None:
            output._keras_mask = tensorflow.constant(mask)
        value = loss(y_true, output, sample_weight=weights)
    return value.numpy(), tape.gradient(value, variable).numpy()


def close(found, expected, scale=1.0):
    numpy.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * scale)
