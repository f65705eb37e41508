"""Metrics against Keras's, batch by batch, and what their sums and counts are."""

import numpy
import pytest

from nnc import metrics
from nnc.errors import ModelError, ShapeError
from nnc.ir import Graph, TensorType, ops, parse_graph, symbol, verify
from tests.running import run_graph

RNG = numpy.random.default_rng(5)
BATCHES = (8, 5)
ACTIVATIONS = {"none": lambda x: x, "sigmoid": ops.sigmoid, "softmax": ops.softmax}
CASES = [
    ("Accuracy", {}, "none", (3,)),
    ("BinaryAccuracy", {}, "sigmoid", (1,)),
    ("BinaryAccuracy", {}, "sigmoid", (4, 3)),
    ("BinaryAccuracy", {"threshold": 0.25}, "sigmoid", (3,)),
    ("BinaryAccuracy", {"threshold": 0}, "none", (3,)),
    ("CategoricalAccuracy", {}, "softmax", (3,)),
    ("CategoricalAccuracy", {}, "none", (4, 3)),
    ("SparseCategoricalAccuracy", {}, "softmax", (3,)),
    ("SparseCategoricalAccuracy", {}, "none", (4, 3)),
    ("MeanSquaredError", {}, "none", (3,)),
    ("MeanSquaredError", {}, "none", (4, 3)),
    ("MeanAbsoluteError", {}, "none", (1,)),
    ("BinaryCrossentropy", {}, "sigmoid", (1,)),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "none", (4, 3)),
    ("CategoricalCrossentropy", {}, "softmax", (3,)),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "none", (3,)),
    ("SparseCategoricalCrossentropy", {}, "softmax", (4, 3)),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "none", (3,)),
]
IDS = [f"{name}-{activation}-{'x'.join(map(str, shape))}-{config}" for name, config, activation, shape in CASES]


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def data(name, rows, shape):
    """Outputs, and targets that suit the metric and are often right."""
    x = RNG.normal(0.0, 2.0, (rows, *shape)).astype("float32")
    if name.startswith("Mean"):
        return x, RNG.normal(0.0, 2.0, x.shape).astype("float32")
    if name == "Accuracy":
        x = numpy.round(x)
        return x, numpy.where(RNG.random(x.shape) < 0.5, x, numpy.float32(0.0))
    wrong = RNG.random(x.shape[:-1]) < 0.4
    if name.startswith("Binary"):
        return x, ((x > 0.2) ^ wrong[..., None]).astype("float32")
    classes = numpy.where(wrong, RNG.integers(0, shape[-1], wrong.shape), x.argmax(-1)).astype("int32")
    return x, classes if name.startswith("Sparse") else numpy.eye(shape[-1], dtype="float32")[classes]


def run(metric, y_true, x, weights=None, activation=ACTIVATIONS["none"]):
    """Sum and count of a batch of run-time size."""
    graph, batch = Graph("metric"), symbol("batch")
    value = graph.input("x", TensorType(str(x.dtype), (batch, *x.shape[1:])))
    target = graph.input("y", TensorType(str(y_true.dtype), (batch, *y_true.shape[1:])))
    weight = None if weights is None else graph.input("w", TensorType(str(weights.dtype), (batch,)))
    results = metric.lower(target, activation(value), weight)
    for label, result in zip(("total", "count"), results, strict=True):
        assert result.type == TensorType(str(x.dtype), ())
        graph.output(label, result)
    verify(graph)
    assert parse_graph(str(graph)) == graph
    inputs = {"x": x, "y": y_true} | ({} if weights is None else {"w": weights})
    outputs, _ = run_graph(graph, inputs)
    return outputs["total"], outputs["count"]


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(("name", "config", "activation", "shape"), CASES, ids=IDS)
def test_sums_and_counts_are_those_of_keras(keras, name, config, activation, shape, weighted):
    ours, theirs = getattr(metrics, name)(**config), getattr(keras.metrics, name)(**config)
    outer = {"none": lambda x: x, "sigmoid": keras.activations.sigmoid, "softmax": keras.activations.softmax}
    totals = numpy.zeros(2)
    for rows in BATCHES:
        x, y = data(name, rows, shape)
        weights = RNG.uniform(0.0, 2.0, rows).astype("float32") if weighted else None
        totals += run(ours, y, x, weights, ACTIVATIONS[activation])
        theirs.update_state(y, outer[activation](keras.ops.convert_to_tensor(x)), weights)
        numpy.testing.assert_allclose(totals, [float(theirs.total), float(theirs.count)], rtol=1e-6)
    numpy.testing.assert_allclose(totals[0] / totals[1], float(theirs.result()), rtol=1e-6)
    assert totals[0] > 0.0
    if "Accuracy" in name:
        assert totals[0] < totals[1]


def test_the_threshold_itself_means_no():
    x = numpy.array([[0.5], [0.5], [0.75]], "float32")
    y = numpy.array([[0.0], [0.0], [1.0]], "float32")
    assert run(metrics.BinaryAccuracy(), y, x) == (3.0, 3.0)


def test_element_types():
    x, y = data("BinaryAccuracy", 8, (3,))
    expected = run(metrics.BinaryCrossentropy(), y.astype("float64"), x.astype("float64"), activation=ops.sigmoid)
    inside = run(metrics.BinaryCrossentropy(dtype="float64"), y, x, numpy.ones(8, "float32"), ops.sigmoid)
    numpy.testing.assert_allclose(inside, expected, rtol=1e-7)


def operations(metric, y_type, x_type):
    graph = Graph("metric")
    metric.lower(graph.input("y", y_type), graph.input("x", x_type))
    return [node.op.name for node in graph.nodes if not node.is_leaf]


