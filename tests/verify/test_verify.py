"""Verification: equal models agree, and a layer that is made different is named, forward and backward."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError
from nnc.verify import Report, verify

pytestmark = pytest.mark.filterwarnings("ignore:.*__array__.*:DeprecationWarning")


@pytest.fixture(autouse=True)
def seeded():
    import keras

    keras.utils.set_random_seed(3)


def chain(**options):
    """A small network with everything that is switched off, regularised and nested."""
    from keras import Input, Sequential, layers

    inner = Sequential([Input((6,)), layers.Dense(6, activation="tanh", name="inside")], name="inner")
    model = Sequential(
        [
            Input((5,)),
            layers.Dense(6, name="first", kernel_regularizer="l2"),
            layers.LeakyReLU(negative_slope=options.get("slope", 0.2), name="leaky"),
            layers.Dropout(0.5, name="dropout"),
            inner,
            layers.ELU(alpha=1.0, name="elu"),
            layers.Dense(3, activation="softmax", name="last"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def same(model, **options):
    """Another model of the same weights."""
    other = chain(**options)
    other.set_weights(model.get_weights())
    return other


def branches():
    from keras import Input, Model, layers

    x, ids = Input((8, 8, 3), name="image"), Input((4,), dtype="int32", name="ids")
    y = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(x)
    y = layers.Add(name="add")([y, layers.Conv2D(4, 1, name="shortcut")(x)])
    y = layers.Flatten(name="flat")(layers.MaxPooling2D(2, name="pool")(y))
    z = layers.Flatten(name="words")(layers.Embedding(7, 3, name="table")(ids))
    joined = layers.Concatenate(name="joined")([y, z])
    dense = layers.Dense(2, name="shared")
    return Model([x, ids], [dense(joined), layers.Dense(1, activation="sigmoid", name="score")(joined)])


def normalized():
    """The bias in front of the normalisation has no gradient but what rounding leaves."""
    from keras import Input, Sequential, layers

    convolution = [layers.Conv2D(4, 3, name="conv"), layers.BatchNormalization(name="norm"), layers.ReLU(name="relu")]
    model = Sequential([Input((None, None, 3)), *convolution, layers.GlobalAveragePooling2D(name="mean")])
    model.compile("adam", "mae")
    return model


def without_weights():
    from keras import Input, Sequential, layers

    return Sequential([Input((None, 3)), layers.ReLU(name="relu"), layers.Flatten(name="flat")])


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("make", [chain, branches, normalized, without_weights])
@pytest.mark.sampled(4)
def test_a_live_model_agrees_with_itself(make, train):
    model = make()
    before = model.get_weights()
    report = verify(model, train=train)
    assert report.agrees, str(report.first)
    assert report.first is None
    assert report.unmatched == ()
    assert report.reference == "keras"
    kinds = {item.kind for item in report.comparisons}
    weights = {"gradient", "update"} if model.weights else set()
    assert kinds == ({"forward", "training", "backward"} | weights if train else {"forward"})
    compared = {item.path for item in report.comparisons if item.kind == "forward"}
    assert compared > {layer.name for layer in model.layers if type(layer).__name__ != "InputLayer"}
    assert ("inner/inside" in compared) == (make is chain)
    if train:
        assert sum(item.kind == "gradient" for item in report.comparisons) == len(model.trainable_weights)
        assert sum(item.kind == "update" for item in report.comparisons) == len(model.weights)
    for weight, old in zip(model.get_weights(), before, strict=True):
        numpy.testing.assert_array_equal(weight, old)


@pytest.mark.filterwarnings("ignore::UserWarning")  # the optimizer in the file has no state yet
def test_files_and_own_models_are_verified(tmp_path):
    path = tmp_path / "model.keras"
    chain().save(path)
    assert verify(path, train=True).agrees
    own = nnc.Sequential([nnc.Input((5,)), nnc.layers.Dense(3, "tanh"), nnc.layers.Dense(1)])
    before = own.get_weights()
    assert verify(own, train=True).agrees
    own.compile(nnc.optimizers.Adam(0.02), "huber")
    report = verify(own, train=True)
    assert report.agrees, str(report.first)
    for weight, old in zip(own.get_weights(), before, strict=True):
        numpy.testing.assert_array_equal(weight, old)


def test_another_slope_is_found():
    report = verify(chain(), same(chain(), slope=0.25), rtol=1e-3)
    assert not report.agrees  # the weights are others as well
    model = chain()
    first = verify(model, same(model, slope=0.25)).first
    assert (first.kind, first.path, first.op, first.shape) == ("forward", "leaky", "LeakyReLU", (4, 6))
    assert first.difference == pytest.approx(0.2 * first.relative * first.scale / 0.2)
    assert str(first).startswith("forward at 'leaky' (LeakyReLU), shape (4, 6): largest difference 0.")
    assert verify(model, same(model, slope=0.25), rtol=0.5).agrees


@pytest.mark.parametrize(("index", "path"), [(0, "first"), (3, "inner/inside"), (5, "last")])
def test_another_weight_is_found(index, path):
    model = chain()
    other = same(model)
    weights = other.get_weights()
    weights[index][..., 0] += 0.01
    other.set_weights(weights)
    first = verify(model, other, train=True).first
    assert (first.kind, first.path) == ("forward", path)


def test_another_derivative_is_found():
    """The numbers are the same, and their gradient is twice as large."""
    import tensorflow as tf

    model = chain()
    other = same(model)
    other.get_layer("elu").call = lambda x: 2.0 * tf.nn.elu(x) - tf.stop_gradient(tf.nn.elu(x))
    assert verify(model, other).agrees
    report = verify(model, other, train=True)
    assert (report.first.kind, report.first.path, report.first.op) == ("backward", "elu", "ELU")
    found = [item.path for item in report.comparisons if item.kind == "backward" and item.differs]
    assert found[0] == "elu"
    assert "last" not in found
    assert {"leaky", "inner/inside"} < set("+".join(found).split("+"))


def test_another_loss_is_found():
    model = chain()
    other = same(model)
    other.compile("adam", "mse")
    other.compile("adam", lambda y, x: 0.5 * tf_loss(y, x))
    first = verify(model, other, train=True).first
    assert first.kind == "backward"


def tf_loss(y, x):
    import keras

    return keras.losses.sparse_categorical_crossentropy(y, x)


@pytest.mark.slow
def test_another_regularizer_and_another_optimizer_are_found():
    import keras

    model = chain()
    other = same(model)
    other.get_layer("first").kernel.regularizer = keras.regularizers.L2(0.02)
    first = verify(model, other, train=True).first
    assert (first.kind, first.path) == ("gradient", "first/kernel")
    other = same(model)
    other.compile(keras.optimizers.Adam(0.002), "sparse_categorical_crossentropy")
    first = verify(model, other, train=True).first
    assert (first.kind, first.path) == ("update", "first/kernel")


def test_lengths_that_are_not_known_and_inputs_of_ones_own():
    import keras

    model = keras.Sequential([keras.Input((None, 3)), keras.layers.Conv1D(4, 3), keras.layers.Dense(2)])
    assert verify(model, train=True).agrees
    report = verify(model, inputs=numpy.ones((2, 5, 3)))
    assert report.agrees
    assert report.comparisons[0].shape == (2, 3, 4)
    with pytest.raises(DataError, match="must have shape"):
        verify(model, inputs=numpy.ones((2, 5, 4)))


def test_nan_in_equal_places_is_no_difference():
    model = chain()
    assert verify(model, inputs=numpy.full((2, 5), numpy.inf)).agrees
    other = same(model)
    weights = other.get_weights()
    weights[1][0] = numpy.nan
    other.set_weights(weights)
    first = verify(model, other).first
    assert first.path == "first"
    assert numpy.isnan(first.difference)


def test_reports_are_plain_data():
    report = verify(chain(), train=True)
    data = report.to_json()
    assert data["agrees"] is True
    assert data["first"] is None
    assert len(data["comparisons"]) == len(report.comparisons)
    assert report.worst("gradient").kind == "gradient"
    assert Report("m", "keras", 0.1, ()).worst("forward") is None


def test_what_cannot_be_compared_is_said(tmp_path):
    import keras

    other = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])
    with pytest.raises(ModelError, match=r"weights of different shapes: \(5, 6\), .* and \(5, 2\), \(2,\)$"):
        verify(chain(), other)
    other = keras.Sequential.from_config(chain().get_config())
    with pytest.raises(ModelError, match="the model was compiled with a loss and the reference was not"):
        verify(chain(), other, train=True)
    (tmp_path / "model.keras").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"Keras cannot make a model from .*model\.keras"):
        verify(chain(), str(tmp_path / "model.keras"))


# ---------------------------------------------------------------------- in float64


@pytest.mark.parametrize("make", [chain, branches])
def test_float64_leaves_no_rounding_and_changes_neither_model(make):
    import keras

    model = make()
    before, floatx = model.get_weights(), keras.config.floatx()
    report = verify(model, train=True, dtype="float64")
    assert report.agrees, report.first
    assert report.rtol == 1e-7
    assert report.worst("gradient").relative < 1e-8
    assert keras.config.floatx() == floatx
    assert all(weight.dtype == "float32" for weight in model.weights)
    for one, other in zip(before, model.get_weights(), strict=True):
        numpy.testing.assert_array_equal(one, other)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("policy", ["mixed_float16", "bfloat16"])
def test_narrow_types_are_compared_in_float32(policy):
    """Keras's side of the model computes in float32, as nnc does, so that rounding hides no mistake."""
    import keras
    from keras import layers

    made = keras.Sequential([keras.Input((4,)), layers.Dense(3, "tanh", dtype=policy), layers.Dense(2, dtype=policy)])
    made.compile("sgd", "mse")
    assert verify(made, train=True).agrees
    assert made.layers[0].compute_dtype == policy.removeprefix("mixed_")


