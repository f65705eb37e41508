"""Models with regularizers and constraints train as in Keras on TensorFlow; their penalties are part of the loss."""

import warnings

import numpy
import pytest

import nnc
from nnc.ir import ops

CASES = {
    "l1": {"kernel_regularizer": "l1"},
    "l2": {"kernel_regularizer": lambda nn: nn.regularizers.L2(0.05), "bias_regularizer": "l2"},
    "l1 and l2": {"kernel_regularizer": lambda nn: nn.regularizers.L1L2(0.01, 0.02)},
    "orthogonal rows": {"kernel_regularizer": lambda nn: nn.regularizers.OrthogonalRegularizer(0.3)},
    "orthogonal columns": {"kernel_regularizer": lambda nn: nn.regularizers.OrthogonalRegularizer(0.3, "columns")},
    "activity": {"activity_regularizer": lambda nn: nn.regularizers.L2(0.05)},
    "function": {"kernel_regularizer": lambda nn: lambda w: (nnc.ir.ops if nn is nnc else nn.ops).sum(w * w) * 0.03},
    "max norm": {"kernel_constraint": lambda nn: nn.constraints.MaxNorm(0.6), "bias_constraint": "max_norm"},
    "non negative": {"kernel_constraint": "non_neg"},
    "unit norm": {"kernel_constraint": lambda nn: nn.constraints.UnitNorm(axis=1)},
    "min max norm": {"kernel_constraint": lambda nn: nn.constraints.MinMaxNorm(0.7, 0.9, 0.5)},
    "own constraint": {"bias_constraint": lambda nn: lambda b: b * 0.5},
    "all": {"kernel_regularizer": "l2", "activity_regularizer": "l1", "kernel_constraint": "unit_norm"},
}


@pytest.fixture(scope="module")
def tf():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow")


def make(nn, options):
    made = {key: value(nn) if callable(value) else value for key, value in options.items()}
    x = nn.Input((3,))
    hidden = nn.layers.Dense(4, "tanh", **made)(x)
    return nn.Model(x, nn.layers.Dense(2, name="out")(hidden))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
@pytest.mark.sampled(2)
def test_ten_steps_are_those_of_keras(tf, options, optimizer):
    generator = numpy.random.default_rng(2)
    x, y = generator.normal(size=(60, 3)).astype("float32"), generator.normal(size=(60, 2)).astype("float32")
    ours, theirs = make(nnc, options), make(tf.keras, options)
    ours.set_weights(theirs.get_weights())
    for model in (ours, theirs):
        model.compile(optimizer, "mse", metrics=["mae"])
    for step in range(10):
        rows = slice(6 * step, 6 * step + 6)
        found = ours.train_on_batch(x[rows], y[rows], return_dict=True)
        expected = theirs.train_on_batch(x[rows], y[rows], return_dict=True)
        theirs.reset_metrics()
        assert found["loss"] == pytest.approx(float(expected["loss"]), rel=1e-5)
    for weight, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(weight, other, rtol=1e-4, atol=1e-6)
    measured = ours.evaluate(x, y, return_dict=True)
    assert measured["loss"] == pytest.approx(theirs.evaluate(x, y, verbose=0, return_dict=True)["loss"], rel=1e-5)


def test_a_penalty_is_added_to_the_loss_and_not_divided():
    x, y = numpy.zeros((5, 3), "float32"), numpy.zeros((5, 2), "float32")
    model = nnc.Sequential([nnc.Input((3,)), nnc.layers.Dense(2, kernel_regularizer=nnc.regularizers.L2(0.5))])
    model.compile("sgd", "mse")
    kernel = model.get_weights()[0]
    assert model.evaluate(x, y) == pytest.approx(0.5 * float((kernel**2).sum()), rel=1e-6)


def test_frozen_weights_have_no_penalty(tf):
    x, y = numpy.ones((5, 3), "float32"), numpy.ones((5, 2), "float32")
    losses = []
    for nn in (nnc, tf.keras):
        first = nn.layers.Dense(3, kernel_regularizer="l2", kernel_initializer="ones", trainable=False)
        model = nn.Sequential([nn.Input((3,)), first, nn.layers.Dense(2, kernel_initializer="ones")])
        model.compile("sgd", "mse")
        losses.append(float(model.train_on_batch(x, y)))
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_a_layer_of_ones_own_takes_names(tf):
    class Scale(nnc.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(
                (input_shape[-1],), "ones", name="scale", regularizer="l2", constraint=lambda w: ops.minimum(w, 0.25)
            )

        def call(self, x):
            return x * self.scale

    model = nnc.Sequential([nnc.Input((3,)), Scale()])
    model.compile("sgd", "mse")
    loss = model.train_on_batch(numpy.zeros((2, 3)), numpy.zeros((2, 3)))
    assert loss == pytest.approx(0.03, rel=1e-6)
    numpy.testing.assert_array_equal(model.get_weights()[0], [0.25, 0.25, 0.25])


def test_penalties_and_constraints_are_saved(tmp_path):
    x, y = numpy.ones((5, 3), "float32"), numpy.zeros((5, 2), "float32")
    model = make(nnc, CASES["all"])
    model.compile("sgd", "mse")
    model.fit(x, y, epochs=1, verbose=0)
    model.save(tmp_path / "model.nnc")
    loaded = nnc.load(tmp_path / "model.nnc")
    model.fit(x, y, epochs=2, verbose=0)
    loaded.fit(x, y, epochs=2, verbose=0)
    for found, expected in zip(loaded.variables.values(), model.get_weights(), strict=True):
        numpy.testing.assert_array_equal(found, expected)


def test_only_constrained_weights_pay():
    model = make(nnc, {"kernel_constraint": "max_norm"})
    model.compile("adam", "mse")
    graph = model.program.graph("train")
    assert graph.states["constrained"].shape == (12,)
    assert graph.states["parameters"].shape == (14,)
    moved = [node.op.name for node in graph.nodes if node.phase == "update" and node.op.name in ("pack", "unpack")]
    assert moved == []
