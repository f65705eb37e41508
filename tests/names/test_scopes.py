"""Blocks around code: names, devices, and what is computed again."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import ModelError


class Named(nnc.Layer):
    def call(self, x):
        with nnc.name_scope("inner"):
            return nnc.remat(nnc.ops.tanh)(x)


def test_names_of_a_graph():
    inputs = nnc.Input((3,))
    model = nnc.Model(inputs, Named(name="outer")(inputs))
    with nnc.name_scope("nowhere"), nnc.device("/CPU:0"), nnc.device("cpu:0"):
        program = nnc.compile(model)
    assert "outer/inner" in str(program.graph("predict"))
    x = numpy.ones((2, 3), "float32")
    numpy.testing.assert_allclose(program.predict(x), numpy.tanh(x), rtol=1e-6)


def test_refused():
    with pytest.raises(ModelError, match="nnc computes on the processor"):
        nnc.device("gpu:0")
    with pytest.raises(ModelError, match="must be text without '/'"), nnc.name_scope("a/b"):
        pass
    with pytest.raises(ModelError, match="has no argument 'deduplicate'"), nnc.name_scope("a", deduplicate=False):
        pass
