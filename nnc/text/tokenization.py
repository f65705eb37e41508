"""Texts made uniform and cut into tokens, as `keras.layers.TextVectorization` does with TensorFlow's functions."""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence

PUNCTUATION = string.punctuation.encode()
STANDARDIZATIONS = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
SPLITS = ("whitespace", "character")


def standardized(texts: Iterable[bytes], how: str | None) -> list[bytes]:
    """Return texts with small letters, without punctuation, or both; as in TensorFlow, only ASCII has either.

    Args:
        texts: in UTF-8.
        how: one of `STANDARDIZATIONS`, or None to leave them as they are.
    """
    found = list(texts)
    if how in ("lower", "lower_and_strip_punctuation"):
        found = [text.lower() for text in found]
    if how in ("strip_punctuation", "lower_and_strip_punctuation"):
        found = [text.translate(None, PUNCTUATION) for text in found]
    return found


def split(texts: Iterable[bytes], how: str) -> list[list[bytes]]:
    """Return the tokens of each text: what stands between white space of ASCII, or characters.

    Args:
        texts: in UTF-8; bytes that are none become replacement characters where characters are wanted.
        how: one of `SPLITS`.
    """
    if how == "whitespace":
        return [text.split() for text in texts]
    return [[character.encode() for character in text.decode(errors="replace")] for text in texts]


def ngrams(tokens: Sequence[bytes], widths: Sequence[int]) -> list[bytes]:
    """Return so many tokens in a row each, with spaces between them: all of the first width, then of the next.

    >>> ngrams([b"a", b"b", b"c"], (1, 2))
    [b'a', b'b', b'c', b'a b', b'b c']
    """
    return [b" ".join(tokens[start : start + width]) for width in widths for start in range(len(tokens) - width + 1)]
