"""Layouts against the strides of NumPy's own views."""

from __future__ import annotations

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.ir import Layout

SHAPES = st.lists(st.integers(1, 5), max_size=4).map(tuple)


def strided(buffer: numpy.ndarray, layout: Layout) -> numpy.ndarray:
    """The elements that a layout describes, taken out of a flat buffer."""
    strides = tuple(stride * buffer.itemsize for stride in layout.strides)
    return numpy.lib.stride_tricks.as_strided(buffer[layout.offset :], layout.shape, strides)


def numbered(shape: tuple[int, ...]) -> numpy.ndarray:
    """An array whose elements are all different."""
    return numpy.arange(numpy.prod(shape, dtype=int)).reshape(shape)


def check(layout: Layout, view: numpy.ndarray, buffer: numpy.ndarray) -> None:
    assert layout.shape == view.shape
    numpy.testing.assert_array_equal(strided(buffer, layout), view)
    assert layout.is_dense == view.flags.c_contiguous


@st.composite
def view_steps(draw):
    """A random chain of view operations on a dense array: the layout, NumPy's view, and the buffer below both."""
    array = numbered(draw(SHAPES))
    buffer, view, layout = array.reshape(-1), array, Layout.dense(array.shape)
    for kind in draw(st.lists(st.sampled_from(["transpose", "slice", "broadcast"]), max_size=4)):
        if kind == "transpose":
            axes = tuple(draw(st.permutations(range(view.ndim))))
            view, layout = view.transpose(axes), layout.transpose(axes)
        elif kind == "slice":
            starts = tuple(draw(st.integers(0, length - 1)) for length in view.shape)
            steps = tuple(draw(st.integers(1, 3)) for _ in view.shape)
            view = view[(*(slice(start, None, step) for start, step in zip(starts, steps, strict=True)), ...)]
            layout = layout.slice(starts, view.shape, steps)
        elif view.ndim < 5:
            shape = tuple(draw(st.integers(2, 4)) if length == 1 else length for length in view.shape)
            shape = (2,) * draw(st.integers(0, 1)) + shape
            view, layout = numpy.broadcast_to(view, shape), layout.broadcast_to(shape)
    return layout, view, buffer


@given(view_steps())
def test_chains_of_views_are_numpys(steps):
    check(*steps)


@given(view_steps(), st.booleans())
def test_reshape_is_a_view_of_the_same_elements_or_none(steps, flatten):
    layout, view, buffer = steps
    shape = (view.size,) if flatten else (1, *view.shape, 1)
    reshaped = layout.reshape(shape)
    if reshaped is None:
        assert not view.flags.c_contiguous
    else:
        check(reshaped, view.reshape(shape), buffer)


@pytest.mark.parametrize("shape", [(), (3,), (1, 4), (2, 3, 5), (2, 0, 3), (4, 1, 1)])
def test_dense_is_row_major(shape):
    layout = Layout.dense(shape, offset=7)
    assert layout.is_dense
    assert layout.offset == 7
    if 0 not in shape:
        assert [stride * 8 for stride in layout.strides] == list(numpy.zeros(shape).strides)


def test_axes_of_length_one_do_not_matter():
    assert Layout.dense((3, 1, 5)).transpose((1, 0, 2)).is_dense
    assert not Layout.dense((3, 2, 5)).transpose((1, 0, 2)).is_dense
    assert Layout((1, 4), (0, 1)).is_dense
    assert not Layout((4,), (0,)).is_dense
