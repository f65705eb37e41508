"""Whole numbers of a vocabulary by their index in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy

from nnc.arguments import argument, choice, flag, passed_on, positive, unsupported, whole
from nnc.arrays import check_whole, to_array
from nnc.choices import OutputMode
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import cast, equal, floor, logical_and, maximum, minimum, reshape, sum, where
from nnc.ir.ops.comparison import Equal
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.gathering import gather
from nnc.layers.declared import CommonLayer
from nnc.layers.encoding import MODES, encode, mode_among
from nnc.layers.input_types import FLOAT
from nnc.layers.rescaling import as_numbers
from nnc.layers.unbatched import EncodingLayer
from nnc.layers.vocabulary import VocabularyMethods, batches_of, check_unknown_count, vocabulary_of


class IntegerLookup(VocabularyMethods, EncodingLayer, CommonLayer):
    """The index of each whole number in a vocabulary, or its encoding.

    Index 0 is the mask's if there is one (and indices are the output), then come those of unknown numbers, then the
    vocabulary.

    Args:
        max_tokens: largest number of indices.
        num_oov_indices: how many indices unknown numbers have; with none they become -1, which no encoding counts.
        mask_token: number that stands for nothing.
        oov_token: what unknown indices become where `invert` is set.
        vocabulary: the numbers; `adapt` takes them from data otherwise.
        vocabulary_dtype: must be ``int64``.
        idf_weights: for ``tf_idf`` what each number of the vocabulary counts.
        invert: whether indices become numbers.
        output_mode: ``int``, ``one_hot``, ``multi_hot``, ``count`` or ``tf_idf``; see `encode`.
        sparse: must be False.
        pad_to_max_tokens: whether encodings have `max_tokens` classes even if the vocabulary is smaller.
        oov_method: must be ``floormod``: an unknown number's index is its remainder.
        salt: must be None.

    Raises:
        ModelError: an argument is wrong, or the vocabulary is missing when the layer is used.
    """

    noted_arguments = ("max_tokens {max_tokens}", "{output_mode}", "invert")
    keeps_integers = True
    dtypes: ClassVar[frozenset[str]] = CommonLayer.dtypes | {"int64"}

    max_tokens: int | None = positive(default=None)
    num_oov_indices: int = argument(check_unknown_count, default=1)
    mask_token: int | None = whole(default=None)
    oov_token: int | None = whole(default=-1, optional=True)
    vocabulary: Any = argument(default=None)
    vocabulary_dtype: str = choice("int64", default="int64")
    idf_weights: Any = argument(default=None)
    invert: bool = flag(default=False)
    output_mode: OutputMode = argument(mode_among(*MODES, "tf_idf"), default="int")
    sparse: bool = unsupported(default=False, written="always")
    pad_to_max_tokens: bool = flag(default=False)
    oov_method: str = choice("floormod", default="floormod")
    salt: Any = unsupported(default=None, written="always")
    _name_given: str | None = passed_on(default=None, alias="name")
    _vocabulary_size_given: int | None = argument(default=None, kw_only=True, alias="vocabulary_size", written="never")
    _vocabulary_kept: bool | None = argument(default=None, kw_only=True, alias="has_input_vocabulary", written="never")
    activity_regularizer: Any = passed_on(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self._known = vocabulary_of(
            self, "number", _as_whole_numbers, self.num_oov_indices, self.mask_token, self.oov_token, self.invert
        )

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Take the vocabulary from data: the most frequent numbers first, of equally frequent ones the largest.

        Args:
            data: an array or a list of numbers, one row per document; or an iterable of batches of them.
            steps: how many batches; all by default.

        Raises:
            ModelError: a vocabulary was given.
            DataError: there are other than whole numbers.
        """
        self._known.adapt(_documents(data, steps), f"Layer '{self.name}' (IntegerLookup)")

    # ------------------------------------------------------------------ calling

    def call(self, x: Value) -> Value:
        self._known.must_be_known()
        x = cast(x, "int64")
        if self.invert:
            return self._numbers(x)
        indices = self._indices(x)
        if self.output_mode == "int":
            return indices
        depth = self._known.depth
        if self.output_mode != "tf_idf":
            return encode(indices, self.output_mode, depth, "int64")
        weights = [*self.token_weights, *[0.0] * (depth - len(self.token_weights))]
        return encode(indices, "count", depth, FLOAT) * x.graph.constant(weights, FLOAT)

    def _indices(self, x: Value) -> Value:
        graph = x.graph
        tokens = graph.constant(self._known.tokens, "int64")
        places = graph.constant(numpy.arange(len(self._known.tokens)) + self._known.first_token, "int64")
        matches = apply(Equal(dtype="int64"), reshape(x, (*x.shape, 1)), tokens)
        unknown: Value = graph.constant(-1 if self.num_oov_indices == 0 else self._known.first_unknown, "int64")
        if self.num_oov_indices > 1:
            number, count = cast(x, "float64"), float(self.num_oov_indices)
            remainder = number - floor(number / count) * count
            unknown = cast(remainder, "int64") + self._known.first_unknown
        indices = where(sum(matches, -1) > 0, sum(matches * places, -1), unknown)
        if self.mask_token is None:
            return indices
        return where(
            equal(x, self.mask_token), graph.constant(0 if self.output_mode == "int" else -1, "int64"), indices
        )

    def _numbers(self, x: Value) -> Value:
        unknown = self.oov_token if self.oov_token is not None else -1
        table = [unknown if token is None else token for token in self.get_vocabulary()]
        last = len(table) - 1
        found = gather(x.graph.constant(table, "int64"), minimum(maximum(x, 0), last))
        return where(logical_and(x >= 0, x <= last), found, x.graph.constant(unknown, "int64"))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "invert": self.invert,
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "oov_token": self.oov_token,
            "mask_token": self.mask_token,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "vocabulary_dtype": "int64",
            **self._known.config(),
            "oov_method": "floormod",
            "salt": None,
        }


def _as_whole_numbers(vocabulary: Any) -> list[int]:
    given = as_numbers("IntegerLookup", "vocabulary", vocabulary)
    if not isinstance(given, list) or any(item != int(item) for item in given):
        raise ModelError(f"IntegerLookup: vocabulary must be a list of whole numbers, got {vocabulary!r:.80}")
    return [int(item) for item in given]


def _documents(data: Any, steps: int | None) -> Iterator[list[int]]:
    """Return the numbers of each document of data; see `batches_of`."""
    for batch, are_documents in batches_of(data, steps):
        rows = to_array(batch, "data")
        check_whole(rows, "int64", "data")
        rows = rows.astype("int64")
        if rows.ndim < 2:
            rows = rows.reshape((-1, 1) if are_documents else (1, -1))
        yield from rows.reshape(len(rows), -1).tolist()
