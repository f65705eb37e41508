"""Learning-rate schedules value by value and in training, against Keras's."""

from __future__ import annotations

import inspect

import numpy
import pytest

import nnc
from nnc import optimizers
from nnc.arguments import number
from nnc.errors import ModelError
from nnc.ir import ops
from nnc.optimizers import schedules
from tests.registry_battery import check_import_is_light, check_mistake

CASES = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "decay_rate": 0.7}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.9, "staircase": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 9, "decay_rate": 2.0, "staircase": True}),
    ("PiecewiseConstantDecay", {"boundaries": [5, 20, 60], "values": [0.1, 0.05, 0.2, 0.001]}),
    ("PiecewiseConstantDecay", {"boundaries": [30.7], "values": [0.1, 0.05]}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 50}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 30, "end_learning_rate": 0.01, "power": 2.5}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 30, "power": 0.5, "cycle": True}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 60}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 60, "alpha": 0.2}),
    (
        "CosineDecay",
        {"initial_learning_rate": 0.0, "decay_steps": 60, "alpha": 0.1, "warmup_target": 0.1, "warmup_steps": 15},
    ),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 20}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 15, "t_mul": 1.0, "m_mul": 0.8}),
    (
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 11, "t_mul": 1.5, "m_mul": 0.9, "alpha": 0.1},
    ),
]


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.mark.parametrize(("name", "arguments"), CASES)
@pytest.mark.sampled(4)
def test_each_value_is_that_of_keras(keras, name, arguments):
    ours, theirs = getattr(schedules, name)(**arguments), getattr(keras.optimizers.schedules, name)(**arguments)
    found = [ours.at(step) for step in range(100)]
    expected = [float(theirs(numpy.int64(step))) for step in range(100)]
    assert len(set(expected)) > 1
    numpy.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-8)
    assert ours.get_config() == theirs.get_config()


@pytest.mark.parametrize("name", schedules.SCHEDULES)
def test_arguments_are_those_of_keras(keras, name):
    found, expected = (
        inspect.signature(getattr(module, name)).parameters for module in (schedules, keras.optimizers.schedules)
    )
    assert [(item.name, item.default) for item in found.values()] == [
        (item.name, item.default) for item in expected.values()
    ]


@pytest.mark.parametrize(("name", "arguments"), CASES)
@pytest.mark.sampled(1 / 2)
def test_config_round_trip_is_that_of_keras(keras, name, arguments):
    keras.backend.clear_session()
    ours = optimizers.SGD(getattr(schedules, name)(**arguments))
    theirs = keras.optimizers.SGD(getattr(keras.optimizers.schedules, name)(**arguments))
    config = optimizers.serialize(ours)
    assert config == keras.optimizers.serialize(theirs)
    assert optimizers.serialize(optimizers.deserialize(config)) == config
    assert type(optimizers.deserialize(config).schedule).__name__ == name


class InverseRoot(schedules.LearningRateSchedule):
    scale = number(default=0.1)

    def __call__(self, step):
        return self.scale / ops.sqrt(step + 1.0)


def network(module, optimizer):
    model = module.Sequential([module.layers.Input((3,)), module.layers.Dense(4, activation="tanh")])
    model.add(module.layers.Dense(1))
    model.compile(optimizer=optimizer, loss="mse")
    generator = numpy.random.default_rng(1)
    model.set_weights([generator.normal(0, 0.5, weight.shape) for weight in model.get_weights()])
    return model


def arrays():
    generator = numpy.random.default_rng(3)
    return generator.normal(size=(40, 3)).astype("float32"), generator.normal(size=(40, 1)).astype("float32")


@pytest.mark.parametrize(
    ("rule", "arguments"), [("SGD", {}), ("Adam", {"weight_decay": 0.1}), ("SGD", {"gradient_accumulation_steps": 2})]
)
@pytest.mark.slow
def test_training_follows_the_schedule(keras, rule, arguments):
    """Also with accumulation, where Keras counts batches and not steps."""
    models = []
    for module in (nnc, keras):
        schedule = module.optimizers.schedules.CosineDecayRestarts(0.1, 7, 1.5, 0.8)
        models.append(network(module, getattr(module.optimizers, rule)(schedule, **arguments)))
    found, expected = (
        model.fit(*arrays(), batch_size=8, epochs=10, shuffle=False, verbose=0).history["loss"] for model in models
    )
    numpy.testing.assert_allclose(found, expected, rtol=1e-5)
    assert models[0].optimizer.learning_rate == pytest.approx(float(models[1].optimizer.learning_rate), rel=1e-5)


