"""Sequences of different lengths as one array."""

from __future__ import annotations

from typing import Any

import numpy

from nnc.errors import DataError

_ENDS = ("pre", "post")


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Any:
    """Return sequences as rows of one length.

    Args:
        sequences: lists or arrays, whose elements all have the same shape.
        maxlen: length of a row, by default that of the longest sequence.
        dtype: element type of the array.
        padding: ``pre`` or ``post``: where a row of a shorter sequence is filled.
        truncating: ``pre`` or ``post``: where a longer sequence is cut.
        value: what rows are filled with.

    Returns:
        An array of shape (sequences, `maxlen`, …).

    Raises:
        DataError: they are no sequences, elements differ in shape, `value` is text that `dtype` cannot hold, or another
            argument is none of those above.

    >>> pad_sequences([[1], [2, 3, 4]], maxlen=2).tolist()
    [[0, 1], [3, 4]]
    """
    if not hasattr(sequences, "__len__"):
        raise DataError(f"pad_sequences: sequences must be a list, got {type(sequences).__name__}")
    for key, end in (("padding", padding), ("truncating", truncating)):
        if end not in _ENDS:
            raise DataError(f"pad_sequences: {key} must be 'pre' or 'post', got {end!r}")
    for number, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise DataError(f"pad_sequences: sequence {number} is no list of elements, but {sequence!r:.80}")
    if maxlen is None:
        if not len(sequences):
            raise DataError("pad_sequences: there are no sequences; give maxlen to get an array of no rows")
        maxlen = max(map(len, sequences))
    if isinstance(maxlen, bool) or not isinstance(maxlen, int | numpy.integer) or maxlen < 0:
        raise DataError(f"pad_sequences: maxlen must be a whole number of at least 0, got {maxlen!r}")
    length = int(maxlen)
    if isinstance(value, str) and numpy.dtype(dtype).kind not in "OUS":
        raise DataError(
            f"pad_sequences: `dtype` {dtype} is not compatible with `value`'s type, that of the text {value!r}; give"
            " dtype=object"
        )
    element = next((numpy.asarray(sequence).shape[1:] for sequence in sequences if len(sequence)), ())
    rows = numpy.full((len(sequences), length, *element), value, dtype)
    for number, sequence in enumerate(sequences):
        cut = max(len(sequence) - length, 0)
        kept = sequence[cut:] if truncating == "pre" else sequence[: len(sequence) - cut]
        if not len(kept):
            continue
        elements = numpy.asarray(kept, dtype)
        if elements.shape[1:] != element:
            raise DataError(
                f"pad_sequences: elements of sequence {number} have shape {elements.shape[1:]}, those of the first"
                f" {element}"
            )
        if padding == "pre":
            rows[number, -len(kept) :] = elements
        else:
            rows[number, : len(kept)] = elements
    return rows
