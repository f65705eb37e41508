"""Activations against Keras on TensorFlow, in value and gradient, and against finite differences in float64."""

import importlib
import inspect

import numpy
import pytest

from nnc import activations
from nnc.errors import ShapeError, SymbolError
from nnc.ir import Graph, TensorType, ops, parse_graph, symbol, verify
from nnc.ir.ops.sparsemax import write_sparsemax
from tests.registry_battery import check_import_is_light, check_mistake
from tests.running import run_graph

ARGUMENTS = [
    *[(name, {}) for name in activations.ACTIVATIONS if name != "threshold"],
    ("threshold", {"threshold": 0.5, "default_value": -2.0}),
    ("celu", {"alpha": 0.7}),
    ("elu", {"alpha": 0.3}),
    ("gelu", {"approximate": True}),
    ("glu", {"axis": 0}),
    ("hard_shrink", {"threshold": 1.25}),
    ("leaky_relu", {"negative_slope": 0.01}),
    ("leaky_relu", {"negative_slope": 1.5}),
    ("leaky_relu", {"negative_slope": 0.0}),
    ("log_softmax", {"axis": 0}),
    ("log_softmax", {"axis": (0, 1)}),
    ("log_softmax", {"axis": None}),
    ("relu", {"negative_slope": 0.1}),
    ("relu", {"max_value": 6}),
    ("relu", {"max_value": 1.5}),
    ("relu", {"threshold": 1.0}),
    ("relu", {"negative_slope": 0.1, "max_value": 6.0}),
    ("relu", {"negative_slope": 0.1, "max_value": 1.5, "threshold": 0.5}),
    ("relu", {"negative_slope": 0.1, "threshold": -0.5}),
    ("soft_shrink", {"threshold": 1.25}),
    ("softmax", {"axis": 0}),
    ("softmax", {"axis": (0, 1)}),
    ("softmax", {"axis": None}),
    ("sparsemax", {"axis": 0}),
    ("squareplus", {"b": 0.5}),
]
IDS = [" ".join([name, *(f"{key}={value}" for key, value in arguments.items())]) for name, arguments in ARGUMENTS]

KINKS = [0.0, -0.5, 0.5, -1.0, 1.0, -3.0, 3.0, 6.0, 1.5, -1.25]


def gradient(graph, result, x, weights):
    """The derivative of sum(result · weights), by walking the ops' derivatives backwards."""
    cotangents = {result: graph.constant(weights, x.dtype)}
    for node in list(reversed(graph.nodes[: result.index + 1])):
        found = [cotangents.get(value) for value in graph.results(node)]
        if node.is_leaf or all(cotangent is None for cotangent in found):
            continue
        for operand, cotangent in zip(
            node.operands, node.op.vjp(node.operands, graph.results(node), found), strict=True
        ):
            if cotangent is not None:
                known = cotangents.get(operand)
                cotangents[operand] = cotangent if known is None else known + cotangent
    return cotangents.get(x, graph.constant(numpy.zeros(x.shape), x.dtype))


def run(function, data, weights=None, **arguments):
    """Value of an activation, and its derivative where there are weights."""
    graph = Graph("activation")
    x = graph.input("x", TensorType(str(data.dtype), data.shape))
    result = function(x, **arguments)
    graph.output("value", result)
    if weights is not None:
        graph.output("gradient", gradient(graph, result, x, weights))
    verify(graph)
    assert parse_graph(str(graph)) == graph
    outputs, _ = run_graph(graph, {"x": data})
    assert {array.dtype for array in outputs.values()} == {data.dtype}
    return (outputs["value"], outputs["gradient"]) if weights is not None else outputs["value"]


def inputs(name, dtype="float32"):
    """Numbers around every bend, the bends themselves, and large ones; one positive result for sparsemax."""
    data = numpy.random.default_rng(3).normal(0.0, 2.5, (6, 8))
    data.reshape(-1)[: len(KINKS)] = KINKS
    data[5, :4] = [30.0, -30.0, 80.0, -80.0]
    if name == "sparsemax":  # see test_sparsemax_follows_the_paper
        data = 2.0 * numpy.random.default_rng(4).permuted(numpy.arange(48.0)).reshape(6, 8)
    return data.astype(dtype)


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.mark.parametrize(("name", "arguments"), ARGUMENTS, ids=IDS)
@pytest.mark.sampled(1 / 4)
def test_value_and_gradient_are_those_of_keras(keras, name, arguments):
    import tensorflow

    data = inputs(name)
    watched = tensorflow.constant(data)
    with tensorflow.GradientTape() as tape:
        tape.watch(watched)
        expected = getattr(keras.activations, name)(watched, **arguments)
        weights = numpy.random.default_rng(5).normal(size=expected.shape).astype("float32")
        total = tensorflow.reduce_sum(expected * weights)
    expected_gradient = tape.gradient(total, watched).numpy()

    value, derivative = run(activations.get(name), data, weights, **arguments)

    # Rounding differs in the last place; where numbers cancel, as in x - tanh(x), relative to the larger one.
    numpy.testing.assert_allclose(value, expected.numpy(), rtol=1e-6, atol=5e-7)
    numpy.testing.assert_allclose(derivative, expected_gradient, rtol=2e-6, atol=1e-6)


