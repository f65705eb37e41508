"""Numbers and lists that depend on the rows, found from samples."""

from __future__ import annotations

import pytest

from nnc.export.expressions import InexpressibleError, Polynomial, fit, joined, literal, repeated, text_of


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda rows: 7, "7"),
        (lambda rows: 3 * rows, "3 * rows"),
        (lambda rows: rows, "rows"),
        (lambda rows: 4 - rows, "-rows + 4"),
        (lambda rows: 6 * rows + 2, "6 * rows + 2"),
        (lambda rows: min(4, rows), "min(4, rows)"),
        (lambda rows: min(12, 3 * rows - 3), "min(12, 3 * rows - 3)"),
        (lambda rows: max(5, 2 * rows - 1), "max(5, 2 * rows - 1)"),
    ],
)
def test_fit(function, expected):
    samples = {rows: function(rows) for rows in range(1, 17)}
    text = text_of(fit(samples, "rows"))
    assert text == expected
    assert all(eval(text, {"rows": rows, "min": min, "max": max}) == value for rows, value in samples.items())


@pytest.mark.parametrize("function", [lambda rows: rows * rows, lambda rows: rows % 3, lambda rows: 24 // rows])
def test_what_cannot_be_written(function):
    with pytest.raises(InexpressibleError):
        fit({rows: function(rows) for rows in range(1, 17)}, "rows")


def number(text):
    return Polynomial.number(text)


def test_even_elements_become_one_generator():
    items = [(("f(", number(8 * step + 3), ")"), ()) for step in range(6)]
    odd = (("f(", number(100), ")"), ())
    text = f"[{text_of(joined(repeated([odd, *items, odd, odd], 'i')))}]"
    assert text == "[f(100), *(f(8 * i + 3) for i in range(6)), f(100), f(100)]"
    assert eval(text, {"f": int}) == [100, 3, 11, 19, 27, 35, 43, 100, 100]


def test_elements_that_come_with_more_rows():
    items = [(("f(", number(2 * step), ")"), ("rows >= ", number(4 * step + 1))) for step in range(4)]
    text = f"[{text_of(joined(repeated(items, 'i')))}]"
    assert text == "[*(f(2 * i) for i in range(4) if rows >= 4 * i + 1)]"
    assert [eval(text, {"f": int, "rows": rows}) for rows in (1, 5, 16)] == [[0], [0, 2], [0, 2, 4, 6]]
    text = f"[{text_of(joined(repeated(items[:2], 'i')))}]"
    assert [eval(text, {"f": int, "rows": rows}) for rows in (4, 5)] == [[0], [0, 2]]


def test_elements_that_depend_on_both():
    samples = [{rows: rows * 8 + 4 * step for rows in (1, 2, 3)} for step in range(5)]
    items = [(fit(sample, "rows"), ()) for sample in samples]
    text = text_of(joined(repeated(items, "i")))
    assert text == "*(4 * i + 8 * rows for i in range(5))"


def test_literals_keep_their_bits():
    for value in (0.1, 1e-300, float("inf"), float("-inf"), 3, True):
        assert eval(literal(value)) == value
    assert eval(literal(float("nan"))) != eval(literal(float("nan")))
