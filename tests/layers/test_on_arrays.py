"""Layers called on arrays do what Keras's do there: masks travel, settings may change, modes are those of the call."""

from __future__ import annotations

import inspect
import warnings

import numpy
import pytest

import nnc
from nnc import layers
from nnc.backends.c.backend import CBackend
from nnc.backends.c.toolchain import find_compiler

IDS = numpy.array([[1, 0, 2], [3, 3, 0]])
ROWS = numpy.random.default_rng(0).normal(size=(4, 3)).astype("float32")
IMAGES = numpy.full((3, 4, 4, 3), 100.0, "float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


def embed(module):
    return module.layers.Embedding(5, 2, embeddings_initializer="ones", mask_zero=True)


def masked(module):
    return embed(module)(IDS)


def sequence(module):
    inner = module.layers
    return module.Sequential([embed(module), inner.Dropout(0.5), inner.Dense(2, kernel_initializer="ones")])


MASKED = {
    "embedding": masked,
    "through a layer": lambda module: module.layers.Dense(3, kernel_initializer="ones")(masked(module)),
    "read by a layer": lambda module: module.layers.GlobalAveragePooling1D()(masked(module)),
    "layer by layer": lambda module: module.layers.SimpleRNN(
        2, kernel_initializer="ones", recurrent_initializer="ones", return_sequences=True
    )(module.layers.Activation("relu")(masked(module))),
    "masking": lambda module: module.layers.Masking()(numpy.float32([[[0, 0], [1, 0]]])),
    "of a list": lambda module: module.layers.Concatenate(axis=1)([masked(module), masked(module)]),
    "in every step": lambda module: module.layers.TimeDistributed(module.layers.Dense(2, kernel_initializer="ones"))(
        masked(module)
    ),
    "given": lambda module: module.layers.GlobalAveragePooling1D()(
        numpy.float32([[[1], [3]]]), mask=numpy.array([[True, False]])
    ),
    "of a model": lambda module: sequence(module)(IDS),
    "behind a model": lambda module: module.layers.GlobalAveragePooling1D()(sequence(module)(IDS)),
    "into a model": lambda module: module.Sequential([module.Input((3, 2)), module.layers.GlobalAveragePooling1D()])(
        masked(module)
    ),
    "computed otherwise": lambda module: masked(module) + 1.0,
}


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")  # Keras's, of models that use the mask
@pytest.mark.parametrize("make", MASKED.values(), ids=MASKED)
def test_masks_travel_with_arrays(make, keras):
    found, expected = make(nnc), make(keras)
    numpy.testing.assert_allclose(found, numpy.asarray(expected), rtol=1e-5)
    mask = getattr(expected, "_keras_mask", None)
    if mask is None:
        assert getattr(found, "_keras_mask", None) is None
    else:
        numpy.testing.assert_array_equal(found._keras_mask, mask)


def test_what_a_call_depends_on_may_change_between_two_calls():
    """A Dropout's rate, whether a normalisation is frozen, an activation, a global that the layer's code reads."""
    dropout = layers.Dropout(0.5)
    assert (dropout(numpy.ones((99, 9)), training=True) == 0).any()
    dropout.rate = 0.0
    assert (dropout(numpy.ones((99, 9)), training=True) == 1).all()

    norm = layers.BatchNormalization(momentum=0.0)
    assert abs(norm(ROWS, training=True).mean()) < 1e-6
    norm.trainable, norm.moving_mean.memory[...] = False, 5.0
    assert norm(ROWS, training=True).mean() < -1

    dense = layers.Dense(2, "linear", kernel_initializer="ones")
    linear, dense.activation = dense(ROWS), nnc.activations.get("relu")
    numpy.testing.assert_array_equal(dense(ROWS), numpy.maximum(linear, 0))

    factor = 2.0

    class Scale(layers.Layer):
        def call(self, x):
            return x * factor

    scale = Scale()
    scale(ROWS)
    factor = 3.0
    numpy.testing.assert_array_equal(scale(ROWS), ROWS * 3)


def test_equal_calls_compile_once(monkeypatch):
    import nnc.layers.standalone as standalone

    compiled, run_passes = [], standalone.run_passes
    monkeypatch.setattr(standalone, "run_passes", lambda *given: compiled.append(1) or run_passes(*given))
    dense = layers.Dense(2)
    for _ in range(3):
        dense(ROWS)
        dense.backward(numpy.ones((4, 2)))
    assert len(compiled) == 2


@pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler")
def test_layers_run_on_the_chosen_backend(monkeypatch):
    compiled, compile = [], CBackend.compile
    monkeypatch.setattr(CBackend, "compile", lambda *given: compiled.append(1) or compile(*given))
    dense, x, found = layers.Dense(40, "relu"), numpy.tile(ROWS, (4, 9)), {}
    for factor in (1, 2):
        dense(x)
        dense.weights[0].memory[...] *= factor  # which a backend that packs weights has to notice
        for backend in ("numpy", "c", "auto"):
            monkeypatch.setenv("NNC_BACKEND", backend)
            found[backend] = dense(x), dense.backward(numpy.ones((16, 40)))
        for expected, in_c, chosen in zip(*found.values(), strict=True):
            numpy.testing.assert_allclose(in_c, expected, rtol=1e-5, atol=1e-5)
            numpy.testing.assert_array_equal(chosen, expected)
        monkeypatch.setenv("NNC_BACKEND", "c")
    assert len(compiled) == 2  # forward and backward, on C alone


def test_backward_is_of_what_the_last_call_drew():
    dropout, x = layers.Dropout(0.5), numpy.ones((8, 8), "float32")
    for _ in range(2):
        numpy.testing.assert_array_equal(dropout(x, training=True), dropout.backward(x))


def test_defaults_of_training_are_those_of_keras(keras):
    """Layers that change images at random do so unless somebody says that this is not a training."""

    def default(cls):
        parameter = inspect.signature(cls.call).parameters.get("training")
        return bool(parameter and parameter.default)

    named = {name: cls for name, cls in layers.layer_classes().items() if hasattr(keras.layers, name)}
    inert = {"CenterCrop", "Resizing"}  # do the same in both modes
    assert [name for name, cls in named.items() if default(cls) != default(getattr(keras.layers, name))] == sorted(
        inert
    )


@pytest.mark.parametrize("name", ["RandomBrightness", "Pipeline", "Sequential"])
@pytest.mark.parametrize("options", [{}, {"training": True}, {"training": False}, {"training": None}], ids=str)
def test_images_are_changed_as_keras_does(name, options, keras):
    def changes(module):
        layer = module.layers.RandomBrightness(0.5)
        outer = {"Pipeline": module.layers.Pipeline, "Sequential": module.Sequential}.get(name)
        return bool((numpy.asarray((outer([layer]) if outer else layer)(IMAGES, **options)) != IMAGES).any())

    assert changes(nnc) == changes(keras)


DTYPES = {
    "input": lambda module: module.layers.Dense(2)(module.Input((3,), dtype="float64")),
    "array": lambda module: module.layers.Dense(2)(ROWS.astype("float64")),
    "its own": lambda module: module.layers.Dense(2, dtype="float64")(module.Input((3,))),
    "no weights": lambda module: module.layers.ReLU()(module.Input((3,), dtype="float64")),
    "array without weights": lambda module: module.layers.Flatten()(ROWS.astype("float64")),
    "merged": lambda module: module.layers.Add()([module.Input((3,), dtype="float64"), module.Input((3,))]),
    "operation": lambda module: module.Input((3,), dtype="float64") + module.Input((3,), dtype="float64"),
    "whole numbers stay": lambda module: module.layers.Flatten()(module.Input((3,), dtype="int32")),
}


@pytest.mark.parametrize("make", DTYPES.values(), ids=DTYPES)
def test_layers_compute_in_their_own_element_type(make, keras):
    expected = make(keras).dtype
    assert str(make(nnc).dtype) == getattr(expected, "name", expected)


def test_a_model_whose_input_has_another_element_type_computes_in_that_of_its_layers(keras):
    def predicted(module):
        x = module.Input((3,), dtype="float64")
        model = module.Model(x, module.layers.Dense(2, kernel_initializer="ones")(x))
        return model.predict(ROWS.astype("float64"), verbose=0)

    found, expected = predicted(nnc), predicted(keras)
    assert found.dtype == expected.dtype == "float32"
    numpy.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("mask", [[1.0, 0.0, 1.0, 1.0], [0.5, 0.0, 1.0, 0.25], [0.0] * 4, [True, False, True, True]])
def test_numbers_of_a_mask_count_in_batch_normalization(keras, mask):
    given = numpy.array(mask, None if isinstance(mask[0], bool) else "float32")
    theirs, ours = (module.layers.BatchNormalization() for module in (keras, nnc))
    expected = numpy.asarray(theirs(ROWS, training=True, mask=given))
    numpy.testing.assert_allclose(ours(ROWS, training=True, mask=given), expected, rtol=1e-4, atol=1e-5)
    for weight in ("moving_mean", "moving_variance"):
        numpy.testing.assert_allclose(getattr(ours, weight), getattr(theirs, weight), rtol=1e-5, atol=1e-6)


def test_a_mask_that_is_broadcast(keras):
    mask = numpy.array([True, False, True])
    expected = numpy.asarray(keras.layers.Softmax()(ROWS, mask=mask))
    numpy.testing.assert_allclose(layers.Softmax()(ROWS, mask=mask), expected, rtol=1e-5)
    for wrong, text in (
        (numpy.ones((4, 3, 1)), "must not have more dimensions"),
        (numpy.ones((2, 3)), "broadcastable"),
    ):
        with pytest.raises(ValueError, match=text):
            layers.Softmax()(ROWS, mask=wrong)


SPECS = {
    "dense": (lambda module: module.layers.Dense(3), (2, 5)),
    "of several": (lambda module: module.layers.LSTM(3, return_state=True), (None, 4, 5)),
    "attention": (lambda module: module.layers.Attention(), ((None, 4, 5), (None, 6, 5))),
}


@pytest.mark.parametrize("case", SPECS.values(), ids=SPECS)
def test_output_specs(keras, case):
    make, shape = case
    shapes = shape if isinstance(shape[0], tuple) else (shape,)
    found = []
    for module in (keras, nnc):
        tensors = [module.Input(batch_shape=item) for item in shapes]
        spec = make(module).compute_output_spec(tensors if len(tensors) > 1 else tensors[0])
        found.append([(tuple(item.shape), item.dtype) for item in (spec if isinstance(spec, list | tuple) else [spec])])
    assert found[0] == found[1]


def test_output_specs_of_a_users_shapes():
    class Twice(layers.Layer):
        def compute_output_shape(self, input_shape):
            return {"first": input_shape, "rest": [(*input_shape, 2)]}

    spec = Twice().compute_output_spec(nnc.Input(batch_shape=(2, 3)))
    assert spec["first"].shape == (2, 3)
    assert spec["rest"][0].shape == (2, 3, 2)
    with pytest.raises(NotImplementedError, match="does not have a `call` method implemented"):
        Twice()(ROWS)


def test_shapes_of_several_inputs(keras):
    shapes = ((7, 4, 8), (7, 2, 8), None), ([7, 4, 8], [7, 2, 8], [7, 2, 3])
    for given in shapes:
        expected = keras.layers.MultiHeadAttention(2, 2).compute_output_shape(*given)
        assert layers.MultiHeadAttention(2, 2).compute_output_shape(*given) == tuple(expected)
    with pytest.raises(NotImplementedError, match="does not have a `compute_output_shape` method implemented"):
        layers.Layer().compute_output_shape((None, 2))


def test_attention_over_more_axes(keras):
    query, value = (numpy.random.default_rng(seed).normal(size=(2, 3, 4, 5)).astype("float32") for seed in (1, 2))
    expected = numpy.asarray(keras.layers.Attention()([query, value]))
    numpy.testing.assert_allclose(layers.Attention()([query, value]), expected, rtol=1e-5, atol=1e-6)
