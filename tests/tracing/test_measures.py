"""Losses and metrics of the author's own, beside Keras: steps on both backends, and programs without Keras."""

from __future__ import annotations

import re
import warnings

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError
from tests.tracing.own_measures import LOSSES, LOSSES_OF_OTHER_TARGETS, METRICS, WEIGHTED, bent, counting, within

GENERATOR = numpy.random.default_rng(0)
X = GENERATOR.uniform(0.5, 1.5, (12, 6)).astype("float32")
Y = GENERATOR.uniform(-1.0, 1.0, (12, 2)).astype("float32")
WEIGHTS = GENERATOR.uniform(0.5, 2.0, 12).astype("float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def network(keras, units=2, **options):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(units, name="out")], name="net"
    )
    model.compile(keras.optimizers.SGD(0.02), run_eagerly=True, **options)
    return model


def assert_trains_alike(theirs, y, backend, x=X, **options):
    """Compare three epochs of two batches, what they measure, and the weights after them; return nnc's program."""
    program = nnc.compile(theirs, backend=backend)
    expected = theirs.fit(x, y, batch_size=6, epochs=3, shuffle=False, verbose=0, **options).history
    found = program.fit(x, y, batch_size=6, epochs=3, shuffle=False, verbose=0, **options).history
    assert found.keys() == expected.keys()
    for name, numbers in expected.items():
        numpy.testing.assert_allclose(found[name], numbers, rtol=2e-5, atol=1e-6, err_msg=name)
    for ours, array in zip(program.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(ours, array, rtol=1e-4, atol=2e-6)
    return program


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.sampled(2)
def test_losses(name, backend, keras):
    assert_trains_alike(network(keras, loss=LOSSES[name](keras)), Y, backend)


@pytest.mark.parametrize("name", sorted(LOSSES.keys() - {"scalar"}))
@pytest.mark.sampled(1)
def test_weighted_losses(name, keras):
    y = Y[:, :1] if name == "anonymous" else Y  # whose values are not one for each row, which Keras cannot weigh
    assert_trains_alike(network(keras, y.shape[1], loss=LOSSES[name](keras)), y, "numpy", sample_weight=WEIGHTS)


@pytest.mark.parametrize("name", LOSSES_OF_OTHER_TARGETS)
@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.sampled(1)
def test_losses_of_other_targets(name, backend, keras):
    """Targets are class indices, or numbers, where the loss takes none like the output."""
    make, kind = LOSSES_OF_OTHER_TARGETS[name]
    indices = numpy.random.default_rng(1).integers(0, 3, 12).astype("int64")
    y = {"indices": indices, "column": indices[:, None], "numbers": Y[:, 0], "column of numbers": Y[:, :1]}[kind]
    metrics = {"metrics": ["accuracy"]} if kind in ("indices", "column") else {}
    assert_trains_alike(network(keras, 3, loss=make(keras), **metrics), y, backend)


@pytest.mark.slow
def test_the_first_data_say_which_targets_a_loss_takes(keras, tmp_path):
    """Afterwards, and in a file, it is that kind alone."""
    theirs = network(keras, 3, loss=LOSSES_OF_OTHER_TARGETS["likelihood"][0](keras))
    nnc.compile(theirs).save(tmp_path / "before.nnc")
    column, like_output = Y[:, :1], X[:, :3]
    program = assert_trains_alike(theirs, column, "numpy")
    found = program.evaluate(X, column, verbose=0)
    with pytest.raises(nnc.errors.DataError, match=r"target 'y' must have shape \(rows, 1\), got \(12, 3\)"):
        program.fit(X, like_output, verbose=0)
    program.save(tmp_path / "after.nnc")
    assert nnc.load(tmp_path / "after.nnc").evaluate(X, column, verbose=0) == found
    with pytest.raises(nnc.errors.DataError, match=r"target 'y' must have shape \(rows, 3\), got \(12, 1\)"):
        nnc.load(tmp_path / "before.nnc").evaluate(X, column, verbose=0)
    theirs = network(keras, 3, loss=LOSSES_OF_OTHER_TARGETS["likelihood"][0](keras))
    assert_trains_alike(theirs, like_output, "numpy")


@pytest.mark.slow
def test_targets_of_several_outputs(keras):
    x = keras.Input((6,))
    keras.utils.set_random_seed(0)
    theirs = keras.Model(x, [keras.layers.Dense(3, name="a")(x), keras.layers.Dense(3, name="b")(x)])
    makes = [LOSSES_OF_OTHER_TARGETS[name][0] for name in ("likelihood", "contrastive")]
    theirs.compile(keras.optimizers.SGD(0.02), [make(keras) for make in makes], run_eagerly=True)
    assert_trains_alike(theirs, [Y[:, :1], Y[:, 0].round()], "numpy")


def test_targets_that_keras_would_broadcast_are_refused(keras):
    """Keras compares each row of (rows, 1) with each of (rows,) where a class gets both."""
    program = nnc.compile(network(keras, 1, loss=LOSSES["scaled"](keras)))
    with pytest.raises(nnc.errors.DataError, match=r"target 'y' must have shape \(rows, 1\), got \(12,\)"):
        program.fit(X, Y[:, 0], verbose=0)
    assert_trains_alike(network(keras, 1, loss=bent(keras)), Y[:, 0], "numpy")  # a function does not


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.sampled(1)
def test_metrics(backend, keras):
    metrics = ["mae", *(make(keras) for make in METRICS.values()), within(keras)]
    theirs = network(keras, loss="mse", metrics=metrics)
    program = assert_trains_alike(theirs, Y, backend, sample_weight=WEIGHTS, validation_data=(X, Y))
    found, expected = program.evaluate(X, Y, verbose=0), theirs.evaluate(X, Y, verbose=0, return_dict=True)
    assert found.keys() == expected.keys()
    for name, number in expected.items():
        numpy.testing.assert_allclose(found[name], number, rtol=2e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.slow
def test_weighted_metrics(backend, keras):
    chosen = [METRICS[name] for name in WEIGHTED]
    metrics = {
        "metrics": [make(keras) for make in chosen],
        "weighted_metrics": ["mse", *(make(keras) for make in chosen)],
    }
    assert_trains_alike(network(keras, loss=bent(keras), **metrics), Y, backend, sample_weight=WEIGHTS)


@pytest.mark.parametrize("form", ["dictionary", "list", "nested"])
@pytest.mark.sampled(1)
def test_metrics_by_output(form, keras):
    x = keras.Input((6,))
    keras.utils.set_random_seed(0)
    theirs = keras.Model(x, {"a": keras.layers.Dense(2, name="a")(x), "b": keras.layers.Dense(2, name="b")(x)})
    metrics = {
        "dictionary": {"a": [counting(keras), "mae"], "b": within(keras)},
        "list": [counting(keras), within(keras)],
        "nested": [["mae", counting(keras)], [within(keras)]],
    }[form]
    loss = {"a": bent(keras), "b": "mse"}
    theirs.compile(keras.optimizers.SGD(0.05), loss, metrics=metrics, run_eagerly=True)
    assert_trains_alike(theirs, {"a": Y, "b": 2.0 * Y}, "numpy")


@pytest.mark.slow
def test_programs_measure_without_keras(keras, tmp_path):
    metrics = [make(keras) for make in METRICS.values()]
    theirs = network(keras, loss=LOSSES["masked"](keras), metrics=metrics)
    nnc.compile(theirs).save(tmp_path / "own.nnc")
    program = nnc.load(tmp_path / "own.nnc")
    expected = theirs.fit(X, Y, batch_size=6, epochs=2, shuffle=False, verbose=0).history
    found = program.fit(X, Y, batch_size=6, epochs=2, shuffle=False, verbose=0).history
    for name, numbers in expected.items():
        numpy.testing.assert_allclose(found[name], numbers, rtol=2e-5, atol=1e-6, err_msg=name)


def test_metrics_of_lengths_that_are_not_known(keras):
    class Longest(keras.metrics.Metric):
        def __init__(self, **options):
            super().__init__(**options)
            self.steps = self.add_weight(shape=(), initializer="zeros", name="steps")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.steps.assign(keras.ops.maximum(self.steps, keras.ops.cast(keras.ops.shape(y_pred)[1], "float32")))

        def result(self):
            return self.steps * 1.0

    keras.utils.set_random_seed(0)
    theirs = keras.Sequential([keras.Input((None, 3)), keras.layers.Dense(2)])
    theirs.compile(keras.optimizers.SGD(0.05), bent(keras), metrics=[Longest(name="longest")], run_eagerly=True)
    x = numpy.ones((12, 4, 3), "float32")
    assert_trains_alike(theirs, x[..., :2], "numpy", x)


def test_losses_that_cannot_be_traced_name_the_line(keras):
    def branching(y_true, y_pred):
        return y_true if y_pred[0, 0] > 0 else y_pred

    theirs = network(keras, loss=branching)
    with pytest.warns(UserWarning) as caught:
        program = nnc.compile(theirs)
    first, second = (str(warning.message) for warning in caught)
    assert re.search(r"function 'branching' cannot be traced: .* \(at test_measures\.py:\d+\)", first)
    assert "it is read for predicting and not compiled: loss function 'branching'" in second
    numpy.testing.assert_allclose(program.predict(X), theirs(X), rtol=1e-4, atol=1e-5)


def test_losses_that_define_more_than_call_are_named(keras):
    class Own(keras.losses.MeanSquaredError):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return 3.0 * super().__call__(y_true, y_pred, sample_weight)

    with pytest.warns(UserWarning) as caught:
        nnc.compile(network(keras, loss=Own()))
    assert "loss Own defines __call__ anew" in str(caught[0].message)
    assert "only call is traced; move what it does there, or make the loss a function" in str(caught[0].message)


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.slow
def test_metrics_of_several_numbers(backend, keras):
    """Whose names are keys of logs, and come behind other metrics in lists, by name."""

    class Range(keras.metrics.Metric):
        def __init__(self, **options):
            super().__init__(**options)
            self.least = self.add_weight(shape=(), initializer=keras.initializers.Constant(9.0), name="least")
            self.most = self.add_weight(shape=(), initializer=keras.initializers.Constant(-9.0), name="most")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.least.assign(keras.ops.minimum(self.least, keras.ops.min(y_pred)))
            self.most.assign(keras.ops.maximum(self.most, keras.ops.max(y_pred)))

        def result(self):
            return {"most": self.most + 0.0, "least": self.least + 0.0}

    theirs = network(keras, loss="mse", metrics=[Range(name="range"), "mae", counting(keras)])
    program = assert_trains_alike(theirs, Y, backend, validation_data=(X, Y))
    assert {"most", "least", "val_most"} <= program.fit(X, Y, verbose=0, validation_data=(X, Y)).history.keys()
    theirs.set_weights(program.get_weights())
    found = list(program.evaluate(X, Y, verbose=0).values())
    numpy.testing.assert_allclose(found, theirs.evaluate(X, Y, verbose=0), rtol=2e-5)
    with pytest.raises(ModelError, match="number by the name 'most', as another metric or the loss is"):
        nnc.compile(network(keras, loss="mse", metrics=[Range(), keras.metrics.MeanSquaredError(name="most")]))
    theirs = network(keras, loss="mse", metrics=[Range()], weighted_metrics=["mae"])
    with pytest.warns(UserWarning) as caught:
        nnc.compile(theirs)
    assert "result returns numbers by name, which Keras lists behind weighted_metrics" in str(caught[0].message)


def own_metric(keras, **methods):
    def make(self, **options):
        keras.metrics.Metric.__init__(self, **options)
        self.total = self.add_weight(shape=(), initializer="zeros", name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(keras.ops.sum(y_pred))

    given = {"__init__": make, "update_state": update_state, "result": lambda self: self.total, **methods}
    return type("Own", (keras.metrics.Metric,), given)(name="own")


def test_metrics_that_cannot_be_traced_are_named(keras):
    def halve(self):
        self.total.assign(0.5 * self.total)

    def branch(self):
        return self.total if self.total > 0 else -self.total

    cases = {
        r"metric Own: reset_state leaves 'own/total' as it was, or makes it of what it was": {"reset_state": halve},
        r"metric Own: result must return one tensor, or a dictionary": {
            "result": lambda self: [self.total, self.total]
        },
        r"function 'Own\.result' cannot be traced: .*\(at test_measures\.py:\d+\)": {"result": branch},
    }
    for message, methods in cases.items():
        metric = own_metric(keras, **methods)
        metric.total.assign(3.0)
        with pytest.warns(UserWarning) as caught:
            nnc.compile(network(keras, loss="mse", metrics=[metric]))
        assert re.search(message, str(caught[0].message)), str(caught[0].message)
        assert float(metric.total.numpy()) == 3.0


def test_metrics_that_are_given_twice_are_refused(keras):
    metric = own_metric(keras)
    with pytest.warns(UserWarning) as caught:
        nnc.compile(network(keras, loss="mse", metrics=[metric, metric]))
    assert "metric 'own' is given twice" in str(caught[0].message)


def test_metrics_that_do_not_suit_their_targets_name_the_line(keras):
    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(keras.ops.sum(keras.ops.matmul(y_true, y_pred)))

    with pytest.warns(UserWarning) as caught:
        program = nnc.compile(network(keras, loss="mse", metrics=[own_metric(keras, update_state=update_state)]))
    message = r"function 'Own\.update_state' cannot be traced: .*\(at test_measures\.py:\d+\)"
    assert re.search(message, str(caught[0].message))
    assert program.predict(X).shape == (12, 2)


def test_a_loss_that_reads_a_weight_is_refused(keras):
    inputs = keras.Input((3,))
    dense = keras.layers.Dense(2, name="dense")
    model = keras.Model(inputs, dense(inputs))

    def penalized(y_true, y_pred):
        return keras.ops.mean((y_true - y_pred) ** 2, axis=-1) + keras.ops.sum(keras.ops.abs(dense.kernel))

    model.compile("sgd", penalized)
    with pytest.warns(UserWarning) as caught:
        program = nnc.compile(model, backend="numpy")
    assert any("weight 'dense/kernel' is read outside of the model's layers" in str(item.message) for item in caught)
    x = numpy.ones((2, 3), "float32")
    numpy.testing.assert_allclose(program.predict(x), model(x), rtol=1e-6)


def test_losses_of_outputs_in_a_dictionary_go_by_its_keys(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.out = keras.layers.Dense(3), keras.layers.Dense(1)

        def call(self, x):
            hidden = self.hidden(x)
            return {"score": self.out(hidden), "aside": hidden}

    generator = numpy.random.default_rng(0)
    x = generator.normal(size=(8, 4)).astype("float32")
    y = {"score": x[:, :1] ** 2, "aside": 1.0 - x[:, 1:] ** 2}
    model = Net()
    model(x)
    model.compile("sgd", {"score": "mse", "aside": "mae"}, loss_weights={"score": 1.0, "aside": 0.2}, run_eagerly=True)
    program = nnc.compile(model, backend="numpy")
    expected = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0).history
    found = program.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0).history
    for key in ("loss", "score_loss", "aside_loss"):
        numpy.testing.assert_allclose(found[key], expected[key], rtol=1e-5, err_msg=key)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy"])
def test_one_number_a_row_is_compared_as_in_keras(loss, keras):
    generator = numpy.random.default_rng(0)
    x, y = generator.normal(size=(20, 4)).astype("float32"), generator.integers(0, 2, 20).astype("float32")
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.ops.sigmoid(keras.ops.sum(keras.layers.Dense(3)(inputs), axis=-1)))
    model.compile("sgd", loss, metrics=["mae"])
    program = nnc.compile(model, backend="numpy")
    expected = model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history
    found = program.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history
    for key, numbers in expected.items():
        numpy.testing.assert_allclose(found[key], numbers, rtol=1e-5, err_msg=key)
    with pytest.raises(DataError, match=r"target 'y' must have shape \(rows,\), got \(20, 1\)"):
        program.fit(x, y[:, None], verbose=0)
