"""Amounts in words and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.quantities import bytes_text, count_text, duration_text, parse_bytes


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1", 1),
        ("64M", 64 * 1024**2),
        ("64m", 64 * 1024**2),
        ("64MiB", 64 * 1024**2),
        ("64MB", 64_000_000),
        (" 2 KiB ", 2048),
        ("0.5G", 1024**3 // 2),
        ("3T", 3 * 1024**4),
        ("12B", 12),
        ("1kb", 1000),
    ],
)
def test_parse(text, count):
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["", "M", "-1", "64X", "1 2", "1e3", "0", "0.1", "٣", "1,000"])
def test_what_is_no_amount(text):
    with pytest.raises(ValueError, match=rf"got {text!r}"):
        parse_bytes(text)


@given(st.integers(1, 10**15))
def test_bytes_are_told_to_three_digits(count):
    text = bytes_text(count)
    number, unit = text.replace(",", "").split()
    factor = 1 if unit.startswith("byte") else parse_bytes(f"1{unit}")
    assert abs(float(number) * factor - count) <= 0.006 * count
    assert len(number.replace(".", "")) <= 4


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ns"),
        (1e-9, "1 ns"),
        (0.9999e-6, "1 µs"),
        (1e-6, "1 µs"),
        (0.0999, "99.9 ms"),
        (1.0, "1 s"),
        (100.0, "100 s"),
    ],
)
def test_durations(seconds, text):
    assert duration_text(seconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (999, "999"), (999.9, "1 k"), (1e6, "1 M"), (123456, "123 k")])
def test_counts(count, text):
    assert count_text(count) == text
