"""The vocabulary of a layer that looks tokens up: given, or taken from data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy

from nnc.arrays import is_array_like
from nnc.checks import is_whole
from nnc.errors import ModelError
from nnc.layers.rescaling import as_numbers

Array = Any
Token = Any


class Vocabulary:
    """Tokens by index: that of the mask if there is one and indices are the output, those of unknown ones, then others.

    Args:
        where: class of the layer, for messages.
        word: what a token is, for messages: ``number`` or ``text``.
        as_tokens: returns the tokens of what a user gives, or raises a ModelError.
        max_tokens: largest number of indices.
        unknown: how many indices unknown tokens have.
        mask: token that stands for nothing.
        oov: what unknown indices become.
        invert: whether indices become tokens.
        mode: what is made of indices.
        pads: whether encodings have `max_tokens` classes even if the vocabulary is smaller.

    Attributes:
        tokens: the tokens behind those of mask and unknown.
        weights: the weight of each index for ``tf_idf``.
        given: what `set` was given, None where the tokens come from data.
        given_weights: likewise.
        version: counts changes.

    Raises:
        ModelError: the arguments do not fit each other.
    """

    def __init__(
        self,
        where: str,
        word: str,
        as_tokens: Callable[[Any], list[Token]],
        max_tokens: int | None,
        unknown: int,
        mask: Token | None,
        oov: Token | None,
        invert: bool,
        mode: str,
        pads: bool,
    ) -> None:
        self.where, self.word, self.as_tokens = where, word, as_tokens
        self.max_tokens, self.unknown, self.mask, self.oov = max_tokens, unknown, mask, oov
        self.invert, self.mode, self.pads = invert, mode, pads
        self.tokens: list[Token] = []
        self.weights: list[float] = []
        self.given: list[Token] | None = None
        self.given_weights: list[float] | None = None
        self.version = 0
        if max_tokens == 1:
            raise ModelError(f"{where}: If set, `max_tokens` must be greater than 1, got {max_tokens!r}")
        if pads and max_tokens is None:
            raise ModelError(f"{where}: If pad_to_max_tokens is True, must set `max_tokens`, got None")
        if invert and mode != "int":
            raise ModelError(f"{where}: `output_mode` must be `'int'` when `invert` is true, got '{mode}'")

    @property
    def first_unknown(self) -> int:
        """The first index of unknown tokens."""
        return int(self.mask is not None and self.mode == "int")

    @property
    def first_token(self) -> int:
        """The index of the first token."""
        return self.first_unknown + self.unknown

    @property
    def size(self) -> int:
        """The number of indices, those of the mask and of unknown tokens included."""
        return self.first_token + len(self.tokens)

    @property
    def depth(self) -> int:
        """The number of classes of encodings."""
        return self.max_tokens if self.pads and self.max_tokens is not None else self.size

    def listed(self, include_special_tokens: bool = True) -> list[Token | None]:
        """Return the token that each index stands for."""
        special: list[Token | None] = [self.oov] * self.first_token
        if self.first_unknown:
            special[0] = self.mask
        return [*special, *self.tokens] if include_special_tokens else [*self.tokens]

    def set(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take a vocabulary, with or without the tokens of mask and unknown in front.

        Raises:
            ModelError: it is none, has a token twice, or is too large; or weights are missing, or for another mode.
        """
        given = self.as_tokens(vocabulary)
        check_weights_mode(self.where, idf_weights, self.mode)
        if idf_weights is None and self.mode == "tf_idf":
            raise ModelError(
                f"{self.where}: `idf_weights` must be set if `output_mode` is `'tf_idf'`, with a vocabulary"
            )
        special = self.listed()[: self.first_token]
        has_special = bool(special) and given[: len(special)] == special
        tokens = given[len(special) :] if has_special else given
        if len(set(tokens)) < len(tokens):
            twice = next(token for number, token in enumerate(tokens) if token in tokens[:number])
            raise ModelError(
                f"{self.where}: The passed vocabulary has at least one repeated term; the {self.word} {twice!r:.80} is"
                " there twice"
            )
        known = set(tokens)
        for kind, token, is_refused in (("mask", self.mask, True), ("OOV", self.oov, self.invert)):
            if is_refused and token in known:
                raise ModelError(
                    f"{self.where}: Found reserved {kind} token at unexpected location in `vocabulary`; {token!r:.80}"
                    " can only be at its start"
                )
        if self.max_tokens is not None and self.first_token + len(tokens) > self.max_tokens:
            size = self.first_token + len(tokens)
            raise ModelError(f"{self.where}: the vocabulary has {size} indices, more than max_tokens {self.max_tokens}")
        weights = None
        if idf_weights is not None:
            weights = list(map(float, as_numbers(self.where, "idf_weights", idf_weights)))
            if len(weights) != len(given):
                counted = f"{len(given)} {self.word}s"
                raise ModelError(f"{self.where}: {counted} need as many idf_weights, got {len(weights)}")
            front = [] if has_special else [float(numpy.mean(weights))] * self.first_token
            self.weights = [*front, *weights]
        self.given, self.given_weights, self.tokens = given, weights, tokens
        self.version += 1

    def set_from_lines(self, lines: Sequence[str]) -> None:
        """Take a vocabulary from the lines of a file, as if it came from data."""
        tokens: list[Token] = list(lines) if self.word == "text" else [int(line) for line in lines]
        self.set(tokens)
        self.given = None

    @property
    def token_weights(self) -> list[float]:
        """The weight of each index for ``tf_idf``, and 0 for the padding behind them."""
        rest = (self.max_tokens or 0) - len(self.weights) if self.pads and self.weights else 0
        return [*self.weights, *[0.0] * rest]

    def must_be_known(self) -> None:
        """Check that there is a vocabulary.

        Raises:
            ModelError: there is none.
        """
        if not self.tokens:
            raise ModelError("the vocabulary is missing: give one, or call adapt(data) first")

    def adapt(self, documents: Iterable[Sequence[Token]], title: str) -> None:
        """Take the vocabulary from data: the most frequent tokens first, of equally frequent ones the largest.

        Args:
            documents: the tokens of each.
            title: the layer, for messages.

        Raises:
            ModelError: a vocabulary was given.
        """
        if self.given is not None:
            raise ModelError(f"{title} was given a vocabulary, and cannot adapt")
        counts: dict[Token, int] = {}
        documents_with: dict[Token, int] = {}
        total = 0
        for tokens in documents:
            total += 1
            for token in tokens:
                counts[token] = counts.get(token, 0) + 1
            for token in set(tokens):
                documents_with[token] = documents_with.get(token, 0) + 1
        for token in (self.mask, self.oov):
            if token is not None:
                counts.pop(token, None)
        order = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        self.tokens = order[: None if self.max_tokens is None else self.max_tokens - self.first_token]
        if self.mode == "tf_idf":
            weights = [float(numpy.log(1 + total / (1 + documents_with[token]))) for token in self.tokens]
            self.weights = [*[float(numpy.mean(weights))] * self.first_token, *weights]
        self.version += 1

    def config(self) -> dict[str, Any]:
        """Return the entries of a layer's config that are about it."""
        adapted = self.tokens if self.given is None and self.tokens else None
        weights = self.weights[self.first_token :] if adapted and self.weights else None
        return {
            "idf_weights": self.given_weights or weights,
            "vocabulary": self.given or adapted,
            "vocabulary_size": self.size if self.tokens else None,
        }


