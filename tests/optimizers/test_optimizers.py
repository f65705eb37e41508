"""Update rules against Keras's optimizers, step by step with the same gradients, and what they cost."""

import pickle
from math import sqrt

import numpy
import pytest

import nnc
from nnc import optimizers
from nnc.errors import ModelError, ShapeError
from nnc.ir import Graph, TensorType, ops, parse_graph, verify
from tests.running import run_graph

SIZE, STEPS = 12, 50
LABEL = "weights"
CASES = [
    ("SGD", {}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"learning_rate": 0.1, "momentum": 1.0}),
    ("SGD", {"learning_rate": 0.1, "nesterov": True}),
    ("SGD", {"learning_rate": 0.1, "weight_decay": 0.01}),
    ("SGD", {"learning_rate": 0.1, "clipvalue": 0.3}),
    ("SGD", {"learning_rate": 0.1, "global_clipnorm": 0.5, "momentum": 0.5}),
    ("Adam", {}),
    ("Adam", {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-4}),
    ("Adam", {"learning_rate": 0.01, "amsgrad": True}),
    ("Adam", {"learning_rate": 0.01, "beta_1": 0.0}),
    ("Adam", {"learning_rate": 0.01, "weight_decay": 0.1, "clipvalue": 0.3}),
    ("Adam", {"learning_rate": 0.01, "global_clipnorm": 100.0}),
    ("AdamW", {}),
    ("AdamW", {"learning_rate": 0.01, "weight_decay": 0.1, "amsgrad": True}),
    ("RMSprop", {}),
    ("RMSprop", {"learning_rate": 0.01, "rho": 0.8, "epsilon": 1e-4}),
    ("RMSprop", {"learning_rate": 0.01, "momentum": 0.9}),
    ("RMSprop", {"learning_rate": 0.01, "centered": True}),
    ("RMSprop", {"learning_rate": 0.01, "centered": True, "momentum": 0.5, "weight_decay": 0.1}),
    ("RMSprop", {"learning_rate": 0.01, "global_clipnorm": 0.5}),
]
IDS = [f"{name}-{arguments}" for name, arguments in CASES]


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def update(graph, parameters):
    for label, value in parameters.items():
        graph.update(label, value)


def build(optimizer, dtype="float32"):
    """A graph with the gradient of a parabola whose bottom moves with x."""
    graph, type = Graph("step"), TensorType(dtype, (SIZE,))
    parameter = graph.state(LABEL, type, "parameter")
    gradient = parameter * 0.5 + graph.input("x", type)
    graph.output("gradient", gradient)
    first = len(graph.nodes)
    update(graph, optimizer.lower({LABEL: gradient}))
    verify(graph)
    assert parse_graph(str(graph)) == graph
    return graph, [node for node in graph.nodes[first:] if not node.is_leaf]


def start(graph, optimizer, parameter):
    states = {label: numpy.zeros(value.shape, value.dtype) for label, value in graph.states.items()}
    for label, value in optimizer.initial_states().items():
        states[label] = numpy.array(value, parameter.dtype)
    return states | {LABEL: parameter}


def draw(dtype="float32"):
    generator = numpy.random.default_rng(2)
    return generator.normal(0.0, 1.0, SIZE).astype(dtype), generator.normal(0.0, 1.0, (STEPS, SIZE)).astype(dtype)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=IDS)
@pytest.mark.sampled(1 / 2)
def test_fifty_steps_are_those_of_keras(keras, name, arguments):
    ours, theirs = getattr(optimizers, name)(**arguments), getattr(keras.optimizers, name)(**arguments)
    graph, _ = build(ours)
    parameter, inputs = draw()
    variable = keras.Variable(parameter)
    states = start(graph, ours, parameter)
    for step, x in enumerate(inputs):
        if step == STEPS // 2:
            ours.bind(states)
            ours.learning_rate = theirs.learning_rate = ours.learning_rate * 2.0
        outputs, states = run_graph(graph, {"x": x}, states)
        theirs.apply([keras.ops.convert_to_tensor(outputs["gradient"])], [variable])
        numpy.testing.assert_allclose(states[LABEL], variable.numpy(), rtol=1e-6, atol=1e-6)
    moved = numpy.abs(states[LABEL] - parameter)
    assert moved.min() > 1e-3
    numpy.testing.assert_allclose(states[LABEL] - parameter, variable.numpy() - parameter, rtol=1e-4, atol=1e-6)
    for label, array in states.items():
        if label.endswith(f"/{LABEL}"):
            slot = label.split("/")[1]
            (found,) = (item.numpy() for item in theirs.variables if item.name.endswith(f"_{slot}"))
            numpy.testing.assert_allclose(array, found, rtol=1e-5, atol=1e-6)
    if "optimizer/iterations" in states:
        ours.bind(states)
        assert ours.iterations == STEPS == int(theirs.iterations)


