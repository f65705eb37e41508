"""Attention in models: masks that come with inputs, run-time lengths, dropout, and errors."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.layers import AdditiveAttention, Attention, GroupQueryAttention, MultiHeadAttention

ROWS = 6


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("tensorflow")
        return pytest.importorskip("keras")


def self_attention(nn, make, length):
    tokens = nn.Input((length,), dtype="int32")
    x = nn.layers.Embedding(7, 4, mask_zero=True)(tokens)
    y = nn.layers.Dense(3)(make(nn)(x, x))
    return nn.Model(tokens, y)


def one_head(nn, name, length, **options):
    tokens = nn.Input((length,), dtype="int32")
    x = nn.layers.Embedding(7, 4, mask_zero=True)(tokens)
    value = nn.layers.Embedding(7, 4, mask_zero=True)(tokens)
    return nn.Model(tokens, nn.layers.Dense(3)(getattr(nn.layers, name)()([x, value], **options)))


MODELS = {
    "heads": lambda nn, n: self_attention(nn, lambda nn: nn.layers.MultiHeadAttention(2, 3), n),
    "heads with gate": lambda nn, n: self_attention(
        nn, lambda nn: nn.layers.MultiHeadAttention(2, 3, use_gate=True), n
    ),
    "window": lambda nn, n: self_attention(nn, lambda nn: nn.layers.MultiHeadAttention(2, 3, sliding_window=2), n),
    "groups": lambda nn, n: self_attention(nn, lambda nn: nn.layers.GroupQueryAttention(3, 4, 2), n),
    "dot": lambda nn, n: one_head(nn, "Attention", n),
    "additive": lambda nn, n: one_head(nn, "AdditiveAttention", n, use_causal_mask=True),
}


@pytest.mark.filterwarnings("ignore:Layer '.*' .of type EinsumDense. was passed an input with a mask")  # Keras's own
@pytest.mark.parametrize("length", [5, None])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.sampled(2)
def test_masks_of_embeddings_reach_attention(keras, name, length):
    """The loss is masked as well; some rows are masked as a whole."""
    ours, theirs = MODELS[name](nnc, length), MODELS[name](keras, length)
    generator = numpy.random.default_rng(2)
    x = generator.integers(0, 7, (ROWS, 5)).astype("int32")
    x[:, 3:] *= generator.integers(0, 2, (ROWS, 2), dtype="int32")
    x[0] = 0
    y = generator.normal(size=(ROWS, 5, 3)).astype("float32")
    weights = [generator.normal(0.0, 0.5, weight.shape) for weight in theirs.weights]
    assert [weight.name for weight in ours.weights] == [weight.name for weight in theirs.weights]
    ours.set_weights(weights), theirs.set_weights(weights)
    for model, optimizer in ((ours, nnc.optimizers.SGD(0.1)), (theirs, keras.optimizers.SGD(0.1))):
        model.compile(optimizer, "mse")
    numpy.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-5)
    for _ in range(3):
        found, expected = ours.train_on_batch(x, y), float(theirs.train_on_batch(x, y))
        assert found == pytest.approx(expected, rel=1e-5)
    numpy.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
    if length is None:
        shorter = x[:2, :3]
        numpy.testing.assert_allclose(ours.predict(shorter), theirs.predict(shorter, verbose=0), rtol=1e-4, atol=1e-5)


def test_paths_of_weights_are_those_of_keras(keras):
    ours = MultiHeadAttention(2, 3, use_gate=True, name="heads")
    theirs = keras.layers.MultiHeadAttention(2, 3, use_gate=True, name="heads")
    (
        ours.output_types(*[nnc.ir.TensorType("float32", (nnc.ir.symbol("batch"), 4, 5))] * 2),
        theirs.build((2, 4, 5), (2, 4, 5)),
    )
    x = nnc.Input((4, 5))
    model = nnc.Model(x, ours(x, x))
    paths = [variable.path for variable in model.program.spec.variables]
    assert paths == [weight.path for weight in theirs.weights]


@pytest.mark.parametrize("layer", [MultiHeadAttention(2, 3, dropout=0.5), GroupQueryAttention(3, 2, 1, dropout=0.5)])
def test_dropout_of_weights_while_training(layer):
    x = nnc.Input((4, 3))
    model = nnc.Model(x, layer(x, x))
    model.compile("sgd", "mse")
    rows = numpy.random.default_rng(1).normal(size=(8, 4, 3)).astype("float32")
    numpy.testing.assert_array_equal(model.predict(rows), model.predict(rows))
    graph = model.program.graph("train")
    drawn = [part for node in graph.nodes for part in _opened(node) if part.name == "random_uniform"]
    assert len(drawn) == 1
    model.train_on_batch(rows, rows)


def _opened(node):
    return [inner.op for inner in node.op.body.nodes] if hasattr(node.op, "body") else [node.op]


def test_a_mask_can_be_an_array():
    x = nnc.Input((4, 3))
    layer = MultiHeadAttention(1, 2)
    causal = nnc.Model(x, layer(x, x, use_causal_mask=True))
    given = nnc.Model(x, layer(x, x, attention_mask=numpy.tril(numpy.ones((1, 4, 4), bool))))
    rows = numpy.random.default_rng(1).normal(size=(2, 4, 3)).astype("float32")
    numpy.testing.assert_array_equal(given.predict(rows), causal.predict(rows))


def test_the_scale_of_queries_goes_into_their_kernel():
    x = nnc.Input((4, 3))
    model = nnc.Model(x, MultiHeadAttention(2, 3)(x, x))
    parts = [part.name for node in model.program.graph().nodes for part in _opened(node)]
    assert "multiply" not in parts
    assert any("hoisted" in label and "query" in label for label in model.program.graph().states)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda x: Attention(score_mode="cosine"),
            "Invalid value for argument score_mode. Expected one of {'dot', 'concat'}, got 'cosine'",
        ),
        (lambda x: AdditiveAttention(score_mode="concat"), "score_mode is not supported"),
        (lambda x: Attention(dropout=2), "dropout must be a number from 0 to 1, got 2"),
        (lambda x: Attention()([x]), "expected a list of length 2 or 3 of inputs"),
        (lambda x: AdditiveAttention()([x, x, x, x]), "expected a list of length 2 or 3 of inputs"),
        (lambda x: MultiHeadAttention(0, 3), "num_heads must be a positive integer, got 0"),
        (lambda x: MultiHeadAttention(2, 3, flash_attention=True), "flash_attention is not supported"),
        (lambda x: MultiHeadAttention(2, 3, sliding_window=0), "sliding_window must be a positive integer, got 0"),
        (
            lambda x: MultiHeadAttention(2, 3, output_shape="x"),
            "Invalid `output_shape`: it must be an integer or a list of integers",
        ),
        (
            lambda x: MultiHeadAttention(2, 3)(x, x, nnc.Input((5, 3))),
            "All dimensions of `value` and `key`, except the last one, must be equal",
        ),
        (lambda x: GroupQueryAttention(2, 3, 2), "num_key_value_heads must divide num_query_heads, got 2 and 3"),
        (
            lambda x: GroupQueryAttention(2, 2, 2)(x, nnc.Input((4, 5))),
            "The last dimensions of `query` and `value` must be equal",
        ),
    ],
)
def test_arguments_that_do_not_fit(make, message):
    with pytest.raises(ModelError, match=message):
        make(nnc.Input((4, 3)))


def encoder(layers, x, attend):
    """Two blocks; what the second one attends to carries no mask any more in Keras 3."""
    for _ in range(2):
        x = layers.LayerNormalization()(layers.Add()([x, attend(x)]))
        x = layers.Add()([x, layers.Dense(4, "relu")(x)])
    return layers.Dense(3)(x)


def heads(layers):
    return layers.MultiHeadAttention(2, 3)


def block(nn, length):
    """An attention to itself as a model of its own."""
    x = nn.Input((length, 4))
    return nn.Model(x, nn.layers.Add()([x, heads(nn.layers)(x, x)]))


def side_by_side(layers, x):
    """Layers that read the same tensor, of which those run first that are farther from the output."""
    first, second = heads(layers)(x, x), heads(layers)(x, x)
    third = layers.Add()([layers.Dense(4)(heads(layers)(second, x)), x])
    return layers.Dense(3)(layers.Concatenate()([first, second, layers.LSTM(4, return_sequences=True)(x), third]))


TAKEN = {
    "blocks": lambda nn, x: encoder(nn.layers, x, lambda x: heads(nn.layers)(x, x)),
    "blocks by groups": lambda nn, x: encoder(nn.layers, x, lambda x: nn.layers.GroupQueryAttention(3, 4, 2)(x, x)),
    "block as a model": lambda nn, x: nn.layers.LSTM(3, return_sequences=True)(block(nn, 5)(block(nn, 5)(x))),
    "side by side": lambda nn, x: side_by_side(nn.layers, x),
    "decoder": lambda nn, x: encoder(
        nn.layers, x, lambda y: heads(nn.layers)(y, x, attention_mask=None, use_causal_mask=True)
    ),
}


@pytest.mark.filterwarnings("ignore:Layer '.*' .of type .*. was passed an input with a mask")  # Keras's own, and nnc's
@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.slow
def test_masks_are_taken_off_what_attention_reads(name, keras):
    """For what runs later, in Keras's order; what is left at the output counts in the loss."""
    models = []
    for nn in (nnc, keras):
        tokens = nn.Input((5,), dtype="int32")
        x = nn.layers.Embedding(7, 4, mask_zero=True)(tokens)
        models.append(nn.Model(tokens, TAKEN[name](nn, x)))
    ours, theirs = models
    generator = numpy.random.default_rng(2)
    x = generator.integers(0, 7, (ROWS, 5)).astype("int32")
    x[:, 3:] *= generator.integers(0, 2, (ROWS, 2), dtype="int32")
    y = generator.normal(size=(ROWS, 5, 3)).astype("float32")
    ours.set_weights([generator.normal(0.0, 0.5, weight.shape) for weight in theirs.weights])
    theirs.set_weights(ours.get_weights())
    ours.compile(nnc.optimizers.SGD(0.1), "mse")
    theirs.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    numpy.testing.assert_allclose(ours.predict(x), theirs(x), rtol=1e-5, atol=1e-5)
    numpy.testing.assert_allclose(nnc.compile(theirs).predict(x), theirs(x), rtol=1e-5, atol=1e-5)
    for _ in range(2):
        assert ours.train_on_batch(x, y) == pytest.approx(float(theirs.train_on_batch(x, y)), rel=1e-5)


def test_masks_are_taken_off_arrays(keras):
    found = []
    for nn in (keras, nnc):
        x = nn.layers.Embedding(3, 4, mask_zero=True)(numpy.array([[1, 2, 0]], "int32"))
        other = nn.layers.Embedding(3, 4, mask_zero=True)(numpy.array([[1, 2, 0]], "int32"))
        y = nn.layers.MultiHeadAttention(2, 3)(x, x)
        total = nn.layers.Add()([x, y])
        found.append([getattr(item, "_keras_mask", None) is None for item in (x, other, y, total)])
    assert found == 2 * [[True, False, False, True]]