@pytest.mark.parametrize(
    ("name", "units", "expected"),
    [
        ("BinaryAccuracy", 1, "greater cast equal cast sum size divide"),
        ("CategoricalAccuracy", 3, "argmax argmax equal cast sum size"),
        ("SparseCategoricalAccuracy", 3, "argmax cast equal cast sum size"),
        ("MeanSquaredError", 1, "subtract square sum divide sum size"),
    ],
)
def test_the_number_of_operations_does_not_grow_unnoticed(name, units, expected):
    x = TensorType("float32", (symbol("batch"), units))
    y = TensorType("int32", x.shape[:1]) if name.startswith("Sparse") else x
    assert operations(getattr(metrics, name)(), y, x) == expected.split()


# ---------------------------------------------------------------------- a user's own


class LargestError(metrics.Metric):
    def call(self, y_true, y_pred):
        return ops.max(ops.absolute(y_true - y_pred), -1)


class Forgetful(metrics.Metric):
    def __init__(self):
        pass

    def call(self, y_true, y_pred):
        return y_pred > y_true


def spread(y_true, y_pred):
    return ops.max(y_pred) - ops.max(-y_pred)


def test_own_metrics():
    x, y = data("MeanSquaredError", 8, (3,))
    total, count = run(LargestError(), y, x)
    assert total == pytest.approx(numpy.abs(x - y).max(-1).sum(), rel=1e-6)
    assert count == 8.0
    assert run(Forgetful(), y, x)[0] == pytest.approx((x > y).mean(-1).sum(), rel=1e-6)
    assert run(metrics.MeanMetricWrapper(spread), y, x) == (x.max() - (-x).max(), 1.0)
    weights = numpy.arange(8, dtype="float32")
    wrapped = metrics.MeanMetricWrapper(metrics.binary_accuracy, threshold=-1.0)
    total, count = run(wrapped, (y > 0).astype("float32"), x, weights)
    assert total == pytest.approx(((y > 0) == (x > -1.0)).mean(-1) @ weights, rel=1e-6)
    assert count == 28.0


def test_accuracy_of_two_values_and_of_none():
    graph = Graph("accuracy")
    x, y = (graph.input(name, TensorType("float32", (4, 2))) for name in "xy")
    assert metrics.accuracy() == "accuracy"
    assert metrics.accuracy(y, x).shape == (4, 2)
    with pytest.raises(ModelError, match="takes no values or two"):
        metrics.accuracy(y)


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (
            lambda x, y, w: metrics.Metric().lower(y, x),
            ModelError,
            "class Metric must define call(self, y_true, y_pred)",
        ),
        (
            lambda x, y, w: metrics.MeanMetricWrapper(lambda a, b: 1).lower(y, x),
            ModelError,
            "must return a graph value",
        ),
        (lambda x, y, w: metrics.MeanMetricWrapper(spread).lower(y, x, w), ModelError, "rows cannot be weighted"),
        (lambda x, y, w: metrics.CategoricalAccuracy().lower(w, x), ShapeError, "needs targets of the output's shape"),
        (
            lambda x, y, w: metrics.SparseCategoricalAccuracy().lower(y, x),
            ShapeError,
            "for one-hot targets use 'categorical_accuracy'",
        ),
        (lambda x, y, w: metrics.BinaryAccuracy().lower(y, x, ops.sum(x, 0)), ShapeError, "do not broadcast"),
    ],
)
def test_operands_that_do_not_fit_are_named(action, error, message):
    graph = Graph("wrong")
    x, y = (graph.input(name, TensorType("float32", (4, 3))) for name in "xy")
    with pytest.raises(error) as raised:
        action(x, y, graph.input("w", TensorType("float32", (4,))))
    assert message in str(raised.value)


WEIGHTS = [(), (1,), (4,), (4, 1), (1, 3), (4, 3), (1, 1)]
"""Shapes of weights for targets and outputs of four rows of three."""
WEIGHED = {
    "Mean": {},
    "Sum": {},
    "MeanAbsoluteError": {},
    "BinaryAccuracy": {},
    "CosineSimilarity": {},
    "RootMeanSquaredError": {},
    "TruePositives": {},
    "AUC": {},
    "R2Score": {},
}


@pytest.mark.parametrize("name", WEIGHED)
def test_weights_of_fewer_axes_or_rows_weigh_as_in_keras(name, keras):
    rng = numpy.random.default_rng(5)
    y_true, y_pred = rng.integers(0, 2, (4, 3)).astype("float32"), rng.uniform(0.1, 0.9, (4, 3)).astype("float32")
    arrays = (y_pred,) if name in ("Mean", "Sum") else (y_true, y_pred)
    for shape in WEIGHTS:
        weights = numpy.asarray(rng.uniform(0.5, 2.0, shape), "float32")
        theirs, ours = (getattr(room, name)(**WEIGHED[name]) for room in (keras.metrics, metrics))
        try:
            theirs.update_state(*arrays, sample_weight=weights)
        except Exception:  # what Keras refuses is not compared
            continue
        ours.update_state(*arrays, sample_weight=weights)
        numpy.testing.assert_allclose(ours.result(), numpy.asarray(theirs.result()), rtol=1e-4, err_msg=str(shape))


def test_the_mean_of_rows_that_one_weight_per_column_weighs():
    """Weights that are shared by all rows count once for each of them."""
    mean = metrics.Mean()
    mean.update_state([[1, 3], [5, 7]], sample_weight=[[1, 0]])
    assert mean.result() == 3.0