def check_weights_mode(where: str, idf_weights: Any, mode: str) -> None:
    """Check that weights are given for the output mode that uses them alone.

    Raises:
        ModelError: they are given for another.
    """
    if idf_weights is not None and mode != "tf_idf":
        raise ModelError(f"{where}: `idf_weights` should only be set if `output_mode` is `'tf_idf'`, got '{mode}'")


def check_unknown_count(where: str, key: str, value: Any) -> int:
    """Return the number of indices of unknown tokens.

    Raises:
        ModelError: it is negative, or no whole number.
    """
    if not is_whole(value) or value < 0:
        raise ModelError(f"{where}: `{key}` must be greater than or equal to 0, a whole number, got {value!r}")
    return int(value)


def vocabulary_of(
    layer: Any,
    word: str,
    as_tokens: Callable[[Any], list[Token]],
    unknown: int = 1,
    mask: Token | None = "",
    oov: Token | None = "[UNK]",
    invert: bool = False,
) -> Vocabulary:
    """Return the vocabulary of a layer that has the arguments of Keras's about it.

    Args:
        layer: the layer.
        word: see `Vocabulary`, as for the others.
        as_tokens: returns the tokens of what a user gives.
        unknown: how many indices unknown tokens have.
        mask: token that stands for nothing.
        oov: what unknown indices become.
        invert: whether indices become tokens.

    Raises:
        ModelError: the arguments do not fit each other.
    """
    mode, pads = layer.output_mode, layer.pad_to_max_tokens
    known = Vocabulary(layer._where, word, as_tokens, layer.max_tokens, unknown, mask, oov, invert, mode, pads)
    check_weights_mode(layer._where, layer.idf_weights, mode)
    if layer.vocabulary is None and layer.idf_weights is not None:
        raise ModelError(f"{layer._where}: idf_weights belong to a vocabulary, which is missing")
    if layer.vocabulary is not None:
        known.set(layer.vocabulary, layer.idf_weights)
    return known


