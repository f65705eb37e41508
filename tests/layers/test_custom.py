"""Layers, activations and losses of a user's own: their gradients are derived, their mistakes are explained."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import NncError
from nnc.ir import ops

X = numpy.random.default_rng(0).normal(size=(6, 3)).astype("float32")
Y = X[:, :1] * 2.0 + 1.0


class Quadratic(nnc.layers.Layer):
    """(x · w)² · s + b, where s is a plain number and 2 w is arithmetic on a weight alone."""

    def __init__(self, units: int, sharpness: float = 1.0, **options):
        super().__init__(**options)
        self.units, self.sharpness = units, sharpness

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], self.units), "glorot_uniform", name="kernel")
        self.bias = self.add_weight((self.units,), "zeros", name="bias")

    def call(self, x):
        product = x @ (self.kernel * 2)
        return product * product * self.sharpness + self.bias

    def get_config(self):
        return {**super().get_config(), "units": self.units, "sharpness": self.sharpness}


class Cube(nnc.activations.Activation):
    def call(self, x):
        return x * x * x


class CubeLayer(nnc.layers.Activation):
    def call(self, x):
        return x * x * x


class Quartic(nnc.losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(ops.square(ops.square(y_true - y_pred)), -1)


def gradient_of(layer, *inputs):
    """Return a layer's derived input gradients and finite differences of them, in float64."""
    inputs = [numpy.array(x[:2], "float64") for x in inputs]
    seed = numpy.ones_like(layer(*inputs))
    found = layer.backward(seed)
    found = found if isinstance(found, list) else [found]
    expected = []
    for x in inputs:
        gradient = numpy.zeros_like(x)
        for index in numpy.ndindex(x.shape):
            x[index] += 1e-6
            above = layer(*inputs).sum()
            x[index] -= 2e-6
            below = layer(*inputs).sum()
            x[index] += 1e-6
            gradient[index] = (above - below) / 2e-6
        expected.append(gradient)
    return found, expected


def test_gradient_of_an_own_layer_is_derived():
    layer = Quadratic(2, 0.5, dtype="float64")
    found, expected = gradient_of(layer, X)
    numpy.testing.assert_allclose(found[0], expected[0], rtol=1e-5, atol=1e-7)
    x = X[:2].astype("float64")
    product = x @ (layer.kernel.numpy() * 2)
    numpy.testing.assert_allclose(layer(x), product * product * 0.5, rtol=1e-6)
    numpy.testing.assert_allclose(layer.kernel.gradient, 2 * x.T @ product, rtol=1e-6)
    numpy.testing.assert_allclose(layer.bias.gradient, [2, 2])


def test_own_layer_trains_in_a_model_and_comes_back_from_its_config():
    model = nnc.Sequential([nnc.Input((3,)), Quadratic(4, name="mine"), nnc.layers.Dense(1)])
    model.compile(nnc.optimizers.Adam(0.05), "mse")
    before = model.get_weights()
    losses = model.fit(X, Y, epochs=100, verbose=0).history["loss"]
    assert losses[-1] < 0.2 * losses[0]
    assert all((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))
    again = Quadratic.from_config(model.layers[0].get_config())
    assert (again.name, again.units, again.sharpness) == ("mine", 4, 1.0)


def test_own_layer_is_saved_as_graph(tmp_path):
    model = nnc.Sequential([nnc.Input((3,)), Quadratic(2)])
    model.compile("sgd", Quartic())
    model.save(tmp_path / "m.nnc")
    program = nnc.load(tmp_path / "m.nnc")
    numpy.testing.assert_array_equal(program(X), model.predict(X))
    assert program.train_step(X, X[:, :2]) == pytest.approx(model.train_on_batch(X, X[:, :2]))


