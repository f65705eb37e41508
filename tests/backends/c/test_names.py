"""Names of layers cannot end the comments of units."""

from __future__ import annotations

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
    first, second = nnc.compile(model, backend="c"), nnc.compile(model, backend="numpy")
    numpy.testing.assert_allclose(first.predict(x), second.predict(x), rtol=1e-5, atol=1e-6)
    assert first.train_step(x, y[:, :2]) > 0


def test_a_name_that_kernels_use() -> None:
    model = nnc.Sequential([nnc.Input((300,)), Dense(300, name="members"), Dense(300, name="blocks")])
    x = numpy.random.default_rng(0).normal(size=(4, 300)).astype("float32")
    program = nnc.compile(model, backend="c")
    assert "const int members = nnc_members(" in program.source("predict")
    found = program.predict(x)
    program.use_backend("numpy")
    numpy.testing.assert_allclose(found, program.predict(x), rtol=1e-5, atol=1e-5)
