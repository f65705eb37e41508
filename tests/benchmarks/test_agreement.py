"""Who computes something else does not take part."""

from __future__ import annotations

from benchmarks.agreement import agreement

OURS = [1.0, 0.5, 0.25]


def test_those_that_differ_are_named() -> None:
    numbers = {
        "ours": OURS,
        "close": [1.0, 0.5, 0.2505],
        "far": [1.0, 0.5, 0.3],
        "short": [1.0],
        "nan": [float("nan")] * 3,
    }
    rows, differing = agreement("work", numbers, "ours")
    assert differing == ["far", "short", "nan"]
    assert [row.contestant for row in rows if row.reached is False] == differing
    assert rows[0].median == "computes something else: off by 5.0e-02"
    assert (rows[-1].contestant, rows[-1].median) == ("same numbers", "2 contestants, off by 5.0e-04 at most")


def test_who_cannot_say_is_named_and_takes_part() -> None:
    rows, differing = agreement("work", {"ours": OURS, "silent": None}, "ours")
    assert differing == []
    assert [(row.contestant, row.median) for row in rows] == [("silent", "its numbers cannot be compared")]


def test_without_ours_nobody_differs() -> None:
    assert agreement("work", {"peer": OURS}, "ours") == ([], [])
