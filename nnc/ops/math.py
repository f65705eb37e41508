"""Special functions, Fourier transforms, sums by segments.

Arguments are those of `keras.ops`; see `nnc.ops`.
"""

from __future__ import annotations

from typing import Any

from nnc.ops.dispatch import operate

__all__ = [
    "cdist",
    "erf",
    "erfc",
    "erfinv",
    "extract_sequences",
    "fft",
    "fft2",
    "ifft2",
    "in_top_k",
    "irfft",
    "istft",
    "logdet",
    "logsumexp",
    "rfft",
    "rsqrt",
    "segment_max",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "stft",
    "top_k",
]


def cdist(x: Any, y: Any) -> Any:
    """Return the distance of each row of x from each row of y."""
    return operate("CDist", x, y)


def erf(x: Any) -> Any:
    """Return the error function."""
    return operate("Erf", x)


def erfc(x: Any) -> Any:
    """Return what the error function lacks to 1."""
    return operate("Erfc", x)


def erfinv(x: Any) -> Any:
    """Return the inverse of the error function."""
    return operate("Erfinv", x)


def extract_sequences(x: Any, sequence_length: Any, sequence_stride: Any) -> Any:
    """Return the windows of a length along the last axis, each as far behind the last as the stride says."""
    return operate("ExtractSequences", x, sequence_length=sequence_length, sequence_stride=sequence_stride)


def fft(x: Any) -> Any:
    """Return the discrete Fourier transform along the last axis, of and as a pair of real and imaginary parts."""
    return operate("FFT", x)


def fft2(x: Any) -> Any:
    """Return the discrete Fourier transform along the last two axes."""
    return operate("FFT2", x)


def ifft2(x: Any) -> Any:
    """Return what has x as its discrete Fourier transform along the last two axes."""
    return operate("IFFT2", x)


def in_top_k(targets: Any, predictions: Any, k: Any) -> Any:
    """Return for each row of predictions whether fewer than k are above that of the target, which is its index."""
    return operate("InTopK", targets, predictions, k=k)


def irfft(x: Any, fft_length: Any = None) -> Any:
    """Return the real numbers of which x, a pair, are the frequencies from 0."""
    return operate("IRFFT", x, fft_length=fft_length)


def istft(
    x: Any,
    sequence_length: Any,
    sequence_stride: Any,
    fft_length: Any,
    length: Any = None,
    window: Any = "hann",
    center: Any = True,
) -> Any:
    """Return the numbers of which x, a pair, are the frequencies of windows; see `stft`."""
    return operate(
        "ISTFT",
        x,
        sequence_length=sequence_length,
        sequence_stride=sequence_stride,
        fft_length=fft_length,
        length=length,
        window=window,
        center=center,
    )


def logdet(x: Any) -> Any:
    """Return the logarithms of the determinants of positive definite matrices, not a number for others."""
    return operate("Logdet", x)


def logsumexp(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Return logarithms of the sums of exponentials over axes, which do not overflow."""
    return operate("Logsumexp", x, axis=axis, keepdims=keepdims)


def rfft(x: Any, fft_length: Any = None) -> Any:
    """Return the frequencies from 0 of real numbers along the last axis, cut off or with zeros behind at a length."""
    return operate("RFFT", x, fft_length=fft_length)


def rsqrt(x: Any) -> Any:
    """Return 1 / √x."""
    return operate("Rsqrt", x)


def segment_max(data: Any, segment_ids: Any, num_segments: Any = None, sorted: Any = False) -> Any:
    """Return for each segment the largest of the rows that have its number; the lowest number where there is none."""
    return operate("SegmentMax", data, segment_ids, num_segments=num_segments, sorted=sorted)


def segment_min(data: Any, segment_ids: Any, num_segments: Any = None, sorted: Any = False) -> Any:
    """Return for each segment the smallest of the rows that have its number; the highest number where there is none."""
    return operate("SegmentMin", data, segment_ids, num_segments=num_segments, sorted=sorted)


def segment_prod(data: Any, segment_ids: Any, num_segments: Any = None, sorted: Any = False) -> Any:
    """Return for each segment the product of the rows that have its number; 1 where there is none."""
    return operate("SegmentProd", data, segment_ids, num_segments=num_segments, sorted=sorted)


def segment_sum(data: Any, segment_ids: Any, num_segments: Any = None, sorted: Any = False) -> Any:
    """Return for each segment the sum of the rows that have its number; a row with a number below 0 has none."""
    return operate("SegmentSum", data, segment_ids, num_segments=num_segments, sorted=sorted)


def stft(
    x: Any, sequence_length: Any, sequence_stride: Any, fft_length: Any, window: Any = "hann", center: Any = True
) -> Any:
    """Return the frequencies from 0 of windows along the last axis."""
    return operate(
        "STFT",
        x,
        sequence_length=sequence_length,
        sequence_stride=sequence_stride,
        fft_length=fft_length,
        window=window,
        center=center,
    )


def top_k(x: Any, k: Any, sorted: Any = True) -> Any:
    """Return the largest elements along the last axis, and their indices as int32."""
    return operate("TopK", x, k=k, sorted=sorted)
