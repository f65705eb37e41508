"""Operations that take sequences apart: into windows, and into frequencies, whose complex numbers are pairs of floats.

A transform is a product with a matrix of cosines and sines, so its time grows with the square of the length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import Dim, Graph, SymbolicDim, Value, ops
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.gathering import ScatterAdd
from nnc.ir.ops.sizes import Iota, Size
from nnc.operations.interpolation import multiply_axis
from nnc.operations.registry import operation
from nnc.operations.shapes import pad

Pair = tuple[Value, Value]


@operation("FFT", module="math")
def fft(*x: Any) -> Pair:
    """Return the discrete Fourier transform along the last axis, of and as a pair of real and imaginary parts."""
    return _transformed("FFT", *_pair("FFT", x), -1)


@operation("FFT2", module="math")
def fft2(*x: Any) -> Pair:
    """Return the discrete Fourier transform along the last two axes."""
    return _transformed("FFT2", *_transformed("FFT2", *_pair("FFT2", x), -1), -2)


@operation("IFFT2", module="math")
def ifft2(*x: Any) -> Pair:
    """Return what has x as its discrete Fourier transform along the last two axes."""
    real, imaginary = _pair("IFFT2", x)
    real, imaginary = _transformed("IFFT2", *_transformed("IFFT2", real, -imaginary, -1), -2)
    share = 1.0 / (int(real.shape[-1]) * int(real.shape[-2]))
    return real * share, -imaginary * share


@operation("RFFT", module="math")
def rfft(x: Value, fft_length: int | None = None) -> Pair:
    """Return the frequencies from 0 of real numbers along the last axis, cut off or with zeros behind at a length.

    Raises:
        ModelError: the length is not known before the run, or x holds no floats.
    """
    length = _known("RFFT", x, -1)
    count = length if fft_length is None else fft_length
    cosines, sines = _waves(min(length, count), count // 2 + 1, count)
    cut = ops.take(x, x.rank - 1, 0, count) if count < length else x
    return multiply_axis(cut, x.rank - 1, cosines.T), multiply_axis(cut, x.rank - 1, -sines.T)


@operation("IRFFT", module="math")
def irfft(*x: Any, fft_length: int | None = None) -> Value:
    """Return the real numbers of which x, a pair, are the frequencies from 0.

    Args:
        x: real and imaginary parts.
        fft_length: how many numbers; by default an even number.

    Raises:
        ModelError: the number of frequencies is not known before the run, or x holds no floats.
    """
    real, imaginary = _pair("IRFFT", x)
    given = _known("IRFFT", real, -1)
    count = 2 * (given - 1) if fft_length is None else fft_length
    kept = min(given, count // 2 + 1)
    cosines, sines = _waves(count, kept, count)
    twice = numpy.array([1.0 if place in (0, count / 2) else 2.0 for place in range(kept)]) / count
    parts = [ops.take(part, part.rank - 1, 0, kept) if kept < given else part for part in (real, imaginary)]
    found = multiply_axis(parts[0], real.rank - 1, cosines * twice)
    return found - multiply_axis(parts[1], real.rank - 1, sines * twice)


@operation("ExtractSequences", module="math")
def extract_sequences(x: Value, sequence_length: int, sequence_stride: int) -> Value:
    """Return the windows of a length along the last axis, each as far behind the last as the stride says.

    Raises:
        ModelError: the length is not known before the run, there is no window, or a number is below 1.
    """
    if sequence_length < 1 or sequence_stride < 1:
        raise ModelError(
            "ExtractSequences: sequence_length and sequence_stride must be at least 1, "
            f"got {sequence_length} and {sequence_stride}"
        )
    length = x.shape[-1]
    if not isinstance(length, int) or length < sequence_length:
        raise ModelError(f"ExtractSequences: x must have a known length of at least {sequence_length}, got {x.type}")
    starts = numpy.arange(0, length - sequence_length + 1, sequence_stride)
    places = x.graph.constant(starts[:, None] + numpy.arange(sequence_length), "int32")
    found = ops.gather(ops.transpose(x, (x.rank - 1, *range(x.rank - 1))), places)
    return ops.transpose(found, (*range(2, found.rank), 0, 1))


@operation("STFT", module="math")
def stft(
    x: Value,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = None,
    center: bool = True,
) -> Pair:
    """Return the frequencies from 0 of windows along the last axis.

    Args:
        x: the operand.
        sequence_length: how many numbers a window has.
        sequence_stride: from a window to the next.
        fft_length: how many numbers are transformed; around those of a window are zeros.
        window: what they are multiplied with: ``hann``, ``hamming``, numbers, or None for ones. `keras.ops.stft`, whose
            default is ``hann``, always says it.
        center: whether x is mirrored at its ends by half of `fft_length`.

    Raises:
        ModelError: an argument is wrong, or x's length is not known before the run.
    """
    if fft_length < sequence_length:
        raise ModelError(f"STFT: fft_length must be at least sequence_length, got {fft_length} and {sequence_length}")
    weights = _window("STFT", window, sequence_length)
    _known("STFT", x, -1)
    if center:
        x = pad(x, [(0, 0)] * (x.rank - 1) + [(fft_length // 2, fft_length // 2)], "reflect")
    frames = extract_sequences(x, fft_length, sequence_stride)
    if weights is not None:
        frames = frames * x.graph.constant(_centred(weights, fft_length), x.dtype)
    return rfft(frames)


@operation("ISTFT", module="math")
def istft(
    *x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = None,
    center: bool = True,
) -> Value:
    """Return the numbers of which x, a pair, are the frequencies of windows; see `stft`.

    Args:
        x: real and imaginary parts, of shape (…, windows, frequencies).
        sequence_length: how many numbers a window has.
        sequence_stride: from a window to the next.
        fft_length: how many numbers are transformed.
        length: how many numbers come out; as many as there are by default.
        window: what the numbers were multiplied with.
        center: whether half of `fft_length` at both ends is left out.

    Raises:
        ModelError: an argument is wrong, or the number of windows is not known before the run.
    """
    real, imaginary = _pair("ISTFT", x)
    if fft_length < sequence_length:
        raise ModelError(f"ISTFT: fft_length must be at least sequence_length, got {fft_length} and {sequence_length}")
    weights = _window("ISTFT", window, sequence_length)
    frames = _known("ISTFT", real, -2)
    found = irfft(real, imaginary, fft_length=fft_length)
    if weights is not None:
        around = _centred(weights, fft_length)
        squares = numpy.zeros(sequence_stride * -(-fft_length // sequence_stride))
        squares[:fft_length] = around**2
        shares = numpy.tile(squares.reshape(-1, sequence_stride).sum(0), len(squares) // sequence_stride)
        found = found * real.graph.constant(around / shares[:fft_length], real.dtype)
    before, whole = found.shape[:-2], fft_length + sequence_stride * (frames - 1)
    places = numpy.arange(frames)[:, None] * sequence_stride + numpy.arange(fft_length)
    rank = found.rank
    rows = ops.transpose(ops.reshape(found, (*before, frames * fft_length)), (rank - 2, *range(rank - 2)))
    added = apply(ScatterAdd((whole, *before)), rows, real.graph.constant(places.reshape(-1), "int32"))
    start = fft_length // 2 if center else 0
    stop = whole - start if length is None else min(start + length, whole)
    return ops.take(ops.transpose(added, (*range(1, rank - 1), 0)), -1, start, stop)


def _window(what: str, window: Any, length: int) -> Any:
    """Return the numbers of a window, None where there is none.

    Raises:
        ModelError: its name is unknown, or it has another length.
    """
    if isinstance(window, str):
        if window not in _WINDOWS:
            raise ModelError(f"{what}: window must be {' or '.join(_WINDOWS)} or numbers, got {window!r}")
        return numpy.array(_bell(_WINDOWS[window], length))
    weights = None if window is None else numpy.asarray(window, float)
    if weights is not None and weights.shape != (length,):
        raise ModelError(f"{what}: window must have length {length}, got shape {weights.shape}")
    return weights


def _centred(weights: Any, length: int) -> Any:
    """Return the numbers of a window with zeros around."""
    before = (length - len(weights)) // 2
    return numpy.pad(weights, (before, length - len(weights) - before))


_WINDOWS = {"hann": 0.5, "hamming": 0.54}
"""Windows that are a number less a cosine, by their names."""


def _bell(middle: float, length: int) -> Any:
    """Return a number less a cosine; with an odd length, TensorFlow's window ends where it begins."""
    turn = length if length % 2 == 0 else max(length - 1, 1)
    return middle - (1.0 - middle) * numpy.cos(2.0 * numpy.pi * numpy.arange(length) / turn) if length > 1 else [1.0]