def test_own_schedules_train_and_are_found_again(keras):
    class TheirInverseRoot(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.1 / keras.ops.sqrt(keras.ops.cast(step, "float32") + 1.0)

    models = network(nnc, nnc.optimizers.SGD(InverseRoot())), network(keras, keras.optimizers.SGD(TheirInverseRoot()))
    found, expected = (
        model.fit(*arrays(), batch_size=8, epochs=4, shuffle=False, verbose=0).history["loss"] for model in models
    )
    numpy.testing.assert_allclose(found, expected, rtol=1e-5)
    config = schedules.serialize(InverseRoot(0.5))
    assert config["registered_name"] == "InverseRoot"
    assert schedules.get(config, {"InverseRoot": InverseRoot}).scale == 0.5
    whole = optimizers.serialize(optimizers.SGD(InverseRoot(0.5)))
    assert optimizers.get(whole, {"InverseRoot": InverseRoot}).schedule.scale == 0.5


def test_a_program_keeps_the_schedule(tmp_path):
    def fresh():
        return network(nnc, nnc.optimizers.Adam(schedules.ExponentialDecay(0.1, 10, 0.5)))

    whole = fresh()
    whole.fit(*arrays(), batch_size=8, epochs=6, shuffle=False, verbose=0)
    half = fresh()
    half.fit(*arrays(), batch_size=8, epochs=3, shuffle=False, verbose=0)
    half.save(tmp_path / "half.nnc")
    program = nnc.load(tmp_path / "half.nnc")
    program.fit(*arrays(), batch_size=8, epochs=3, shuffle=False, verbose=0)
    numpy.testing.assert_array_equal(program.states["parameters"], whole.program.states["parameters"])


def test_learning_rate_of_a_schedule_cannot_be_set():
    optimizer = optimizers.SGD(schedules.ExponentialDecay(0.1, 10, 0.5))
    assert optimizer.learning_rate == pytest.approx(0.1)
    with pytest.raises(ModelError, match="as learning_rate, which ExponentialDecay computes"):
        optimizer.learning_rate = 0.2


class Nothing(schedules.LearningRateSchedule):
    def __call__(self, step):
        return None


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: schedules.CosineDecay(0.1, 0), "CosineDecay: decay_steps must be a finite number above 0, got 0"),
        (lambda: schedules.ExponentialDecay(0.1, -1, 0.5), "decay_steps must be a finite number above 0, got -1"),
        (lambda: schedules.CosineDecayRestarts(0.1, None), "first_decay_steps must be a finite number above 0"),
        (lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]), "got 2 boundaries and 2 values"),
        (lambda: schedules.get("Cosine"), "unknown learning-rate schedule 'Cosine'; known are CosineDecay,"),
        (lambda: schedules.LearningRateSchedule().at(1), "LearningRateSchedule must define __call__(self, step)"),
        (lambda: Nothing().at(1), "Nothing must return a graph value, got None"),
    ],
)
def test_mistakes_are_named(action, message):
    check_mistake(action, message)


def test_import_is_light():
    check_import_is_light("nnc.optimizers.schedules")


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_schedules_of_numbers(name, settings):
    keras = pytest.importorskip("keras")
    ours, theirs = (getattr(lib.optimizers.schedules, name)(**settings) for lib in (nnc, keras))
    for step in (0, 1, 17, 100, 3.5):
        assert float(ours(step)) == pytest.approx(float(theirs(step)), rel=1e-5, abs=1e-9)


def test_a_schedule_may_be_set_until_the_model_is_compiled():
    optimizer = optimizers.SGD(0.1)
    optimizer.learning_rate = schedules.ExponentialDecay(0.3, 10, 0.5)
    assert optimizer.learning_rate == pytest.approx(0.3)
    model = network(nnc, optimizers.SGD(0.1))
    model.fit(*arrays(), verbose=0)
    with pytest.raises(ModelError, match="compiled for the learning rate that it has; set a schedule before"):
        model.optimizer.learning_rate = schedules.ExponentialDecay(0.3, 10, 0.5)
