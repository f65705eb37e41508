"""Weights that older files lay out otherwise: those of cuDNN's layers, of Theano, and of transposed kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

Array = Any
_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "ConvLSTM2D")
_OLD_AXES = (3, 2, 0, 1)
"""Axes of a kernel (filters, inputs, rows, columns) in the order (rows, columns, inputs, filters)."""


def converted(
    shapes: Sequence[tuple[int, ...]], names: Sequence[str], stored: Sequence[tuple[int, ...]]
) -> list[str] | None:
    """Return how each stored array becomes a weight, None where one cannot.

    Args:
        shapes: shapes of the weights.
        names: their names, such as ``kernel``.
        stored: shapes of the arrays, one for each weight.

    Returns:
        A word for each weight, which `convert` takes.

    >>> converted([(4, 8), (2, 8), (8,)], ["kernel", "recurrent_kernel", "bias"], [(4, 8), (2, 8), (16,)])
    ['cudnn kernel 4', 'cudnn recurrent 4', 'cudnn bias 4']
    """
    if len(shapes) != len(stored):
        return None
    found = ["same"] * len(shapes)
    for index, (shape, given) in enumerate(zip(shapes, stored, strict=True)):
        if shape == given:
            continue
        gates = _cudnn_gates(shape, given) if names[index] == "bias" and index >= 2 else 0
        if gates and names[index - 2 : index] == ["kernel", "recurrent_kernel"]:
            parts = ("kernel", "recurrent", "bias")
            found[index - 2 : index + 1] = [f"cudnn {part} {gates}" for part in parts]
        elif len(given) == 4 and names[index].endswith("kernel") and _moved(given, _OLD_AXES) == shape:
            found[index] = "transposed"
        elif given in ((), (1,)) and shape in ((), (1,)):
            found[index] = "scalar"
        else:
            return None
    return found


def _moved(shape: tuple[int, ...], axes: Sequence[int]) -> tuple[int, ...]:
    return tuple(shape[axis] for axis in axes)


def _cudnn_gates(shape: tuple[int, ...], given: tuple[int, ...]) -> int:
    """Return the number of gates of a cuDNN layer with such a bias, 0 where it is none."""
    if len(shape) == 1 and given == (2 * shape[0],) and shape[0] % 4 == 0:
        return 4
    if len(shape) == 2 and shape[0] == 2 and given == (2 * shape[1],) and shape[1] % 3 == 0:
        return 3
    return 0


def convert(array: Array, way: str, shape: tuple[int, ...]) -> Array:
    """Return an array as the weight that it is.

    cuDNN keeps the kernel of each gate transposed, and two biases, which LSTM adds up:
    https://docs.nvidia.com/deeplearning/cudnn/api/cudnn-adv-library.html

    Args:
        array: what is stored.
        way: a word of `converted`.
        shape: the weight's shape.
    """
    if way == "transposed":
        return numpy.transpose(array, _OLD_AXES)
    if way == "scalar":
        return numpy.reshape(array, shape)
    if not way.startswith("cudnn"):
        return array
    _, part, count = way.split()
    if part == "bias":
        return array.reshape(2, -1).sum(0) if len(shape) == 1 else array.reshape(shape)
    gates = numpy.split(array, int(count), axis=1)
    if part == "recurrent":
        return numpy.concatenate([gate.T for gate in gates], axis=1)
    return numpy.concatenate([gate.T.reshape(gate.shape, order="F") for gate in gates], axis=1)


def flipped(array: Array, class_name: str, name: str) -> Array:
    """Return a kernel written with Theano, which convolves where others correlate: turned around in space.

    Args:
        array: the kernel.
        class_name: class of its layer.
        name: name of the weight.
    """
    if class_name not in _CONVOLUTIONS or name not in ("kernel", "recurrent_kernel"):
        return array
    space = tuple(range(array.ndim - 2))
    return numpy.flip(array, space)