@pytest.mark.parametrize("activation", [Cube(), Cube, lambda x: x * x * x, CubeLayer()])
def test_own_activation(activation):
    for layer in (nnc.layers.Activation(activation), nnc.layers.Dense(3, activation)):
        layer(X)
        if layer.weights:
            layer.set_weights([numpy.eye(3), numpy.zeros(3)])
        numpy.testing.assert_allclose(layer(X), X**3, rtol=1e-5)
        numpy.testing.assert_allclose(layer.backward(numpy.ones_like(X)), 3 * X**2, rtol=1e-5)


def test_own_activation_layer():
    layer = CubeLayer()
    numpy.testing.assert_allclose(layer(X), X**3, rtol=1e-5)
    numpy.testing.assert_allclose(layer.backward(numpy.ones_like(X)), 3 * X**2, rtol=1e-5)
    assert CubeLayer.from_config(layer.get_config()).name == "cube_layer"
    model = nnc.Sequential([nnc.layers.Dense(2, input_dim=3), CubeLayer(), nnc.layers.Dense(1)])
    model.compile("adam", "mse")
    losses = model.fit(X, Y, epochs=100, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    "loss",
    [Quartic(), Quartic, lambda y, p: ops.mean(ops.square(ops.square(y - p)), -1)],
    ids=["object", "class", "function"],
)
def test_own_loss(loss):
    model = nnc.Sequential([nnc.Input((3,)), nnc.layers.Dense(1, kernel_initializer="ones")])
    model.compile(nnc.optimizers.SGD(0.001), loss)
    error = X.sum(1, keepdims=True) - Y
    assert model.train_on_batch(X, Y) == pytest.approx((error**4).mean(), rel=1e-5)
    numpy.testing.assert_allclose(model.get_weights()[0], 1 - 0.001 * X.T @ (4 * error**3) / len(X), rtol=1e-5)


class Split(nnc.layers.Layer):
    """Two outputs."""

    def call(self, x):
        return x * 2, ops.sum(x, -1)


class Blend(nnc.layers.Layer):
    """Two inputs and an option that only training sets."""

    def call(self, x, y, training=False):
        return x * y if not training else x + y


def test_several_outputs():
    layer = Split()
    doubled, summed = layer(X)
    numpy.testing.assert_array_equal(doubled, X * 2)
    numpy.testing.assert_allclose(summed, X.sum(1), rtol=1e-5)
    with pytest.raises(NncError, match=r"^Layer 'split' has 2 outputs, got 1 gradients$"):
        layer.backward(X)
    x = nnc.Input((3,))
    model = nnc.Model(x, Split()(x))
    assert model.output_shape == [(None, 3), (None,)]
    assert model.output_names == ["split", "split_1"]
    numpy.testing.assert_array_equal(model.predict(X)[0], doubled)


def test_several_inputs():
    found, expected = gradient_of(Blend(dtype="float64"), X, X + 1)
    for gradient, numeric in zip(found, expected, strict=True):
        numpy.testing.assert_allclose(gradient, numeric, rtol=1e-5)
    numpy.testing.assert_array_equal(Blend()([X, X]), Blend()(X, X))
    a, b = nnc.Input((3,)), nnc.Input((3,))
    model = nnc.Model([a, b], Blend()(a, b))
    numpy.testing.assert_array_equal(model.predict([X, X]), X * X)
    outer = nnc.Model([a, b], model([b, a]))
    numpy.testing.assert_array_equal(outer.predict([X, X + 1]), X * (X + 1))


def test_training_is_seen_by_call():
    a, b = nnc.Input((3,)), nnc.Input((3,))
    model = nnc.Model([a, b], nnc.layers.Dense(1, kernel_initializer="ones")(Blend()(a, b)))
    model.compile(nnc.optimizers.SGD(1e-9), "mse")
    expected = (((X + X).sum(1, keepdims=True) - Y) ** 2).mean()
    assert model.train_on_batch([X, X], Y) == pytest.approx(expected, rel=1e-5)
    assert model.test_on_batch([X, X], Y) != pytest.approx(expected, rel=1e-2)