def _waves(times: int, frequencies: int, count: int) -> tuple[Any, Any]:
    """Return the cosines and sines of shape (times, frequencies); `count` times are a whole turn of frequency 1."""
    angles = 2.0 * numpy.pi * (numpy.outer(numpy.arange(times), numpy.arange(frequencies)) % count) / count
    return numpy.cos(angles), numpy.sin(angles)


def _run_time_waves(graph: Graph, count: Dim, dtype: str) -> tuple[Value, Value]:
    """Return the cosines and sines for as many times and frequencies as a length that is known only at run time."""
    numbers = graph.add(Iota(count, "int32"))[0]
    length = graph.add(Size((count,), "int32"))[0]
    turns = ops.remainder(ops.reshape(numbers, (count, 1)) * ops.reshape(numbers, (1, count)), length)
    angles = ops.cast(turns, dtype) * (2.0 * numpy.pi) / ops.cast(length, dtype)
    return ops.cos(angles), ops.sin(angles)


def _transformed(what: str, real: Value, imaginary: Value, axis: int) -> Pair:
    place = real.rank + axis
    count = real.shape[axis] if place >= 0 else None
    if isinstance(count, SymbolicDim) and real.type.is_floating:
        cosines, sines = _run_time_waves(real.graph, count, real.dtype)
    else:
        count = _known(what, real, axis)
        cosines, sines = _waves(count, count, count)
    turned = [multiply_axis(part, place, matrix) for part in (real, imaginary) for matrix in (cosines, sines)]
    return turned[0] + turned[3], turned[2] - turned[1]


def _pair(what: str, x: Sequence[Any]) -> Pair:
    """Return real and imaginary parts, which are given in one list or one by one.

    Raises:
        ModelError: they are no pair of the same type.
    """
    real, imaginary = x[0] if isinstance(x[0], list | tuple) else x
    if real.type != imaginary.type:
        raise ModelError(f"{what}: real and imaginary parts must have the same type, got {real.type}, {imaginary.type}")
    return real, imaginary


def _known(what: str, x: Value, axis: int) -> int:
    """Return a length.

    Raises:
        ModelError: it is not known before the run, or x holds no floats.
    """
    length = x.shape[axis] if x.rank >= -axis else None
    if not isinstance(length, int) or not x.type.is_floating:
        raise ModelError(f"{what}: the operand must hold floats along an axis of known length, got {x.type}")
    return length
