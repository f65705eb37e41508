"""`nnc.config` beside `keras.config`: settings act where Keras's do, or are refused."""

from __future__ import annotations

import io
import sys
import warnings

import numpy
import pytest

import nnc
from nnc.activity import is_live
from nnc.errors import ModelError
from nnc.settings import SETTINGS


@pytest.fixture
def keras():
    """Keras, whose settings are put back as well."""
    import keras
    from keras.src.backend.common import global_state

    policy = global_state.get_global_attribute("dtype_policy", None)
    yield keras
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_epsilon(1e-7)
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)
    global_state.set_global_attribute("dtype_policy", policy)


CREATED = {
    "zeros": lambda lib: lib.ops.zeros((2,)),
    "ones": lambda lib: lib.ops.ones((2,)),
    "full": lambda lib: lib.ops.full((2,), 0.5),
    "eye": lambda lib: lib.ops.eye(2),
    "arange": lambda lib: lib.ops.arange(3),
    "arange of floats": lambda lib: lib.ops.arange(3.0),
    "linspace": lambda lib: lib.ops.linspace(0, 1, 3),
    "one_hot": lambda lib: lib.ops.one_hot(numpy.array([1]), 2),
    "multi_hot": lambda lib: lib.ops.multi_hot(numpy.array([1]), 2),
    "hamming": lambda lib: lib.ops.hamming(3),
    "blackman": lambda lib: lib.ops.blackman(3),
    "root of whole numbers": lambda lib: lib.ops.sqrt(numpy.array([3], "int32")),
    "half of whole numbers": lambda lib: lib.ops.multiply(numpy.array([3], "int32"), 0.5),
    "random numbers": lambda lib: lib.random.normal((2,)),
    "initializer": lambda lib: lib.initializers.Ones()((2,)),
    "random initializer": lambda lib: lib.initializers.HeNormal(seed=1)((2, 2)),
    "input": lambda lib: lib.Input((2,)),
    "layer": lambda lib: lib.layers.Dense(1)(lib.Input((2,))),
    "weight": lambda lib: _built(lib).weights[0],
    "one that says it": lambda lib: lib.layers.Dense(1, dtype="float32")(lib.Input((2,))),
}


def _built(lib):
    layer = lib.layers.Dense(1)
    layer(lib.Input((2,)))
    return layer


def dtype_of(item):
    return str(getattr(item.dtype, "name", item.dtype))


@pytest.mark.parametrize("floatx", ["float32", "float64"])
def test_floatx(keras, floatx):
    from keras.src.backend.common import global_state

    for lib in (keras, nnc):
        lib.config.set_floatx(floatx)
    global_state.set_global_attribute("dtype_policy", None)
    SETTINGS.layer_dtype = None
    assert nnc.config.floatx() == keras.config.floatx() == floatx
    for name, make in CREATED.items():
        assert dtype_of(make(nnc)) == dtype_of(make(keras)), name


def test_layers_keep_the_type_that_the_first_had(keras):
    from keras.src.backend.common import global_state

    global_state.set_global_attribute("dtype_policy", None)
    SETTINGS.layer_dtype = None
    for lib in (keras, nnc):
        lib.layers.Dense(1)
        lib.config.set_floatx("float64")
        assert lib.config.dtype_policy().name == "float32"
        assert dtype_of(_built(lib).weights[0]) == "float32"
        lib.config.set_dtype_policy("float64")
        assert dtype_of(_built(lib).weights[0]) == "float64"


def test_a_model_of_float64_trains_as_in_keras(keras):
    x, y = numpy.random.default_rng(0).normal(size=(2, 8, 3))
    losses = []
    weights = None
    for lib in (keras, nnc):
        lib.config.set_floatx("float64")
        lib.config.set_dtype_policy("float64")
        model = lib.Sequential([lib.Input((3,)), lib.layers.Dense(3, "tanh"), lib.layers.Dense(3)])
        weights = weights or model.get_weights()
        model.set_weights(weights)
        model.compile("sgd", "mse")
        losses.append(model.fit(x, y, epochs=3, shuffle=False, verbose=0).history["loss"])
        assert model.predict(x, verbose=0).dtype == "float64"
    numpy.testing.assert_allclose(losses[1], losses[0], rtol=1e-12)


