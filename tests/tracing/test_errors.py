"""What cannot be traced is one error that names the author's line; random numbers are drawn anew in each run."""

from __future__ import annotations

import warnings
from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import ModelError, ModelFileError
from nnc.readers import read_model


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def layer_of(keras: Any, call: Any, length: int = 3) -> Any:
    class Own(keras.layers.Layer):
        def compute_output_shape(self, input_shape):
            return input_shape

        def call(self, x):
            return call(x)

    x = keras.Input((length,))
    with nnc_allowed():
        return keras.Model(x, Own(name="own")(x), name="m")


class nnc_allowed:
    """Keras warns of layers that do what is tried here."""

    def __enter__(self):
        self.catch = warnings.catch_warnings()
        self.catch.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *error):
        self.catch.__exit__(*error)


def test_what_cannot_be_traced_names_the_line(keras):
    import tensorflow

    calls = {
        "a function of TensorFlow's": lambda x: tensorflow.nn.relu(x),
        "a branch on a value": lambda x: x if x[0, 0] > 0 else -x,
        "an array": lambda x: x * numpy.asarray(x).mean(),
    }
    for name, call in calls.items():
        with pytest.raises(ModelError, match=r"cannot be traced: \w+: .*\(at test_errors\.py:\d+\)") as caught:
            nnc.compile(layer_of(keras, call))
        assert str(call.__code__.co_firstlineno) in str(caught.value), name


def test_operations_that_nnc_lacks_name_the_line(keras):
    model = layer_of(keras, lambda x: keras.ops.eigh(x[:, :, None] * x[:, None, :])[0])
    with pytest.raises(ModelError, match=r"operation Eigh of keras\.ops is not supported \(at test_errors\.py:\d+\)"):
        nnc.compile(model)


def test_loops_that_data_decides_name_the_line(keras):
    ops = keras.ops

    def grown(x):
        return ops.while_loop(lambda y: ops.max(y) < 3.0, lambda y: (y * 1.5,), (x,))[0]

    def counted(x):
        return ops.fori_loop(0, ops.cast(ops.max(x), "int32"), lambda step, y: y + 1.0, x)

    def changing(x):
        return ops.scan(lambda state, row: (ops.concatenate([state, state]), row), x[:1], x)[1]

    expected = {
        grown: "while_loop: the condition is computed from data, so nobody knows how often .*; give maximum_iterations",
        counted: "fori_loop: its bounds are computed from data; they must be numbers that are known",
        changing: r"a loop makes a state of shape \(2, 3\) and type float32 of one of shape \(1, 3\)",
    }
    for call, message in expected.items():
        with pytest.raises(ModelError, match=rf"{message}.* \(at test_errors\.py:\d+\)"):
            nnc.compile(layer_of(keras, call))


