"""Losses against Keras on TensorFlow, in value and gradient, and the reductions that make one number of rows."""

import importlib
import warnings

import numpy
import pytest

from nnc import losses, ops
from nnc.errors import ModelError, ShapeError
from nnc.ir import Graph, TensorType, interpret, parse_graph, symbol, verify
from nnc.passes import gradients

RNG = numpy.random.default_rng(11)
ROWS = 7
ACTIVATIONS = {
    "none": lambda x: x,
    "sigmoid": ops.sigmoid,
    "softmax": ops.softmax,
    "positive": lambda x: ops.clip(ops.sigmoid(x), 0.0, 1.0),  # probabilities whose logits cannot be seen
    "unit": lambda x: x / ops.sqrt(ops.sum(ops.square(x), -1, keepdims=True)),
}
CASES = [
    ("MeanSquaredError", {}, "none", (3,)),
    ("MeanSquaredError", {}, "sigmoid", (1,)),
    ("MeanSquaredError", {}, "none", (4, 3)),
    ("MeanAbsoluteError", {}, "none", (3,)),
    ("MeanAbsoluteError", {}, "softmax", (2, 3)),
    ("BinaryCrossentropy", {}, "sigmoid", (1,)),
    ("BinaryCrossentropy", {}, "positive", (1,)),
    ("BinaryCrossentropy", {"from_logits": True}, "none", (3,)),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, "sigmoid", (3,)),
    ("BinaryCrossentropy", {"label_smoothing": 1}, "positive", (2, 3)),
    ("BinaryCrossentropy", {"axis": 1}, "sigmoid", (2, 3)),
    ("CategoricalCrossentropy", {}, "softmax", (3,)),
    ("CategoricalCrossentropy", {}, "positive", (3,)),
    ("CategoricalCrossentropy", {}, "positive", (4, 3)),
    ("CategoricalCrossentropy", {"from_logits": True}, "none", (4, 3)),
    ("CategoricalCrossentropy", {"label_smoothing": 0.3}, "softmax", (3,)),
    ("CategoricalCrossentropy", {"axis": 1}, "positive", (4, 3)),
    ("CategoricalCrossentropy", {"axis": 1, "from_logits": True, "label_smoothing": 0.3}, "none", (4, 3)),
    ("SparseCategoricalCrossentropy", {}, "softmax", (3,)),
    ("SparseCategoricalCrossentropy", {}, "positive", (3,)),
    ("SparseCategoricalCrossentropy", {}, "softmax", (4, 3)),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "none", (4, 3)),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, "softmax", (3,)),
    ("SparseCategoricalCrossentropy", {"ignore_class": -1}, "positive", (4, 3)),
    ("SparseCategoricalCrossentropy", {"ignore_class": 0, "from_logits": True, "reduction": "sum"}, "none", (4, 3)),
    ("MeanAbsolutePercentageError", {}, "none", (3,)),
    ("MeanAbsolutePercentageError", {}, "none", (4, 3)),
    ("MeanSquaredLogarithmicError", {}, "none", (3,)),
    ("MeanSquaredLogarithmicError", {}, "positive", (4, 3)),
    ("Huber", {}, "none", (3,)),
    ("Huber", {"delta": 2.5}, "none", (4, 3)),
    ("LogCosh", {}, "none", (3,)),
    ("LogCosh", {"reduction": "mean_with_sample_weight"}, "none", (4, 3)),
    ("CosineSimilarity", {}, "none", (3,)),
    ("CosineSimilarity", {"axis": 1}, "none", (4, 3)),
    ("Hinge", {}, "none", (3,)),
    ("Hinge", {}, "none", (4, 3)),
    ("SquaredHinge", {}, "none", (3,)),
    ("SquaredHinge", {"reduction": "sum"}, "none", (4, 3)),
    ("CategoricalHinge", {}, "none", (3,)),
    ("CategoricalHinge", {}, "softmax", (4, 3)),
    ("KLDivergence", {}, "softmax", (3,)),
    ("KLDivergence", {}, "positive", (4, 3)),
    ("Poisson", {}, "positive", (3,)),
    ("Poisson", {}, "positive", (4, 3)),
    ("BinaryFocalCrossentropy", {}, "sigmoid", (3,)),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.4}, "positive", (4, 3)),
    ("BinaryFocalCrossentropy", {"gamma": 1.5, "from_logits": True, "label_smoothing": 0.1}, "none", (3,)),
    ("BinaryFocalCrossentropy", {"axis": 1}, "positive", (4, 3)),
    ("CategoricalFocalCrossentropy", {}, "softmax", (3,)),
    ("CategoricalFocalCrossentropy", {"alpha": 0.4, "gamma": 1.5, "label_smoothing": 0.2}, "positive", (4, 3)),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "axis": 1}, "none", (4, 3)),
    ("CategoricalGeneralizedCrossEntropy", {}, "softmax", (3,)),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.7}, "positive", (4, 3)),
    ("Dice", {}, "positive", (3,)),
    ("Dice", {"axis": (1, 2)}, "positive", (4, 3)),
    ("Dice", {"axis": -1, "reduction": "sum"}, "sigmoid", (4, 3)),
    ("Tversky", {}, "positive", (3,)),
    ("Tversky", {"alpha": 0.3, "beta": 0.8, "axis": (1, 2)}, "positive", (4, 3)),
    ("CTC", {}, "none", (9, 5)),
    ("CTC", {"reduction": "sum"}, "none", (12, 3)),
    ("Circle", {}, "unit", (3,)),
    ("Circle", {"gamma": 10.0, "margin": 0.2, "remove_diagonal": False}, "unit", (5,)),
    ("Circle", {"reduction": "sum"}, "unit", (4,)),
]
IDS = [f"{name}-{activation}-{'x'.join(map(str, shape))}-{config}" for name, config, activation, shape in CASES]


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.fixture(scope="module")
def tensorflow():
    return pytest.importorskip("tensorflow")


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
        labels = RNG.integers(1, shape[-1], (ROWS, 4))
        return x, numpy.where(numpy.arange(4) < lengths, labels, 0).astype("int32")
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
    outputs, _ = interpret(graph, inputs)
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


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(("name", "config", "activation", "shape"), CASES, ids=IDS)
def test_value_and_gradient_are_those_of_keras(keras, tensorflow, name, config, activation, shape, weighted):
    x, y = data(name, shape, config.get("axis", -1))
    weights = RNG.uniform(0.0, 2.0, ROWS).astype("float32") if weighted else None
    ours, theirs = getattr(losses, name)(**config), getattr(keras.losses, name)(**config)
    value, gradient = run(ours, y, x, weights, ACTIVATIONS[activation])
    expected = keras_run(keras, tensorflow, theirs, y, x, weights, activation)
    close(value, expected[0])
    close(gradient, expected[1], numpy.abs(expected[1]).max())
    assert numpy.abs(gradient).max() > 1e-3


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("shape", [(3,), (4, 3)], ids=["rows", "sequences"])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight"])
def test_reductions_are_those_of_keras(keras, tensorflow, reduction, shape, weighted):
    x, y = data("MeanSquaredError", shape)
    weights = RNG.uniform(0.0, 2.0, ROWS).astype("float32") if weighted else None
    value, gradient = run(losses.MSE(reduction), y, x, weights)
    theirs = keras.losses.MeanSquaredError(reduction)
    expected = keras_run(keras, tensorflow, theirs, y, x, weights, "none")
    close(value, expected[0])
    close(gradient, expected[1], numpy.abs(expected[1]).max())