def test_every_name_and_signature_of_keras_is_known(keras):
    names = importlib.import_module("keras.src.activations").ALL_OBJECTS_DICT
    assert set(activations.ACTIVATIONS) == set(names)
    for name, function in names.items():
        expected = [(item.name, item.default) for item in inspect.signature(function).parameters.values()]
        found = inspect.signature(getattr(activations, name)).parameters.values()
        assert [(item.name, item.default) for item in found] == expected, name
        assert activations.get(name) is getattr(activations, name)
        assert activations.serialize(activations.get(name)) == keras.activations.serialize(function)


@pytest.mark.parametrize(("name", "arguments"), ARGUMENTS, ids=IDS)
@pytest.mark.sampled(1 / 4)
def test_gradient_is_that_of_finite_differences(name, arguments):
    data = numpy.random.default_rng(6).normal(0.0, 1.5, (4, 6))
    function = activations.get(name)
    value = run(function, data, **arguments)
    weights = numpy.random.default_rng(7).normal(size=value.shape)
    _, derivative = run(function, data, weights, **arguments)
    step = 1e-6
    for position in numpy.ndindex(data.shape):
        above, below = data.copy(), data.copy()
        above[position] += step
        below[position] -= step
        difference = run(function, above, **arguments) - run(function, below, **arguments)
        expected = numpy.sum(difference * weights) / (2 * step)
        assert derivative[position] == pytest.approx(expected, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(
    ("name", "op"),
    [
        ("exponential", "exp"),
        ("linear", "input"),
        ("log_softmax", "log_softmax"),
        ("relu", "relu"),
        ("sigmoid", "sigmoid"),
        ("softmax", "softmax"),
        ("softplus", "logaddexp"),
        ("sparsemax", "sparsemax"),
        ("tanh", "tanh"),
    ],
)
def test_plain_activations_are_one_op(name, op):
    graph = Graph()
    x = graph.input("x", TensorType("float32", (symbol("batch"), 3)))
    result = activations.get(name)(x)
    assert result.node.op.name == op
    assert [node.op.name for node in graph.nodes if not node.is_leaf] == ([] if name == "linear" else [op])
    assert getattr(result.node.op, "axis", 1) == 1


@pytest.mark.parametrize("name", sorted(set(activations.ACTIVATIONS) - {"threshold", "sparsemax", "exponential"}))
def test_extreme_numbers_give_no_warning_and_no_nan(name):
    data = numpy.array([[1e4, -1e4, 1e18, -1e18, 1e-30, -1e-30]], "float32")
    value, derivative = run(activations.get(name), data, numpy.ones((1, 3 if name == "glu" else 6)))
    assert numpy.isfinite(value).all()
    assert numpy.isfinite(derivative).all()


# ---------------------------------------------------------------------- sparsemax


@pytest.mark.parametrize("axis", [-1, 0, 1, 2])
@pytest.mark.parametrize("scale", [0.05, 0.5, 5.0])
def test_sparsemax_follows_the_paper(axis, scale):
    # Keras 3.15 is not a reference here: with several positive results its own do not sum to 1 (keras#23425).
    data = numpy.random.default_rng(8).normal(0.0, scale, (3, 4, 5))
    result = run(activations.sparsemax, data, axis=axis)
    numpy.testing.assert_allclose(result.sum(axis=axis), 1.0, rtol=1e-12)
    assert (result >= 0).all()
    moved_data, moved = numpy.moveaxis(data, axis, -1).reshape(-1, data.shape[axis]), numpy.moveaxis(result, axis, -1)
    for row, probabilities in zip(moved_data, moved.reshape(moved_data.shape), strict=True):
        # The optimality conditions of the projection: one threshold below all that stay and above all that go.
        thresholds = (row - probabilities)[probabilities > 0]
        numpy.testing.assert_allclose(thresholds, thresholds[0], atol=1e-12)
        assert (row[probabilities == 0] <= thresholds[0]).all()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([0.0, 0.5, 1.0], [0.0, 0.25, 0.75]),
        ([1.0, 1.0], [0.5, 0.5]),
        ([7.0], [1.0]),
        ([1e30, 0.0], [1.0, 0.0]),
        ([1e8, 1e8, 0.0], [0.5, 0.5, 0.0]),
        ([-numpy.inf, 0.0, 0.0], [0.0, 0.5, 0.5]),
        ([numpy.nan, 0.0], [numpy.nan, numpy.nan]),
    ],
)
def test_sparsemax_of_known_rows(row, expected):
    x = numpy.array([row], "float32")
    out = numpy.empty_like(x)
    write_sparsemax(x, out, 1)
    numpy.testing.assert_allclose(out[0], expected, rtol=1e-6)
    numpy.testing.assert_array_equal(run(activations.sparsemax, x)[0], out[0])


# ---------------------------------------------------------------------- wrong shapes


