"""Texts as numbers of words: Keras 2's ``Tokenizer``, which `nnc.layers.TextVectorization` replaces."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy

from nnc.errors import ArgumentError, DataError, NncWarning

__all__ = ["Tokenizer", "hashing_trick", "one_hot", "text_to_word_sequence", "tokenizer_from_json"]

Array = Any
Analyzer = Callable[[Any], Sequence[str]]
_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_MODES = ("binary", "count", "freq", "tfidf")


def text_to_word_sequence(input_text: str, filters: str = _FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """Return the words of a text.

    Args:
        input_text: the text.
        filters: characters that are no part of a word.
        lower: whether letters become small.
        split: what stands between words.

    >>> text_to_word_sequence("One, two!")
    ['one', 'two']
    """
    text = input_text.lower() if lower else input_text
    text = text.translate({ord(character): split for character in filters})
    return [word for word in text.split(split) if word]


def one_hot(
    input_text: str,
    n: int,
    filters: str = _FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Analyzer | None = None,
) -> list[int]:
    """Return a number for each word of a text, by Python's `hash`, which is another one in each process.

    Args:
        input_text: the text.
        n: numbers are from 1 to below it.
        filters: characters that are no part of a word.
        lower: whether letters become small.
        split: what stands between words.
        analyzer: from a text to words, instead of these.
    """
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Any = None,
    filters: str = _FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Analyzer | None = None,
) -> list[int]:
    """Return a number for each word of a text, by a hash; different words may have the same.

    Args:
        text: the text.
        n: numbers are from 1 to below it.
        hash_function: from a word to a number, by default Python's `hash`, which is another one in each process;
            ``md5`` is always the same.
        filters: characters that are no part of a word.
        lower: whether letters become small.
        split: what stands between words.
        analyzer: from a text to words, instead of these.

    >>> hashing_trick("One, two!", 100, "md5")
    [39, 78]
    """
    number = _md5 if hash_function == "md5" else hash if hash_function is None else hash_function
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    return [number(word) % (n - 1) + 1 for word in words]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode()).hexdigest(), 16)


class Tokenizer:
    """Words as numbers from 1 on, the most frequent first.

    Args:
        num_words: numbers are below it, other words are left out; None keeps all.
        filters: characters that are no part of a word.
        lower: whether letters become small.
        split: what stands between words.
        char_level: whether each character is a word.
        oov_token: the word, of number 1, that stands for unknown ones; None leaves these out.
        analyzer: from a text to words, instead of these.
        kwargs: ``document_count``, as configs have it.

    Raises:
        ArgumentError: there is another argument.
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = _FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Analyzer | None = None,
        **kwargs: Any,
    ) -> None:
        if "nb_words" in kwargs:
            warnings.warn(NncWarning("preprocessing", "Tokenizer: nb_words is num_words by now"), stacklevel=2)
            num_words = kwargs.pop("nb_words")
        self.document_count: int = kwargs.pop("document_count", 0)
        if kwargs:
            raise ArgumentError(f"Tokenizer: there is no argument {', '.join(map(repr, kwargs))}")
        self.num_words, self.filters, self.lower, self.split = num_words, filters, lower, split
        self.char_level, self.oov_token, self.analyzer = char_level, oov_token, analyzer
        self.word_counts: dict[str, int] = OrderedDict()
        self.word_docs: dict[str, int] = defaultdict(int)
        self.index_docs: dict[int, int] = defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text: str | list[str]) -> Sequence[str]:
        if isinstance(text, list):
            return [word.lower() for word in text] if self.lower else text
        if self.char_level:
            return text.lower() if self.lower else text
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Learn words and how frequent they are.

        Args:
            texts: texts, or lists of words.
        """
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        frequent = sorted(self.word_counts, key=lambda word: -self.word_counts[word])
        words = frequent if self.oov_token is None else [self.oov_token, *frequent]
        self.word_index = {word: number for number, word in enumerate(words, 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Sequence[Sequence[int]]) -> None:
        """Learn in how many sequences numbers are, for `sequences_to_matrix` without texts.

        Args:
            sequences: numbers of words.
        """
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in set(sequence):
                self.index_docs[number] += 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Return the numbers of the words of texts.

        Args:
            texts: texts, or lists of words.
        """
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """Yield the numbers of the words of each text.

        Args:
            texts: texts, or lists of words.
        """
        unknown = self._unknown
        for text in texts:
            numbers = (self.word_index.get(word) for word in self._words(text))
            kept = (number if self._is_kept(number) else unknown for number in numbers)
            yield [number for number in kept if number is not None]

    @property
    def _unknown(self) -> int | None:
        return None if self.oov_token is None else self.word_index.get(self.oov_token)

    def _is_kept(self, number: int | None) -> bool:
        return number is not None and not (self.num_words and number >= self.num_words)

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Return the words of numbers, joined by spaces.

        Args:
            sequences: numbers of words.
        """
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """Yield the words of each sequence of numbers, joined by spaces.

        Args:
            sequences: numbers of words.
        """
        for sequence in sequences:
            known = (number if number in self.index_word and self._is_kept(number) else None for number in sequence)
            words = (self.oov_token if number is None else self.index_word[number] for number in known)
            yield " ".join(word for word in words if word is not None)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> Array:
        """Return a row for each text, with a column for each number of a word.

        Args:
            texts: texts, or lists of words.
            mode: as of `sequences_to_matrix`.

        Raises:
            DataError: as `sequences_to_matrix`.
        """
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode=mode)

    def sequences_to_matrix(self, sequences: Sequence[Sequence[int]], mode: str = "binary") -> Array:
        """Return a row for each sequence of numbers, with a column for each number.

        Args:
            sequences: numbers of words.
            mode: ``binary``: 1 for a word that is there; ``count``: how often it is; ``freq``: that, as a part of all
                words; ``tfidf``: how often, weighted by how few texts have it.

        Returns:
            An array of shape (sequences, numbers).

        Raises:
            DataError: `mode` is none of those, or nothing says how many words there are, or how many texts have them.
        """
        if mode not in _MODES:
            raise DataError(f"Tokenizer: mode must be one of {_MODES}, got {mode!r}")
        columns = self.num_words or (len(self.word_index) + 1 if self.word_index else None)
        if columns is None:
            raise DataError("Tokenizer: give num_words, or call fit_on_texts before")
        if mode == "tfidf" and not self.document_count:
            raise DataError("Tokenizer: call fit_on_texts or fit_on_sequences before mode='tfidf'")
        rows = numpy.zeros((len(sequences), columns))
        for row, sequence in zip(rows, sequences, strict=True):
            for number, count in Counter(number for number in sequence if number < columns).items():
                row[number] = self._measure(mode, number, count, len(sequence))
        return rows

    def _measure(self, mode: str, number: int, count: int, length: int) -> Any:
        if mode == "tfidf":
            documents = self.document_count / (1 + self.index_docs.get(number, 0))
            return (1 + numpy.log(count)) * numpy.log(1 + documents)
        return {"binary": 1, "count": count, "freq": count / length}[mode]

    def get_config(self) -> dict[str, Any]:
        """Return settings and what was learnt, with tables as JSON texts."""
        keys = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
        tables = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
        return {key: getattr(self, key) for key in keys} | {key: json.dumps(getattr(self, key)) for key in tables}

    def to_json(self, **kwargs: Any) -> str:
        """Return the config, with the class's name, as JSON, which `tokenizer_from_json` reads.

        Args:
            kwargs: those of `json.dumps`.
        """
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """Return the tokenizer that `Tokenizer.to_json`, or Keras's, wrote.

    Args:
        json_string: the JSON text.

    Raises:
        DataError: it is none.
    """
    try:
        config = dict(json.loads(json_string)["config"])
        tables = {key: json.loads(config.pop(key)) for key in ("word_counts", "word_docs", "word_index")}
        by_number = {key: json.loads(config.pop(key)) for key in ("index_docs", "index_word")}
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"tokenizer_from_json: expected what Tokenizer.to_json returns ({type(error).__name__}: {error})"
        ) from None
    found = Tokenizer(**config)
    for key, table in tables.items():
        setattr(found, key, table)
    for key, table in by_number.items():
        setattr(found, key, {int(number): value for number, value in table.items()})
    return found
