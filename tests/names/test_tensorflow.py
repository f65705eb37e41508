"""Functions of TensorFlow's that scripts call beside Keras, beside TensorFlow itself."""

from __future__ import annotations

from importlib import import_module

import numpy
import pytest

import nnc
import nnc.tensorflow as answers
from nnc.errors import ModelError

for room in ("config", "data", "image", "linalg", "math", "nn", "random"):
    import_module(f"nnc.tensorflow.{room}")

X = numpy.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
M = X[0]
ROWS = numpy.array([[2, 0], [1, 1]])
IMAGES = numpy.random.default_rng(1).uniform(0, 255, (2, 6, 6, 3)).astype("float32")

CASES = {
    "constants": lambda tf: [tf.constant(1.5), tf.constant([1, 2]), tf.constant(2.0, shape=(2, 2)), tf.zeros(3)],
    "types": lambda tf: [tf.cast(X, tf.int32), tf.cast(X > 0, tf.float32), tf.ones((2,), tf.int64), tf.fill((2,), 3)],
    "sums": lambda tf: [tf.reduce_sum(X, [0, 1]), tf.reduce_mean(X, axis=-1, keepdims=True), tf.reduce_max(X)],
    "more sums": lambda tf: [tf.reduce_min(X, 1), tf.reduce_prod(M, 0), tf.reduce_any(M > 1, 0), tf.reduce_all(M < 9)],
    "spread": lambda tf: [tf.math.reduce_std(X, 0), tf.math.reduce_variance(X, [1]), tf.reduce_logsumexp(X, -1)],
    "largest": lambda tf: [tf.argmax(M), tf.argmax(M, axis=1), tf.argmin(M, 1, output_type=tf.int32)],
    "cumulated": lambda tf: [tf.cumsum(M, 1), tf.cumsum(M, exclusive=True), tf.cumsum(M, reverse=True)],
    "products so far": lambda tf: [
        tf.math.cumprod(M, 1),
        tf.math.cumprod(X, axis=-1, exclusive=True),
        tf.math.cumprod(M, reverse=True, exclusive=True),
    ],
    "lengths": lambda tf: [tf.norm(X), tf.norm(M, axis=1), tf.math.l2_normalize(M), tf.nn.l2_normalize(M, axis=1)],
    "other lengths": lambda tf: [
        tf.norm(M, 1, keepdims=True),
        tf.norm(M, ord=numpy.inf, axis=1),
        tf.norm(X, "fro", [1, 2]),
    ],
    "sums that wrap": lambda tf: [tf.reduce_sum(IMAGES.astype("uint8"), 0), tf.reduce_prod(ROWS.astype("int32"), 1)],
    "elements": lambda tf: [tf.exp(M), tf.square(M), tf.abs(M), tf.sqrt(tf.abs(M)), tf.sigmoid(M), tf.round(M * 3)],
    "logarithms": lambda tf: [tf.math.log(tf.abs(M)), tf.math.log1p(tf.abs(M)), tf.math.softplus(M), tf.math.erf(M)],
    "pairs": lambda tf: [tf.maximum(M, 0.0), tf.pow(M, 2.0), tf.add_n([M, M, M]), tf.math.divide_no_nan(M, M * 0)],
    "choices": lambda tf: [tf.where(M > 0, M, tf.zeros_like(M)), tf.clip_by_value(M, -0.5, 0.5), tf.equal(M, M)],
    "products": lambda tf: [tf.matmul(M, M, transpose_b=True), tf.tensordot(M, M, [[0], [0]]), tf.einsum("ij->j", M)],
    "shapes": lambda tf: [tf.shape(X), tf.shape(X)[1:], tf.size(X), tf.reshape(X, [2, -1]), tf.transpose(X, [2, 0, 1])],
    "axes": lambda tf: [tf.expand_dims(M, axis=-1), tf.squeeze(M[:1]), tf.stack([M, M], axis=1), tf.unstack(M)[2]],
    "parts": lambda tf: [*tf.split(M, 2, axis=1), *tf.split(M, [1, 3], axis=1), tf.concat([M, M], axis=-1)],
    "copies": lambda tf: [tf.tile(M, [2, 1]), tf.repeat(M, 2, axis=0), tf.reverse(M, [1]), tf.pad(M, [[1, 0], [0, 2]])],
    "reflected": lambda tf: [tf.pad(M, [[1, 1], [1, 1]], "REFLECT"), tf.pad(M, [[0, 1], [0, 0]], constant_values=7.0)],
    "rows": lambda tf: [tf.gather(M, [2, 0]), tf.gather(M, [1], axis=1), tf.gather(M[:2], ROWS, batch_dims=1)],
    "codes": lambda tf: [tf.one_hot([0, 2], 3), tf.one_hot([1], 2, dtype=tf.int32), tf.nn.embedding_lookup(M, [1, 1])],
    "numbers": lambda tf: [tf.range(4), tf.range(1.0, 2.0, 0.25), tf.linspace(0.0, 1.0, 5), tf.eye(2), tf.eye(2, 3)],
    "order": lambda tf: [tf.sort(M), tf.argsort(M), *tf.math.top_k(M, k=2)],
    "activations": lambda tf: [tf.nn.relu(M), tf.nn.leaky_relu(M), tf.nn.gelu(M), tf.nn.softmax(M), tf.nn.elu(M)],
    "moments": lambda tf: list(tf.nn.moments(X, axes=[0, 1])),
    "losses": lambda tf: [
        tf.nn.sigmoid_cross_entropy_with_logits(labels=(M > 0).astype("float32"), logits=M),
        tf.nn.softmax_cross_entropy_with_logits(labels=numpy.eye(4, dtype="float32")[:3], logits=M),
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=numpy.array([0, 3, 1]), logits=M),
    ],
    "images": lambda tf: [
        tf.image.resize(IMAGES, (3, 4)),
        tf.image.resize(IMAGES.astype("uint8"), [12, 12], method="nearest"),
        tf.image.flip_left_right(IMAGES),
        tf.image.extract_patches(IMAGES, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], padding="VALID"),
    ],
    "matrices": lambda tf: [tf.linalg.det(M[:, :3]), tf.linalg.inv(M[:, :3]), tf.linalg.trace(M[:, :3])],
    "operators": lambda tf: [2.0 * tf.constant(M) + 1.0, tf.constant(M) @ M.T, -tf.constant(M), tf.constant(M)[0, 1:]],
    "numpy": lambda tf: [tf.constant(2.0).numpy(), tf.constant(M)[0][1].numpy(), tf.constant([1, 2]).numpy()],
}