@pytest.mark.parametrize("name", ["MeanSquaredError", "SparseCategoricalCrossentropy", "Hinge"])
@pytest.mark.parametrize("weighted", ["", "rows", "steps"])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight"])
def test_masks_are_those_of_keras(keras, tensorflow, reduction, weighted, name):
    x, y = data(name, (4, 3))
    mask = numpy.arange(4) < RNG.integers(0, 5, (ROWS, 1))
    weights = RNG.uniform(0.0, 2.0, (ROWS, 4) if weighted == "steps" else ROWS).astype("float32") if weighted else None
    config = {"reduction": reduction} | ({"ignore_class": 1, "from_logits": True} if name.startswith("Sparse") else {})
    value, gradient = run(getattr(losses, name)(**config), y, x, weights, mask=mask)
    theirs = getattr(keras.losses, name)(**config)
    expected = keras_run(keras, tensorflow, theirs, y, x, weights, "none", mask)
    close(value, expected[0])
    close(gradient, expected[1], numpy.abs(expected[1]).max())
    assert not gradient[~mask].any()


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_a_mask_that_hides_everything_leaves_nothing(keras, tensorflow, reduction):
    x, y = data("MeanSquaredError", (4, 3))
    mask = numpy.zeros((ROWS, 4), bool)
    value, gradient = run(losses.MSE(reduction), y, x, mask=mask)
    theirs = keras.losses.MeanSquaredError(reduction)
    assert value == 0.0 == keras_run(keras, tensorflow, theirs, y, x, None, "none", mask)[0]
    assert not gradient.any()


