"""Whole numbers of a vocabulary by their index in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, ClassVar

import numpy

from nnc.arguments import argument, choice, flag, passed_on, positive, unsupported, whole
from nnc.arrays import check_whole, is_array_like, to_array
from nnc.choices import OutputMode
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.declared import CommonLayer
from nnc.layers.encoding import MODES, encode, mode_among
from nnc.layers.input_types import FLOAT
from nnc.layers.rescaling import as_numbers
from nnc.ops import cast, equal, floor, logical_and, maximum, minimum, reshape, sum, where
from nnc.ops.comparison import Equal
from nnc.ops.elementwise import apply
from nnc.ops.gathering import gather


class IntegerLookup(CommonLayer):
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
    num_oov_indices: int = whole(0, default=1)
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
        where = self._where
        if self.max_tokens == 1 or (self.pad_to_max_tokens and self.max_tokens is None):
            raise ModelError(
                f"{where}: max_tokens must be at least 2, and be given with pad_to_max_tokens, got {self.max_tokens!r}"
            )
        if self.invert and self.output_mode != "int":
            raise ModelError(f"{where}: output_mode must be 'int' where invert is set, got '{self.output_mode}'")
        vocabulary, idf_weights = self.vocabulary, self.idf_weights
        self.vocabulary = self.idf_weights = None
        self._tokens: list[int] = []
        self._weights: list[float] = []
        if vocabulary is None and idf_weights is not None:
            raise ModelError(f"{where}: idf_weights belong to a vocabulary, which is missing")
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # ------------------------------------------------------------------ vocabulary

    @property
    def _first_unknown(self) -> int:
        return int(self.mask_token is not None and self.output_mode == "int")

    @property
    def _first_token(self) -> int:
        return self._first_unknown + self.num_oov_indices

    def vocabulary_size(self) -> int:
        """Return the number of indices, those of the mask and of unknown numbers included."""
        return self._first_token + len(self._tokens)

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[int | None]:
        """Return the number that each index stands for."""
        special: list[int | None] = [self.oov_token] * self._first_token
        if self._first_unknown:
            special[0] = self.mask_token
        return [*special, *self._tokens] if include_special_tokens else [*self._tokens]

    def set_vocabulary(self, vocabulary: Sequence[int], idf_weights: Sequence[float] | None = None) -> None:
        """Take a vocabulary, with or without the numbers of mask and unknown in front.

        Raises:
            ModelError: it is none, has a number twice, or is too large; or weights are missing, or for another mode.
        """
        given = as_numbers("IntegerLookup", "vocabulary", vocabulary)
        if not isinstance(given, list) or any(item != int(item) for item in given):
            raise ModelError(f"IntegerLookup: vocabulary must be a list of whole numbers, got {vocabulary!r:.80}")
        if (idf_weights is None) == (self.output_mode == "tf_idf"):
            raise ModelError(
                "IntegerLookup: idf_weights and a vocabulary belong together, with output_mode 'tf_idf' only"
            )
        whole = [int(item) for item in given]
        special = [token for token in self.get_vocabulary()[: self._first_token] if token is not None]
        has_special = bool(special) and whole[: len(special)] == special
        tokens = whole[len(special) :] if has_special else whole
        if len(set(tokens)) < len(tokens):
            raise ModelError("IntegerLookup: the vocabulary has a number twice")
        if self.mask_token in tokens or (self.invert and self.oov_token in tokens):
            raise ModelError("IntegerLookup: the numbers of mask and unknown can only be at the vocabulary's start")
        if self.max_tokens is not None and self._first_token + len(tokens) > self.max_tokens:
            size = self._first_token + len(tokens)
            raise ModelError(
                f"IntegerLookup: the vocabulary has {size} indices, more than max_tokens {self.max_tokens}"
            )
        self.vocabulary, self._tokens = whole, tokens
        if idf_weights is not None:
            weights = list(map(float, as_numbers("IntegerLookup", "idf_weights", idf_weights)))
            if len(weights) != len(whole):
                raise ModelError(f"IntegerLookup: {len(whole)} numbers need as many idf_weights, got {len(weights)}")
            self.idf_weights = weights
            front = [] if has_special else [float(numpy.mean(weights))] * self._first_token
            self._weights = [*front, *weights]

    @property
    def token_weights(self) -> list[float]:
        """The weight of each token for ``tf_idf``, with those before the vocabulary and 0 for its padding."""
        rest = (self.max_tokens or 0) - len(self._weights) if self.pad_to_max_tokens and self._weights else 0
        return [*self._weights, *[0.0] * rest]

    @property
    def is_adaptable(self) -> bool:
        """Whether the vocabulary comes from data, because none was given."""
        return self.vocabulary is None

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Take the vocabulary from data: the most frequent numbers first, of equally frequent ones the largest.

        Args:
            data: an array or a list of numbers, one row per document; or an iterable of batches of them.
            steps: how many batches; all by default.

        Raises:
            ModelError: a vocabulary was given.
            DataError: there are other than whole numbers.
        """
        if self.vocabulary is not None:
            raise ModelError(f"Layer '{self.name}' (IntegerLookup) was given a vocabulary, and cannot adapt")
        is_whole = is_array_like(data) or isinstance(data, list | tuple)
        batches: Iterable[Any] = [data] if is_whole else islice(data, steps)
        counts: dict[int, int] = {}
        documents_with: dict[int, int] = {}
        documents = 0
        for batch in batches:
            rows = to_array(batch, "data")
            check_whole(rows, "int64", "data")
            rows = rows.astype("int64")
            rows = rows.reshape(-1, 1) if rows.ndim < 2 else rows.reshape(len(rows), -1)
            documents += len(rows)
            for token, count in zip(*numpy.unique(rows, return_counts=True), strict=True):
                counts[int(token)] = counts.get(int(token), 0) + int(count)
            for row in rows:
                for token in set(row.tolist()):
                    documents_with[token] = documents_with.get(token, 0) + 1
        for token in (self.mask_token, self.oov_token):
            if token is not None:
                counts.pop(token, None)
        order = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        self._tokens = order[: None if self.max_tokens is None else self.max_tokens - self._first_token]
        if self.output_mode == "tf_idf":
            weights = [float(numpy.log(1 + documents / (1 + documents_with[token]))) for token in self._tokens]
            self._weights = [*[float(numpy.mean(weights))] * self._first_token, *weights]

    # ------------------------------------------------------------------ calling

    def call(self, x: Value) -> Value:
        if not self._tokens:
            raise ModelError("the vocabulary is missing: give one, or call adapt(data) first")
        x = cast(x, "int64")
        if self.invert:
            return self._numbers(x)
        indices = self._indices(x)
        if self.output_mode == "int":
            return indices
        depth = self.vocabulary_size()
        if self.pad_to_max_tokens and self.max_tokens is not None:
            depth = self.max_tokens
        if self.output_mode != "tf_idf":
            return encode(indices, self.output_mode, depth, "int64")
        weights = [*self._weights, *[0.0] * (depth - len(self._weights))]
        return encode(indices, "count", depth, FLOAT) * x.graph.constant(weights, FLOAT)

    def _indices(self, x: Value) -> Value:
        graph = x.graph
        tokens = graph.constant(self._tokens, "int64")
        places = graph.constant(numpy.arange(len(self._tokens)) + self._first_token, "int64")
        matches = apply(Equal(dtype="int64"), reshape(x, (*x.shape, 1)), tokens)
        unknown: Value = graph.constant(-1 if self.num_oov_indices == 0 else self._first_unknown, "int64")
        if self.num_oov_indices > 1:
            number, count = cast(x, "float64"), float(self.num_oov_indices)
            remainder = number - floor(number / count) * count
            unknown = cast(remainder, "int64") + self._first_unknown
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
        adapted = self._tokens if self.vocabulary is None and self._tokens else None
        weights = self._weights[self._first_token :] if adapted and self._weights else None
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
            "idf_weights": self.idf_weights or weights,
            "vocabulary": self.vocabulary or adapted,
            "vocabulary_size": self.vocabulary_size() if self._tokens else None,
            "oov_method": "floormod",
            "salt": None,
        }
