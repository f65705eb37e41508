"""Tensor types: dimensions, binding, broadcasting, and errors that name the symbol."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.errors import ShapeError, SymbolError
from nnc.ir import SymbolicDim, TensorType, bind_shape, broadcast_shapes, size_of, solve_symbols, symbol
from nnc.ir.types import ITEM_SIZES, SHORT_NAMES

BATCH, TIME = symbol("batch"), symbol("time")


@pytest.mark.parametrize(
    ("dim", "text"),
    [
        (BATCH, "batch"),
        (3 * BATCH, "3*batch"),
        (BATCH * 3, "3*batch"),
        (TIME * BATCH, "batch*time"),
        (2 * BATCH * (5 * TIME), "10*batch*time"),
        (BATCH * BATCH, "batch*batch"),
        (BATCH * 0, "0"),
        (6 * BATCH // 2, "3*batch"),
        (6 * BATCH * TIME // (3 * TIME), "2*batch"),
        (6 * BATCH // BATCH, "6"),
        (BATCH // 1, "batch"),
    ],
)
def test_arithmetic_of_dimensions(dim, text):
    assert str(dim) == text


def test_order_of_factors_does_not_matter():
    assert TIME * BATCH == BATCH * TIME
    assert hash(TIME * BATCH) == hash(BATCH * TIME)
    assert 2 * BATCH != BATCH


@pytest.mark.parametrize(
    ("compute", "fragment"),
    [
        (lambda: BATCH + 1, "dimension 'batch' is only known at run time, so it cannot be added to"),
        (lambda: 1 + BATCH, "dimension 'batch' is only known at run time, so it cannot be added to"),
        (lambda: BATCH - TIME, "dimension 'batch' is only known at run time, so it cannot be subtracted from"),
        (lambda: 7 - BATCH, "dimension 'batch' is only known at run time, so it cannot be subtracted from"),
        (lambda: 12 // BATCH, "dimension 'batch' is only known at run time, so it cannot be divided into a number"),
        (lambda: 3 * BATCH // 2, "dimension 3*batch cannot be divided by 2 without a remainder"),
        (lambda: BATCH // 0, "dimension batch cannot be divided by 0 without a remainder"),
        (lambda: BATCH // TIME, "dimension batch cannot be divided by time: it has no factor 'time'"),
        (lambda: range(BATCH), "a number is needed here, but dimension 'batch' is only known at run time"),
        (lambda: int(2 * TIME), "a number is needed here, but dimension '2*time' is only known at run time"),
        (lambda: (BATCH * TIME).bind({"batch": 3}), "no size is given for symbol 'time'"),
        (lambda: TensorType("float32", (BATCH,)).nbytes, "dimension 'batch' is only known at run time"),
    ],
)
def test_errors_name_the_symbol(compute, fragment):
    with pytest.raises(SymbolError, match=r"batch|time") as caught:
        compute()
    assert fragment in str(caught.value)


@pytest.mark.parametrize("name", ["", "two words", "2d", "f32", "bool", "inf", "true", "none", "a\nb", "é"])
def test_symbols_need_a_name_that_texts_can_show(name):
    with pytest.raises(SymbolError, match="a symbol needs a name"):
        symbol(name)


@pytest.mark.parametrize(
    ("dtype", "shape", "fragment"),
    [
        ("float16", (), "unknown element type 'float16'; known are float32"),
        ("float32", (-1,), "a dimension must be an int of at least 0 or a symbol, got -1"),
        ("float32", (2, None), "got None"),
        ("float32", (2.0,), "got 2.0"),
        ("float32", (True,), "got True"),
        ("float32", (SymbolicDim(-3, ("batch",)),), "got -3*batch"),
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


@pytest.mark.parametrize(
    ("shape", "numbers", "fragment"),
    [
        ((2, 3), (2, 4), "input 'x' must have shape (2, 3), got (2, 4)"),
        ((BATCH, 3), (2,), "input 'x' must have shape (batch, 3) where batch = 2, got (2)"),
        ((BATCH, BATCH), (2, 4), "input 'x' must have shape (batch, batch) where batch = 2, got (2, 4)"),
        ((2 * BATCH,), (7,), "input 'x' must have shape (2*batch) where batch = 3, got (7)"),
        ((BATCH * TIME,), (6,), "no size is given for symbol 'batch'"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shape, numbers, fragment):
    with pytest.raises(ShapeError) as caught:
        solve_symbols({"input 'x'": (shape, numbers)})
    assert fragment in str(caught.value)