def test_updates_in_one_branch_are_refused(keras):
    class Sometimes(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.norm = keras.layers.BatchNormalization(name="norm")

        def build(self, input_shape):
            self.norm.build(input_shape)

        def call(self, x, training=None):
            return keras.ops.cond(keras.ops.mean(x) > 0.0, lambda: self.norm(x, training=training), lambda: x)

    x = keras.Input((3,))
    with pytest.raises(ModelError, match=r"cond: layer 'norm' updates its weights in one branch only \(at test_errors"):
        nnc.compile(keras.Model(x, Sometimes()(x)))


def test_functions_of_weights_name_the_line(keras):
    def branching(weight):
        return 1.0 if weight[0, 0] > 0 else 0.0

    x = keras.Input((3,))
    with pytest.raises(ModelError, match=r"function 'branching' cannot be traced: .*\(at test_errors\.py:\d+\)"):
        nnc.compile(keras.Model(x, keras.layers.Dense(2, kernel_regularizer=branching)(x)))


def test_random_numbers_that_nnc_lacks(keras):
    model = layer_of(keras, lambda x: keras.random.binomial(keras.ops.shape(x), 3.0, 0.5))
    with pytest.raises(ModelError, match=r"keras\.random\.binomial is not supported in traced layers.*\(at test_err"):
        nnc.compile(model)
    model = layer_of(keras, lambda x: keras.random.gamma(keras.ops.shape(x), keras.ops.mean(x)))
    with pytest.raises(ModelError, match=r"keras\.random\.gamma: alpha must be a number in traced layers.*\(at test_"):
        nnc.compile(model)


def test_models_that_are_not_built(keras):
    class Net(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ModelError, match=r"\(Net\) is not built: call it once on data"):
        nnc.compile(Net())


def test_own_training_steps_are_refused(keras):
    class Net(keras.Model):
        def train_step(self, data):
            return {}

    x = keras.Input((3,))
    theirs = Net(x, keras.layers.Lambda(lambda x: x * 2.0)(x))
    theirs.compile("sgd", "mse")
    with pytest.raises(ModelFileError, match=r"overrides train_step.*to predict, read it with compile=False"):
        nnc.compile(theirs)


def test_own_losses_of_subclassed_models_are_refused(keras):
    class Contrastive(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

        def compute_loss(self, *args, **kwargs):
            return 2.0 * super().compute_loss(*args, **kwargs)

    theirs, x = Contrastive(), numpy.ones((2, 3), "float32")
    expected = numpy.asarray(theirs(x))
    with pytest.raises(
        ModelError, match=r"\(Contrastive\) overrides compute_loss, and may train otherwise: to predict, read"
    ):
        nnc.compile(theirs)
    found = nnc.compile(read_model(theirs, compile=False)).predict(x)
    numpy.testing.assert_allclose(found, expected, rtol=1e-6)


def test_random_numbers_are_drawn_in_each_run(keras):
    def noisy(x):
        shape = keras.ops.shape(x)
        noise = keras.random.normal(shape, mean=1.0, stddev=2.0)
        return noise + 10.0 * keras.random.uniform(shape) + keras.ops.cast(keras.random.randint(shape, 0, 3), "float32")

    program = nnc.compile(layer_of(keras, noisy), backend="numpy")
    x = numpy.zeros((4000, 3), "float32")
    first, second = program(x), program(x)
    assert not numpy.array_equal(first, second)
    for drawn in (first, second):
        assert abs(drawn.mean() - (1.0 + 5.0 + 1.0)) < 0.15
        assert abs(drawn.var() - (4.0 + 100.0 / 12.0 + 2.0 / 3.0)) < 0.6


@pytest.mark.parametrize(
    ("draw", "mean", "deviation"),
    [
        (lambda random, shape: random.truncated_normal(shape, 1.0, 2.0), 1.0, 2.0 * 0.8796),
        (lambda random, shape: random.gamma(shape, 3.0), 3.0, 3.0**0.5),
        (lambda random, shape: random.beta(shape, 2.0, 5.0), 2.0 / 7.0, (10.0 / 49.0 / 8.0) ** 0.5),
    ],
)
def test_distributions(draw, mean, deviation, keras):
    program = nnc.compile(layer_of(keras, lambda x: draw(keras.random, keras.ops.shape(x))), backend="numpy")
    drawn = program(numpy.zeros((4000, 3), "float32"))
    assert abs(drawn.mean() - mean) < 0.05 * deviation
    assert abs(drawn.std() - deviation) < 0.05 * deviation
    if mean == 1.0:
        assert drawn.min() > -3.0
        assert drawn.max() < 5.0


def test_shuffled_axes(keras):
    x = numpy.arange(12000, dtype="float32").reshape(4000, 3)
    rows = nnc.compile(layer_of(keras, lambda x: keras.random.shuffle(x)), backend="numpy")(x)
    columns = nnc.compile(layer_of(keras, lambda x: keras.random.shuffle(x, axis=1)), backend="numpy")(x)
    assert not numpy.array_equal(rows, x)
    numpy.testing.assert_array_equal(rows[numpy.argsort(rows[:, 0])], x)
    assert not numpy.array_equal(columns, x)
    numpy.testing.assert_array_equal(numpy.sort(columns, axis=1), x)


def test_dropout_differs_at_each_step_of_an_own_cell(keras):
    class Cell(keras.layers.Layer):
        state_size = 2

        def __init__(self):
            super().__init__()
            self.dropout = keras.layers.Dropout(0.5)

        def build(self, input_shape):
            pass

        def call(self, inputs, states):
            return self.dropout(inputs, training=True), states

    x = keras.Input((3, 2))
    program = nnc.compile(keras.Model(x, keras.layers.RNN(Cell(), return_sequences=True)(x)), backend="numpy")
    drawn = program(numpy.ones((4000, 3, 2), "float32"))
    assert set(numpy.unique(drawn)) == {0.0, 2.0}
    assert abs(numpy.corrcoef(drawn[:, 0, 0], drawn[:, 1, 0])[0, 1]) < 0.1


def test_training_with_lora_keeps_kernels(keras):
    dense = keras.layers.Dense(4)
    x = keras.Input((3,))
    theirs = keras.Model(x, keras.layers.Dense(2)(dense(x)))
    dense.enable_lora(2)
    theirs.compile(keras.optimizers.SGD(0.1), "mse")
    program = nnc.compile(theirs, backend="numpy")
    before = {name: array.copy() for name, array in program.variables.items()}
    program.fit(numpy.ones((4, 3), "float32"), numpy.zeros((4, 2), "float32"), epochs=2, verbose=0)
    kept = {before[name].shape for name, array in program.variables.items() if numpy.array_equal(array, before[name])}
    assert kept == {(3, 4)}


@pytest.mark.filterwarnings("ignore:The object being serialized")
def test_activations_of_layers_with_lora(keras):
    """Keras's own that are classes: in a layer that is entered they are written out."""
    relus = [
        {},
        {"negative_slope": 0.2},
        {"max_value": 6.0},
        {"max_value": 0.7, "negative_slope": 0.1, "threshold": 0.2},
    ]
    chosen = [lambda x, given=given: keras.activations.relu(x, **given) for given in relus] + ["relu", "mish"]
    x = y = keras.Input((3,))
    for activation in chosen:
        dense = keras.layers.Dense(3, activation)
        y = y + dense(y)
        dense.enable_lora(1)
    theirs = keras.Model(x, y)
    given = numpy.random.default_rng(0).normal(size=(9, 3)).astype("float32")
    numpy.testing.assert_allclose(nnc.compile(theirs)(given), theirs(given), rtol=2e-5, atol=1e-6)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("length", [1, 2, 5, 8])
def test_associative_scans(reverse, length, keras):
    x = numpy.random.default_rng(0).uniform(0.5, 1.5, (2, length)).astype("float32")

    def called(y):
        ones = keras.ops.associative_scan(lambda one, other: one * other, y, reverse=reverse, axis=1)
        pairs = keras.ops.associative_scan(
            lambda one, other: (one[0] * other[0], other[0] * one[1] + other[1]), (y, y + 1.0), reverse=reverse, axis=1
        )
        return keras.ops.concatenate([ones, *pairs], axis=1)

    found = nnc.compile(layer_of(keras, called, length), backend="numpy")(x)
    numpy.testing.assert_allclose(found, numpy.asarray(called(keras.ops.convert_to_tensor(x))), rtol=1e-6)


def test_traced_models_save_and_draw(keras, tmp_path):
    theirs = layer_of(keras, lambda x: keras.ops.tanh(x) * 2.0)
    program, x = nnc.compile(theirs), numpy.float32([[1.0, -2.0, 0.5]])
    program.save(tmp_path / "own.nnc")
    numpy.testing.assert_allclose(nnc.load(tmp_path / "own.nnc")(x), numpy.asarray(theirs(x)), rtol=1e-6)
    from frontends.keras_model import FRONTEND

    model = FRONTEND.read(theirs)
    assert "Own" in str(nnc.render.to_text(nnc.render.layers_diagram(model)))
    with pytest.raises(ModelError, match=r"\(Own\) was traced from its author's code, which no config holds; save the"):
        model.get_config()


def test_functions_without_source_are_traced(keras):
    scope = {"keras": keras}
    exec("penalty = lambda kernel: keras.ops.sum(kernel)", scope)  # as at a prompt, where Keras makes no config of it
    live = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, kernel_regularizer=scope["penalty"])])
    x = numpy.ones((2, 3), "float32")
    numpy.testing.assert_allclose(nnc.compile(live).predict(x), live(x), rtol=1e-5)


def test_weights_that_are_read_as_arrays_name_the_line(keras):
    dense = keras.layers.Dense(3, name="dense")
    dense.build((None, 3))
    kernel = dense.kernel
    x = keras.Input((3,))
    inner = layer_of(keras, lambda x: x @ kernel.value)
    model = keras.Model(x, inner(dense(x)))
    with pytest.raises(ModelError, match=r"weight 'dense/kernel' is read as an array; .* \(at test_errors\.py:\d+\)"):
        nnc.compile(model)


def test_subclassed_models_that_train_otherwise_say_so(keras):
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            return super().train_step(data)

    model = Net()
    model(numpy.zeros((2, 3), "float32"))
    with pytest.raises(ModelError, match=r"\(Net\) overrides train_step, and may train otherwise: to predict, read it"):
        nnc.compile(model)