@pytest.mark.parametrize(
    ("name", "arguments", "vectors", "scalars"),
    [
        ("SGD", {}, 2, 0),
        ("SGD", {"momentum": 0.9}, 4, 0),
        ("SGD", {"momentum": 0.9, "nesterov": True}, 6, 0),
        ("SGD", {"weight_decay": 0.1}, 4, 1),
        ("SGD", {"clipvalue": 0.1}, 4, 0),
        ("SGD", {"global_clipnorm": 0.1}, 4, 4),
        ("Adam", {}, 12, 7),
        ("Adam", {"amsgrad": True}, 13, 7),
        ("AdamW", {}, 14, 8),
        ("AdamW", {"weight_decay": 0.0}, 12, 7),
        ("RMSprop", {}, 9, 0),
        ("RMSprop", {"momentum": 0.9}, 11, 0),
        ("RMSprop", {"centered": True}, 14, 0),
    ],
)
def test_the_number_of_operations_does_not_grow_unnoticed(name, arguments, vectors, scalars):
    _, nodes = build(getattr(optimizers, name)(**arguments))
    computing = [node for node in nodes if node.op.name not in ("slice", "reshape")]
    wide = [node for node in computing if node.types[0].shape == (SIZE,)]
    assert (len(wide), len(computing) - len(wide)) == (vectors, scalars)


def test_states_of_a_rule():
    graph, _ = build(optimizers.RMSprop(centered=True, momentum=0.5))
    found = {label: (str(value.type), value.node.op.role) for label, value in graph.states.items()}
    assert found == {
        LABEL: ("f32[12]", "parameter"),
        "optimizer/learning_rate": ("f32[]", "hyperparameter"),
        f"optimizer/velocity/{LABEL}": ("f32[12]", "slot"),
        f"optimizer/momentum/{LABEL}": ("f32[12]", "slot"),
        f"optimizer/average_gradient/{LABEL}": ("f32[12]", "slot"),
    }
    assert set(graph.updates) == set(found) - {"optimizer/learning_rate"}
    graph, _ = build(optimizers.Adam())
    assert graph.states["optimizer/iterations"].type == TensorType("int64", ())
    assert list(build(optimizers.SGD())[0].states) == [LABEL, "optimizer/learning_rate"]


def test_several_parameters_count_one_step():
    graph, type = Graph("two"), TensorType("float32", (3,))
    optimizer = optimizers.Adam(0.1)
    values = {label: graph.state(label, type, "parameter") for label in ("a", "b")}
    gradient = graph.input("x", type)
    update(graph, optimizer.lower(dict.fromkeys(values, gradient)))
    verify(graph)
    states = start(graph, optimizer, numpy.zeros(3, "float32"))
    states.pop(LABEL)
    x = numpy.array([1.0, -2.0, 3.0], "float32")
    for _ in range(2):
        _, states = run_graph(graph, {"x": x}, states)
    assert states["optimizer/iterations"] == 2
    numpy.testing.assert_array_equal(states["a"], states["b"])
    numpy.testing.assert_allclose(states["a"], -0.2 * numpy.sign(x), rtol=1e-4)


def test_element_type_follows_the_parameter():
    optimizer = optimizers.AdamW(0.01, global_clipnorm=1.0)
    graph, _ = build(optimizer, "float64")
    assert graph.states["optimizer/learning_rate"].dtype == "float64"
    parameter, inputs = draw("float64")
    _, states = run_graph(graph, {"x": inputs[0]}, start(graph, optimizer, parameter))
    assert states[LABEL].dtype == "float64"


def test_global_norm_scales_only_what_is_too_long():
    parameter = numpy.zeros(SIZE, "float32")
    for norm, expected in ((0.5, 0.5), (1.0, 1.0), (5.0, 1.0), (0.0, 0.0)):
        optimizer = optimizers.SGD(1.0, global_clipnorm=1.0)
        graph, _ = build(optimizer)
        x = numpy.full(SIZE, norm / sqrt(SIZE), "float32")
        _, states = run_graph(graph, {"x": x}, start(graph, optimizer, parameter))
        numpy.testing.assert_allclose(numpy.linalg.norm(states[LABEL]), expected, rtol=1e-6)


# ---------------------------------------------------------------------- live learning rate


