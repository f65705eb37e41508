"""Two hundred steps of each rule, with each option, against Keras's on TensorFlow with the same gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy
import pytest

from nnc import optimizers
from nnc.ir import Graph, TensorType, parse_graph, verify
from nnc.passes import OPTIMIZE, run_passes
from nnc.program import VariableSpec
from tests.running import run_graph

STEPS = 200
LABEL = "parameters"
SHAPES = {"dense/kernel": (4, 3), "dense/bias": (3,), "embedding/embeddings": (2, 3), "conv/kernel": (2, 2, 3)}

RULES: dict[str, dict[str, Any]] = {
    "SGD": {"learning_rate": 0.05, "momentum": 0.9},
    "RMSprop": {"learning_rate": 0.01, "centered": True, "momentum": 0.5},
    "Adam": {"learning_rate": 0.01},
    "AdamW": {"learning_rate": 0.01},
    "Adamax": {"learning_rate": 0.01},
    "Adadelta": {"learning_rate": 1.0, "epsilon": 1e-4},
    "Adagrad": {"learning_rate": 0.1},
    "Nadam": {"learning_rate": 0.01},
    "Ftrl": {"learning_rate": 0.1},
    "Lion": {"learning_rate": 0.001},
    "Lamb": {"learning_rate": 0.01},
    "Adafactor": {"learning_rate": 0.05},
    "Muon": {"learning_rate": 0.01},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "clipnorm": {"clipnorm": 0.5},
    "global_clipnorm": {"global_clipnorm": 0.5},
    "clipvalue": {"clipvalue": 0.2},
    "weight_decay": {"weight_decay": 0.1},
    "ema": {"use_ema": True, "ema_momentum": 0.9},
    "overwriting ema": {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 7},
    "accumulation": {"gradient_accumulation_steps": 3},
    "all": {
        "gradient_accumulation_steps": 3,
        "use_ema": True,
        "ema_momentum": 0.8,
        "ema_overwrite_frequency": 4,
        "clipnorm": 0.5,
        "weight_decay": 0.1,
        "loss_scale_factor": 4.0,
    },
}
MORE = [
    ("Adam", {"amsgrad": True}),
    ("Ftrl", {"l1_regularization_strength": 0.02, "l2_regularization_strength": 0.1, "beta": 0.5}),
    ("Ftrl", {"l2_shrinkage_regularization_strength": 0.1, "learning_rate_power": -0.3}),
    ("Adafactor", {"clip_threshold": 0.5, "beta_2_decay": -0.5, "relative_step": False}),
    ("Muon", {"nesterov": False, "rms_rate": None, "exclude_layers": ["dense"], "exclude_embeddings": False}),
    ("Muon", {"adam_weight_decay": None, "adam_lr_ratio": 0.5, "ns_steps": 3}),
    ("SGD", {"nesterov": True}),
]


def windows() -> tuple[VariableSpec, ...]:
    found, offset = [], 0
    for path, shape in SHAPES.items():
        found.append(VariableSpec(path, LABEL, offset, shape, True))
        offset += int(numpy.prod(shape))
    return tuple(found)


WINDOWS = windows()
SIZE = sum(int(numpy.prod(shape)) for shape in SHAPES.values())


def build(optimizer: Any) -> Graph:
    """A graph with the gradient of a parabola whose bottom moves with x."""
    graph, type = Graph("step"), TensorType("float32", (SIZE,))
    parameter = graph.state(LABEL, type, "parameter")
    for label, value in optimizer.lower({LABEL: parameter * 0.5 + graph.input("x", type)}, WINDOWS).items():
        graph.update(label, value)
    verify(graph)
    assert parse_graph(str(graph)) == graph
    return run_passes(graph, OPTIMIZE)


def draw() -> tuple[Any, Any]:
    generator = numpy.random.default_rng(2)
    return (
        generator.normal(0.0, 1.0, SIZE).astype("float32"),
        generator.normal(0.0, 1.0, (STEPS, SIZE)).astype("float32"),
    )


@dataclass
class Run:
    """Weights after each step, and the optimizer's variables in Keras's order at the end."""

    weights: Any
    variables: list[Any]


def run_nnc(optimizer: Any, start: list[Any] | None = None, first: int = 0, weights: Any = None) -> Run:
    parameter, inputs = draw()
    graph = build(optimizer)
    states = {label: numpy.zeros(value.shape, value.dtype) for label, value in graph.states.items()}
    for label, value in optimizer.initial_states(WINDOWS).items():
        if label in states:
            states[label] = numpy.array(value, states[label].dtype)
    states[LABEL] = parameter if weights is None else weights
    if start is not None:
        optimizer.import_variables(WINDOWS, states, start)
    path = []
    for x in inputs[first:]:
        _, states = run_graph(graph, {"x": x}, states)
        path.append(states[LABEL])
    return Run(numpy.array(path), optimizer.export_variables(WINDOWS, states))


def run_keras(optimizer: Any, steps: int = STEPS) -> Run:
    import tensorflow as tf
    from tensorflow import keras

    parameter, inputs = draw()
    variables = [
        keras.Variable(parameter[item.offset : item.offset + numpy.prod(item.shape)].reshape(item.shape), name=name)
        for item, name in zip(WINDOWS, ("kernel", "bias", "embeddings", "kernel"), strict=True)
    ]
    for variable, path in zip(variables, SHAPES, strict=True):
        variable._path = path
    optimizer.build(variables)
    xs = tf.constant(inputs[:steps])

    @tf.function
    def run() -> Any:
        path = tf.TensorArray(tf.float32, size=steps)
        for step in tf.range(steps):
            flat = tf.concat([tf.reshape(variable.value, [-1]) for variable in variables], 0)
            parts = tf.split(flat * 0.5 + xs[step], [int(numpy.prod(item.shape)) for item in WINDOWS])
            gradients = [tf.reshape(part, item.shape) for part, item in zip(parts, WINDOWS, strict=True)]
            optimizer.apply(gradients, variables)
            path = path.write(step, tf.concat([tf.reshape(variable.value, [-1]) for variable in variables], 0))
        return path.stack()

    weights = run().numpy()
    return Run(weights, [variable.numpy() for variable in optimizer.variables])


def check(name: str, arguments: dict[str, Any]) -> None:
    keras = pytest.importorskip("keras")
    ours, theirs = getattr(optimizers, name)(**arguments), getattr(keras.optimizers, name)(**arguments)
    found, expected = run_nnc(ours), run_keras(theirs)
    start, _ = draw()
    assert numpy.abs(expected.weights[-1] - start).min() > 1e-4
    numpy.testing.assert_allclose(found.weights, expected.weights, rtol=1e-4, atol=2e-5)
    assert len(found.variables) == len(expected.variables)
    names = [item.name for item in ours.saved_variables(WINDOWS)]
    for name, one, other in zip(names, found.variables, expected.variables, strict=True):
        assert one.shape == other.shape, name
        if name != "iteration" or one != 0:  # a rule that does not use the number of steps does not count them
            numpy.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.sampled(2)
def test_each_rule(rule: str) -> None:
    check(rule, RULES[rule])


@pytest.mark.parametrize("option", list(OPTIONS)[1:])
@pytest.mark.slow
def test_each_option(option: str) -> None:
    check("Adam", RULES["Adam"] | OPTIONS[option])


@pytest.mark.parametrize(("rule", "arguments"), MORE)
@pytest.mark.slow
def test_more_arguments(rule: str, arguments: dict[str, Any]) -> None:
    check(rule, RULES[rule] | arguments)


@pytest.mark.slow
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "Adam"])
@pytest.mark.parametrize("option", list(OPTIONS)[1:])
def test_each_rule_with_each_option(rule: str, option: str) -> None:
    check(rule, RULES[rule] | OPTIONS[option])


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.sampled(1)
def test_state_of_keras_is_taken_over(rule: str) -> None:
    """Keras's variables after a hundred steps, and a hundred more with nnc, are two hundred steps of Keras."""
    keras = pytest.importorskip("keras")
    arguments = RULES[rule] | OPTIONS["overwriting ema"] | {"gradient_accumulation_steps": 3}
    whole = run_keras(getattr(keras.optimizers, rule)(**arguments))
    half = run_keras(getattr(keras.optimizers, rule)(**arguments), STEPS // 2)
    ours = getattr(optimizers, rule)(**arguments)
    rest = run_nnc(ours, half.variables, STEPS // 2, half.weights[-1])
    numpy.testing.assert_allclose(rest.weights, whole.weights[STEPS // 2 :], rtol=1e-4, atol=2e-5)


@pytest.mark.slow
def test_variables_excluded_from_decay() -> None:
    keras = pytest.importorskip("keras")
    ours, theirs = (module.Adam(0.01, weight_decay=0.5) for module in (optimizers, keras.optimizers))
    for optimizer in (ours, theirs):
        optimizer.exclude_from_weight_decay(var_names=["bias", "embed"])
    numpy.testing.assert_allclose(run_nnc(ours).weights, run_keras(theirs).weights, rtol=1e-4, atol=2e-5)
    one = optimizers.Adam(0.01, weight_decay=0.5)
    one.exclude_from_weight_decay(var_list=[WINDOWS[1], WINDOWS[2]])
    numpy.testing.assert_array_equal(run_nnc(one).weights, run_nnc(ours).weights)
    assert numpy.abs(run_nnc(optimizers.Adam(0.01, weight_decay=0.5)).weights - run_nnc(ours).weights).max() > 0.1
