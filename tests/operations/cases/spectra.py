"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: windows and frequencies."""

from __future__ import annotations

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "ExtractSequences": lambda ops, x: ops.extract_sequences(x, 3, 2),
    "FFT": lambda ops, x: ops.fft((x, x * x)),
    "FFT2": lambda ops, x: ops.fft2((x, x * x)),
    "IFFT2": lambda ops, x: ops.ifft2((x, x * x)),
    "IRFFT": lambda ops, x: ops.irfft((x, x * x)),
    "IRFFT longer": lambda ops, x: ops.irfft((x, x * x), fft_length=13),
    "ISTFT": lambda ops, x: ops.istft(ops.stft(ops.reshape(x, (-1, 24)), 8, 4, 8), 8, 4, 8),
    "ISTFT of a length": lambda ops, x: ops.istft(
        ops.stft(x, 3, 2, 4, window="hamming"), 3, 2, 4, length=5, window="hamming"
    ),
    "ISTFT without window": lambda ops, x: ops.istft((x[:, :, :3], x[:, :, 3:]), 4, 3, 4, window=None, center=False),
    "RFFT": lambda ops, x: ops.rfft(x),
    "RFFT longer": lambda ops, x: ops.rfft(x, fft_length=9),
    "STFT": lambda ops, x: ops.stft(x, 3, 2, 5),
    "STFT hamming": lambda ops, x: ops.stft(x, 4, 1, 4, window="hamming", center=False),
    "STFT without a window": lambda ops, x: ops.stft(x, 4, 1, 4, window=None),
}
