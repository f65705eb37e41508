"""Arrays that do not fit a program: each is refused with one exact message."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import DataError
from nnc.layers import Dense, Flatten
from tests.program.samples import X, Y, network

NAN = X.copy()
NAN[7], NAN[9, 0] = [1.5, numpy.nan, -2.0], numpy.nan
INFINITE = Y.copy()
INFINITE[3] = numpy.inf
HALF = Y.copy()
HALF[4] = 1.5

CONVERT = "convert them first, for example with x.astype('float32')"
INPUTS = [
    (X[:, :2], "input 'x' must have shape (rows, 3), got (50, 2)"),
    (
        X[0],
        "input 'x' must have shape (rows, 3), got (3,); that is a single row: put it into an array of rows, x[None]",
    ),
    (
        X[..., None],
        "input 'x' must have shape (rows, 3), got (50, 3, 1); as many numbers are in each row: x.reshape(len(x), 3)",
    ),
    (3.0, "input 'x' must have shape (rows, 3), got ()"),
    (X[:0], "input 'x' is empty: it has no rows"),
    (X.astype(str), f"input 'x' must hold numbers (float32), got elements of type <U32; {CONVERT}"),
    (X.astype(complex), f"input 'x' must hold numbers (float32), got elements of type complex128; {CONVERT}"),
    (X.astype(object), f"input 'x' must hold numbers (float32), got elements of type object; {CONVERT}"),
    (None, f"input 'x' must hold numbers (float32), got elements of type object; {CONVERT}"),
    ([X, X], "input 'x' must have shape (rows, 3), got (2, 50, 3)"),
    ({"z": X}, "expected inputs x, got z"),
    ({}, "expected inputs x, got none"),
]


@pytest.mark.parametrize(("x", "message"), INPUTS, ids=[message for _, message in INPUTS])
def test_inputs(x, message):
    program = network().program
    program(X)
    for run in (program, program.predict):
        with pytest.raises(DataError) as error:
            run(x)
        assert str(error.value) == message
    if x is not None:
        for run in (program.fit, program.evaluate, program.train_step):
            with pytest.raises(DataError) as error:
                run(x, Y)
            assert str(error.value) == message


PAIRS = [
    (None, Y, "inputs are missing: give x"),
    (X, None, "targets are missing: give y"),
    (X, Y[:3], "all arrays must have the same number of rows: x has 50, y has 3"),
    (NAN, Y, "input 'x' has NaN or infinity in 2 of 50 rows, first in row 7: [ 1.5  nan -2. ]"),
    (X, INFINITE, "target 'y' has NaN or infinity in 1 of 50 rows, first in row 3: [inf]"),
    (X, HALF, "target 'y' must hold numbers from 0 to 1 for the loss 'binary_crossentropy', row 4 has 1.5"),
    (X, Y - 1, "target 'y' must hold numbers from 0 to 1 for the loss 'binary_crossentropy', row 3 has -1.0"),
    (X, numpy.ones((50, 2)), "target 'y' must have shape (rows, 1), got (50, 2)"),
    (X, Y.astype(str), f"target 'y' must hold numbers (float32), got elements of type <U32; {CONVERT}"),
    (X, {"z": Y}, "expected targets y, got z"),
]


@pytest.mark.parametrize(("x", "y", "message"), PAIRS, ids=[message for *_, message in PAIRS])
def test_pairs(x, y, message):
    program = network().program
    before = program.states["parameters"].copy()
    for run in (program.fit, program.evaluate, program.train_step):
        with pytest.raises(DataError) as error:
            run(x, y)
        assert str(error.value) == message
    numpy.testing.assert_array_equal(program.states["parameters"], before)


def test_row_of_numbers_is_a_column_of_targets():
    program = network().program
    for y in (Y, Y[:, 0], Y[..., None], Y[:, 0].tolist(), Y > 0.5, Y.astype("int8")):
        assert program.evaluate(X, y) == program.evaluate(X, Y)


def classifier() -> nnc.Program:
    model = nnc.Sequential([Dense(3, "softmax", input_dim=3)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model.program


LABELS = [
    (
        [0, 1, 3],
        "target 'y' must hold class indices 0 … 2 for the loss 'sparse_categorical_crossentropy', row 2 has 3; for"
        " classes up to 3 the last layer needs 4 units",
    ),
    (
        [0, -1, 1],
        "target 'y' must hold class indices 0 … 2 for the loss 'sparse_categorical_crossentropy', row 1 has -1",
    ),
    ([0, 0.5, 1], "target 'y' must hold whole numbers from -2147483648 to 2147483647 (int32), row 1 has 0.5"),
    ([0, numpy.nan, 1], "target 'y' must hold whole numbers from -2147483648 to 2147483647 (int32), row 1 has nan"),
    ([0, 1, numpy.inf], "target 'y' must hold whole numbers from -2147483648 to 2147483647 (int32), row 2 has inf"),
    (
        numpy.array([0, 1, 2**31], "float32"),  # the largest int32 becomes this in float32
        "target 'y' must hold whole numbers from -2147483648 to 2147483647 (int32), row 2 has 2.1474836e+09",
    ),
    ([0, 2**40, 1], f"target 'y' must hold whole numbers from -2147483648 to 2147483647 (int32), row 1 has {2**40}"),
    (
        numpy.eye(3),
        "target 'y' must have shape (rows,), got (3, 3); the loss 'sparse_categorical_crossentropy' takes class"
        " indices: give y.argmax(-1), or take the loss 'categorical_crossentropy'",
    ),
    (
        ["red", "green", "red"],
        "target 'y' must hold numbers (int32), got texts such as 'red'; number the classes first: names, y ="
        " numpy.unique(y, return_inverse=True)",
    ),
]


@pytest.mark.parametrize(("y", "message"), LABELS, ids=[message for _, message in LABELS])
def test_labels(y, message):
    with pytest.raises(DataError) as error:
        classifier().fit(X[:3], numpy.asarray(y), verbose=0)
    assert str(error.value) == message


def test_labels_of_any_whole_type():
    program = classifier()
    losses = {program.evaluate(X[:3], numpy.array([0, 1, 2], dtype))["loss"] for dtype in "bBhHiIlLfd"}
    assert len(losses) == 1
    assert program.evaluate(X[:3], [[0], [1], [2]])["loss"] in losses


def test_whole_number_inputs():
    model = nnc.Sequential([nnc.Input((2,), dtype="uint8"), Flatten()])
    numpy.testing.assert_array_equal(model.predict([[0, 255]]), [[0, 255]])
    model.predict(numpy.array([[1.0, 2.0]]))
    for x, message in (
        (numpy.array([[1, 256]]), "input 'x' must hold whole numbers from 0 to 255 (uint8), row 0 has [  1 256]"),
        (numpy.array([[0, 1], [2, -1]]), "input 'x' must hold whole numbers from 0 to 255 (uint8), row 1 has [ 2 -1]"),
        (numpy.array([[0.5, 1]]), "input 'x' must hold whole numbers from 0 to 255 (uint8), row 0 has [0.5 1. ]"),
    ):
        with pytest.raises(DataError) as error:
            model.predict(x)
        assert str(error.value) == message


def test_a_program_that_only_predicts():
    program = nnc.Sequential([Dense(1, input_dim=3)], name="net").program
    message = r"^program 'net' only predicts: compile the model with a loss to train or evaluate it$"
    for run in (program.fit, program.evaluate, program.train_step):
        with pytest.raises(DataError, match=message):
            run(X, Y)