ZEROS, ONES = numpy.zeros((2, 3), "float32"), numpy.ones((2, 3), "float32")
DIVISORS = {
    "BinaryCrossentropy": lambda lib: lib.losses.BinaryCrossentropy()(ONES, ZEROS),
    "CategoricalCrossentropy": lambda lib: lib.losses.CategoricalCrossentropy()(ONES, EDGES),
    "SparseCategoricalCrossentropy": lambda lib: lib.losses.SparseCategoricalCrossentropy()(INDICES, EDGES),
    "CategoricalFocalCrossentropy": lambda lib: lib.losses.CategoricalFocalCrossentropy()(ONES, EDGES),
    "KLDivergence": lambda lib: lib.losses.KLDivergence()(ONES, ZEROS),
    "Poisson": lambda lib: lib.losses.Poisson()(ONES, ZEROS),
    "MeanAbsolutePercentageError": lambda lib: lib.losses.MeanAbsolutePercentageError()(ZEROS, ONES),
    "MeanSquaredLogarithmicError": lambda lib: lib.losses.MeanSquaredLogarithmicError()(ZEROS, ONES),
    "CosineSimilarity": lambda lib: lib.losses.CosineSimilarity()(ONES, ONES / 1e3),
    "Dice": lambda lib: lib.losses.Dice()(EDGES, EDGES),
    "Tversky": lambda lib: lib.losses.Tversky()(EDGES, EDGES),
    "F1Score": lambda lib: lib.metrics.F1Score(average="macro")(EDGES, EDGES),
    "MeanIoU": lambda lib: lib.metrics.MeanIoU(2)([0, 1, 1], [0, 1, 0]),
    "ConcordanceCorrelation": lambda lib: lib.metrics.ConcordanceCorrelation()(EDGES, EDGES / 2),
    "UnitNorm": lambda lib: lib.constraints.UnitNorm()(lib.ops.convert_to_tensor(ONES / 1e3)),
    "MaxNorm": lambda lib: lib.constraints.MaxNorm(1e-3)(lib.ops.convert_to_tensor(ONES)),
    "OrthogonalRegularizer": lambda lib: lib.regularizers.OrthogonalRegularizer()(
        lib.ops.convert_to_tensor(ONES / 1e3)
    ),
    "normalize": lambda lib: lib.ops.normalize(ONES / 1e3),
    "rms_normalization": lambda lib: lib.ops.rms_normalization(ONES / 1e2),
    "layer": lambda lib: lib.layers.Dot(1, normalize=True)([lib.ops.convert_to_tensor(x) for x in (ONES, ONES / 1e3)]),
}
EDGES = numpy.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], "float32")
INDICES = numpy.array([1, 0])


@pytest.mark.parametrize("name", DIVISORS)
def test_epsilon(keras, name):
    found = []
    for lib in (nnc, keras):
        before = numpy.asarray(DIVISORS[name](lib))
        lib.config.set_epsilon(1e-2)
        assert lib.config.epsilon() == 1e-2
        found.append(numpy.asarray(DIVISORS[name](lib)))
        assert numpy.any(found[-1] != before)
    numpy.testing.assert_allclose(*found, rtol=1e-5)


