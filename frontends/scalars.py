"""The meaning of a word in a file: null, a boolean, a number or text, by the core schema of YAML 1.2.

YAML 1.1, which PyYAML resolves, reads ``1e-3`` as text, ``no`` as a boolean and ``1:30`` as 90; the core schema, of
which JSON's words are a part, does not.
"""

from __future__ import annotations

import math
import re

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LARGEST = 2**63
_YES_OR_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


class NumberError(ValueError):
    """A number that no setting of a model can be; the message says why."""


def resolve(text: str) -> str | int | float | bool | None:
    """Return the value of a word that stands without quotes.

    Raises:
        NumberError: it is a number that is not finite or has too many digits.

    >>> [resolve(text) for text in ("1e-3", "0x10", "no", "~", "true", "1_000")]
    [0.001, 16, 'no', None, True, '1_000']
    """
    if text in _WORDS:
        return _WORDS[text]
    if _DECIMAL.fullmatch(text) or _OTHER_BASE.fullmatch(text):
        base = 0 if text[1:2] in ("o", "x") else 10
        number = int(text, base) if len(text) < 30 else _LARGEST
        if abs(number) >= _LARGEST:
            raise NumberError("this number has too many digits; the largest is 9223372036854775807")
        return number
    if _NOT_FINITE.fullmatch(text) or (_FLOAT.fullmatch(text) and not math.isfinite(float(text))):
        raise NumberError(f"expected a finite number, got {text:.40}")
    return float(text) if _FLOAT.fullmatch(text) else text


def remedy(text: str, quoted: bool) -> str:
    """Return what to write instead of text that looks like a number or a boolean, or an empty string.

    >>> remedy("2", quoted=True), remedy("yes", quoted=False), remedy("two", quoted=False)
    ('; write 2 without quotes', '; write true', '')
    """
    if text.lower() in _YES_OR_NO:
        return f"; write {_YES_OR_NO[text.lower()]}"
    if not quoted or not text or len(text) > 40:
        return ""
    try:
        return "" if isinstance(resolve(text), str) else f"; write {text} without quotes"
    except NumberError:
        return ""
