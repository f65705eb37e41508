"""Optimizers over the states of real models: how many kernel calls they make, weights in several states."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc import optimizers
from tests.optimizers.test_keras import OPTIONS, RULES


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


ELEMENTWISE = [rule for rule in RULES if rule not in ("Lamb", "Adafactor", "Muon")]


def network(depth, optimizer):
    layers = [nnc.layers.Dense(4, activation="tanh") for _ in range(depth)]
    model = nnc.Sequential([nnc.Input((3,)), *layers, nnc.layers.Dense(1)])
    model.compile(optimizer, "mse")
    return model


def update_steps(model):
    graph = model.program.plan("train").graph
    return [node for node in graph.nodes if node.phase == "update" and not node.is_leaf]


@pytest.mark.parametrize("rule", ELEMENTWISE)
@pytest.mark.sampled(2)
def test_elementwise_rules_do_not_grow_with_the_model(rule):
    """Also with options that look at each element alone."""
    for option in ("plain", "clipvalue", "global_clipnorm", "overwriting ema", "accumulation"):
        arguments = RULES[rule] | OPTIONS[option]
        few, many = (len(update_steps(network(depth, getattr(optimizers, rule)(**arguments)))) for depth in (1, 6))
        assert few == many, option


@pytest.mark.parametrize(("rule", "per_variable"), [("Lamb", 5), ("Adafactor", 26), ("Muon", 60)])
@pytest.mark.sampled(2)
def test_other_rules_grow_in_proportion(rule, per_variable):
    counts = [len(update_steps(network(depth, getattr(optimizers, rule)(0.01)))) for depth in (1, 3, 5)]
    assert counts[2] - counts[1] == counts[1] - counts[0]
    assert 0 < (counts[1] - counts[0]) / 4 <= per_variable


@pytest.mark.parametrize("option", ["plain", "clipnorm", "global_clipnorm", "weight_decay", "all"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.sampled(6)
def test_weights_in_several_states_are_trained_as_those_in_one(rule, option):
    """A model that shares layers with others has its weights in several states."""
    generator = numpy.random.default_rng(5)
    x, y = generator.normal(size=(24, 3)).astype("float32"), generator.normal(size=(24, 1)).astype("float32")
    arguments = RULES[rule] | OPTIONS[option]

    def chain(*layers):
        model = nnc.Sequential([nnc.Input((3,)), *layers])
        model.compile(getattr(optimizers, rule)(**arguments), "mse")
        return model

    def dense(units):
        return nnc.layers.Dense(units, activation="tanh")

    first, last = dense(4), nnc.layers.Dense(1)
    assert chain(first, dense(3)).program.states  # lays out the first layer's weights before the chain below does
    shared, alone = chain(first, dense(5), last), chain(dense(4), dense(5), nnc.layers.Dense(1))
    weights = [generator.normal(0, 0.7, weight.shape) for weight in alone.get_weights()]
    shared.set_weights(weights)
    alone.set_weights(weights)
    losses = [
        model.fit(x, y, batch_size=8, epochs=6, shuffle=False, verbose=0).history["loss"] for model in (shared, alone)
    ]
    assert {variable.state for variable in shared.program.spec.variables} == {"parameters", "parameters_1"}
    numpy.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    for one, other in zip(shared.get_weights(), alone.get_weights(), strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    for one, other in zip(shared.optimizer.variables, alone.optimizer.variables, strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_variables_of_a_bound_optimizer_can_be_set():
    model, other = network(2, optimizers.Nadam(0.01)), network(2, optimizers.Nadam(0.02))
    x = numpy.ones((8, 3), "float32")
    model.fit(x, x[:, :1], epochs=3, verbose=0)
    other.set_weights(model.get_weights())
    assert other.program.states
    other.optimizer.set_weights(model.optimizer.variables)
    assert other.optimizer.learning_rate == pytest.approx(0.01)
    assert other.optimizer.iterations == 3
    found = [item.fit(x, x[:, :1], epochs=2, verbose=0).history["loss"] for item in (model, other)]
    assert found[0] == found[1]
    with pytest.raises(nnc.errors.ModelError, match=r"has 15 variables .* got 3"):
        other.optimizer.set_weights(model.optimizer.variables[:3])
    with pytest.raises(nnc.errors.ModelError, match="compile a model with it"):
        optimizers.Adam().set_weights([])
    with pytest.raises(nnc.errors.ModelError, match="call exclude_from_weight_decay before the model is trained"):
        other.optimizer.exclude_from_weight_decay(var_names=["bias"])


def test_excluded_variables_of_inner_models():
    """Layers of the same name in two inner models: only the one that is excluded is not decayed."""
    inner = [
        nnc.Sequential([nnc.Input((3,)), nnc.layers.Dense(3, use_bias=False, name="same")], name=name) for name in "ab"
    ]
    model = nnc.Sequential([nnc.Input((3,)), *inner])
    optimizer = optimizers.SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[inner[1].weights[0]])
    model.compile(optimizer, "mse")
    model.set_weights([numpy.ones((3, 3))] * 2)
    model.fit(numpy.zeros((2, 3)), numpy.zeros((2, 3)), verbose=0)
    assert [array[0, 0] for array in model.get_weights()] == [0.75, 1.0]


@pytest.mark.filterwarnings("ignore::nnc.errors.NncWarning")  # inputs are as large as gradients are small
def test_loss_scale_keeps_small_gradients():
    """Without it, the gradient is below the smallest number of float32 between the two layers, and so 0."""
    x, y = numpy.full((4, 1), 1e30, "float32"), numpy.full((4, 1), 1e-8, "float32")
    moved = []
    for factor in (None, 2.0**40):
        model = nnc.Sequential([nnc.Input((1,)), *(nnc.layers.Dense(1, use_bias=False) for _ in range(2))])
        model.compile(optimizers.Lion(0.1, loss_scale_factor=factor), "mse")
        model.set_weights([numpy.zeros((1, 1)), numpy.full((1, 1), 2e-38)])
        model.fit(x, y, verbose=0)
        moved.append(model.get_weights()[0][0, 0])
    assert moved == [0.0, numpy.float32(0.1)]


@pytest.mark.parametrize("option", ["plain", "all"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.sampled(5)
def test_a_saved_program_goes_on_to_the_bit(tmp_path, rule, option):
    x = numpy.random.default_rng(2).normal(size=(20, 3)).astype("float32")
    y = x[:, :1] ** 2
    arguments = RULES[rule] | OPTIONS[option]
    start = network(2, getattr(optimizers, rule)(**arguments)).get_weights()
    programs = []
    for saves in (False, True):
        model = network(2, getattr(optimizers, rule)(**arguments))
        model.seed = 3
        model.set_weights(start)
        program = model.program
        program.fit(x, y, batch_size=8, epochs=2, verbose=0)
        if saves:
            program.save(tmp_path / "half.nnc")
            program = nnc.load(tmp_path / "half.nnc")
        program.fit(x, y, batch_size=8, epochs=3, verbose=0)
        programs.append(program)
    assert programs[0].states.keys() == programs[1].states.keys()
    for label, array in programs[0].states.items():
        numpy.testing.assert_array_equal(array, programs[1].states[label], err_msg=label)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"gradient_accumulation_steps": 2}, {"use_ema": True}])
@pytest.mark.slow
def test_steps_of_every_rule_are_counted(options, tmp_path, keras):
    model = network(1, optimizers.SGD(0.01, **options))
    twin = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    twin.compile(keras.optimizers.SGD(0.01, **options), "mse")
    x = numpy.ones((10, 3), "float32")
    y = x[:, :1]
    seen = {"ours": [], "theirs": []}
    for key, one in (("ours", model), ("theirs", twin)):
        assert int(one.optimizer.iterations) == 0
        one.fit(x, y, batch_size=4, epochs=2, verbose=0)
        one.evaluate(x, y, verbose=0)
        seen[key].append(int(one.optimizer.iterations))
        one.train_on_batch(x, y, sample_weight=numpy.ones(10, "float32"))
        one.test_on_batch(x, y)
        seen[key].append(int(one.optimizer.iterations))
        one.fit(((x, y) for _ in range(3)), steps_per_epoch=3, shuffle=False, verbose=0)
        seen[key].append(int(one.optimizer.iterations))
    assert seen["ours"] == seen["theirs"]
    assert model.optimizer.variables[0] == model.program.states["optimizer/iterations"] == 10
    model.save(tmp_path / "model.nnc")
    again = nnc.load(tmp_path / "model.nnc")
    again.train_step(x, y)
    assert again.optimizer.iterations == 11
    assert model.program.optimizer.iterations == 10
    model.optimizer.set_weights([numpy.int64(3), *model.optimizer.variables[1:]])
    model.train_on_batch(x, y)
    assert model.program.optimizer.iterations == 4
    model.compile("sgd", "mse")
    assert model.optimizer.iterations == 0


def test_a_callback_sees_the_number_of_each_step():
    seen = []

    class Watch(nnc.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(self.model.optimizer.iterations)

    x = numpy.ones((10, 3), "float32")
    network(1, "sgd").fit(x, x[:, :1], batch_size=4, epochs=2, verbose=0, callbacks=[Watch()])
    assert seen == [1, 2, 3, 4, 5, 6]


def test_the_counter_of_a_damaged_file_is_refused(tmp_path):
    model = network(1, "sgd")
    model.program.states["optimizer/iterations"] = numpy.zeros(2, "int64")
    model.save(tmp_path / "model.nnc")
    with pytest.raises(nnc.errors.ProgramFileError, match=r"state '@optimizer/iterations' should be i64\[\]"):
        nnc.load(tmp_path / "model.nnc")
