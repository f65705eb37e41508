"""Models that Keras has quantized, live and in files, beside Keras itself."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc.errors import NncError
from nnc.readers import read_model

ROWS = {"numbers": (4, 6), "sequence": (3, 5, 6), "heads": (3, 5, 2, 4), "words": (3, 5)}


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


def chain(keras, shape, *layers):
    x = inputs = keras.Input(shape[1:])
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


def dense(keras, rows="numbers", **options):
    layer = keras.layers.Dense(6, "tanh", bias_initializer="random_normal", **options)
    return chain(keras, ROWS[rows], layer)  # as many units as inputs: no order of its weights shows by their shapes


def einsum_dense(keras, equation, output, bias, rows="sequence"):
    layer = keras.layers.EinsumDense(equation, output, bias_axes=bias, bias_initializer="random_normal")
    return chain(keras, ROWS[rows], layer)


def embedding(keras):
    layers = keras.layers
    return chain(keras, ROWS["words"], layers.Embedding(7, 4, mask_zero=True), layers.GlobalAveragePooling1D())


def language_model(keras, **options):
    table = keras.layers.ReversibleEmbedding(7, 4, embeddings_initializer="random_normal", **options)
    inputs = keras.Input(ROWS["words"][1:])
    return keras.Model(inputs, table(keras.layers.LayerNormalization()(table(inputs)), reverse=True))


def config(keras, **options):
    quantizers = keras.quantizers
    if options:
        return quantizers.Int8QuantizationConfig(activation_quantizer=quantizers.AbsMaxQuantizer(**options))
    return quantizers.Int8QuantizationConfig(activation_quantizer=None)


MODELS = {
    "dense": dense,
    "dense of sequences": lambda keras: dense(keras, "sequence"),
    "dense without bias": lambda keras: dense(keras, use_bias=False),
    "queries": lambda keras: einsum_dense(keras, "abc,cde->abde", (None, 2, 3), "de"),
    "outputs": lambda keras: einsum_dense(keras, "abcd,cde->abe", (None, 6), "e", "heads"),
    "moved axes": lambda keras: einsum_dense(keras, "abc,dc->adb", (3, None), "d"),
    "embedding": embedding,
    "tied": language_model,
    "untied": lambda keras: language_model(keras, tie_weights=False, logit_soft_cap=0.2),
}
CONFIGS = {"weights only": {}, "own range": {"value_range": (-50, 50), "epsilon": 0.01, "axis": -1}}


def quantized(keras, make, mode="int8", **options):
    keras.utils.set_random_seed(3)
    made = make(keras)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that layers without weights cannot be quantized
        made.quantize(mode, **options)
    return made


def rows_for(model):
    generator = numpy.random.default_rng(4)
    is_text = any("Embedding" in type(layer).__name__ for layer in model.layers)
    shape = (3, *model.input_shape[1:])
    return generator.integers(0, 7, shape) if is_text else generator.normal(size=shape).astype("float32")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("settings", ["by default", *CONFIGS])
@pytest.mark.sampled(4)
def test_quantized_layers(name, settings, keras, tmp_path):
    options = {"config": config(keras, **CONFIGS[settings])} if settings in CONFIGS else {}
    theirs = quantized(keras, MODELS[name], **options)
    x = rows_for(theirs)
    expected = numpy.asarray(theirs(x))
    programs = {backend: nnc.compile(theirs, backend=backend) for backend in ("numpy", "c")}
    for suffix in (".keras", ".h5"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs.save(tmp_path / f"model{suffix}")
        programs[suffix] = nnc.compile(tmp_path / f"model{suffix}", backend="numpy")
    for kind, program in programs.items():
        numpy.testing.assert_allclose(program.predict(x), expected, rtol=1e-5, atol=1e-6, err_msg=kind)


def test_nothing_is_quantized_twice_or_not_at_all(keras):
    """What is computed is not what the weights alone would give: inputs are rounded, too."""
    theirs = quantized(keras, dense)
    (layer,) = theirs.layers[1:]
    x = rows_for(theirs)
    kernel = numpy.asarray(layer._kernel, "float32") / numpy.asarray(layer.kernel_scale)
    without = numpy.tanh(x @ kernel + numpy.asarray(layer.bias))
    found = nnc.compile(theirs, backend="numpy").predict(x)
    assert 1e-4 < abs(found - without).max() < 0.05


@pytest.mark.parametrize("name", ["dense", "queries", "outputs", "tied"])
def test_training_around_quantized_layers(name, keras):
    def make(keras):
        inner = MODELS[name](keras)
        if name == "tied":
            return inner
        inputs = keras.Input(inner.input_shape[1:])
        x = keras.layers.Dense(inner.input_shape[-1], name="first")(inputs)
        return keras.Model(inputs, inner.layers[1](x))

    theirs = quantized(keras, make, filters=None if name == "tied" else lambda layer: layer.name != "first")
    x = rows_for(theirs)
    y = numpy.random.default_rng(5).uniform(-1, 1, theirs(x).shape).astype("float32")
    theirs.compile(keras.optimizers.SGD(0.05), "mse")
    program = nnc.compile(theirs, backend="numpy")
    losses = [float(theirs.train_on_batch(x, y)) for _ in range(3)]
    history = program.fit(x, y, batch_size=len(x), epochs=3, shuffle=False, verbose=0)
    numpy.testing.assert_allclose(history.history["loss"], losses, rtol=1e-4)
    assert losses[2] < losses[0]


@pytest.mark.parametrize("name", ["dense", "queries", "untied"])
def test_keras_reads_what_is_saved(name, keras, tmp_path):
    theirs = quantized(keras, MODELS[name])
    x = rows_for(theirs)
    model = read_model(theirs)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.layers[1].dtype_policy.quantization_mode == "int8" or name == "untied"
    numpy.testing.assert_array_equal(numpy.asarray(again(x)), numpy.asarray(theirs(x)))
    model.save_weights(tmp_path / "only.weights.h5")
    theirs.load_weights(tmp_path / "only.weights.h5")
    program = nnc.compile(theirs, backend="numpy")
    program.save(tmp_path / "program.nnc")
    numpy.testing.assert_array_equal(nnc.load(tmp_path / "program.nnc").predict(x), program.predict(x))


def test_a_layer_of_its_authors_with_a_quantized_one_inside(keras):
    class Own(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = keras.layers.Dense(5)

        def build(self, input_shape):
            self.inner.build(input_shape)

        def call(self, x):
            return self.inner(x) * 2.0

    theirs = quantized(keras, lambda keras: chain(keras, ROWS["numbers"], Own()))
    assert theirs.layers[1].inner.quantization_mode == "int8"
    x = rows_for(theirs)
    numpy.testing.assert_allclose(nnc.compile(theirs).predict(x), numpy.asarray(theirs(x)), rtol=1e-5, atol=1e-6)


def attention(keras):
    inputs = keras.Input((5, 6))
    return keras.Model(inputs, keras.layers.MultiHeadAttention(2, 3)(inputs, inputs))


def other_quantizer(keras):
    class Own(keras.quantizers.AbsMaxQuantizer):
        def __call__(self, x, axis=None, to_numpy=False):
            return super().__call__(x / 2.0, axis, to_numpy)

    return keras.quantizers.Int8QuantizationConfig(activation_quantizer=Own())


@pytest.mark.parametrize(
    "make, mode, message",
    [
        (dense, "int4", "layer 'dense.*it is quantized as int4.*read quantized are Dense"),
        (dense, "float8", "it is quantized as float8"),
        (attention, "int8", "layer 'multi_head_attention.*layers inside it are quantized"),
    ],
)
def test_what_is_not_read_is_refused(make, mode, message, keras):
    theirs = quantized(keras, make, mode)
    with pytest.raises(NncError, match=message):
        nnc.compile(theirs)


def test_quantizers_of_an_author_are_refused(keras):
    theirs = quantized(keras, dense, config=other_quantizer(keras))
    with pytest.raises(NncError, match="AbsMaxQuantizer"):
        nnc.compile(theirs)
    theirs = quantized(keras, dense, config=config(keras, axis=0))
    with pytest.raises(NncError, match="along their last axis only"):
        nnc.compile(theirs)


def test_a_policy_without_a_name_is_no_element_type():
    policy = {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8", "source_name": "float32"}}
    with pytest.raises(NncError, match="dtype must be float32 or float64, got"):
        nnc.layers.Dense(2, dtype=policy)


def test_summaries_say_what_was_stored(keras):
    lines: list[str] = []
    read_model(quantized(keras, dense)).summary(print_fn=lines.append)
    assert "(Dense int8)" in lines[0]