@pytest.mark.parametrize("reduction", [None, "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_no_reduction_leaves_the_values(keras, reduction, weighted):
    x, y = data("MeanSquaredError", (3,))
    weights = numpy.arange(ROWS, dtype="float32") if weighted else None
    graph = Graph("values")
    y_true, y_pred = (graph.input(name, TensorType("float32", (ROWS, 3))) for name in "yx")
    weight = graph.input("w", TensorType("float32", (ROWS,))) if weighted else None
    graph.output("values", losses.MSE(reduction)(y_true, y_pred, weight))
    outputs, _ = interpret(graph, {"x": x, "y": y} | ({"w": weights} if weighted else {}))
    close(outputs["values"], keras.losses.MeanSquaredError(reduction)(y, x, weights).numpy())


def test_targets_that_are_not_all_binary_are_taken_as_they_are(keras, tensorflow):
    x, y = data("Hinge", (3,))
    y[0, 0] = -1.0
    value, gradient = run(losses.Hinge(), y, x)
    expected = keras_run(keras, tensorflow, keras.losses.Hinge(), y, x, None, "none")
    close(value, expected[0])
    close(gradient, expected[1])


def test_a_vector_of_zeros_has_a_gradient():
    x, y = data("CosineSimilarity", (3,))
    x[0] = 0.0
    value, gradient = run(losses.CosineSimilarity(), y, x)
    assert numpy.isfinite(value)
    assert numpy.isfinite(gradient).all()


@pytest.mark.parametrize("weights", [[0.0] * ROWS, [1.0, -1.0] + [0.0] * (ROWS - 2)])
def test_weights_that_sum_to_nothing_give_nothing(keras, tensorflow, weights):
    x, y = data("MeanSquaredError", (3,))
    weights = numpy.array(weights, "float32")
    value, gradient = run(losses.MSE("mean_with_sample_weight"), y, x, weights)
    theirs = keras.losses.MeanSquaredError("mean_with_sample_weight")
    assert value == 0.0 == keras_run(keras, tensorflow, theirs, y, x, weights, "none")[0]
    assert not gradient.any()


def test_one_weight_per_row_weighs_whole_rows_even_where_another_axis_is_as_long():
    x, y = data("MeanSquaredError", (ROWS, 3))
    weights = numpy.arange(ROWS, dtype="float32")
    value, _ = run(losses.MSE("sum"), y, x, weights)
    close(value, (((x - y) ** 2).mean(-1) * weights[:, None]).sum(), 100.0)


# ---------------------------------------------------------------------- probabilities and logits

LARGE = numpy.array([[40.0, -40.0, 0.5], [-3.0, 60.0, 1.0]], "float32")


@pytest.mark.parametrize(
    ("name", "activation", "y"),
    [
        ("BinaryCrossentropy", "sigmoid", numpy.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]], "float32")),
        ("CategoricalCrossentropy", "softmax", numpy.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], "float32")),
        ("SparseCategoricalCrossentropy", "softmax", numpy.array([1, 2], "int32")),
    ],
)
def test_logits_behind_an_activation_are_found_as_in_graph_mode(keras, tensorflow, name, activation, y):
    """Clipped probabilities would give at most -log(10⁻⁷) = 16 here, and no gradient."""
    theirs = getattr(keras.losses, name)()

    @tensorflow.function
    def step(x):
        with tensorflow.GradientTape() as tape:
            tape.watch(x)
            value = theirs(y, getattr(tensorflow.nn, activation)(x))
        return value, tape.gradient(value, x)

    expected = step(tensorflow.constant(LARGE))
    value, gradient = run(getattr(losses, name)(), y, LARGE, activation=ACTIVATIONS[activation])
    assert value > 17.0
    close(value, expected[0].numpy())
    close(gradient, expected[1].numpy())
    hidden, _ = run(getattr(losses, name)(), y, LARGE, activation=lambda x: ACTIVATIONS[activation](x) * 1.0)
    assert hidden < 17.0
    close(hidden, theirs(y, getattr(tensorflow.nn, activation)(LARGE)).numpy())  # eager tensors have no history


