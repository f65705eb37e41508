"""The steps between texts and numbers: each is plain data, and what it makes of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy

from nnc.errors import DataError
from nnc.text.encoding import INDICES, TO_ROWS, Encoding, padded
from nnc.text.hashing import buckets, crossing
from nnc.text.tokenization import ngrams, split, standardized
from nnc.texts import printable

Array = Any
Shape = tuple[Any, ...]
TEXT = "string"
"""The name of texts among element types."""
WHOLE = ("int32", "int64")
NUMBERS = (*WHOLE, "float32", "float64")
OPEN: Any = None
"""A length that is known once there are arrays."""


class Step(Protocol):
    """Makes an array of arrays, which have texts or numbers."""

    kind: ClassVar[str]

    @property
    def dtype(self) -> str:
        """Element type of the result."""

    def shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the result for arrays of these shapes; a length that depends on the texts is `OPEN`."""

    def problem(self, dtypes: Sequence[str], shapes: Sequence[Shape]) -> str:
        """Return what is wrong with arrays of these element types and shapes, nothing where they fit."""

    def run(self, arrays: Sequence[Array]) -> Array:
        """Return the result for arrays.

        Raises:
            DataError: one has a text that cannot be used.
        """


@dataclass(frozen=True)
class Lookup:
    """The index of each text in a vocabulary, or its encoding.

    Args:
        tokens: the vocabulary, without what stands for nothing or the unknown.
        mask: text that stands for nothing; None where there is none.
        unknown: how many indices unknown texts have, in front of the vocabulary's.
        salt: two numbers by which unknown texts are hashed to their indices, None to do so without.
        encoding: what is made of the indices.
    """

    kind: ClassVar[str] = "lookup"

    tokens: tuple[str, ...]
    mask: str | None = None
    unknown: int = 1
    salt: tuple[int, int] | None = None
    encoding: Encoding = INDICES

    @property
    def dtype(self) -> str:
        """Element type of the result."""
        return self.encoding.dtype

    @property
    def first_unknown(self) -> int:
        """The first index of unknown texts; 0 is that of the mask where the indices themselves are wanted."""
        return int(self.mask is not None and self.encoding.mode == "int")

    @cached_property
    def places(self) -> dict[bytes, int]:
        """The index of each text that is known."""
        first = self.first_unknown + self.unknown
        found = {token.encode(): place for place, token in enumerate(self.tokens, first)}
        if self.mask is not None:
            found[self.mask.encode()] = 0 if self.encoding.mode == "int" else -1
        return found

    def shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the result."""
        return self.encoding.shape(shapes[0])

    def problem(self, dtypes: Sequence[str], shapes: Sequence[Shape]) -> str:
        """Return what is wrong with arrays."""
        return _takes((TEXT,), dtypes, 1) or _counts(self.encoding, shapes[0])

    def run(self, arrays: Sequence[Array]) -> Array:
        """Return the result for an array of texts."""
        (texts,) = arrays
        return self.encoding.encode(self.indices(texts.reshape(-1).tolist()).reshape(texts.shape))

    def indices(self, texts: Sequence[bytes]) -> Array:
        """Return the index of each text, -1 for the mask where that is no class.

        Raises:
            DataError: one is unknown, and there is no index for it.
        """
        known, absent = self.places, -2
        found = numpy.array([known.get(text, absent) for text in texts], "int64")
        is_unknown = found == absent
        if is_unknown.any():
            strange = [texts[place] for place in numpy.flatnonzero(is_unknown).tolist()]
            if not self.unknown:
                shown = printable(strange[0].decode(errors="replace"))[:40]
                raise DataError(f"'{shown}' is not in the vocabulary, which with num_oov_indices=0 must have all texts")
            hashed = buckets(strange, self.unknown, self.salt) if self.unknown > 1 else 0
            found[is_unknown] = self.first_unknown + hashed
        return found


@dataclass(frozen=True)
class InverseLookup:
    """The text that each index of a vocabulary stands for.

    Args:
        tokens: the vocabulary.
        first: the index of its first text.
        mask: what index 0 stands for; None where it is unknown as others.
        unknown: what indices stand for that have no text.
    """

    kind: ClassVar[str] = "inverse_lookup"
    dtype: ClassVar[str] = TEXT

    tokens: tuple[str, ...]
    first: int
    mask: str | None
    unknown: str

    def shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the result."""
        return shapes[0]

    def problem(self, dtypes: Sequence[str], shapes: Sequence[Shape]) -> str:
        """Return what is wrong with arrays."""
        return _takes(WHOLE, dtypes, 1)

    def run(self, arrays: Sequence[Array]) -> Array:
        """Return the texts of indices."""
        (indices,) = arrays
        tokens = [token.encode() for token in self.tokens]
        special = self.unknown if self.mask is None else self.mask
        table = numpy.empty(len(tokens) + 2, object)
        table[:] = [*tokens, self.unknown.encode(), special.encode()]
        places = indices - self.first
        places = numpy.where((places < 0) | (places >= len(tokens)), len(tokens), places)
        return table[numpy.where(indices == 0, len(tokens) + 1, places) if self.first else places]