def test_limits_of_epochs_and_batches(keras):
    x, y = numpy.ones((2, 64, 3), "float32")
    for lib in (keras, nnc):
        seen = []
        lib.config.set_max_epochs(2)
        lib.config.set_max_steps_per_epoch(3)
        assert (lib.config.max_epochs(), lib.config.max_steps_per_epoch()) == (2, 3)
        model = lib.Sequential([lib.Input((3,)), lib.layers.Dense(3)])
        model.compile("sgd", "mse")
        callback = lib.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs, seen=seen: seen.append(batch))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            history = model.fit(x, y, 8, 5, 0, [callback], validation_data=(x, y), validation_batch_size=4)
            assert model.predict(x, batch_size=4, verbose=0).shape == (12, 3)
            model.evaluate(x, y, batch_size=4, verbose=0)
        assert history.epoch == [0, 1]
        assert seen == [0, 1, 2] * 2
        steps = "Limiting steps_per_epoch to 3"
        assert [str(item.message) for item in said][:2] == ["Limiting epochs to 2", steps]
        assert sum(str(item.message) == steps for item in said) == 4


@pytest.mark.parametrize("place", ["channels_last", "channels_first"])
def test_image_data_format(keras, place):
    found = []
    for lib in (keras, nnc):
        lib.config.set_image_data_format(place)
        x = lib.Input((8, 6, 4))
        layers = [lib.layers.Conv2D(2, 3), lib.layers.MaxPooling2D(), lib.layers.UpSampling2D(), lib.layers.Flatten()]
        layers += [lib.layers.GlobalAveragePooling2D(), lib.layers.ZeroPadding2D(), lib.layers.Resizing(4, 4)]
        layers += [lib.layers.SeparableConv2D(2, 3), lib.layers.Conv2DTranspose(2, 3), lib.layers.RandomCrop(4, 4)]
        found.append([(layer(x).shape, layer.data_format) for layer in layers])
        found[-1] += [numpy.asarray(lib.ops.image.resize(numpy.ones((1, 4, 5, 3), "float32"), (2, 2))).shape]
        found[-1] += [lib.utils.img_to_array(lib.utils.array_to_img(numpy.ones((3, 3, 3)))).shape]
    assert found[0] == found[1]


def test_without_interactive_logging_nothing_is_drawn_again(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    shown = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", shown)
    assert is_live(shown)
    nnc.config.disable_interactive_logging()
    assert not nnc.config.is_interactive_logging_enabled()
    assert not is_live(shown)
    bar = nnc.utils.Progbar(2, interval=0)
    bar.update(1, [("loss", 0.5)])
    bar.update(2, [("loss", 0.5)])
    text = shown.getvalue()
    assert len(text.splitlines()) == 2
    assert not set(text) & {"\r", "\b", "\x1b"}
    nnc.config.enable_interactive_logging()
    assert is_live(shown)


def test_same_answers_from_the_start(keras):
    for name in ("epsilon", "floatx", "image_data_format", "is_flash_attention_enabled", "is_nnx_enabled"):
        assert getattr(nnc.config, name)() == getattr(keras.config, name)(), name
    for change in ("disable_flash_attention", "enable_flash_attention"):
        for lib in (keras, nnc):
            getattr(lib.config, change)()
        assert nnc.config.is_flash_attention_enabled() == keras.config.is_flash_attention_enabled()
    for name in ("max_epochs", "max_steps_per_epoch", "is_interactive_logging_enabled"):
        assert getattr(nnc.config, name)() == getattr(keras.config, name)(), name


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("set_backend", ("jax",), "nnc is the only engine"),
        ("set_floatx", ("floaty",), "floatx must be float32 or float64, got 'floaty'"),
        ("set_epsilon", (-1e-3,), "set_epsilon: value must be a finite number of at least 0, got -0.001"),
        ("set_image_data_format", ("channels_middle",), "must be channels_last or channels_first"),
        ("set_dtype_policy", ("int32",), "dtype policy must be float32 or float64, got 'int32'"),
        ("set_dtype_policy", (None,), "Invalid `policy` argument"),
        ("set_dtype_policy", ("int8_from_float32",), "nnc trains no quantized layers"),
        ("set_max_epochs", (0,), "max_epochs must be an integer of at least 1, got 0"),
        ("set_max_steps_per_epoch", ("3",), "max_steps_per_epoch must be an integer of at least 1"),
        ("enable_traceback_filtering", (), "tracebacks of nnc are whole"),
        ("enable_unsafe_deserialization", (), "nnc never runs code of a file"),
    ],
)
def test_refused(name, given, text):
    import re

    with pytest.raises(ModelError, match=re.escape(text)):
        getattr(nnc.config, name)(*given)