@pytest.mark.parametrize(
    ("name", "activation"),
    [
        ("BinaryCrossentropy", "sigmoid"),
        ("CategoricalCrossentropy", "softmax"),
        ("SparseCategoricalCrossentropy", "softmax"),
    ],
)
def test_logits_that_are_none_are_warned_about(name, activation):
    x, y = data(name, (3,))
    with pytest.warns(UserWarning, match=f"from_logits=True, but the output went through {activation}"):
        doubted = run(getattr(losses, name)(from_logits=True), y, x, activation=ACTIVATIONS[activation])
    plain = run(getattr(losses, name)(), y, x, activation=ACTIVATIONS[activation])
    numpy.testing.assert_array_equal(doubted[0], plain[0])
    numpy.testing.assert_array_equal(doubted[1], plain[1])


@pytest.mark.parametrize(
    ("name", "activation", "axis"),
    [
        ("BinaryCrossentropy", "softmax", {}),
        ("CategoricalCrossentropy", "sigmoid", {}),
        ("SparseCategoricalCrossentropy", "sigmoid", {}),
        ("CategoricalCrossentropy", "softmax", {"axis": 1}),
    ],
)
def test_the_wrong_activation_is_seen_through_like_in_keras_but_warned_about(keras, tensorflow, name, activation, axis):
    x, y = data(name, (4, 3))
    with pytest.warns(UserWarning, match=rf"but gets that of {activation.title()}\(.*\); like Keras"):
        value, gradient = run(getattr(losses, name)(), y, x, activation=lambda x: getattr(ops, activation)(x, **axis))
    variable = tensorflow.Variable(x)
    with tensorflow.GradientTape() as tape:
        output = getattr(keras.activations, activation)(variable, **axis)
        expected = getattr(keras.losses, name)()(y, output)
    close(value, expected.numpy())
    close(gradient, tape.gradient(expected, variable).numpy(), numpy.abs(gradient).max())


def test_logarithms_of_a_softmax_hold_no_logits():
    x, y = data("CategoricalCrossentropy", (3,))
    direct, unseen = (
        run(losses.CategoricalCrossentropy(), y, x, activation=activation)[0]
        for activation in (ops.log_softmax, lambda x: ops.log_softmax(x) * 1.0)
    )
    assert direct == unseen
    assert direct != run(losses.CategoricalCrossentropy(from_logits=True), y, x)[0]


def operations(loss, activation, y_type, x_type):
    graph = Graph("loss")
    y, x = graph.input("y", y_type), activation(graph.input("x", x_type))
    first = len(graph.nodes)
    loss.lower(y, x)
    return [node.op.name for node in graph.nodes[first:] if not node.is_leaf]


@pytest.mark.parametrize(
    ("loss", "activation", "expected"),
    [
        (losses.BCE(), ops.sigmoid, "sigmoid_crossentropy sum divide sum size divide"),
        (losses.BCE(), ops.exp, "maximum minimum subtract subtract log multiply log multiply subtract"
                                " sum divide sum size divide"),
        (losses.MSE(), ops.exp, "subtract square sum divide sum size divide"),
        (losses.CategoricalCrossentropy(), ops.softmax, "softmax_crossentropy sum size divide"),
    ],
    ids=["bce-sigmoid", "bce", "mse", "categorical-softmax"],
)  # fmt: skip
def test_the_number_of_operations_does_not_grow_unnoticed(loss, activation, expected):
    type = TensorType("float32", (symbol("batch"), 3))
    assert operations(loss, activation, type, type) == expected.split()