@dataclass(frozen=True)
class Vectorization:
    """The indices of the tokens of each text, or their encoding.

    Args:
        lookup: the vocabulary, and what is made of indices.
        standardize: see `nnc.text.tokenization.standardized`.
        split: see `nnc.text.tokenization.split`; None where each text is a token.
        ngrams: how many tokens in a row become one; none where each is one.
        length: number of tokens of each text, that of the longest by default.
    """

    kind: ClassVar[str] = "vectorization"

    lookup: Lookup
    standardize: str | None = "lower_and_strip_punctuation"
    split: str | None = "whitespace"
    ngrams: tuple[int, ...] = ()
    length: int | None = None

    @property
    def dtype(self) -> str:
        """Element type of the result."""
        return self.lookup.dtype

    def shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the result."""
        tokens = shapes[0] if self.split is None else (shapes[0][0], OPEN)
        if self.ngrams and self.split is None:
            width = tokens[1]
            is_known = isinstance(width, int)
            tokens = tokens[0], sum(max(width - count + 1, 0) for count in self.ngrams) if is_known else OPEN
        return self.lookup.encoding.shape(tokens if self.length is None else (tokens[0], self.length))

    def problem(self, dtypes: Sequence[str], shapes: Sequence[Shape]) -> str:
        """Return what is wrong with arrays."""
        wrong = _takes((TEXT,), dtypes, 1)
        if wrong:
            return wrong
        rank, mode = len(shapes[0]), self.lookup.encoding.mode
        if self.split is not None:
            if mode == "one_hot":
                return "output_mode 'one_hot' needs split=None, for texts that are split have no fixed number of tokens"
            if rank > 2 or (rank == 2 and shapes[0][1] != 1):
                return f"texts that are split must be of shape (rows,) or (rows, 1), got {_shown(shapes[0])}"
            return ""
        if (self.length is not None or self.ngrams) and rank != 2:
            return "with split=None, tokens must be of shape (rows, tokens) for output_sequence_length and ngrams"
        return _counts(self.lookup.encoding, shapes[0])

    def run(self, arrays: Sequence[Array]) -> Array:
        """Return the result for an array of texts."""
        (texts,) = arrays
        if self.split is None and not self.ngrams and self.length is None:
            plain = numpy.empty(texts.size, object)
            plain[:] = standardized(texts.reshape(-1).tolist(), self.standardize)
            return self.lookup.run([plain.reshape(texts.shape)])
        rows = self.tokens(texts)
        counts = [len(row) for row in rows]
        indices = self.lookup.indices([token for row in rows for token in row])
        encoding = self.lookup.encoding
        if encoding.mode in TO_ROWS:
            return encoding.encode_samples(len(rows), numpy.repeat(numpy.arange(len(rows)), counts), indices)
        return encoding.encode(padded(numpy.split(indices, numpy.cumsum(counts)[:-1]), self.length))

    def tokens(self, texts: Array) -> list[list[bytes]]:
        """Return the tokens of each row of texts, of which there is one where it is to be split."""
        flat = standardized(texts.reshape(-1).tolist(), self.standardize)
        if self.split is not None:
            rows = split(flat, self.split)
        else:
            width = texts.shape[1] if texts.ndim > 1 else 1
            rows = [flat[start : start + width] for start in range(0, len(flat), width)]
        return [ngrams(row, self.ngrams) for row in rows] if self.ngrams else rows


@dataclass(frozen=True)
class Hashing:
    """The bucket that each text or whole number is hashed to, or its encoding.

    Args:
        bins: number of buckets.
        mask: text or number that has bucket 0 for itself; None where there is none.
        salt: two numbers that are the key of SipHash; None for FarmHash.
        encoding: what is made of the indices.
    """

    kind: ClassVar[str] = "hashing"

    bins: int
    mask: str | int | None = None
    salt: tuple[int, int] | None = None
    encoding: Encoding = INDICES

    @property
    def dtype(self) -> str:
        """Element type of the result."""
        return self.encoding.dtype

    def shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the result."""
        return self.encoding.shape(_without_last_one(self.encoding, shapes[0]))

    def problem(self, dtypes: Sequence[str], shapes: Sequence[Shape]) -> str:
        """Return what is wrong with arrays."""
        wrong = _takes((TEXT, *NUMBERS), dtypes, 1) or _counts(self.encoding, shapes[0])
        if not wrong and self.mask is not None and isinstance(self.mask, str) != (dtypes[0] == TEXT):
            return f"mask_value {self.mask!r} is never among inputs of type {dtypes[0]}"
        return wrong

    def run(self, arrays: Sequence[Array]) -> Array:
        """Return the result for an array of texts or numbers, of which the whole part is hashed."""
        (given,) = arrays
        whole = given.astype("int64") if given.dtype.kind == "f" else given
        texts = [item if isinstance(item, bytes) else str(item).encode() for item in whole.reshape(-1).tolist()]
        if self.mask is None or self.bins == 1:
            found = buckets(texts, self.bins, self.salt)
        else:
            mask = self.mask.encode() if isinstance(self.mask, str) else self.mask
            found = buckets(texts, self.bins - 1, self.salt) + 1
            found[[item == mask for item in given.reshape(-1).tolist()]] = 0
        return self.encoding.encode(found.reshape(_without_last_one(self.encoding, given.shape)))