def test_policies(keras):
    for name in ("float32", "float64", "float16", "mixed_float16", "mixed_bfloat16"):
        theirs, ours = keras.DTypePolicy(name), nnc.DTypePolicy(name)
        assert ours.get_config() == theirs.get_config()
        assert (ours.compute_dtype, ours.variable_dtype) == (theirs.compute_dtype, theirs.variable_dtype)
        assert repr(ours) == repr(theirs)
        config = keras.dtype_policies.serialize(theirs)
        assert nnc.dtype_policies.serialize(ours) == config
        assert nnc.dtype_policies.deserialize(config) == ours == nnc.dtype_policies.get(config)
        if name in ("float32", "float64"):
            assert nnc.layers.Dense(1, dtype=ours).weights_dtype == name
            assert nnc.layers.Dense(1, dtype=name).dtype_policy == ours
        else:
            with pytest.warns(UserWarning, match=f"layers of dtype {name} are computed in float32"):
                assert nnc.layers.Dense(1, dtype=ours).weights_dtype == "float32"
    with pytest.raises(TypeError, match="'name' must be a string"):
        nnc.DTypePolicy(123)
    assert nnc.mixed_precision.Policy is nnc.DTypePolicy
    with pytest.raises(AttributeError, match="nnc trains no quantized layers"):
        nnc.dtype_policies.QuantizedDTypePolicy  # noqa: B018


@pytest.mark.filterwarnings("ignore:.* of dtype .* are computed in float32")
@pytest.mark.parametrize(("policy", "rounding"), [("mixed_float16", 2**-11), ("mixed_bfloat16", 2**-8)])
def test_narrow_numbers_are_those_of_keras_but_for_its_rounding(keras, policy, rounding):
    """As a script has them: a policy for all layers, a layer that casts, and float32 at the end."""
    rng = numpy.random.default_rng(0)
    x, y = rng.normal(size=(16, 4)).astype("float32"), rng.normal(size=(16, 1)).astype("float32")
    weights = [rng.normal(size=shape).astype("float32") for shape in ((4, 8), (8,), (8, 1), (1,))]
    found = []
    for lib in (keras, nnc):
        lib.config.set_dtype_policy(policy)

        class Halved(lib.layers.Layer):
            def call(self, x, lib=lib):
                return lib.ops.cast(x, policy.removeprefix("mixed_")) * 0.5

        layers = [lib.layers.Dense(8, "tanh"), Halved(), lib.layers.Dense(1, dtype="float32")]
        model = lib.Sequential([lib.Input((4,)), *layers])
        model.compile(lib.optimizers.SGD(0.01), "mse")
        model.set_weights(weights)
        losses = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0).history["loss"]
        found.append((model.predict(x, verbose=0), losses))
    (expected, expected_losses), (predictions, losses) = found
    assert predictions.dtype == expected.dtype
    numpy.testing.assert_allclose(predictions, expected, rtol=0, atol=8 * rounding * abs(expected).max())
    numpy.testing.assert_allclose(losses, expected_losses, rtol=8 * rounding)
    assert nnc.config.dtype_policy().name == "float32"


def test_narrow_numbers_are_said_to_be_computed_in_float32(keras):
    with pytest.warns(UserWarning, match="^numbers of dtype bfloat16 are computed in float32$"):
        nnc.config.set_floatx("bfloat16")
    with pytest.warns(UserWarning, match="^layers of dtype mixed_float16 are computed in float32$") as warned:
        nnc.config.set_dtype_policy("mixed_float16")
    assert warned[0].filename == __file__
    with pytest.warns(UserWarning, match="^values of dtype float16 are computed in float32$"):
        assert nnc.ops.cast(numpy.ones(2), "float16").dtype == "float32"