# ---------------------------------------------------------------------- functions, shapes and element types


@pytest.mark.parametrize("name", ["mse", "mae", "bce", "categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_functions_are_what_the_classes_call(name):
    loss = losses.get(name)
    x, y = data(type(loss).__name__, (3,))
    for other in (losses.get(getattr(losses, name)), losses.LossFunctionWrapper(getattr(losses, name))):
        for found, expected in zip(run(other, y, x), run(loss, y, x), strict=True):
            numpy.testing.assert_array_equal(found, expected)


def test_a_missing_or_surplus_last_axis_of_length_one_is_no_matter():
    x, y = data("MeanSquaredError", (1,))
    expected, _ = run(losses.MSE(), y, x)
    assert run(losses.MSE(), y[:, 0], x)[0] == expected
    assert run(losses.MSE(), y[..., None], x)[0] == expected
    x, classes = data("SparseCategoricalCrossentropy", (3,))
    loss = losses.SparseCategoricalCrossentropy()
    assert run(loss, classes[:, None], x, activation=ops.softmax)[0] == run(loss, classes, x, activation=ops.softmax)[0]


def test_element_types():
    x, y = data("BinaryCrossentropy", (3,))
    double = run(losses.BCE(), y.astype("float64"), x.astype("float64"), activation=ops.sigmoid)
    inside = run(losses.BCE(dtype="float64"), y, x, numpy.ones(ROWS, "float32"), activation=ops.sigmoid)
    close(inside[0], double[0])
    close(inside[1], double[1])
    assert run(losses.BCE(), y.astype("int32"), x, activation=ops.sigmoid)[0] == pytest.approx(float(double[0]))


# ---------------------------------------------------------------------- a user's own


class Quantile(losses.Loss):
    def __init__(self, quantile=0.5, **options):
        super().__init__(**options)
        self.quantile = quantile

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        return ops.mean(ops.maximum(error * self.quantile, error * (self.quantile - 1.0)), -1)

    def get_config(self):
        return super().get_config() | {"quantile": self.quantile}


class Forgetful(losses.Loss):
    def __init__(self):
        pass

    def call(self, y_true, y_pred):
        return y_true > y_pred


def cubic(y_true, y_pred, power=3.0):
    return ops.mean(ops.absolute(y_true - y_pred) ** power, -1)


def total(y_true, y_pred):
    return ops.sum(ops.square(y_true - y_pred))


def test_own_classes():
    x, y = data("MeanSquaredError", (3,))
    loss = losses.get(Quantile)
    assert (loss.name, loss.target(TensorType("float32", (4, 2))).type.shape) == ("quantile", (4, 2))
    close(run(loss, y, x)[0], 0.5 * numpy.abs(x - y).mean())
    copy = losses.get(losses.serialize(Quantile(0.9, reduction="sum")), {"Quantile": Quantile})
    assert (copy.quantile, copy.reduction, copy.name) == (0.9, "sum", "quantile")
    assert losses.get("Quantile", {"Quantile": Quantile}).quantile == 0.5
    assert losses.get("mine", {"mine": loss}) is loss
    graph = Graph("own")
    pair = (graph.input(name, TensorType("float32", (4, 2))) for name in "xy")
    assert Forgetful()(*pair).type == TensorType("float32", ())


def test_own_functions(keras, tensorflow):
    x, y = data("MeanSquaredError", (3,))
    assert losses.get(cubic).name == "cubic"
    close(run(losses.get(cubic), y, x)[0], (numpy.abs(x - y) ** 3).mean(), 100.0)
    wrapper = losses.LossFunctionWrapper(cubic, "sum", "mine", power=1.0)
    copy = losses.get(losses.serialize(wrapper), {"cubic": cubic})
    assert (copy.name, copy.reduction, copy.arguments) == ("mine", "sum", {"power": 1.0})
    close(run(copy, y, x)[0], numpy.abs(x - y).mean(-1).sum(), 10.0)
    assert losses.get("cubic", {"cubic": cubic}).fn is cubic
    assert losses.get(keras.losses.serialize(cubic), {"cubic": cubic}).fn is cubic
    known = losses.serialize(losses.LossFunctionWrapper(losses.mse))
    assert losses.get(known).fn is losses.mse
    numpy.testing.assert_allclose(run(losses.get(total), y, x)[0], ((x - y) ** 2).sum(), rtol=1e-6)
    wrapper = importlib.import_module("keras.src.losses").LossFunctionWrapper
    theirs = wrapper(lambda y, x: tensorflow.reduce_sum((y - x) ** 2), name="total")
    weights = numpy.arange(ROWS, dtype="float32")
    close(run(losses.get(total), y, x, weights)[0], theirs(y, x, weights).numpy(), 1000.0)


def test_lowering_twice_adds_the_loss_twice_and_no_more():
    graph = Graph("twice")
    x, y = (graph.input(name, TensorType("float32", (4, 2))) for name in "xy")
    loss, counts = losses.MSE(), []
    for _ in range(3):
        loss(x, y)
        counts.append(len(graph.nodes))
    assert counts[2] - counts[1] == counts[1] - counts[0] == counts[0] - 2 - 2  # inputs and constants are shared


def test_nothing_is_warned_about_by_default():
    x, y = data("BinaryCrossentropy", (3,))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(losses.BCE(), y, x, activation=ops.sigmoid)


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (
            lambda x, y: losses.mse(y, ops.take(x, 1, 0, 2)),
            ShapeError,
            "needs targets of the output's shape, got f32[4",
        ),
        (lambda x, y: losses.bce(ops.sum(y, 1), x), ShapeError, "binary_crossentropy needs targets of the output's"),
        (
            lambda x, y: losses.sparse_categorical_crossentropy(y, x),
            ShapeError,
            "for one-hot targets use 'categorical_crossentropy'",
        ),
        (lambda x, y: losses.sparse_categorical_crossentropy(ops.sum(y, 1), x), ShapeError, "needs whole numbers"),
        (
            lambda x, y: losses.sparse_categorical_crossentropy(ops.argmax(y, 0), x, axis=0),
            ModelError,
            "must be on the last axis (-1), got axis 0",
        ),
        (lambda x, y: losses.categorical_crossentropy(y, x, axis=2), ShapeError, "axis 2 is out of range"),
        (lambda x, y: losses.get(lambda a, b: 3.0).lower(y, x), ModelError, "must return a graph value, got 3.0"),
        (lambda x, y: losses.Loss().lower(y, x), ModelError, "class Loss must define call(self, y_true, y_pred)"),
        (lambda x, y: losses.MSE().lower(y, x, ops.sum(x, 0)), ShapeError, "do not broadcast"),
    ],
)
def test_operands_that_do_not_fit_are_named(action, error, message):
    graph = Graph("wrong")
    x, y = (graph.input(name, TensorType("float32", (4, 3))) for name in "xy")
    with pytest.raises(error) as raised:
        action(x, y)
    assert message in str(raised.value)


@pytest.mark.parametrize("name", ["MeanSquaredError", "SparseCategoricalCrossentropy", "BinaryCrossentropy", "Hinge"])
def test_losses_of_arrays(keras, name):
    x, y = data(name, (4, 3))
    x = 1.0 / (1.0 + numpy.exp(-x))
    weights, mask = RNG.uniform(0.0, 2.0, (ROWS, 4)).astype("float32"), RNG.random((ROWS, 4)) < 0.5
    ours, theirs = getattr(losses, name)(), getattr(keras.losses, name)()
    assert isinstance(ours(y, x), float)
    assert ours(y.tolist(), x.tolist()) == pytest.approx(float(theirs(y, x)), rel=1e-6)
    assert ours(y, x, weights) == pytest.approx(float(theirs(y, x, weights)), rel=1e-6)
    assert ours(y, x, mask=mask) == pytest.approx(float(ours(y[mask][:, None], x[mask][:, None])), rel=1e-6)
    values = getattr(losses, name)(reduction=None)(y, x)
    numpy.testing.assert_allclose(values, getattr(keras.losses, name)(reduction=None)(y, x).numpy(), rtol=2e-6)
