"""Frequencies and windows beside NumPy, where TensorFlow has no gradient, and what is refused."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.layers import Input
from nnc.layers.operation import Operation
from nnc.models import Model

RANDOM = numpy.random.default_rng(0)
ROWS = RANDOM.normal(size=(2, 9))
PAIR = RANDOM.normal(size=(2, 2, 9))


def apply(operation, arrays, **settings):
    inputs = [Input(array.shape[1:], dtype=str(array.dtype)) for array in arrays]
    model = Model(inputs, Operation(operation, settings)(inputs if len(inputs) > 1 else inputs[0]))
    return nnc.compile(model)(list(arrays) if len(arrays) > 1 else arrays[0])


@pytest.mark.parametrize("length", [None, 1, 2, 7, 8, 16, 17, 30])
def test_real_numbers_of_frequencies(length):
    given = PAIR[0] + 1j * PAIR[1]
    found = apply("IRFFT", PAIR, fft_length=length)
    numpy.testing.assert_allclose(found, numpy.fft.irfft(given, length), atol=1e-12)


@pytest.mark.parametrize("length", [None, 1, 2, 7, 8, 30])
def test_frequencies_of_real_numbers(length):
    real, imaginary = apply("RFFT", [ROWS], fft_length=length)
    numpy.testing.assert_allclose(real + 1j * imaginary, numpy.fft.rfft(ROWS, length), atol=1e-12)


@pytest.mark.parametrize(
    ("operation", "arrays", "settings", "message"),
    [
        ("RFFT", [ROWS.astype("int32")], {}, "RFFT: the operand must hold floats"),
        ("FFT", [ROWS, ROWS.astype("float32")], {}, "FFT: real and imaginary parts must have the same type"),
        ("ExtractSequences", [ROWS], {"sequence_length": 10, "sequence_stride": 1}, "a known length of at least 10"),
        ("ExtractSequences", [ROWS], {"sequence_length": 2, "sequence_stride": -1}, "must be at least 1, got 2 and -1"),
        ("STFT", [ROWS], {"sequence_length": 4, "sequence_stride": 0, "fft_length": 4}, "at least 1, got 4 and 0"),
        ("STFT", [ROWS], {"sequence_length": 4, "sequence_stride": 1, "fft_length": 3}, "fft_length must be at least"),
        (
            "STFT",
            [ROWS],
            {"sequence_length": 4, "sequence_stride": 1, "fft_length": 4, "window": "bell"},
            "window must be hann or hamming",
        ),
        (
            "STFT",
            [ROWS],
            {"sequence_length": 4, "sequence_stride": 1, "fft_length": 4, "window": [1.0]},
            "window must have length 4",
        ),
    ],
)
def test_refused(operation, arrays, settings, message):
    with pytest.raises(ModelError, match=message):
        apply(operation, arrays, **settings)
