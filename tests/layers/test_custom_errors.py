"""Mistakes in a user's own layers: what `call` and `build` may not do, and what the message says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import NncError
from nnc.ir import ops

X = numpy.random.default_rng(0).normal(size=(4, 3)).astype("float32")


class Custom(nnc.layers.Layer):
    """Computes what it is told to."""

    def __init__(self, compute: Callable[..., Any], **options: Any) -> None:
        super().__init__(**options)
        self.compute = compute

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1],), "ones", name="kernel")

    def call(self, x):
        return self.compute(self, x)


FOREIGN = nnc.ir.Graph("other").input("x", nnc.ir.TensorType("float32", (2, 3)))
NUMPY = "use nnc.ops instead of NumPy functions"
RESULTS = [
    (lambda layer, x: None, f"call() must return a graph value, got NoneType; {NUMPY}"),
    (lambda layer, x: numpy.ones(3), f"call() must return a graph value, got ndarray; {NUMPY}"),
    (lambda layer, x: 3, f"call() must return a graph value, got int; {NUMPY}"),
    (lambda layer, x: {"a": 3}, f"call() must return a graph value, got int; {NUMPY}"),
    (lambda layer, x: (x, "b"), f"call() must return a graph value, got str; {NUMPY}"),
    (lambda layer, x: [], "call() must return a graph value, got nothing"),
    (lambda layer, x: FOREIGN, "value belongs to graph 'other', not 'types'"),
    (lambda layer, x: x * numpy.exp(layer.kernel), f"weight 'custom/kernel' is a graph value here; {NUMPY}"),
    (lambda layer, x: x * numpy.asarray(layer.kernel), f"weight 'custom/kernel' is a graph value here; {NUMPY}"),
    (
        lambda layer, x: x if x > 0 else -x,
        "a graph value has no truth value; use nnc.ops.where(condition, a, b) to choose",
    ),
    (lambda layer, x: sum(x), "a graph value cannot be iterated over; take parts of it, x[0], x[1]"),
    (lambda layer, x: x @ layer.kernel, None),
    (lambda layer, x: x + FOREIGN, "operand of 'add' belongs to graph 'other', not 'types'"),
    (
        lambda layer, x: nnc.layers.Dense(2)(x),
        "Layer 'dense' (Dense) has weights, so layer 'custom', which uses it, must have it as an attribute",
    ),
]


@pytest.mark.parametrize(("compute", "message"), RESULTS)
def test_wrong_results(compute, message):
    with pytest.raises(NncError) as error:
        Custom(compute)(nnc.Input((3,)))
    if message is not None:
        own = "" if message.startswith("Layer") else "Layer 'custom' (Custom): "
        assert str(error.value) == own + message
    assert "\n" not in str(error.value)
    with pytest.raises(NncError):
        Custom(compute)(X)


SCALES = [
    lambda layer, x: x * (numpy.float32(2) * layer.kernel),
    lambda layer, x: x * (numpy.full(3, 2.0) * layer.kernel),
    lambda layer, x: numpy.float64(2) * (x * layer.kernel),
    lambda layer, x: x * (layer.kernel + layer.kernel),
    lambda layer, x: x * (2 * layer.kernel - 0 / layer.kernel) / 1,
    lambda layer, x: x * -(-layer.kernel * 2),
    lambda layer, x: x * ops.where(layer.kernel > 0, layer.kernel * 2, 0.0),
    lambda layer, x: nnc.layers.ReLU()(x * layer.kernel * 2) - nnc.layers.ReLU()(x * layer.kernel * -2),
]


@pytest.mark.parametrize("compute", SCALES)
def test_weights_stay_weights_in_any_arithmetic(compute):
    layer = Custom(compute)
    numpy.testing.assert_allclose(layer(X), X * 2, rtol=1e-6)
    layer.backward(numpy.ones_like(X))
    numpy.testing.assert_allclose(layer.kernel.gradient, 2 * X.sum(0), rtol=1e-5)


def test_a_models_output_has_an_axis():
    x = nnc.Input((3,))
    message = r"^model 'm': an output must have an axis, along which those of batches are joined, got .*f32\[\].*$"
    with pytest.raises(NncError, match=message):
        nnc.Model(x, Custom(lambda layer, x: ops.mean(x))(x), name="m")


BUILDS = [
    (lambda layer: [layer.add_weight((3,), name="w") for _ in range(2)], "two weights are named 'w'; give one"),
    (
        lambda layer: layer.add_weight((None, 3), name="w"),
        "weight 'w': shape must have integers from 0, got (None, 3)",
    ),
    (lambda layer: layer.add_weight((-1,), name="w"), "weight 'w': shape must have integers from 0, got (-1,)"),
    (
        lambda layer: layer.add_weight((3,), "one", dtype="int8"),
        "weight 'variable_0': dtype must be bool, float32, float64, int32, int64, uint32 or uint8, got 'int8'",
    ),
    (lambda layer: layer.add_weight((3,), "onez"), "unknown initializer 'onez'. Did you mean"),
    (lambda layer: layer.add_weight((10**5, 10**5)), "weight 'variable_0' of shape (100000, 100000) has more than"),
]


@pytest.mark.parametrize(("build", "message"), BUILDS)
def test_wrong_weights(build, message):
    class Wrong(nnc.layers.Layer):
        def build(self, input_shape):
            build(self)

        def call(self, x):
            return x

    with pytest.raises(NncError) as error:
        Wrong()(nnc.Input((3,)))
    assert str(error.value).startswith(f"Layer 'wrong' (Wrong): {message}")


def test_no_call():
    class Empty(nnc.layers.Layer):
        pass

    message = r"^Layer 'empty' \(Empty\): Empty does not have a `call` method implemented: define call\(self, x\)"
    with pytest.raises(NncError, match=message):
        Empty()(X)


def test_no_base_init():
    class Hasty(nnc.layers.Layer):
        def __init__(self, units):
            self.units = units

        def call(self, x):
            return x

    with pytest.raises(NncError, match=r"^Hasty: call super\(\).__init__\(\*\*options\) in its __init__ first$"):
        Hasty(3)(X)


def test_python_errors_of_a_call_come_through():
    with pytest.raises(ZeroDivisionError):
        Custom(lambda layer, x: x * (1 / 0))(X)


def test_a_weight_that_each_call_would_make():
    class Late(nnc.layers.Layer):
        def call(self, x):
            return x + self.add_weight((), "zeros")

    with pytest.raises(NncError, match="cannot add new elements of state to a layer that is already built"):
        Late()(X)


def test_a_name_in_the_place_of_a_shape():
    class Old(nnc.layers.Layer):
        def build(self, input_shape):
            self.add_weight("matrix")

    with pytest.raises(NncError, match="takes the name 'matrix' by the keyword argument name="):
        Old()(X)
