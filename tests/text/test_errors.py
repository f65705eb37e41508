"""What is refused about texts, in words that say what to do."""

from __future__ import annotations

import re

import numpy
import pytest

import nnc
from nnc import layers
from nnc.errors import DataError, ModelError


def text(shape=(1,), **options):
    return nnc.Input(shape, dtype="string", **options)


def lookup(**options):
    return layers.StringLookup(vocabulary=["a", "b"], **options)


MODEL_ERRORS = [
    (
        lambda: layers.TextVectorization(standardize=str.lower),
        "TextVectorization: standardize is a function (lower), which a program cannot hold; use one of"
        " lower_and_strip_punctuation, lower, strip_punctuation or None, and change texts before they are given to the"
        " model",
    ),
    (
        lambda: layers.TextVectorization(split={"class_name": "function", "config": "cut"}),
        "TextVectorization: split is a function (function), which a program cannot hold; use one of whitespace,"
        " character or None, and change texts before they are given to the model",
    ),
    (
        lambda: layers.TextVectorization(split="words"),
        "TextVectorization: split must be one of whitespace, character or None, got 'words'",
    ),
    (lambda: layers.TextVectorization(ragged=True), "TextVectorization: ragged is not supported; leave it out"),
    (lambda: layers.StringLookup(sparse=True), "StringLookup: sparse is not supported; leave it out"),
    (lambda: layers.TextVectorization(ngrams=0), "TextVectorization: ngrams must be an integer of at least 1, got 0"),
    (
        lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3),
        "TextVectorization: output_sequence_length must be None with output_mode 'count'",
    ),
    (
        lambda: layers.StringLookup(encoding="latin-1"),
        "StringLookup: encoding must be 'utf-8', got 'latin-1'",
    ),
    (
        lambda: layers.StringLookup(vocabulary="words.txt"),
        "StringLookup: vocabulary must be a list of texts, got the path 'words.txt'; read the file and give its lines:"
        " pathlib.Path(path).read_text().splitlines()",
    ),
    (
        lambda: layers.StringLookup(vocabulary=["a", "a"]),
        "StringLookup: The passed vocabulary has at least one repeated term; the text 'a' is there twice",
    ),
    (
        lambda: layers.StringLookup(vocabulary=["a", ""], mask_token=""),
        "StringLookup: Found reserved mask token at unexpected location in `vocabulary`; '' can only be at its start",
    ),
    (
        lambda: layers.StringLookup(invert=True, oov_token=None),
        "StringLookup: oov_token must be a text where invert is set, got None",
    ),
    (
        lambda: layers.StringLookup(salt=[1, 2, 3]),
        "StringLookup: salt can only be a tuple of size 2 of whole numbers, or one, got [1, 2, 3]",
    ),
    (
        lambda: lookup(name="l").adapt(["c"]),
        "Layer 'l' (StringLookup) was given a vocabulary, and cannot adapt",
    ),
    (
        lambda: layers.StringLookup(name="l")(["a"]),
        "Layer 'l' (StringLookup): the vocabulary is missing: give one, or call adapt(data) first",
    ),
    (
        lambda: layers.StringLookup(name="l", output_mode="count")(text()),
        "Layer 'l' (StringLookup): the vocabulary is missing: give one, or call adapt(data) first",
    ),
    (
        lambda: nnc.Sequential([text(), layers.StringLookup(name="l"), layers.Embedding(3, 2)]).program,
        "Layer 'l' (StringLookup): the vocabulary is missing: give one, or call adapt(data) first",
    ),
    (
        lambda: layers.Hashing(0),
        "The `num_bins` for `Hashing` cannot be `None` or non-positive, it is a whole number, got 0",
    ),
    (
        lambda: layers.Hashing(3, dtype="float32", name="h")(["a"]),
        "Layer 'h' (Hashing): When `output_mode=\"int\"`, `dtype` should be an integer type, int32 or int64, got"
        " 'float32'",
    ),
    (
        lambda: layers.Dense(2, name="d")(text()),
        "Layer 'd' (Dense) computes with numbers, and its input is texts; put StringLookup, TextVectorization, Hashing"
        " or HashedCrossing before it",
    ),
    (
        lambda: text() + 1.0,
        "Layer 'add' (Operation) computes with numbers, and its input is texts; put StringLookup, TextVectorization,"
        " Hashing or HashedCrossing before it",
    ),
    (
        lambda: layers.Hashing(3, name="h")(layers.Dense(2)(nnc.Input((2,)))),
        "Layer 'h' (Hashing): it works on texts, which no graph has: it must come behind inputs of the model, directly"
        " or through layers of its kind (StringLookup, TextVectorization, Hashing, HashedCrossing)",
    ),
    (
        lambda: layers.StringLookup(vocabulary=["a"], name="l")(nnc.Input((2,))),
        "Layer 'l' (StringLookup): its input must be of type string, got float32",
    ),
    (
        lambda: lookup(output_mode="count", name="l")(text(())),
        "Layer 'l' (StringLookup): output_mode 'count' needs an input of shape (rows, tokens), got (rows,)",
    ),
    (
        lambda: layers.TextVectorization(vocabulary=["a"], name="v")(text((2,))),
        "Layer 'v' (TextVectorization): texts that are split must be of shape (rows,) or (rows, 1), got (rows, 2)",
    ),
    (
        lambda: layers.HashedCrossing(3, name="c")([text(()), text()]),
        "Layer 'c' (HashedCrossing): its inputs should have shape (rows,), all of them, or (rows, 1), got (rows,)"
        " and (rows, 1)",
    ),
    (
        lambda: nnc.Sequential([nnc.Input((1,), dtype="int64"), lookup(invert=True, name="l")]).program,
        "output 'l' is texts, which no graph has; let the model return numbers, and apply the layer to what it"
        " predicts",
    ),
    (
        lambda: nnc.Model(inner_input := text(), layers.Embedding(3, 2)(lookup()(inner_input)), name="m")(text()),
        "model 'm' takes texts and has weights, so it cannot be a layer of another model; apply its layers, or give the"
        " outer model the layers that take texts",
    ),
    (
        lambda: nnc.Sequential([text(), lookup(), layers.Embedding(3, 2)], name="m")(
            numpy.array([["a"]]), training=True
        ),
        "model 'm' takes texts, and only predicts where it is called; use fit",
    ),
]


