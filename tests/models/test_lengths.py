"""Models with lengths that are not known: against Keras, at several lengths one after the other, trained and saved."""

from __future__ import annotations

import pickle

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError
from nnc.layers import Add, Concatenate, Conv1D, Conv2D, Dense, Embedding, Flatten, Multiply, UpSampling2D

RNG = numpy.random.default_rng(5)


def real(*shape: int) -> numpy.ndarray:
    return RNG.normal(size=shape).astype("float32")


def whole(*shape: int) -> numpy.ndarray:
    return RNG.integers(0, 10, shape).astype("int32")


def dense(lib):
    layers = lib.layers
    return [layers.Input((None, 5)), layers.Dense(8, activation="tanh"), layers.Dense(3)]


def embedding(lib):
    layers = lib.layers
    pooled = [layers.GlobalAveragePooling1D(), layers.Dense(2, activation="softmax")]
    return [layers.Input((None,), dtype="int32"), layers.Embedding(10, 4), layers.Dense(6, activation="relu"), *pooled]


def convolution(lib):
    layers = lib.layers
    return [
        layers.Input((None, 5)),
        layers.Conv1D(6, 3, strides=2, padding="same", activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(4, 3, padding="causal"),
        layers.ZeroPadding1D(1),
        layers.Cropping1D((2, 0)),
    ]


def image(lib):
    layers = lib.layers
    return [
        layers.Input((None, None, 3)),
        layers.Conv2D(4, 3, strides=2, activation="relu"),
        layers.AveragePooling2D(2, padding="same"),
        layers.DepthwiseConv2D(3, padding="same"),
        layers.UpSampling2D(2),
        layers.GlobalMaxPooling2D(),
        layers.Dense(2),
    ]


def recurrent(lib):
    layers = lib.layers
    return [
        layers.Input((None,), dtype="int32"),
        layers.Embedding(10, 4, mask_zero=True),
        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
        layers.TimeDistributed(layers.Dense(4)),
        layers.GRU(2),
    ]


def normalized(lib):
    layers = lib.layers
    return [
        layers.Input((None, 6)),
        layers.SeparableConv1D(4, 3, padding="same"),
        layers.LayerNormalization(),
        layers.Reshape((-1, 2)),
        layers.Conv1DTranspose(2, 3, strides=2),
        layers.Dense(3),
    ]


CASES = {
    "dense": (dense, [real(3, length, 5) for length in (4, 9, 2, 9)]),
    "embedding": (embedding, [whole(3, length) for length in (4, 9, 1)]),
    "convolution": (convolution, [real(2, length, 5) for length in (12, 7, 21, 12)]),
    "recurrent": (recurrent, [whole(3, length) for length in (4, 9, 1)]),
    "normalized": (normalized, [real(3, length, 6) for length in (4, 9, 3)]),
    "image": (image, [real(2, *size, 3) for size in ((12, 9), (9, 17), (30, 11))]),
}


@pytest.mark.parametrize("name", CASES)
def test_any_length_gives_the_numbers_of_keras(name):
    import keras

    make, arrays = CASES[name]
    other, model = keras.Sequential(make(keras)), nnc.Sequential(make(nnc))
    model.set_weights(other.get_weights())
    assert model.input_shape == other.input_shape
    assert model.output_shape == other.output_shape
    program = model.program
    program(arrays[0])
    count = program.compilations
    for x in arrays:
        expected = other(x).numpy()
        for found in (program(x), model.predict(x, batch_size=2), program(x)):
            assert found.shape == expected.shape
            numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert program.compilations == count


@pytest.mark.parametrize("name", CASES)
@pytest.mark.sampled(3)
def test_gradients_at_any_length_are_those_of_keras(name):
    import keras
    import tensorflow as tf

    make, arrays = CASES[name]
    other, model = keras.Sequential(make(keras)), nnc.Sequential(make(nnc))
    model.set_weights(other.get_weights())
    model.compile("sgd", "mse")
    optimizer = keras.optimizers.SGD()
    for x in arrays:
        y = real(*other.compute_output_shape(x.shape))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((other(x) - y) ** 2)
        optimizer.apply(tape.gradient(loss, other.trainable_variables), other.trainable_variables)
        assert model.train_on_batch(x, y) == pytest.approx(float(loss), rel=1e-5)
        for found, expected in zip(model.get_weights(), other.get_weights(), strict=True):
            numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert model.program.compilations == 1


def test_one_plan_serves_all_smaller_lengths():
    model = nnc.Sequential(dense(nnc))
    program = model.program
    program(real(4, 20, 5))
    arena = program.executor.local.graphs[program.backend.name, "predict"].executable.arena
    for rows, length in ((4, 20), (1, 20), (4, 3), (2, 7)):
        program(real(rows, length, 5))
    assert program.executor.local.graphs[program.backend.name, "predict"].executable.arena is arena
    program(real(4, 21, 5))
    assert program.executor.local.graphs[program.backend.name, "predict"].executable.arena is not arena
    assert (
        program.plan(batch=4, lengths={"time": 21}).arena_bytes
        == program.executor.local.graphs[program.backend.name, "predict"].executable.arena.nbytes
    )


def test_lengths_have_names_in_graphs():
    model = nnc.Sequential(image(nnc))
    assert str(model.program.graph().inputs["x"].type) == "f32[batch,height,width,3]"
    a, b, c = nnc.Input((None, 2), name="a"), nnc.Input((None, 2), name="b"), nnc.Input((None,), name="c")
    model = nnc.Model([a, b, c], [Dense(1)(a), Dense(1)(b), c])
    types = {label: str(value.type) for label, value in model.program.graph().inputs.items()}
    assert types == {"a": "f32[batch,time,2]", "b": "f32[batch,time_1,2]", "c": "f32[batch,time_2]"}
    found = model.predict([real(2, 3, 2), real(2, 5, 2), real(2, 1)])
    assert [array.shape for array in found] == [(2, 3, 1), (2, 5, 1), (2, 1)]


def test_a_saved_program_takes_any_length(tmp_path):
    model = nnc.Sequential(convolution(nnc))
    model.compile("adam", "mse")
    x = real(4, 12, 5)
    model.fit(x, real(4, *model.predict(x).shape[1:]), verbose=0)
    model.save(tmp_path / "model.nnc")
    loaded = nnc.load(tmp_path / "model.nnc")
    assert loaded.spec == model.program.spec
    for length in (12, 9, 30):
        x = real(2, length, 5)
        numpy.testing.assert_array_equal(loaded(x), model.program(x))
        y = real(*loaded(x).shape)
        assert loaded.train_step(x, y) == model.program.train_step(x, y)


def test_what_layers_add_has_one_length():
    a, b = nnc.Input((None, 2), name="a"), nnc.Input((None, 2), name="b")
    model = nnc.Model([a, b], Multiply()([Add()([a, b]), a]))
    assert {str(value.type) for value in model.program.graph().inputs.values()} == {"f32[batch,time,2]"}
    x, y = real(3, 4, 2), real(3, 4, 2)
    numpy.testing.assert_allclose(model.predict([x, y]), (x + y) * x, rtol=1e-6)
    with pytest.raises(DataError, match=r"'b' must have shape \(time, 2\) where time = 4, got \(5, 2\)"):
        model.predict([x, real(3, 5, 2)])


def test_a_length_that_meets_a_number_is_that_number():
    a, b = nnc.Input((None, 2), name="a"), nnc.Input((3, 2), name="b")
    model = nnc.Model([a, b], Add()([a, b]))
    assert model.input_shape == [(None, 3, 2), (None, 3, 2)]
    with pytest.raises(DataError, match=r"input 'a' must have shape \(rows, 3, 2\), got \(1, 4, 2\)"):
        model.predict([real(1, 4, 2), real(1, 3, 2)])


def test_cut_lengths_are_equal_where_what_is_left_is():
    a, b = nnc.Input((None, 2), name="a"), nnc.Input((None, 2), name="b")
    model = nnc.Model([a, b], Add()([Conv1D(2, 3)(a), b]))
    assert str(model.program.graph().inputs["b"].type) in ("f32[batch,time,2]", "f32[batch,time-2,2]")
    assert model.predict([real(1, 8, 2), real(1, 6, 2)]).shape == (1, 6, 2)


def test_joined_lengths_stay_apart():
    a, b = nnc.Input((None, 2), name="a"), nnc.Input((None, 2), name="b")
    model = nnc.Model([a, b], Concatenate(axis=1)([a, b]))
    x, y = real(3, 4, 2), real(3, 1, 2)
    numpy.testing.assert_array_equal(model.predict([x, y]), numpy.concatenate([x, y], 1))


def test_what_is_halved_and_doubled_has_an_even_length():
    x = nnc.Input((None, None, 2))
    half = Conv2D(3, 3, strides=2, padding="same")(x)
    quarter = Conv2D(3, 3, strides=2, padding="same")(half)
    joined = Concatenate()([UpSampling2D()(quarter), half])
    model = nnc.Model(x, Concatenate()([UpSampling2D()(joined), x]))
    assert str(model.program.graph().inputs["x"].type) == "f32[batch,4*height,4*width,2]"
    assert model.input_shape == (None, None, None, 2)
    assert model.predict(real(1, 8, 12, 2)).shape == (1, 8, 12, 8)
    with pytest.raises(DataError, match=r"'x' must have shape \(4\*height, 4\*width, 2\)"):
        model.predict(real(1, 8, 10, 2))


def test_lengths_that_cannot_be_equal_are_refused():
    a = nnc.Input((None, 2))
    with pytest.raises(ModelError, match=r"Layer 'add' \(Add\): shapes .* do not broadcast: axis -2"):
        Add()([Conv1D(2, 3)(a), a])


def test_arrays_that_are_too_short_are_refused():
    model = nnc.Sequential([nnc.Input((None, 2)), Conv1D(2, 5)])
    assert model.predict(real(1, 5, 2)).shape == (1, 1, 2)
    message = r"too short for program 'sequential': a dimension of length time-4 would be 0 where time = 4"
    with pytest.raises(DataError, match=message):
        model.predict(real(1, 4, 2))
    with pytest.raises(DataError, match=r"input 'x' is empty: it has shape \(1, 0, 2\)"):
        model.predict(real(1, 0, 2))


def test_weights_need_numbers():
    with pytest.raises(ModelError, match=r"\(Dense\): .*shape must have integers from 0, got \(None"):
        nnc.Sequential([nnc.Input((None, 2)), Flatten(), Dense(1)])


def test_inner_models_take_the_lengths_of_the_outer():
    inner = nnc.Sequential([nnc.Input((None, 2)), Dense(3)])
    x, y = nnc.Input((None, 2)), nnc.Input((6, 2))
    model = nnc.Model([x, y], [inner(x), inner(y)])
    assert model.output_shape == [(None, None, 3), (None, 6, 3)]
    assert [array.shape for array in model.predict([real(2, 5, 2), real(2, 6, 2)])] == [(2, 5, 3), (2, 6, 3)]


def test_copies_and_configs_keep_unknown_lengths():
    model = nnc.Sequential([nnc.Input((None,), dtype="int32"), Embedding(10, 3)])
    assert model.get_config()["layers"][0]["config"]["batch_shape"] == [None, None]
    copy = pickle.loads(pickle.dumps(model))
    x = whole(2, 7)
    numpy.testing.assert_array_equal(copy.predict(x), model.predict(x))


def test_a_live_keras_model_keeps_unknown_lengths():
    import keras

    other = keras.Sequential([keras.Input((None, 4)), keras.layers.Dense(3)])
    program = nnc.compile(other)
    for length in (3, 6):
        x = real(2, length, 4)
        numpy.testing.assert_allclose(program(x), other(x).numpy(), rtol=1e-5, atol=1e-6)


class PadTo(nnc.layers.Layer):
    """Zeros behind each row up to a length: what is added is longer where the row is shorter."""

    def call(self, x):
        zeros = nnc.ir.ops.broadcast_to(x.graph.constant(0.0, x.dtype), (x.shape[0], 9 - x.shape[1], x.shape[2]))
        return nnc.ir.ops.exp(nnc.ir.ops.concatenate([x, nnc.ir.ops.exp(zeros) - 1.0], axis=1))


def test_what_is_longer_for_shorter_rows_has_room():
    model = nnc.Sequential([nnc.Input((None, 2)), PadTo(), Dense(3)])
    program, kernel = model.program, model.get_weights()[0]
    for length in (6, 3, 8, 1, 6):
        x = real(2, length, 2)
        expected = numpy.exp(numpy.concatenate([x, numpy.zeros((2, 9 - length, 2))], 1)) @ kernel
        numpy.testing.assert_allclose(program(x), expected, rtol=1e-5, atol=1e-6)
    assert program.compilations == 1
    with pytest.raises(DataError, match=r"a dimension of length -time\+9 would be 0 where time = 9"):
        program(real(2, 9, 2))
