"""Training with kernels that each step first divides by their spectral norm, against Keras on TensorFlow."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.ir.ops import matmul, mean, square, stop_gradient
from nnc.layers import Dense, Embedding, Layer, SpectralNormalization

ROWS, STEPS = 6, 10
OPTIMIZERS = {
    "SGD": lambda nn: nn.optimizers.SGD(0.05, momentum=0.5),
    "Adam": lambda nn: nn.optimizers.Adam(0.02),
    "accumulating": lambda nn: nn.optimizers.SGD(0.1, gradient_accumulation_steps=2),
    "decaying": lambda nn: nn.optimizers.AdamW(0.02, weight_decay=0.1, clipnorm=0.5),
}


@pytest.fixture(scope="module")
def keras():
    pytest.importorskip("tensorflow")
    return pytest.importorskip("keras")


def dense(nn, iterations):
    inner = nn.layers.Dense(4, activation="tanh", kernel_regularizer="l2")
    return (5,), [nn.layers.SpectralNormalization(inner, power_iterations=iterations), nn.layers.Dense(2)]


def convolution(nn, iterations):
    normalized = nn.layers.SpectralNormalization(nn.layers.Conv2D(3, 3, activation="tanh"), iterations)
    return (6, 5, 2), [normalized, nn.layers.Flatten(), nn.layers.Dense(2)]


def embedding(nn, iterations):
    normalized = nn.layers.SpectralNormalization(nn.layers.Embedding(3 * ROWS, 3), iterations)
    return (3,), [normalized, nn.layers.Flatten(), nn.layers.Dense(2)]


def frozen(nn, iterations):
    normalized = nn.layers.SpectralNormalization(nn.layers.Dense(4), iterations)
    return (5,), [normalized, nn.layers.Dense(2)]


def constrained(nn, iterations):
    inner = nn.layers.Dense(4, kernel_constraint="non_neg", bias_constraint="non_neg")
    return (5,), [nn.layers.SpectralNormalization(inner, iterations), nn.layers.Dense(2)]


def alone(nn, iterations):
    inner = nn.layers.Dense(2, use_bias=False)
    return (5,), [nn.layers.SpectralNormalization(inner, iterations)]


def shared(nn, iterations):
    layer = nn.layers.SpectralNormalization(nn.layers.Dense(5), iterations)
    return (5,), [layer, nn.layers.Activation("tanh"), layer, nn.layers.Dense(2)]


CASES = [
    (make, iterations, optimizer)
    for make in (dense, convolution, embedding)
    for iterations in (1, 3)
    for optimizer in ("SGD", "Adam")
]
CASES += [(frozen, 2, "SGD"), (constrained, 1, "Adam"), (alone, 1, "Adam"), (shared, 1, "SGD")]
CASES += [(dense, 1, "accumulating"), (dense, 2, "decaying")]


@pytest.mark.parametrize(("make", "iterations", "optimizer"), CASES)
@pytest.mark.sampled(2)
def test_ten_steps_are_those_of_tensorflow(make, iterations, optimizer, keras):
    models = []
    for nn in (nnc, keras):
        shape, layers = make(nn, iterations)
        x = nn.Input(shape)
        y = x
        for layer in layers:
            y = layer(y)
        layers[0].trainable = make is not frozen
        models.append(nn.Model(x, y))
        models[-1].compile(OPTIMIZERS[optimizer](nn), "mse")
    ours, theirs = models
    generator = numpy.random.default_rng(3)
    weights = [generator.normal(0.0, 0.7, weight.shape) for weight in theirs.weights]
    ours.set_weights(weights), theirs.set_weights(weights)
    assert [weight.name for weight in ours.weights] == [weight.name for weight in theirs.weights]
    for _ in range(STEPS):
        if make is embedding:  # no word twice: Keras on TensorFlow squares the parts of its gradient one by one
            x = generator.permutation(3 * ROWS).reshape(ROWS, 3).astype("float32")
        else:
            x = generator.normal(size=(ROWS, *ours.input_shape[1:])).astype("float32")
        y = generator.normal(size=(ROWS, 2)).astype("float32")
        assert ours.train_on_batch(x, y) == pytest.approx(float(theirs.train_on_batch(x, y)), rel=2e-5)
    for weight, found, expected in zip(theirs.weights, ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(found, expected, rtol=5e-5, atol=5e-6, err_msg=weight.path)
    numpy.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), rtol=5e-5, atol=5e-6)


def test_the_norm_becomes_1_and_zeros_stay():
    model = nnc.Sequential([nnc.Input((5,)), SpectralNormalization(Dense(4, use_bias=False), 50)])
    model.compile(nnc.optimizers.SGD(1e-12), "mse")
    x, y = numpy.ones((ROWS, 5)), numpy.ones((ROWS, 4))
    model.train_on_batch(x, y)
    assert numpy.linalg.norm(model.get_weights()[0], 2) == pytest.approx(1.0, rel=1e-5)
    zeros, vector = numpy.zeros((5, 4)), model.get_weights()[1]
    model.set_weights([zeros, vector])
    model.train_on_batch(x, y)
    numpy.testing.assert_allclose(model.get_weights()[0], zeros, atol=1e-11)
    numpy.testing.assert_array_equal(model.get_weights()[1], vector)


def test_a_saved_program_trains_on(tmp_path):
    x, y = numpy.random.default_rng(0).normal(size=(2, ROWS, 4))
    model = nnc.Sequential([nnc.Input((4,)), SpectralNormalization(Dense(4))])
    model.compile("adam", "mse")
    model.train_on_batch(x, y)
    model.save(tmp_path / "model.nnc")
    loaded = nnc.load(tmp_path / "model.nnc")
    model.train_on_batch(x, y), loaded.train_step(x, y)
    numpy.testing.assert_array_equal(loaded.predict(x), model.predict(x))


def test_whole_numbers_stay_whole_as_in_keras(keras):
    rows = numpy.array([[0, 2], [1, 1]], "int32")
    weights = [numpy.arange(12.0).reshape(4, 3) * 1.7, numpy.ones((1, 3))]
    theirs = keras.layers.SpectralNormalization(keras.layers.Embedding(4, 3))
    ours = SpectralNormalization(Embedding(4, 3))
    theirs(rows)
    theirs.set_weights(weights)
    with pytest.warns(UserWarning, match="the output is cut to whole numbers of type int32"):
        ours(rows)
        ours.set_weights(weights)
        found = ours(rows)
    numpy.testing.assert_array_equal(found, theirs(rows))


def test_only_a_layer_with_a_kernel_can_be_inside():
    with pytest.raises(ModelError, match="but the ReLU object has no attribute 'kernel' nor 'embeddings'"):
        SpectralNormalization(nnc.layers.ReLU())(nnc.Input((3,)))


class Shrinking(Layer):
    """A layer that halves its weight in each step; the gradient of its penalty does not reach the weight."""

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], 1), "ones", name="kernel")

    def call(self, x, training=False):
        before = matmul(x, self.kernel)
        if training:
            self.kernel.assign(self.kernel * 0.5)
        self.add_loss(mean(square(stop_gradient(self.kernel.value))))
        return before + matmul(x, self.kernel)


def test_gradients_before_and_after_an_assignment_add_up():
    model = nnc.Sequential([nnc.Input((3,)), Shrinking()])
    model.compile(nnc.optimizers.SGD(0.25), nnc.losses.MeanAbsoluteError())
    x = numpy.random.default_rng(1).uniform(1.0, 2.0, (ROWS, 3))
    loss = model.train_on_batch(x, numpy.full((ROWS, 1), -9.0))
    assert loss == pytest.approx((x.sum(1) * 1.5 + 9.0).mean() + 0.25, rel=1e-6)
    expected = 0.5 - 0.25 * 2.0 * x.mean(0)
    numpy.testing.assert_allclose(model.get_weights()[0][:, 0], expected, rtol=1e-5)


def test_a_cell_cannot_assign():
    class Cell(nnc.layers.SimpleRNNCell):
        def call(self, inputs, states, training=False):
            self.kernel.assign(self.kernel * 0.5)
            return super().call(inputs, states, training)

    with pytest.raises(ModelError, match="kernel' cannot be assigned in a cell; assign it in the layer around it"):
        nnc.layers.RNN(Cell(2))(nnc.Input((3, 2)))