@pytest.fixture(scope="module")
def tensorflow():
    return pytest.importorskip("tensorflow")


@pytest.mark.parametrize("case", CASES)
def test_numbers_shapes_and_types(tensorflow, case):
    for found, expected in zip(CASES[case](answers), CASES[case](tensorflow), strict=True):
        assert str(numpy.asarray(found).dtype) == str(numpy.asarray(expected).dtype)
        numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_function_has_tensorflows_arguments():
    with pytest.raises(TypeError, match="missing"):
        answers.square(features=M)
    assert answers.square(M, name="squared").shape == M.shape
    assert answers.function(lambda x: x * 2.0)(M).shape == M.shape
    assert float(answers.function(jit_compile=True)(lambda x: answers.reduce_sum(x))(M)) == pytest.approx(
        M.sum(), abs=1e-5
    )


def test_element_types_are_those_of_arrays():
    assert answers.ones(2).dtype == answers.float32 != answers.int32
    assert nnc.Input((2,), dtype=answers.int32).dtype == "int32"
    assert answers.float32.max == numpy.finfo("float32").max
    assert answers.int32.as_numpy_dtype is numpy.int32


def test_random_numbers_have_their_shapes_and_a_seed():
    for draw in (answers.random.normal, answers.random.uniform, answers.random.truncated_normal):
        answers.random.set_seed(3)
        first = draw(answers.shape(M))
        answers.random.set_seed(3)
        assert (first == draw(shape=[3, 4])).all()
        assert first.dtype == "float32"
    drawn = answers.random.uniform((50,), 0, 3, dtype=answers.int32)
    assert sorted(set(drawn.numpy().tolist())) == [0, 1, 2]
    assert answers.random.categorical(numpy.log([[0.5, 0.5]]), 7).shape == (1, 7)


def test_a_variable_is_one_of_nncs():
    x = answers.Variable([1.0, 2.0], name="x")
    with answers.GradientTape() as tape:
        loss = answers.reduce_sum(answers.square(x))
    assert tape.gradient(loss, x).numpy().tolist() == [2.0, 4.0]
    assert isinstance(x, nnc.Variable)


@pytest.mark.parametrize(
    "call",
    [
        lambda: answers.reduce_mean([1, 2]),
        lambda: answers.one_hot([1], 2, on_value=5.0),
        lambda: answers.image.resize(IMAGES, (3, 4), preserve_aspect_ratio=True),
        lambda: answers.split(M, [1, -1], axis=1),
    ],
)
def test_what_is_other_in_tensorflow_is_refused(call):
    with pytest.raises(ModelError, match=r"tensorflow"):
        call()
