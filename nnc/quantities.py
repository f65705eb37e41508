"""Amounts as people write and read them: bytes, durations, large counts."""

from __future__ import annotations

import re

_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", re.ASCII)
_LETTERS = "KMGT"
_UNITS = {"": 1, "B": 1} | {
    letter + ending: (1000 if ending == "B" else 1024) ** (power + 1)
    for power, letter in enumerate(_LETTERS)
    for ending in ("", "iB", "B")
}


def parse_bytes(text: str) -> int:
    """Return the number of bytes that a text says.

    As GNU's tools have it, ``K``, ``M``, ``G`` and ``T``, and ``KiB`` and so on, are powers of 1024, ``KB`` and so on
    powers of 1000; without a unit the number is one of bytes. Case does not matter.

    Raises:
        ValueError: the text is not an amount, or one of less than a byte.

    >>> parse_bytes("64M"), parse_bytes("1.5 KiB"), parse_bytes("2GB"), parse_bytes("4096")
    (67108864, 1536, 2000000000, 4096)
    """
    found = _AMOUNT.fullmatch(text)
    factor = None if found is None else {unit.upper(): size for unit, size in _UNITS.items()}.get(found[2].upper())
    if found is None or factor is None:
        raise ValueError(f"expected a number of bytes such as 64M, 512KiB or 2GB, got {text!r}")
    amount = int(float(found[1]) * factor) if "." in found[1] else int(found[1]) * factor
    if amount < 1:
        raise ValueError(f"expected at least one byte, got {text!r}")
    return amount


def bytes_text(count: int) -> str:
    """Return a number of bytes in words: exact ones while they are few, three digits of a power of 1,024 otherwise.

    >>> bytes_text(1), bytes_text(9_999), bytes_text(1_100_224)
    ('1 byte', '9,999 bytes', '1.05 MiB')
    """
    if count < 10_000:
        return f"{count:,} byte{'' if count == 1 else 's'}"
    power = min((count.bit_length() - 1) // 10, 4)
    return f"{float(f'{count / 1024**power:.3g}'):g} {' KMGT'[power]}iB"


def count_text(count: float) -> str:
    """Return a large number in thousands, millions and so on.

    >>> count_text(1_688), count_text(25_636_712), count_text(12)
    ('1.69 k', '25.6 M', '12')
    """
    units, position = ("", " k", " M", " G", " T", " P"), 0
    while position + 1 < len(units) and float(_three_digits(count)) >= 1000:
        count, position = count / 1000, position + 1
    return f"{_three_digits(count)}{units[position]}"


def duration_text(seconds: float) -> str:
    """Return a duration in the unit that suits it.

    >>> duration_text(16.234e-6), duration_text(0.0034), duration_text(12.0)
    ('16.2 µs', '3.4 ms', '12 s')
    """
    for factor, unit in ((1e9, "ns"), (1e6, "µs"), (1e3, "ms")):
        if float(_three_digits(seconds * factor)) < 1000:
            return f"{_three_digits(seconds * factor)} {unit}"
    return f"{_three_digits(seconds)} s"


def _three_digits(number: float) -> str:
    """Return a number with three significant digits, or more where it is large, without zeros at the end."""
    digits = 2 if number < 10 else 1 if number < 100 else 0
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
