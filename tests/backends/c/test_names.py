"""Names of layers cannot end the comments of units."""

from __future__ import annotations

import re

import numpy
import pytest

import nnc
from nnc.backends.c.text import comment
from nnc.layers import BatchNormalization, Dense


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x*/y", "/* x* /y */"),
        ("/*/", "/* / * / */"),
        ("*/*/", "/* * / * / */"),
        ("a\nb\rc", "/* a b c */"),
        ("/", "/* / */"),
    ],
)
def test_comments_have_one_end(text: str, expected: str) -> None:
    assert comment(text) == expected
    assert expected.index("*/") == len(expected) - 2
    assert expected.rindex("/*") == 0


def test_a_name_that_would_end_a_comment() -> None:
    layers = [nnc.Input((3,)), Dense(4, name="end*"), BatchNormalization(name="*"), Dense(2)]
    model = nnc.Sequential(layers, name="int")
    model.compile("adam", "mse")
    x, y = numpy.random.default_rng(0).normal(size=(2, 8, 3)).astype("float32")
    program = nnc.compile(model, backend="c")
    found = program.predict(x)
    program.use_backend("numpy")
    numpy.testing.assert_allclose(found, program.predict(x), rtol=1e-5, atol=1e-6)
    program.use_backend("c")
    assert program.train_step(x, y[:, :2]) > 0


def test_names_that_sums_use() -> None:
    x, y = numpy.random.default_rng(0).normal(size=(2, 300, 3)).astype("float32")
    losses = []
    for backend in ("c", "numpy"):
        nnc.utils.set_random_seed(0)
        model = nnc.Sequential([nnc.Input((3,), name="first"), Dense(3, name="end"), Dense(3, name="part_0")])
        model.compile("sgd", "mse")
        program = nnc.compile(model, backend=backend)
        losses.append([program.train_step(x, y) for _ in range(3)])
        if backend == "c":
            assert {"end_", "part_0_"} <= set(re.findall(r"\w+", program.source("train")))
    numpy.testing.assert_allclose(*losses, rtol=1e-5)


def test_a_name_that_kernels_use() -> None:
    model = nnc.Sequential([nnc.Input((300,)), Dense(300, name="members"), Dense(300, name="blocks")])
    x = numpy.random.default_rng(0).normal(size=(4, 300)).astype("float32")
    program = nnc.compile(model, backend="c")
    assert "const int members = nnc_members(" in program.source("predict")
    found = program.predict(x)
    program.use_backend("numpy")
    numpy.testing.assert_allclose(found, program.predict(x), rtol=1e-5, atol=1e-5)
