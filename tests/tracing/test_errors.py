"""What cannot be traced is one error that names the author's line, and random numbers are drawn anew in each run."""

from __future__ import annotations

import warnings
from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import ModelError, ModelFileError


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def layer_of(keras: Any, call: Any) -> Any:
    class Own(keras.layers.Layer):
        def compute_output_shape(self, input_shape):
            return input_shape

        def call(self, x):
            return call(x)

    x = keras.Input((3,))
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


def test_own_regularizers_of_own_layers_are_refused(keras):
    class Odd(keras.regularizers.Regularizer):
        def __call__(self, x):
            return 0.0

    class Scale(keras.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((3,), "ones", name="scale", regularizer=Odd())

        def call(self, x):
            return x * self.scale

    x = keras.Input((3,))
    with pytest.raises(ModelError, match=r"layer 'scale': Odd of its regularizers is not Keras's own"):
        nnc.compile(keras.Model(x, Scale(name="scale")(x)))
