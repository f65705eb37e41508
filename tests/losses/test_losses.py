"""Losses against Keras on TensorFlow, in value and gradient, and the reductions that make one number of rows."""

import numpy
import pytest

import nnc
from nnc import losses
from nnc.errors import NncWarning
from nnc.ir import Graph, TensorType, ops, symbol
from nnc.losses.registry import as_loss
from tests.losses.engines import ACTIVATIONS, RNG, ROWS, close, data, keras_run, run
from tests.running import run_graph

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


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(("name", "config", "activation", "shape"), CASES, ids=IDS)
@pytest.mark.sampled(1 / 2)
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
    outputs, _ = run_graph(graph, {"x": x, "y": y} | ({"w": weights} if weighted else {}))
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
    found = f"{activation} over axis 1" if axis else activation
    with pytest.warns(UserWarning, match=f"but gets that of {found}; like Keras"):
        value, gradient = run(getattr(losses, name)(), y, x, activation=lambda x: getattr(ops, activation)(x, **axis))
    variable = tensorflow.Variable(x)
    with tensorflow.GradientTape() as tape:
        output = getattr(keras.activations, activation)(variable, **axis)
        expected = getattr(keras.losses, name)()(y, output)
    close(value, expected.numpy())
    close(gradient, tape.gradient(expected, variable).numpy(), numpy.abs(gradient).max())


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_logits_of_a_dense_layer_on_sequences_are_found(keras, tensorflow, activation):
    rng = numpy.random.default_rng(0)
    x = 50 * rng.normal(size=(4, 5, 3)).astype("float32")
    y = numpy.eye(4, dtype="float32")[rng.integers(0, 4, (4, 5))]
    kernel = rng.normal(size=(3, 4)).astype("float32")
    loss = "binary_crossentropy" if activation == "sigmoid" else "categorical_crossentropy"
    found = []
    for k in (nnc, keras):
        model = k.Sequential([k.Input((5, 3)), k.layers.Dense(4, activation, use_bias=False)])
        model.compile(k.optimizers.SGD(0.1), loss)
        model.set_weights([kernel])
        found.append((model.train_on_batch(x, y), model.get_weights()[0]))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    assert found[0][0] > 16.2  # where probabilities stop, at -log(1e-7)
    numpy.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-4)


def test_logarithms_of_a_softmax_hold_no_logits():
    x, y = data("CategoricalCrossentropy", (3,))
    with pytest.warns(NncWarning, match="no-probabilities: .* reaches from -inf to 0"):  # which logarithms are not
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
    loss = as_loss(name)
    x, y = data(type(loss).__name__, (3,))
    for other in (as_loss(getattr(losses, name)), losses.LossFunctionWrapper(getattr(losses, name))):
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
