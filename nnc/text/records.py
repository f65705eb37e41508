"""Steps as plain data of a file, and back, with every name, type and range checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy

from nnc.errors import ProgramFileError
from nnc.text.encoding import MODES, Encoding
from nnc.text.steps import Crossing, Hashing, InverseLookup, Lookup, Step, Vectorization
from nnc.text.tokenization import SPLITS, STANDARDIZATIONS

MOST = 2**31 - 1
"""The largest number of classes, tokens or buckets."""
_LARGEST = float(numpy.finfo("float32").max)
_DTYPES = ("float32", "float64", "int32", "int64")


def step_to_json(step: Any) -> dict[str, Any]:
    """Return a step as plain data for a JSON file."""
    data = {key: _plain(value) for key, value in vars(step).items() if key in type(step).__dataclass_fields__}
    return {"kind": step.kind, **data}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Lookup):
        return step_to_json(value)
    return vars(value) | {"weights": list(value.weights)} if isinstance(value, Encoding) else value


def step_from_json(data: Any) -> Step:
    """Read what `step_to_json` returned.

    Raises:
        ProgramFileError: something is missing, or of the wrong type or range.
    """
    kind = _Record(data).text("kind")
    make = _KINDS.get(kind)
    if make is None:
        raise ProgramFileError(f"manifest: a step of 'edge' is of kind {kind!r:.80}")
    return make(_Record(data))


class _Record:
    """The values of a step in a file.

    Args:
        data: what the file has.
    """

    def __init__(self, data: Any) -> None:
        if not isinstance(data, Mapping):
            raise ProgramFileError(f"manifest: a step of 'edge' must be a mapping, got {data!r:.80}")
        self.data = data

    def wrong(self, key: str, expected: str) -> ProgramFileError:
        """Return the error about a value."""
        return ProgramFileError(f"manifest: '{key}' of a step must be {expected}, got {self.data.get(key)!r:.80}")

    def text(self, key: str) -> str:
        """Return a text."""
        value = self.data.get(key)
        if not _is_text(value):
            raise self.wrong(key, "text")
        return str(value)

    def optional_text(self, key: str) -> str | None:
        """Return a text or None."""
        return None if self.data.get(key) is None else self.text(key)

    def choice(self, key: str, known: tuple[str, ...]) -> str | None:
        """Return one of some words, or None."""
        value = self.data.get(key)
        if value is not None and value not in known:
            raise self.wrong(key, f"one of {', '.join(known)}")
        return None if value is None else str(value)

    def number(self, key: str, least: int) -> int:
        """Return a whole number."""
        value: Any = self.data.get(key)
        if not _is_whole(value) or not least <= value <= MOST:
            raise self.wrong(key, f"a whole number from {least} to {MOST}")
        return int(value)

    def tokens(self) -> tuple[str, ...]:
        """Return a vocabulary."""
        value = self.data.get("tokens")
        if not isinstance(value, list) or not all(map(_is_text, value)) or len(set(value)) < len(value):
            raise ProgramFileError("manifest: 'tokens' of a step must be a list of different texts")
        return tuple(value)

    def salt(self) -> tuple[int, int] | None:
        """Return the two numbers of a salt, or None."""
        value = self.data.get("salt")
        if value is None:
            return None
        if not isinstance(value, list) or len(value) != 2 or not all(map(_is_whole, value)):
            raise self.wrong("salt", "two whole numbers")
        return int(value[0]), int(value[1])

    def encoding(self) -> Encoding:
        """Return what is made of indices."""
        record = _Record(self.data.get("encoding"))
        mode, dtype = record.choice("mode", MODES), record.choice("dtype", _DTYPES)
        weights = record.data.get("weights")
        if mode is None or dtype is None or not isinstance(weights, list):
            raise ProgramFileError("manifest: 'encoding' of a step must have mode, dtype and weights")
        if not all(map(_is_weight, weights)):
            raise record.wrong("weights", "a list of finite numbers")
        depth = record.number("depth", 0 if mode == "int" else 1)
        if len(weights) != (depth if mode == "tf_idf" else 0):
            raise ProgramFileError("manifest: 'weights' of a step must be one for each class, with tf_idf alone")
        return Encoding(mode, depth, dtype, tuple(map(float, weights)))

    def ngrams(self) -> tuple[int, ...]:
        """Return numbers of tokens in a row."""
        value = self.data.get("ngrams")
        if not isinstance(value, list) or not all(_is_whole(item) and 0 < item <= MOST for item in value):
            raise self.wrong("ngrams", "a list of positive numbers")
        return tuple(value)


def _is_weight(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _lookup(record: _Record) -> Lookup:
    mask, unknown = record.optional_text("mask"), record.number("unknown", 0)
    return Lookup(record.tokens(), mask, unknown, record.salt(), record.encoding())


def _inverse_lookup(record: _Record) -> InverseLookup:
    first, mask = record.number("first", 0), record.optional_text("mask")
    return InverseLookup(record.tokens(), first, mask, record.text("unknown"))


def _vectorization(record: _Record) -> Vectorization:
    lookup = _Record(record.data.get("lookup"))
    length = None if record.data.get("length") is None else record.number("length", 1)
    standardize, cut = record.choice("standardize", STANDARDIZATIONS), record.choice("split", SPLITS)
    return Vectorization(_lookup(lookup), standardize, cut, record.ngrams(), length)


def _hashing(record: _Record) -> Hashing:
    mask = record.data.get("mask")
    if mask is not None and not _is_whole(mask):
        mask = record.text("mask")
    return Hashing(record.number("bins", 1), mask, record.salt(), record.encoding())


def _crossing(record: _Record) -> Crossing:
    return Crossing(record.number("bins", 1), record.encoding())


_KINDS: Mapping[str, Callable[[_Record], Step]] = {
    Lookup.kind: _lookup,
    InverseLookup.kind: _inverse_lookup,
    Vectorization.kind: _vectorization,
    Hashing.kind: _hashing,
    Crossing.kind: _crossing,
}
