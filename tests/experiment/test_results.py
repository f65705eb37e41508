"""The page of results: what it says follows from what was run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nnc.experiment import PUBLISHED, VARIANTS, Comparison, Repeat, Result, Settings, entrants, results_page
from nnc.experiment.comparison import Row
from nnc.experiment.results import markdown_table, standard_error


def comparison(shifts: tuple[float, ...] = (0.0,) * 7, base: Settings | None = None) -> Comparison:
    """Return a comparison whose test accuracies are the published ones, moved by some percentage points."""
    base = base or Settings(repeat=2)
    rows = []
    for entrant, numbers in zip(entrants(base), PUBLISHED.values(), strict=True):
        results = []
        for settings, number, shift in zip(entrant.variants(), numbers, shifts, strict=True):
            accuracies = [(number + shift + part) / 100 for part in (-0.5, 0.5)]
            repeats = tuple(Repeat((0.1, 0.2, 0.3), (1.0, accuracy, 0.5), 1.0) for accuracy in accuracies)
            results.append(Result(entrant.mode, settings, repeats))
        rows.append(Row(entrant.title, tuple(results)))
    return Comparison(base, tuple(rows))


def test_what_is_far_from_the_published_figures_is_named() -> None:
    page = results_page(comparison(), "command")
    assert "No figure differs by more from its published one." in page
    page = results_page(comparison((0, 0, 0, -5.0, 0, 0, 0)), "command")
    assert "than that are MSE (TensorFlow, published: 97.11; nnc, batches of 32: 92.11 ± 0.71), and MSE (" in page
    near = 2.9 * 100 * standard_error(0.9727, 128)
    assert "No figure differs by more" in results_page(comparison((-near, 0, 0, 0, 0, 0, 0)), "command")


def test_facts() -> None:
    page = results_page(comparison(base=Settings(repeat=2, seed=7, epochs=1234)), "the command line")
    for fact in (
        "```sh\nthe command line\n```\n",
        "1,234 epochs",
        "(seeds 7 to 8)",
        "0.78 percentage points",
        "1.5 percentage",
    ):
        assert fact in page
    assert page.count("nnc, batches of 32") == 3
    assert "{" not in page


def test_tensorflow_is_named_where_it_ran() -> None:
    plain = comparison()
    ours = plain.rows[0]
    theirs = Row("TensorFlow today", tuple(replace(result, mode="tf") for result in ours.results))
    page = results_page(replace(plain, rows=(*plain.rows, theirs)), "command")
    assert "TensorFlow was not run" not in page
    assert ", Keras " in page
    assert "| TensorFlow today" in page
    assert "TensorFlow was not run" in results_page(plain, "command")


def test_cells() -> None:
    row = comparison().rows[0]
    assert row.cells("training") == ("100.00 ± 0.00",) * len(VARIANTS)
    assert row.cells()[0] == "96.95 ± 0.71"


def test_standard_error() -> None:
    assert standard_error(0.5, 100) == pytest.approx(0.05)
    assert standard_error(1.0, 10) == 0


def test_markdown_table() -> None:
    expected = "| a    |  b |\n| ---- | -: |\n| name | 10 |"
    assert markdown_table(("a", "b"), [("name", "10")]) == expected