@pytest.mark.parametrize(
    ("name", "arguments", "shape", "error", "message"),
    [
        ("glu", {}, (2, 3), ShapeError, r"activation 'glu' halves axis 1 of f32\[2,3\], whose length 3 is odd"),
        ("glu", {"axis": 0}, (symbol("batch"), 2), SymbolError, "dimension 'batch' is only known at run time"),
        ("glu", {"axis": 2}, (2, 2), ShapeError, "axis 2 is out of range"),
        ("softmax", {"axis": 2}, (2, 2), ShapeError, "axis 2 is out of range"),
        ("softmax", {}, (), ShapeError, "axis -1 is out of range"),
        ("log_softmax", {"axis": -3}, (2, 2), ShapeError, "axis -3 is out of range"),
        ("sparsemax", {"axis": 5}, (2, 2), ShapeError, "axis 5 is out of range"),
        ("sparsemax", {"axis": (0, 1)}, (2, 2), ShapeError, r"expected one axis of f32\[2,2\], got \(0, 1\)"),
        ("glu", {"axis": (0, 1)}, (2, 2), ShapeError, r"expected one axis of f32\[2,2\], got \(0, 1\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(name, arguments, shape, error, message):
    x = Graph().input("x", TensorType("float32", shape))
    with pytest.raises(error, match=message):
        activations.get(name)(x, **arguments)


def test_sparsemax_needs_floating_point_numbers():
    x = Graph().input("x", TensorType("int32", (2,)))
    with pytest.raises(ShapeError, match="needs floating-point numbers, got i32"):
        ops.sparsemax(x)


# ---------------------------------------------------------------------- a user's own


class ShiftedCube(activations.Activation):
    def __init__(self, shift=1.0):
        self.shift = shift

    def call(self, x):
        return (x - self.shift) * (x - self.shift) * (x - self.shift)

    def get_config(self):
        return {"shift": self.shift}


class ForgotCall(activations.Activation):
    pass


class ReturnsNumber(activations.Activation):
    name = "number"

    def call(self, x):
        return 3.0


def doubled(x):
    return x * 2.0


def test_own_class_has_a_derived_gradient():
    data = numpy.array([[-1.0, 0.5, 2.0]])
    value, derivative = run(activations.get(ShiftedCube(0.5)), data, numpy.ones((1, 3)))
    numpy.testing.assert_allclose(value, (data - 0.5) ** 3)
    numpy.testing.assert_allclose(derivative, 3 * (data - 0.5) ** 2)


def test_own_class_round_trip():
    activation = activations.get(ShiftedCube)
    assert activation.name == "shifted_cube"
    assert activation.shift == 1.0
    config = activations.serialize(ShiftedCube(3.0))
    assert (config["class_name"], config["config"]) == ("ShiftedCube", {"shift": 3.0})
    copy = activations.get(config, custom_objects={"ShiftedCube": ShiftedCube})
    assert isinstance(copy, ShiftedCube)
    assert copy.shift == 3.0
    assert activations.get(activation) is activation


def test_own_function_round_trip(keras):
    config = activations.serialize(doubled)
    assert config == keras.activations.serialize(doubled)
    assert activations.deserialize(config, {"doubled": doubled}) is doubled
    assert activations.get("doubled", {"doubled": doubled}) is doubled
    assert activations.get(doubled) is doubled


def test_none_is_linear():
    assert activations.get(None) is activations.linear


def shadow(x):
    return x


shadow.__name__ = "relu"


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: activations.get("sigmoyd"), "unknown activation 'sigmoyd'. Did you mean 'sigmoid'?"),
        (lambda: activations.get("dubled", {"doubled": doubled}), "Did you mean 'doubled'?"),
        (lambda: activations.get("xyzzy"), "unknown activation 'xyzzy'."),
        (lambda: activations.get(3), "an activation must be a name, a config, a function or an Activation, got 3"),
        (lambda: activations.get(int), "got <class 'int'>"),
        (lambda: activations.get({"config": {}}), "an activation's config needs 'class_name' and 'config'"),
        (lambda: activations.get({"class_name": "relu", "config": {"a": 1}}), "activation 'relu' takes no config"),
        (lambda: activations.get({"class_name": "relu", "config": "a"}), "needs 'class_name' and 'config'"),
        (lambda: activations.get({"class_name": "function", "config": "mine"}), "unknown activation 'mine'"),
        (
            lambda: activations.get({"class_name": "S", "config": {"shft": 1}}, {"S": ShiftedCube}),
            "activation ShiftedCube has no argument 'shft'. Did you mean",
        ),
        (lambda: activations.serialize(lambda x: x), "has no name and cannot be saved"),
        (lambda: run(ForgotCall(), numpy.ones(2)), "activation 'forgot_call': class ForgotCall must define call"),
        (lambda: run(ReturnsNumber(), numpy.ones(2)), "activation 'number' must return a graph value, got 3.0"),
    ],
)
def test_mistakes_are_named(action, message):
    check_mistake(action, message)


def test_own_function_that_shares_a_name_is_not_taken_for_keras():
    assert activations.serialize(shadow) != "relu"


def test_import_is_light():
    check_import_is_light("nnc.activations")