@pytest.mark.parametrize(("make", "message"), MODEL_ERRORS)
def test_models(make, message):
    with pytest.raises(ModelError) as error:
        make()
    assert str(error.value) == message


DATA_ERRORS = [
    (["a", 3], "input 'x' must hold texts, element 1 is 3; write a missing text as ''"),
    (["a", None], "input 'x' must hold texts, element 1 is None; write a missing text as ''"),
    ([["a"], ["a", "b"]], "input 'x' "),
    (numpy.zeros((2, 1)), "input 'x' must hold texts, got elements of type float64"),
    (["\ud800"], "input 'x': text 0 cannot be written as UTF-8: "),
    ([["a", "b"]], "input 'x' must have shape (rows, 1), got (1, 2)"),
    (["a", "ü"], "Layer 'l': 'ü' is not in the vocabulary, which with num_oov_indices=0 must have all texts"),
]


@pytest.mark.parametrize(("x", "message"), DATA_ERRORS)
def test_data(x, message):
    program = nnc.compile(nnc.Sequential([text(), lookup(num_oov_indices=0, name="l"), layers.Embedding(3, 2)]))
    for use in (program.predict, program):
        with pytest.raises(DataError, match=f"^{re.escape(message)}") as error:
            use(x)
        assert "\n" not in str(error.value)


def test_indices_are_no_texts():
    """What graphs take is refused, also where a batch of its shape has been predicted before."""
    program = nnc.compile(nnc.Sequential([text(), lookup(), layers.Embedding(3, 2)]))
    program([["a"]])
    with pytest.raises(DataError, match=r"^input 'x' must hold texts, got elements of type int64"):
        program(numpy.array([[1]]))


def test_bytes_that_are_no_text_are_in_no_vocabulary():
    with pytest.raises(DataError, match=r"^data has bytes that are no UTF-8, which a vocabulary cannot have: "):
        layers.StringLookup().adapt([b"\xff"])


def test_padding_that_cannot_be_told():
    hidden = layers.Hashing(5, name="h")(layers.TextVectorization(vocabulary=["a"])(source := text()))
    model = nnc.Model(source, layers.GlobalAveragePooling1D()(layers.Embedding(5, 2)(hidden)))
    model.compile("sgd", "mse")
    with pytest.raises(
        DataError, match=r"^Layer 'h' takes texts that are as long as the longest of a batch; give the "
    ):
        model.fit(["a", "a a"], numpy.zeros((2, 2)), batch_size=1, verbose=0)


@pytest.mark.parametrize("x", [numpy.array([["a"]] * 4, object), numpy.zeros((4, 1))])
def test_estimators_take_numbers(x):
    pytest.importorskip("sklearn")
    from nnc.sklearn import Regressor

    model = nnc.Sequential([text(), lookup(), layers.Embedding(3, 2), layers.Flatten(), layers.Dense(1)], name="m")
    model.compile("sgd", "mse")
    with pytest.raises(
        ModelError, match=r"^model 'm' takes texts, and scikit-learn estimators take numbers; call the "
    ):
        Regressor(model).fit(x, numpy.zeros(4))
