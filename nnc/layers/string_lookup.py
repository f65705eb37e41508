"""Texts of a vocabulary by their index in it: whole ones, and the tokens that texts are cut into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from nnc.arguments import Argument, argument, choice, flag, passed_on, positive, unsupported
from nnc.checks import check_whole, is_whole
from nnc.choices import OutputMode
from nnc.errors import DataError, ModelError
from nnc.layers.encoding import MODES, mode_among
from nnc.layers.input_types import FLOAT
from nnc.layers.text_layer import TextLayer
from nnc.layers.vocabulary import Vocabulary, VocabularyMethods, batches_of, check_unknown_count, vocabulary_of
from nnc.text import Encoding, InverseLookup, Lookup, Step, Vectorization, as_text_array
from nnc.text.tokenization import SPLITS, STANDARDIZATIONS

Array = Any


def _check_token(where: str, key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ModelError(f"{where}: {key} must be a text or None, got {value!r:.80}")
    return value


def check_salt(where: str, key: str, value: Any) -> tuple[int, int]:
    """Return the two numbers that a salt is."""
    pair = tuple(value) if isinstance(value, list | tuple) else (value, value)
    if len(pair) != 2 or not all(map(is_whole, pair)):
        raise ModelError(f"{where}: {key} can only be a tuple of size 2 of whole numbers, or one, got {value!r:.80}")
    first, second = (check_whole(where, key, item, 0) for item in pair)
    return first, second


def _as_texts(where: str, vocabulary: Any) -> list[str]:
    """Return the texts of a vocabulary; a path is refused, for a model's file must not name others to be read."""
    if isinstance(vocabulary, Mapping):
        inner = vocabulary.get("config")
        vocabulary = inner.get("value") if isinstance(inner, Mapping) else vocabulary
    if isinstance(vocabulary, str):
        raise ModelError(
            f"{where}: vocabulary must be a list of texts, got the path {vocabulary!r:.80}; read the file and give"
            " its lines: pathlib.Path(path).read_text().splitlines()"
        )
    try:
        array = as_text_array(vocabulary, "vocabulary")
        if array.ndim != 1 or not array.size:
            raise DataError(f"vocabulary must be a list of texts, got {vocabulary!r:.80}")
        return [text.decode() for text in array]
    except (DataError, UnicodeDecodeError) as error:
        raise ModelError(f"{where}: {error}") from None


def _lookup(known: Vocabulary, salt: tuple[int, int] | None, is_known: bool) -> Lookup:
    """Return the lookup of a vocabulary.

    Raises:
        ModelError: there is none, and it, or the number of its tokens, has to be known.
    """
    if is_known or (known.mode != "int" and not known.pads):
        known.must_be_known()
    if known.mode == "int":
        encoding = Encoding()
    elif known.mode == "tf_idf":
        weights = [*known.token_weights, *[0.0] * (known.depth - len(known.token_weights))]
        encoding = Encoding("tf_idf", known.depth, FLOAT, tuple(weights))
    else:
        encoding = Encoding(known.mode, known.depth, "int64")
    return Lookup(tuple(known.tokens), known.mask, known.unknown, salt, encoding)


def _decoded(tokens: Sequence[bytes]) -> list[str]:
    try:
        return [token.decode() for token in tokens]
    except UnicodeDecodeError as error:
        raise DataError(f"data has bytes that are no UTF-8, which a vocabulary cannot have: {error}") from None


