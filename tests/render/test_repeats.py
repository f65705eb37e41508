from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.render.repeats import Repeat, fold

WORDS = st.text("abc", max_size=24)


def unfold(items: Any) -> Iterator[str]:
    for item in items:
        if isinstance(item, Repeat):
            for parts in item.rounds:
                yield from unfold(parts)
        else:
            yield item


def shape(items: Any) -> str:
    """``x(ab)2y`` for an x, two rounds of a and b, and a y."""
    return "".join(
        f"({shape(item.rounds[0])}){len(item.rounds)}" if isinstance(item, Repeat) else item for item in items
    )


def repeats(items: Any) -> Iterator[Any]:
    for item in items:
        if isinstance(item, Repeat):
            yield item
            for parts in item.rounds:
                yield from repeats(parts)


@given(WORDS)
def test_nothing_is_lost(word: str) -> None:
    assert "".join(unfold(fold(word, key=str))) == word


@given(WORDS)
def test_rounds_are_equal(word: str) -> None:
    for repeat in repeats(fold(word, key=str)):
        assert len(repeat.rounds) > 1
        assert len({"".join(unfold(parts)) for parts in repeat.rounds}) == 1


@given(WORDS)
def test_nothing_is_left_to_fold(word: str) -> None:
    keys = [shape([item]) for item in fold(word, key=str)]
    for period in range(1, len(keys) // 2 + 1):
        for start in range(len(keys) - 2 * period + 1):
            assert keys[start : start + period] != keys[start + period : start + 2 * period]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("", ""),
        ("abc", "abc"),
        ("xaaay", "x(a)3y"),
        ("xababy", "x(ab)2y"),
        ("aabaab", "((a)2b)2"),
        ("abababa", "(ab)3a"),
        ("aabbaabbc", "((a)2(b)2)2c"),
    ],
)
def test_examples(word: str, expected: str) -> None:
    assert shape(fold(word, key=str)) == expected


def test_a_run_is_cut_where_a_round_had_better_begin() -> None:
    assert shape(fold("abababa", key=str, begins=lambda item: item == "b")) == "a(ba)3"
    assert shape(fold("xabcabcab", key=str, begins=lambda item: item == "c")) == "xab(cab)2"


def test_only_what_is_worth_it_is_folded() -> None:
    def is_long(repeat: Repeat[str]) -> bool:
        return len(repeat.rounds[0]) > 1

    assert shape(fold("aabbaabbaab", key=str, is_worth=is_long)) == "(aabb)2aab"
    assert shape(fold("aaaab", key=str, is_worth=is_long)) == "(aa)2b"


def test_keys_make_items_equal() -> None:
    assert shape(fold("aAbB", key=str.lower)) == "(a)2(b)2"