def test_learning_rate_before_and_after_binding():
    optimizer = optimizers.SGD(0.1)
    assert optimizer.learning_rate == 0.1
    optimizer.learning_rate = 0.2
    assert optimizer.initial_states() == {"optimizer/learning_rate": 0.2}
    states = {"optimizer/learning_rate": numpy.array(0.3, "float32")}
    optimizer.bind(states)
    assert optimizer.learning_rate == pytest.approx(0.3)
    array = states["optimizer/learning_rate"]
    optimizer.learning_rate = numpy.float32(0.4)
    assert array == numpy.float32(0.4)
    assert optimizer.initial_states()["optimizer/learning_rate"] == pytest.approx(0.4)
    for wrong in (0, -0.1, float("nan"), "fast", None):
        with pytest.raises(ModelError, match="learning_rate must be a finite number above 0"):
            optimizer.learning_rate = wrong
    assert array == numpy.float32(0.4)
    copy = pickle.loads(pickle.dumps(optimizer))
    assert copy.get_config() == optimizer.get_config()
    assert optimizers.SGD.from_config(optimizer.get_config()).learning_rate == pytest.approx(0.4)


def test_iterations():
    optimizer = optimizers.Adam()
    assert optimizer.iterations == 0
    optimizer.bind({"optimizer/iterations": numpy.array(7)})
    assert optimizer.iterations == 7
    assert optimizers.SGD().iterations == 0


# ---------------------------------------------------------------------- a user's own


class SignDescent(optimizers.Optimizer):
    def update_step(self, parameter, gradient, state):
        return parameter - ops.sign(gradient) * (state.learning_rate / ops.sqrt(state.step))


class Wrong(optimizers.Optimizer):
    def update_step(self, parameter, gradient, state):
        return state.learning_rate


class Nothing(optimizers.Optimizer):
    def update_step(self, parameter, gradient, state):
        state.assign("unused", gradient)


def test_own_rules():
    optimizer = SignDescent(0.1, weight_decay=0.5)
    graph, _ = build(optimizer)
    parameter, inputs = draw()
    states = start(graph, optimizer, parameter)
    expected = parameter
    for step, x in enumerate(inputs[:3], 1):
        gradient = expected * numpy.float32(0.5) + x
        expected = expected * 0.95 - 0.1 / sqrt(step) * numpy.sign(gradient)
        _, states = run_graph(graph, {"x": x}, states)
    numpy.testing.assert_allclose(states[LABEL], expected, rtol=1e-5, atol=1e-6)
    assert states["optimizer/iterations"] == 3


@pytest.mark.parametrize(
    ("optimizer", "error", "message"),
    [
        (Wrong(0.1), ShapeError, "cannot become f32[]"),
        (Nothing(0.1), ModelError, "optimizer 'nothing' must return a graph value from update_step, got None"),
        (
            optimizers.Optimizer(0.1),
            ModelError,
            "class Optimizer must define update_step(self, parameter, gradient, state)",
        ),
    ],
)
def test_rules_that_are_none_are_named(optimizer, error, message):
    with pytest.raises(error) as raised:
        build(optimizer)
    assert message in str(raised.value)


def test_a_global_norm_over_several_states():
    graph, type = Graph("two"), TensorType("float32", (3,))
    gradient = graph.input("x", type)
    for label in ("a", "b"):
        graph.state(label, type, "parameter")
    optimizer = optimizers.SGD(1.0, global_clipnorm=1.0)
    update(graph, optimizer.lower({"a": gradient, "b": gradient}))
    states = start(graph, optimizer, numpy.zeros(3, "float32"))
    states.pop(LABEL)
    _, states = run_graph(graph, {"x": numpy.array([3.0, 0.0, 4.0], "float32")}, states)
    for label in ("a", "b"):
        numpy.testing.assert_allclose(states[label], numpy.array([-0.6, 0.0, -0.8]) / sqrt(2.0), rtol=1e-6)


def test_variables_of_one_name_are_told_apart():
    keras = pytest.importorskip("keras")
    for lib in (keras, nnc):
        first, second = lib.Variable(2.0), lib.Variable(2.0)
        optimizer = lib.optimizers.SGD(1.0, weight_decay=0.004)
        optimizer.exclude_from_weight_decay(var_list=[second])
        optimizer.apply_gradients([(lib.ops.zeros(()), first), (lib.ops.zeros(()), second)])
        assert float(first.numpy()) == pytest.approx(1.992)
        assert float(second.numpy()) == 2.0


def test_averages_are_taken_over():
    keras = pytest.importorskip("keras")
    found = []
    for lib in (keras, nnc):
        variable = lib.Variable([1.0, 2.0])
        optimizer = lib.optimizers.Adam(1.0, use_ema=True, ema_momentum=0.9)
        for _ in range(3):
            optimizer.apply([lib.ops.convert_to_tensor([0.1, 0.2])], [variable])
        optimizer.finalize_variable_values([variable])
        found.append(variable.numpy())
    numpy.testing.assert_allclose(*found, rtol=1e-6)
    with pytest.raises(ModelError, match="no step was taken with the variable"):
        optimizer.finalize_variable_values([nnc.Variable(1.0)])