class StringLookup(VocabularyMethods, TextLayer):
    """The index of each text in a vocabulary, or its encoding.

    Index 0 is the mask's if there is one (and indices are the output), then come those of unknown texts, then the
    vocabulary. The layer stands at the beginning of a model: a program looks texts up before its graphs run.

    Args:
        max_tokens: largest number of indices.
        num_oov_indices: how many indices unknown texts have, which are hashed to them; with none they are errors.
        mask_token: text that stands for nothing.
        oov_token: what unknown indices become where `invert` is set.
        vocabulary: the texts; `adapt` takes them from data otherwise.
        idf_weights: for ``tf_idf`` what each text of the vocabulary counts.
        invert: whether indices become texts.
        output_mode: ``int``, ``one_hot``, ``multi_hot``, ``count`` or ``tf_idf``.
        pad_to_max_tokens: whether encodings have `max_tokens` classes even if the vocabulary is smaller.
        sparse: must be False.
        encoding: must be ``utf-8``.
        salt: a number, or two, by which unknown texts are hashed otherwise.

    Raises:
        ModelError: an argument is wrong, or the vocabulary is missing when the layer is used.
    """

    noted_arguments = ("max_tokens {max_tokens}", "{output_mode}", "invert")
    encodes_elements = True

    max_tokens: int | None = positive(default=None)
    num_oov_indices: int = argument(check_unknown_count, default=1)
    mask_token: str | None = argument(_check_token, default=None)
    oov_token: str | None = argument(_check_token, default="[UNK]", optional=True)
    vocabulary: Any = argument(default=None)
    idf_weights: Any = argument(default=None)
    invert: bool = flag(default=False)
    output_mode: OutputMode = argument(mode_among(*MODES, "tf_idf"), default="int")
    pad_to_max_tokens: bool = flag(default=False)
    sparse: bool = unsupported(default=False, written="always")
    encoding: str = choice("utf-8", default="utf-8")
    _name_given: str | None = passed_on(default=None, alias="name")
    salt: Any = argument(check_salt, default=None)
    _dtype_given: Any = passed_on(default=None, kw_only=True, alias="dtype")
    oov_method: str = choice("floormod", "farmhash", kw_only=True, default="floormod")
    _vocabulary_size_given: int | None = argument(default=None, kw_only=True, alias="vocabulary_size", written="never")
    _vocabulary_kept: bool | None = argument(default=None, kw_only=True, alias="has_input_vocabulary", written="never")
    activity_regularizer: Any = passed_on(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.invert and self.output_mode == "int" and self.oov_token is None:
            raise ModelError(f"{self._where}: oov_token must be a text where invert is set, got None")
        as_texts = partial(_as_texts, self._where)
        self._known = vocabulary_of(
            self, "text", as_texts, self.num_oov_indices, self.mask_token, self.oov_token, self.invert
        )

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Take the vocabulary from data: the most frequent texts first, of equally frequent ones the largest.

        Args:
            data: an array or a list of texts, one row per document; or an iterable of batches of them.
            steps: how many batches; all by default.

        Raises:
            ModelError: a vocabulary was given.
            DataError: there are other than texts.
        """
        self._known.adapt(_documents(data, steps), f"Layer '{self.name}' (StringLookup)")

    def make_step(self, is_known: bool = True) -> Step:
        if not self.invert:
            return _lookup(self._known, self.salt, is_known)
        if is_known:
            self._known.must_be_known()
        assert self.oov_token is not None
        return InverseLookup(tuple(self._known.tokens), self._known.first_token, self.mask_token, self.oov_token)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._known.config()}


def _documents(data: Any, steps: int | None) -> Iterator[list[str]]:
    """Return the texts of each document of data; see `batches_of`."""
    for batch, are_documents in batches_of(data, steps):
        rows = as_text_array(batch, "data")
        if rows.ndim < 2:
            rows = rows.reshape((-1, 1) if are_documents else (1, -1))
        for row in rows.reshape(len(rows), -1):
            yield _decoded(row)


def _ngrams() -> Any:
    """Declare numbers of tokens in a row: a number for all up to it, or the numbers."""

    def check(owner: Any, key: str, value: Any) -> Any:
        items = value if isinstance(value, list | tuple) else [value]
        numbers = tuple(check_whole(owner._where, key, item, 1) for item in items)
        return numbers if isinstance(value, list | tuple) else numbers[0]

    return Argument(check, default=None)


class TextVectorization(VocabularyMethods, TextLayer):
    """The indices of the tokens of each text in a vocabulary, or an encoding of them.

    Index 0 is that of padding, 1 that of unknown tokens, then comes the vocabulary; encodings have no padding. The
    layer stands at the beginning of a model: a program makes indices of texts before its graphs run.

    Args:
        max_tokens: largest number of indices.
        standardize: ``lower_and_strip_punctuation``, ``lower``, ``strip_punctuation``, of ASCII letters as in Keras,
            or None.
        split: ``whitespace``, ``character``, or None where each text is a token.
        ngrams: how many tokens in a row become one: a number for all up to it, or several numbers.
        output_mode: ``int``, ``one_hot``, ``multi_hot``, ``count`` or ``tf_idf``.
        output_sequence_length: number of tokens of each text, with ``int``; by default that of the longest of a batch.
        pad_to_max_tokens: whether encodings have `max_tokens` classes even if the vocabulary is smaller.
        vocabulary: the tokens; `adapt` takes them from data otherwise.
        idf_weights: for ``tf_idf`` what each token of the vocabulary counts.
        sparse: must be False.
        ragged: must be False.
        encoding: must be ``utf-8``.

    Raises:
        ModelError: an argument is wrong, or the vocabulary is missing when the layer is used.
    """

    noted_arguments = ("max_tokens {max_tokens}", "{output_mode}")

    max_tokens: int | None = positive(default=None)
    standardize: str | None = argument(
        lambda where, key, value: _word(where, key, value, STANDARDIZATIONS),
        default="lower_and_strip_punctuation",
        optional=True,
    )
    split: str | None = argument(
        lambda where, key, value: _word(where, key, value, SPLITS), default="whitespace", optional=True
    )
    ngrams: Any = _ngrams()
    output_mode: OutputMode = argument(mode_among(*MODES, "tf_idf"), default="int")
    output_sequence_length: int | None = positive(default=None)
    pad_to_max_tokens: bool = flag(default=False)
    vocabulary: Any = argument(default=None)
    idf_weights: Any = argument(default=None)
    sparse: bool = unsupported(default=False, written="always")
    ragged: bool = unsupported(default=False, written="always")
    encoding: str = choice("utf-8", default="utf-8")
    _name_given: str | None = passed_on(default=None, alias="name")
    _dtype_given: Any = passed_on(default=None, kw_only=True, alias="dtype")
    _vocabulary_size_given: int | None = argument(default=None, kw_only=True, alias="vocabulary_size", written="never")
    _vocabulary_kept: bool | None = argument(default=None, kw_only=True, alias="has_input_vocabulary", written="never")
    activity_regularizer: Any = passed_on(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.output_sequence_length is not None and self.output_mode != "int":
            raise ModelError(
                f"{self._where}: output_sequence_length must be None with output_mode '{self.output_mode}'"
            )
        self._known = vocabulary_of(self, "text", partial(_as_texts, self._where))

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Take the vocabulary from data: the most frequent tokens first, of equally frequent ones the largest.

        Args:
            data: an array or a list of texts; or an iterable of batches of them.
            batch_size: accepted and ignored, as in Keras.
            steps: how many batches; all by default.

        Raises:
            ModelError: a vocabulary was given.
            DataError: there are other than texts.
        """
        del batch_size
        self._known.adapt(self._documents(data, steps), f"Layer '{self.name}' (TextVectorization)")

    def _documents(self, data: Any, steps: int | None) -> Iterator[list[str]]:
        step = self._vectorization(Lookup(()))
        for batch, are_documents in batches_of(data, steps):
            rows = as_text_array(batch, "data")
            if rows.ndim == 1 and self.split is None:
                rows = rows.reshape((-1, 1) if are_documents else (1, -1))
            problem = step.problem(["string"], [rows.shape])
            if problem:
                raise DataError(f"Layer '{self.name}' (TextVectorization): data: {problem}")
            for tokens in step.tokens(rows):
                yield _decoded(tokens)

    def make_step(self, is_known: bool = True) -> Step:
        return self._vectorization(_lookup(self._known, None, is_known))

    def _vectorization(self, lookup: Lookup) -> Vectorization:
        several = self.ngrams if isinstance(self.ngrams, tuple) else range(1, (self.ngrams or 0) + 1)
        return Vectorization(lookup, self.standardize, self.split, tuple(several), self.output_sequence_length)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._known.config()}


def _word(where: str, key: str, value: Any, known: Sequence[str]) -> str:
    """Return one of some words; functions, which no file can hold, are refused by name."""
    if callable(value) or isinstance(value, Mapping):
        name = getattr(value, "__name__", None) or (value.get("class_name") if isinstance(value, Mapping) else value)
        raise ModelError(
            f"{where}: {key} is a function ({name!s:.60}), which a program cannot hold; use one of"
            f" {', '.join(known)} or None, and change texts before they are given to the model"
        )
    if value not in known:
        raise ModelError(f"{where}: {key} must be one of {', '.join(known)} or None, got {value!r:.80}")
    return str(value)