def test_weights_alone_can_be_a_result():
    class Table(nnc.layers.Layer):
        def build(self, input_shape):
            self.table = self.add_weight((6, 3), "ones", name="table")

        def call(self, x):
            return self.table

    layer = Table()
    numpy.testing.assert_array_equal(layer(X), numpy.ones((6, 3)))
    numpy.testing.assert_array_equal(layer.backward(X), numpy.zeros_like(X))
    numpy.testing.assert_array_equal(layer.table.gradient, X)


def placed(k):
    """Return a model of one library that adds a vector for each place, from layers that are applied to an array."""

    class Placed(k.layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.places, self.scale = k.layers.Embedding(3, 4), k.layers.Dense(4, use_bias=False)

        def call(self, x):
            return x + self.scale(self.places(k.ops.expand_dims(k.ops.arange(3), 0)))

    x = k.Input((3, 4))
    flat = k.layers.Flatten()(Placed()(x))
    model = k.Model(x, k.layers.Dense(1)(k.layers.Activation("tanh")(flat)))
    model.compile(k.optimizers.SGD(0.1), "mse")
    return model


def test_layers_that_an_author_applies_to_arrays_are_trained():
    keras = pytest.importorskip("keras")
    rng = numpy.random.default_rng(1)
    x, y = rng.normal(size=(8, 3, 4)).astype("float32"), rng.normal(size=(8, 1)).astype("float32")
    ours, theirs = placed(nnc), placed(keras)
    first = [rng.normal(size=array.shape) for array in theirs.get_weights()]
    for model in (ours, theirs):
        model.set_weights(first)
        model.fit(x, y, epochs=3, shuffle=False, verbose=0)
    for found, expected, before in zip(ours.get_weights(), theirs.get_weights(), first, strict=True):
        numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
        assert numpy.abs(found - before).max() > 1e-3


def test_layers_without_names_inside_one_may_be_of_one_class():
    class Twice(nnc.layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.first, self.second = nnc.layers.Dense(5), nnc.layers.Dense(2)

        def call(self, x):
            return self.second(self.first(x))

    x = nnc.Input((3,))
    model = nnc.Model(x, Twice()(x))
    first, bias, second, _ = model.get_weights()
    model.set_weights([first, bias, second, numpy.array([1.0, 2.0])])
    numpy.testing.assert_allclose(model.predict(X), X @ first @ second + [1.0, 2.0], rtol=1e-5, atol=1e-6)
    layer = Twice()
    assert layer(X).shape == (6, 2)
    assert [weight.shape for weight in layer.weights] == [(3, 5), (5,), (5, 2), (2,)]


def test_whole_numbers_stay_what_they_are():
    """2²⁴ + 1 is no float32, so a layer that got floating-point numbers would find it even."""

    class IsOdd(nnc.layers.Layer):
        def call(self, x):
            return nnc.ops.cast(nnc.ops.mod(x, 2), "float32")

    numbers = numpy.array([[2**24, 2**24 + 1], [3, 4]], "int32")
    x = nnc.Input((2,), dtype="int32")
    for found in (IsOdd()(numbers), nnc.Model(x, IsOdd()(x)).predict(numbers)):
        numpy.testing.assert_array_equal(found, [[0, 1], [1, 0]])


class Shifted(nnc.layers.Dense):
    """A dense layer whose `build` goes on after that of the class it is derived from."""

    def build(self, input_shape):
        super().build(input_shape)
        self.shift = self.add_weight((self.units,), "ones", name="shift")

    def call(self, x):
        return super().call(x) + self.shift


class BuiltLate(nnc.layers.Layer):
    """A layer whose inner one is built in `call`."""

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = Shifted(2)

    def call(self, x):
        return self.inner(x * 2)


def test_build_goes_on_after_that_of_the_class_it_is_derived_from():
    layer = BuiltLate()
    found = layer(X)
    kernel, bias, shift = (item.numpy() for item in layer.weights)
    numpy.testing.assert_allclose(found, 2 * X @ kernel + bias + shift, rtol=1e-5)