@dataclass(frozen=True)
class Crossing:
    """The bucket that texts or whole numbers of several arrays are hashed to together, or its encoding.

    Args:
        bins: number of buckets.
        encoding: what is made of the indices.
    """

    kind: ClassVar[str] = "crossing"

    bins: int
    encoding: Encoding = INDICES

    @property
    def dtype(self) -> str:
        """Element type of the result."""
        return self.encoding.dtype

    def shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the result."""
        return self.encoding.shape(shapes[0])

    def problem(self, dtypes: Sequence[str], shapes: Sequence[Shape]) -> str:
        """Return what is wrong with arrays."""
        if len(dtypes) < 2:
            return f"it takes at least two inputs, got {len(dtypes)}"
        if any(len(shape) > 2 or (len(shape) == 2 and shape[1] != 1) or shape != shapes[0] for shape in shapes):
            listed = " and ".join(map(_shown, shapes))
            return f"its inputs should have shape (rows,), all of them, or (rows, 1), got {listed}"
        wrong = _takes((TEXT, *WHOLE), dtypes, len(dtypes))
        return wrong and f"its inputs should have an integer or string type: {wrong}"

    def run(self, arrays: Sequence[Array]) -> Array:
        """Return the result for arrays of one shape."""
        columns = [array.reshape(-1).tolist() for array in arrays]
        known = {parts: crossing(parts, self.bins) for parts in set(zip(*columns, strict=True))}
        found = numpy.array([known[parts] for parts in zip(*columns, strict=True)], "int64")
        return self.encoding.encode(found.reshape(arrays[0].shape))


def _without_last_one(encoding: Encoding, shape: Shape) -> Shape:
    """Return the shape whose indices `Hashing` encodes: as in Keras, one class per row loses its axis beforehand."""
    return shape[:-1] if encoding.mode == "one_hot" and len(shape) > 1 and shape[-1] == 1 else shape


def _takes(wanted: Sequence[str], dtypes: Sequence[str], count: int) -> str:
    if len(dtypes) != count:
        return f"it takes {count} input{'' if count == 1 else 's'}, got {len(dtypes)}"
    wrong = next((dtype for dtype in dtypes if dtype not in wanted), None)
    return "" if wrong is None else f"its input must be of type {' or '.join(wanted)}, got {wrong}"


def _counts(encoding: Encoding, shape: Shape) -> str:
    if encoding.mode in TO_ROWS and len(shape) < 2:
        return f"output_mode '{encoding.mode}' needs an input of shape (rows, tokens), got {_shown(shape)}"
    return ""


def _shown(shape: Shape) -> str:
    rest = "".join(f", {dim}" for dim in shape[1:]) or ","
    return f"(rows{rest})"
