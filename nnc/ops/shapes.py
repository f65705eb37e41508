"""Shapes, order of axes and elements, and tensors put together or taken apart.

Arguments are those of `keras.ops`; see `nnc.ops`.
"""

from __future__ import annotations

from typing import Any

from nnc.ops.dispatch import operate

__all__ = [
    "append",
    "array_split",
    "broadcast_to",
    "concatenate",
    "dsplit",
    "dstack",
    "expand_dims",
    "flip",
    "fliplr",
    "flipud",
    "hsplit",
    "hstack",
    "meshgrid",
    "moveaxis",
    "pad",
    "ravel",
    "repeat",
    "reshape",
    "roll",
    "rot90",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "tile",
    "transpose",
    "unravel_index",
    "vander",
    "vsplit",
    "vstack",
]


def append(x1: Any, x2: Any, axis: Any = None) -> Any:
    """Return x2 behind x1 along an axis; without one, all their elements in a row."""
    return operate("Append", x1, x2, axis=axis)


def array_split(x: Any, indices_or_sections: Any, axis: Any = 0) -> Any:
    """Return so many parts of x along an axis, the first ones longer by one where they are not of one length."""
    return operate("ArraySplit", x, indices_or_sections=indices_or_sections, axis=axis)


def broadcast_to(x: Any, shape: Any) -> Any:
    """Return x repeated to a larger shape; None is the length that x has there."""
    return operate("BroadcastTo", x, shape=shape)


def concatenate(xs: Any, axis: Any = 0) -> Any:
    """Return tensors one behind the other along an axis; they are given in one list or one by one."""
    return operate("Concatenate", *xs, axis=axis)


def dsplit(x: Any, indices_or_sections: Any) -> Any:
    """Return the parts of x along its third axis."""
    return operate("Dsplit", x, indices_or_sections=indices_or_sections)


def dstack(xs: Any) -> Any:
    """Return tensors one behind the other along their third axis, which vectors and matrices are given."""
    return operate("Dstack", *xs)


def expand_dims(x: Any, axis: Any) -> Any:
    """Return x with new axes of length 1, at their places in the result."""
    return operate("ExpandDims", x, axis=axis)


def flip(x: Any, axis: Any = None) -> Any:
    """Return x in the opposite order along axes, by default all."""
    return operate("Flip", x, axis=axis)


def fliplr(x: Any) -> Any:
    """Return x in the opposite order along its second axis."""
    return operate("Fliplr", x)


def flipud(x: Any) -> Any:
    """Return x in the opposite order along its first axis."""
    return operate("Flipud", x)


def hsplit(x: Any, indices_or_sections: Any) -> Any:
    """Return the parts of x along its second axis, of a vector along its only one."""
    return operate("Hsplit", x, indices_or_sections=indices_or_sections)


def hstack(xs: Any) -> Any:
    """Return tensors one behind the other along their second axis, vectors along their only one."""
    return operate("Hstack", *xs)


def meshgrid(*x: Any, indexing: Any = "xy") -> Any:
    """Return the coordinates of a grid, whose axes have the elements of each tensor."""
    return operate("Meshgrid", *x, indexing=indexing)


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Return x with some axes at other places, the rest in their order."""
    return operate("Moveaxis", x, source=source, destination=destination)


def ravel(x: Any) -> Any:
    """Return all elements in a row."""
    return operate("Ravel", x)


def repeat(x: Any, repeats: Any, axis: Any = None) -> Any:
    """Return each element so many times side by side along an axis, or of all in a row."""
    return operate("Repeat", x, repeats=repeats, axis=axis)


def reshape(x: Any, newshape: Any) -> Any:
    """Return x in another shape; None is the number of rows."""
    return operate("Reshape", x, newshape=newshape)


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Return x with the last elements of an axis in front of the first; of all elements in a row without an axis."""
    return operate("Roll", x, shift=shift, axis=axis)


def rot90(array: Any, k: Any = 1, axes: Any = (0, 1)) -> Any:
    """Return an array that is turned k times by a quarter from the first of two axes to the second."""
    return operate("Rot90", array, k=k, axes=axes)


def split(x: Any, indices_or_sections: Any, axis: Any = 0) -> Any:
    """Return the parts of x along an axis: so many of one length, or those between some indices."""
    return operate("Split", x, indices_or_sections=indices_or_sections, axis=axis)


def squeeze(x: Any, axis: Any = None) -> Any:
    """Return x without axes of length 1, by default all of them."""
    return operate("Squeeze", x, axis=axis)


def stack(x: Any, axis: Any = 0) -> Any:
    """Return tensors one behind the other along a new axis; they are given in one list or one by one."""
    return operate("Stack", *x, axis=axis)


def swapaxes(x: Any, axis1: Any, axis2: Any) -> Any:
    """Return x with two axes in each other's place."""
    return operate("Swapaxes", x, axis1=axis1, axis2=axis2)


def tile(x: Any, repeats: Any) -> Any:
    """Return x one behind the other, so many times along each of its last axes; new axes of length 1 come in front."""
    return operate("Tile", x, repeats=repeats)


def transpose(x: Any, axes: Any = None) -> Any:
    """Return x with its axes in another order, by default the opposite one."""
    return operate("Transpose", x, axes=axes)


def unravel_index(indices: Any, shape: Any) -> Any:
    """Return the coordinates in a shape of elements that are counted in a row."""
    return operate("UnravelIndex", indices, shape=shape)


def vander(x: Any, N: Any = None, increasing: Any = False) -> Any:
    """Return the powers of a vector's numbers from 0 as columns, the largest first."""
    return operate("Vander", x, N=N, increasing=increasing)


def vsplit(x: Any, indices_or_sections: Any) -> Any:
    """Return the parts of x along its first axis."""
    return operate("Vsplit", x, indices_or_sections=indices_or_sections)


def vstack(xs: Any) -> Any:
    """Return tensors one behind the other along their first axis, as Keras on TensorFlow does with vectors too."""
    return operate("Vstack", *xs)


def pad(x: Any, pad_width: Any, mode: Any = "constant", constant_values: Any = None) -> Any:
    """Return x with elements before and behind along each axis."""
    return operate("Pad", x, pad_width=pad_width, mode=mode, constant_values=constant_values)
