"""Weights of layers: `parameters` as one array, its file, gradients in the same form, names, and memory of copies."""

from __future__ import annotations

import copy
import pickle

import numpy
import pytest

import nnc
from nnc.errors import ModelError

X = numpy.random.default_rng(0).normal(size=(5, 3)).astype("float32")


def network() -> nnc.Sequential:
    return nnc.Sequential(
        [nnc.layers.Dense(4, input_dim=3, activation="tanh"), nnc.layers.Flatten(), nnc.layers.Dense(2)]
    )


def test_dense_parameters_are_kernel_and_bias():
    layer = nnc.layers.Dense(2)
    layer(X)
    assert layer.parameters.shape == (4, 2)
    numpy.testing.assert_array_equal(layer.parameters[:3], layer.kernel.numpy())
    numpy.testing.assert_array_equal(layer.parameters[3], layer.bias.numpy())
    layer.parameters = numpy.arange(8.0).reshape(4, 2)
    numpy.testing.assert_array_equal(layer.get_weights()[0], [[0, 1], [2, 3], [4, 5]])
    numpy.testing.assert_array_equal(layer.get_weights()[1], [6, 7])


def test_dense_without_bias():
    layer = nnc.layers.Dense(2, use_bias=False)
    layer.parameters = numpy.ones((3, 2))
    numpy.testing.assert_array_equal(layer.parameters, layer.get_weights()[0])


def test_parameters_build_a_layer():
    layer = nnc.layers.Dense(2, activation="relu")
    layer.parameters = [[1, 2], [3, 4], [5, 6]]
    assert layer.kernel.shape == (2, 2)
    numpy.testing.assert_array_equal(layer([[1.0, 1.0]]), [[9, 12]])


def test_other_layers_have_a_vector():
    class Scale(nnc.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")
            self.shift = self.add_weight((1, 1), "zeros", name="shift")

        def call(self, x):
            return x * self.scale + self.shift

    layer = Scale()
    layer(X)
    layer.parameters = [1, 2, 3, 4]
    numpy.testing.assert_array_equal(layer.parameters, [1, 2, 3, 4])
    numpy.testing.assert_allclose(layer(X), X * [1, 2, 3] + 4, rtol=1e-6)
    with pytest.raises(ModelError, match=r"^Layer 'scale': parameters must have shape \(4,\), got \(3,\)$"):
        layer.parameters = [1, 2, 3]
    assert nnc.layers.Flatten().parameters.shape == (0,)


@pytest.mark.parametrize("value", [numpy.ones((3, 2)), numpy.ones(8), numpy.ones((4, 3))])
def test_parameters_of_another_shape(value):
    layer = nnc.layers.Dense(2)
    layer(X)
    with pytest.raises(ModelError) as error:
        layer.parameters = value
    assert str(error.value) == (
        f"Layer 'dense' (Dense): parameters must have shape (4, 2), kernel rows and then the bias, got {value.shape}"
    )


def test_parameters_before_the_shape_is_known():
    with pytest.raises(
        ModelError, match=r"^Layer 'dense' \(Dense\) has no parameters yet: its input shape is not known$"
    ):
        print(nnc.layers.Dense(2).parameters)


def test_file_of_parameters(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained, model, np = network(), network(), numpy
    trained.compile("adam", "mse")
    trained.fit(X, X[:, :2], epochs=3, verbose=0)
    trained.save_parameters("parameters.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["parameters.npz"]

    parameters = np.load("parameters.npz")
    for i, layer in enumerate(model.layers):
        layer.parameters = parameters[str(i)]

    parameters.close()
    numpy.testing.assert_array_equal(model.predict(X), trained.predict(X))


def test_gradients_have_the_form_of_parameters():
    layer = nnc.layers.Dense(2)
    layer(X)
    seed = numpy.random.default_rng(1).normal(size=(5, 2)).astype("float32")
    found = layer.backward(seed)
    numpy.testing.assert_allclose(found, seed @ layer.kernel.numpy().T, rtol=1e-5)
    numpy.testing.assert_allclose(layer.gradients[:3], X.T @ seed, rtol=1e-5, atol=1e-6)
    numpy.testing.assert_allclose(layer.gradients[3], seed.sum(0), rtol=1e-5)


def test_descent_by_hand():
    layer, target, losses = nnc.layers.Dense(1), X @ [[1.0], [-2.0], [0.5]] + 0.3, []
    for _ in range(100):
        error = layer(X) - target
        losses.append(float((error**2).mean()))
        layer.backward(2 * error / len(X))
        layer.parameters = layer.parameters - 0.1 * layer.gradients
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.2 * losses[0]


def test_float64_arrays_are_taken_as_float32():
    layer = nnc.layers.Dense(2)
    assert layer(X.astype("float64")).dtype == "float32"
    assert nnc.layers.ReLU()(X.astype("float64")).dtype == "float32"
    model = nnc.Sequential([nnc.Input((3,)), layer, nnc.layers.Dense(1)])
    assert model.predict(X).dtype == "float32"
    assert nnc.layers.Dense(2, dtype="float64")(X).dtype == "float64"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copied_variable_has_memory_of_its_own(duplicate):
    model = network()
    model.predict(X)
    variable = model.layers[0].kernel
    again = duplicate(variable)
    again.assign(numpy.zeros((3, 4)))
    assert variable.numpy().all()
    assert again.slab is None


def test_variable_outside_of_a_graph():
    layer = nnc.layers.Dense(2)
    layer(X)
    assert repr(layer.kernel) == "<Variable dense/kernel (3, 2) float32>"
    assert numpy.asarray(layer.kernel).shape == (3, 2)
    assert numpy.array(layer.kernel, "float64").dtype == "float64"
    numpy.testing.assert_array_equal(numpy.exp(layer.bias), [1, 1])
    numpy.testing.assert_array_equal(layer.kernel * 2, layer.kernel.numpy() * 2)
    numpy.testing.assert_array_equal(1.0 - layer.kernel, 1.0 - layer.kernel.numpy())

    class Foreign(nnc.layers.Layer):
        def call(self, x):
            return x @ layer.kernel  # of a layer that it does not have

    with pytest.raises(nnc.errors.NncError, match="stands for no value here; weights are used inside a layer's call"):
        Foreign()(X)
