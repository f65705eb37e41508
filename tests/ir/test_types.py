"""Tensor types: binding, broadcasting, and symbols solved from shapes."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.errors import ShapeError
from nnc.ir import TensorType, bind_shape, broadcast_shapes, size_of, solve_symbols, symbol
from nnc.ir.types import ITEM_SIZES, SHORT_NAMES

BATCH, TIME = symbol("batch"), symbol("time")


@pytest.mark.parametrize(
    ("dtype", "shape", "fragment"),
    [
        ("float16", (), "unknown element type 'float16'; known are float32"),
        ("float32", (-1,), "a dimension must be an int of at least 0 or a symbol, got -1"),
        ("float32", (2, None), "got None"),
        ("float32", (2.0,), "got 2.0"),
        ("float32", (True,), "got True"),
        ("float32", (-3 * BATCH,), "got -3*batch"),
        ("float32", ("batch",), "got 'batch'"),
    ],
)
def test_bad_types_are_refused(dtype, shape, fragment):
    with pytest.raises(ShapeError) as caught:
        TensorType(dtype, shape)
    assert fragment in str(caught.value)


@pytest.mark.parametrize("dtype", SHORT_NAMES)
def test_a_type_knows_its_bytes(dtype):
    array = numpy.zeros((2, 3, 5), dtype)
    type = TensorType(dtype, array.shape)
    assert type.nbytes == array.nbytes
    assert ITEM_SIZES[dtype] == array.itemsize
    assert type.is_floating == (array.dtype.kind == "f")
    assert str(type) == f"{SHORT_NAMES[dtype]}[2,3,5]"


def test_binding_puts_numbers_in_the_place_of_symbols():
    type = TensorType("float32", (BATCH, 2, 3 * TIME, BATCH * TIME))
    assert type.symbols == {"batch", "time"}
    assert type.size == 6 * BATCH * TIME * BATCH * TIME
    assert type.bind({"batch": 4, "time": 5}) == TensorType("float32", (4, 2, 15, 20))
    assert type.with_dtype("bool").with_shape(()) == TensorType("bool")
    assert bind_shape((BATCH,), {"batch": 0, "unused": 1}) == (0,)


@given(st.lists(st.integers(0, 5)), st.integers(0, 9))
def test_size_of_binds_to_the_product(shape, batch):
    size = size_of((*shape, BATCH))
    assert bind_shape((size,), {"batch": batch}) == (numpy.prod([*shape, batch], dtype=int),)


@st.composite
def shapes_to_broadcast(draw):
    """Two or three shapes that mostly broadcast: a common shape with axes left out, made 1, or (rarely) changed."""
    whole = draw(st.lists(st.integers(0, 4), max_size=4))
    change = st.sampled_from([None] * 6 + [1] * 3 + [2])
    return [
        tuple(dim if (other := draw(change)) is None else other for dim in whole[draw(st.integers(0, len(whole))) :])
        for _ in range(draw(st.integers(2, 3)))
    ]


@given(shapes_to_broadcast())
def test_broadcasting_is_numpys(shapes):
    try:
        expected = numpy.broadcast_shapes(*shapes)
    except ValueError:
        with pytest.raises(ShapeError, match="do not broadcast"):
            broadcast_shapes(*shapes)
    else:
        assert broadcast_shapes(*shapes) == expected


def test_broadcasting_of_symbols():
    assert broadcast_shapes((BATCH, 1, 3), (2, 1), ()) == (BATCH, 2, 3)
    assert broadcast_shapes((1, TIME), (BATCH, 1)) == (BATCH, TIME)
    assert broadcast_shapes() == ()
    with pytest.raises(ShapeError, match=r"\(batch, 2\) and \(time, 2\) do not broadcast: axis -2 is batch and time"):
        broadcast_shapes((BATCH, 2), (TIME, 2))
    with pytest.raises(ShapeError, match="axis -1 is batch and 2"):
        broadcast_shapes((BATCH,), (2,))


def test_symbols_are_solved_from_shapes():
    shapes = {"input 'x'": ((BATCH * TIME, 3), (20, 3)), "input 'y'": ((2 * TIME, BATCH), (10, 4))}
    assert solve_symbols(shapes) == {"time": 5, "batch": 4}
    assert solve_symbols({}) == {}
    assert solve_symbols({"x": ((TIME + BATCH, 3 * TIME + 1), (6, 7))}) == {"time": 2, "batch": 4}


def test_a_dimension_that_would_be_negative_is_refused():
    assert bind_shape((TIME - 2,), {"time": 2}) == (0,)
    with pytest.raises(ShapeError, match="dimension time-2 would be -1, less than 0, where time = 1"):
        bind_shape((3, TIME - 2), {"time": 1})


@pytest.mark.parametrize(
    ("shape", "numbers", "fragment"),
    [
        ((2, 3), (2, 4), "input 'x' must have shape (2, 3), got (2, 4)"),
        ((BATCH, 3), (2,), "input 'x' must have shape (batch, 3) where batch = 2, got (2)"),
        ((BATCH, BATCH), (2, 4), "input 'x' must have shape (batch, batch) where batch = 2, got (2, 4)"),
        ((2 * BATCH,), (7,), "input 'x' must have shape (2*batch) where batch = 3, got (7)"),
        ((BATCH * TIME,), (6,), "no size is given for symbol 'batch'"),
        ((TIME - 2, 2 * (TIME // 2)), (3, 5), "must have shape (time-2, 2*(time//2)) where time = 5, got (3, 5)"),
        ((TIME + 2,), (1,), "must have shape (time+2) where time = -1, got (1)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shape, numbers, fragment):
    with pytest.raises(ShapeError) as caught:
        solve_symbols({"input 'x'": (shape, numbers)})
    assert fragment in str(caught.value)