def test_float64_shows_what_float32_takes_for_rounding():
    model = chain()
    other = same(model, slope=0.2 + 1e-6)
    assert verify(model, other).agrees
    report = verify(model, other, dtype="float64")
    assert not report.agrees
    assert report.first.path == "leaky"


def test_float64_of_our_own_models_with_their_loss():
    model = nnc.Sequential([nnc.Input((3,)), nnc.layers.Dense(4, "tanh"), nnc.layers.Dense(2)])
    model.compile(nnc.optimizers.Adam(0.01), nnc.losses.Huber(0.5))
    report = verify(model, train=True, dtype="float64")
    assert report.agrees, report.first
    assert model.compute_dtype == "float32"
    with pytest.raises(ModelError, match="verify: dtype must be float32 or float64, got 'float16'"):
        verify(model, dtype="float16")


@pytest.mark.slow
def test_a_deep_network_whose_gradients_float32_does_not_decide():
    from keras import Input, Model, layers

    x = Input((8, 8, 3))
    y = layers.Conv2D(8, 3, padding="same")(x)
    for _ in range(12):
        z = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same", strides=1)(y)))
        y = layers.Add()([y, layers.BatchNormalization()(layers.Conv2D(8, 1)(z))])
    model = Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))
    report = verify(model, train=True, batch=2, dtype="float64")
    assert report.agrees, report.first
    rounding = verify(model, train=True, batch=2)

    def worst(report: Report) -> float:
        return max(item.difference for item in report.comparisons if item.kind == "backward")

    assert worst(rounding) > 1e6 * worst(report)


def test_layers_that_go_on_from_batch_to_batch_begin_alike_each_time():
    """Each time a model runs it changes what it remembers; afterwards the user's is as before."""
    import keras

    x = keras.Input(batch_shape=(4, 3, 2))
    model = keras.Model(x, keras.layers.Dense(2)(keras.layers.LSTM(5, stateful=True)(x)))
    model(numpy.ones((4, 3, 2), "float32"))
    before = [state.numpy() for state in model.layers[1].states]
    assert any(state.any() for state in before)
    report = verify(model, train=True)
    assert report.agrees, report.first
    for state, old in zip(model.layers[1].states, before, strict=True):
        numpy.testing.assert_array_equal(state.numpy(), old)
