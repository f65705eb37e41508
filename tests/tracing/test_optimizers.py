"""Optimizers and schedules of the author's own, beside Keras: steps, states, and programs that train on."""

from __future__ import annotations

import re
import warnings

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from tests.tracing.own_optimizers import OPTIMIZERS, sign_momentum, warmup

X = numpy.random.default_rng(0).uniform(0.5, 1.5, (8, 6)).astype("float32")
Y = numpy.random.default_rng(1).uniform(-1.0, 1.0, (8, 2)).astype("float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def network(keras, optimizer, **options):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(4, "tanh", **options), keras.layers.Dense(2, name="out")]
    model = keras.Sequential([keras.Input((6,)), *layers])
    model.compile(optimizer, "mse", run_eagerly=True)
    return model


def fitted(model, x, y, epochs=3):
    """Return losses of some steps of Keras's, and the weights after them."""
    history = model.fit(x, y, batch_size=len(x), epochs=epochs, shuffle=False, verbose=0)
    return history.history["loss"], [numpy.array(weight) for weight in model.get_weights()]


def assert_trains_alike(theirs, program, x, y):
    losses, weights = theirs
    history = program.fit(x, y, batch_size=len(x), epochs=len(losses), shuffle=False, verbose=0)
    numpy.testing.assert_allclose(history.history["loss"], losses, rtol=2e-5, atol=1e-6)
    for ours, array in zip(program.get_weights(), weights, strict=True):
        numpy.testing.assert_allclose(ours, array, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.sampled(1)
def test_steps(name, backend, keras, tmp_path):
    theirs = network(keras, OPTIMIZERS[name](keras))
    before = theirs.optimizer.built, len(theirs.optimizer.variables)
    fresh = nnc.compile(theirs, backend=backend)
    assert (theirs.optimizer.built, len(theirs.optimizer.variables)) == before
    assert_trains_alike(fitted(theirs, X, Y), fresh, X, Y)
    fresh.save(tmp_path / "saved.nnc")
    resumed = nnc.compile(theirs, backend=backend)
    after = fitted(theirs, X, Y)
    for program in (fresh, resumed, nnc.load(tmp_path / "saved.nnc")):
        assert_trains_alike(after, program, X, Y)


@pytest.mark.slow
def test_state_in_order_of_keras(keras):
    from frontends.keras_model import FRONTEND

    for name in ("shared_step", "layerwise", "yogi", "averaged"):
        theirs = network(keras, OPTIMIZERS[name](keras))
        fitted(theirs, X, Y)
        ours = FRONTEND.read(theirs)
        ours.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        fitted(theirs, X, Y, 2)
        found = ours.optimizer.variables
        assert len(found) == len(theirs.optimizer.variables)
        for array, variable in zip(found, theirs.optimizer.variables, strict=True):
            numpy.testing.assert_allclose(array, variable.numpy(), rtol=1e-4, atol=1e-6, err_msg=variable.path)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("name", ["sign_momentum", "layerwise"])
def test_weights_that_were_frozen_after_some_steps(name, keras):
    theirs = network(keras, OPTIMIZERS[name](keras))
    fitted(theirs, X, Y, 1)
    theirs.layers[0].trainable = False
    program = nnc.compile(theirs)
    assert_trains_alike(fitted(theirs, X, Y), program, X, Y)


def lookups(keras, optimizer):
    keras.utils.set_random_seed(0)
    ids = keras.Input((5,), dtype="int32")
    x = keras.layers.Embedding(7, 3, name="table")(ids)
    x = keras.layers.Flatten()(x)
    model = keras.Model(ids, keras.layers.Dense(2, kernel_constraint=keras.constraints.MaxNorm(0.5))(x))
    model.compile(optimizer, "mse", run_eagerly=True)
    return model


@pytest.mark.parametrize("name", ["sign_momentum", "decoupled_adam", "yogi", "adagrad", "centralized"])
@pytest.mark.filterwarnings("ignore:large-first-update")
@pytest.mark.sampled(1)
def test_tables_and_constraints(name, keras):
    """Rows that occur several times in a batch are added up where Keras on TensorFlow does so."""
    theirs = lookups(keras, OPTIMIZERS[name](keras))
    ids = numpy.random.default_rng(3).integers(0, 4, (8, 5)).astype("int32")
    program = nnc.compile(theirs, backend="c")
    assert_trains_alike(fitted(theirs, ids, Y), program, ids, Y)


def test_tables_that_are_updated_in_part_are_refused(keras):
    class Remembering(keras.optimizers.Optimizer):
        def build(self, variables):
            super().build(variables)
            self.last = self.add_optimizer_variables(variables, "last")

        def update_step(self, gradient, variable, learning_rate):
            self.assign(self.last[self._get_variable_index(variable)], keras.ops.square(gradient))
            self.assign_sub(variable, learning_rate * gradient)

    ids = numpy.zeros((8, 5), "int32")
    with pytest.raises(
        ModelError, match=r"table 'table/embeddings', of which Keras on TensorFlow assigns only the rows"
    ):
        nnc.compile(lookups(keras, Remembering(0.1))).fit(ids, Y, verbose=0)


def test_weights_that_are_not_decayed(keras):
    makes = {
        "own": lambda: sign_momentum(keras),
        "Keras's": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.5),
    }
    for name, make in makes.items():
        theirs = network(keras, "sgd")
        optimizer = make()
        optimizer.exclude_from_weight_decay(var_list=[theirs.weights[2]], var_names=["bias"])
        theirs.compile(optimizer, "mse", run_eagerly=True)
        theirs.layers[0].bias.assign([1.0, 2.0, 3.0, 4.0])
        program = nnc.compile(theirs)
        assert_trains_alike(fitted(theirs, X, Y), program, X, Y), name


def test_elementwise_updates_are_those_of_whole_vectors(keras):
    """The graph of one with many weights has no more operations than that of one with few."""
    counts = []
    for depth in (1, 6):
        keras.utils.set_random_seed(0)
        layers = [keras.layers.Dense(4) for _ in range(depth)]
        model = keras.Sequential([keras.Input((6,)), *layers, keras.layers.Dense(2)])
        model.compile(sign_momentum(keras), "mse")
        program = nnc.compile(model)
        program.fit(X, Y, batch_size=8, verbose=0)
        counts.append(sum(node.phase == "update" for node in program.graph("train").nodes))
    assert counts[0] == counts[1]


def test_methods_that_are_not_traced_are_named(keras):
    class Own(keras.optimizers.SGD):
        def apply(self, grads, trainable_variables=None):
            super().apply(grads, trainable_variables)

    theirs = network(keras, Own(0.1))
    with pytest.warns(UserWarning) as caught:
        program = nnc.compile(theirs)
    first, second = (str(warning.message) for warning in caught)
    assert "optimizer Own defines apply anew" in first
    assert "move what it does into update_step, or compile the nnc model with" in first
    assert "it is read for predicting and not compiled: optimizer class 'Own'" in second
    numpy.testing.assert_allclose(program.predict(X), theirs(X), rtol=1e-5, atol=1e-6)


def test_methods_of_what_an_optimizer_is_derived_from_are_named(keras):
    class Own(keras.optimizers.Nadam):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(2.0 * gradient, variable, learning_rate)

    with pytest.warns(UserWarning) as caught:
        nnc.compile(network(keras, Own(0.1)))
    message = "optimizer Own: _backend_update_step of Nadam, from which it is derived, cannot be traced"
    assert message in str(caught[0].message)


def test_updates_that_cannot_be_traced_name_the_line(keras):
    class Branching(keras.optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            if self.iterations > 3:
                learning_rate = 0.5 * learning_rate
            self.assign_sub(variable, learning_rate * gradient)

    class OtherWeights(keras.optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            other = self._trainable_variables[0]
            self.assign_sub(variable, learning_rate * gradient * keras.ops.mean(other))

    messages = {
        Branching: r"function 'Branching\.update_step' cannot be traced: .*\(at test_optimizers\.py:\d+\)",
        OtherWeights: r"the update of '.*' reads '.*kernel', which is neither it nor a slot \(at test_optimizers\.py:",
    }
    for cls, message in messages.items():
        with pytest.warns(UserWarning) as caught:
            nnc.compile(network(keras, cls(0.1)))
        assert re.search(message, str(caught[0].message)), str(caught[0].message)


def test_functions_as_learning_rates_are_refused(keras):
    def rate():
        return 0.1

    with pytest.warns(UserWarning) as caught:
        nnc.compile(network(keras, keras.optimizers.SGD(rate)))
    assert "a function as learning_rate is not traced; make it a keras" in str(caught[0].message)


def test_traced_optimizers_have_no_config(keras):
    from frontends.keras_model import FRONTEND

    for optimizer in (sign_momentum(keras), keras.optimizers.SGD(warmup(keras))):
        ours = FRONTEND.read(network(keras, optimizer))
        with pytest.raises(ModelError, match=r"which no config holds; save the compiled program \(\.nnc\)"):
            ours.optimizer.get_config()