def batches_of(data: Any, steps: int | None) -> Iterator[tuple[Any, bool]]:
    """Return the batches to adapt to, and of each whether its elements are a document each, if it has but one axis.

    Args:
        data: an array, a list or a tuple, which is one batch; or an iterable of batches.
        steps: how many batches of an iterable; all by default.
    """
    if is_array_like(data) or isinstance(data, list | tuple):
        yield data, True
    else:
        for batch in islice(data, steps):
            yield batch, False


class VocabularyMethods:
    """The methods that layers have for their vocabulary."""

    _known: Vocabulary
    vocabulary: Any

    def vocabulary_size(self) -> int:
        """Return the number of indices, those of the mask and of unknown tokens included."""
        return self._known.size

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """Return the token that each index stands for."""
        return self._known.listed(include_special_tokens)

    def set_vocabulary(self, vocabulary: Sequence[Any], idf_weights: Sequence[float] | None = None) -> None:
        """Take a vocabulary, with or without the tokens of mask and unknown in front.

        Raises:
            ModelError: it is none, has a token twice, or is too large; or weights are missing, or for another mode.
        """
        self._known.set(vocabulary, idf_weights)

    def save_assets(self, dir_path: Any) -> None:
        """Write the vocabulary to ``vocabulary.txt`` as Keras does, a token in a line, unless the config has it.

        Args:
            dir_path: a folder.
        """
        if self.vocabulary is None:
            lines = [str(token) for token in self.get_vocabulary()]
            Path(dir_path, "vocabulary.txt").write_text("\n".join(lines), encoding="utf-8")

    def load_assets(self, dir_path: Any) -> None:
        """Take the vocabulary that `save_assets`, Keras's too, has written, unless the config has it.

        Args:
            dir_path: the folder.

        Raises:
            ModelError: the file has no tokens of this layer, or one twice.
        """
        if self.vocabulary is not None:
            return
        lines = Path(dir_path, "vocabulary.txt").read_text(encoding="utf-8").split("\n")
        while len(lines) > 1 and not lines[-1]:
            lines.pop()
        self._known.set_from_lines(lines)

    @property
    def version(self) -> int:
        """Counts changes of the vocabulary."""
        return self._known.version

    @property
    def token_weights(self) -> list[float]:
        """The weight of each token for ``tf_idf``, with those before the vocabulary and 0 for its padding."""
        return self._known.token_weights

    @property
    def is_adaptable(self) -> bool:
        """Whether the vocabulary comes from data, because none was given."""
        return self._known.given is None
