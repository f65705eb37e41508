"""The comparison with the published accuracies: seven experiments, on several engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from nnc.experiment.points import FURTHER
from nnc.experiment.runs import SETS, Repeat, Result, run
from nnc.experiment.settings import Settings

VARIANTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "Base": {},
        "LR 0.5": {"learning_rate": 0.5},
        "LR 0.01": {"learning_rate": 0.01},
        "MSE": {"loss": "mean_squared_error"},
        "Normal": {"normal": True},
        "256": {"size": 256},
        "2048": {"size": 2048},
    }
)
"""The changes of each column to the base network's settings."""

PUBLISHED: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "TensorFlow, published": (96.95, 97.97, 96.88, 97.11, 97.27, 97.27, 99.28),
        "NumPy 2019, published": (97.27, 96.88, 69.92, 97.27, 95.94, 95.86, 96.45),
    }
)
"""Accuracies in percent, a column per variant."""


@dataclass(frozen=True)
class Row:
    """One engine's results.

    Args:
        title: what was run.
        results: one per variant.
    """

    title: str
    results: tuple[Result, ...]

    def cells(self, name: str = "test") -> tuple[str, ...]:
        """Return the accuracies on a set of points, in percent with their spread."""
        return tuple(result.accuracy(name).text(2, factor=100) for result in self.results)


@dataclass(frozen=True)
class Comparison:
    """Everything that was run.

    Args:
        base: settings of the base network.
        rows: what was run, a row per engine.
    """

    base: Settings
    rows: tuple[Row, ...]

    def head(self) -> tuple[str, ...]:
        """Return the titles of the columns."""
        return ("Accuracy, %", *VARIANTS)

    def table(self) -> list[tuple[str, ...]]:
        """Return the rows: what was published, then what was run, on the test set."""
        published = [(title, *(f"{number:.2f}" for number in numbers)) for title, numbers in PUBLISHED.items()]
        return [*published, *((row.title, *row.cells()) for row in self.rows)]

    def other_sets(self) -> list[tuple[str, ...]]:
        """Return the rows of what was run, on the other points."""
        titles = {"training": "training set", "further": f"{FURTHER:,} further points"}
        return [(f"{row.title}: {title}", *row.cells(name)) for row in self.rows for name, title in titles.items()]

    def to_json(self) -> dict[str, Any]:
        """Return plain data: accuracies in percent."""
        published = [
            {"title": title, "accuracy": dict(zip(VARIANTS, numbers, strict=True))}
            for title, numbers in PUBLISHED.items()
        ]
        return {"columns": list(VARIANTS), "published": published, "rows": [_row_json(row) for row in self.rows]}


def _row_json(row: Row) -> dict[str, Any]:
    first = row.results[0].settings
    sets = {
        name: {
            variant: {"mean": 100 * result.accuracy(name).mean, "spread": 100 * result.accuracy(name).spread}
            for variant, result in zip(VARIANTS, row.results, strict=True)
        }
        for name in SETS
    }
    return {"title": row.title, "epochs": first.epochs, "repeat": first.repeat, "accuracy": sets}


@dataclass(frozen=True)
class Entrant:
    """A row that is still to be run.

    Args:
        title: what is run.
        mode: the engine.
        settings: settings of the base network for this engine.
        full_batch: whether a batch is the whole training set.
    """

    title: str
    mode: str
    settings: Settings
    full_batch: bool = False

    def variants(self) -> list[Settings]:
        """Return the settings of each column."""
        varied = [replace(self.settings, **changes) for changes in VARIANTS.values()]
        return [replace(settings, batch=settings.size) if self.full_batch else settings for settings in varied]


def entrants(base: Settings, tensorflow: Settings | None = None) -> tuple[Entrant, ...]:
    """Return the rows to run.

    Args:
        base: settings of the base network.
        tensorflow: settings for TensorFlow, which takes hundreds of times as long; None leaves it out.
    """
    rows = [
        Entrant(f"nnc, batches of {base.batch}", "np", base),
        Entrant("nnc, full batch", "np", base, full_batch=True),
    ]
    if tensorflow is not None:
        limits = f"{tensorflow.repeat} × {tensorflow.epochs:,} epochs"
        rows.append(Entrant(f"TensorFlow today, {limits}", "tf", tensorflow))
    return tuple(rows)


def compare(
    base: Settings, tensorflow: Settings | None = None, on_repeat: Callable[[Repeat], None] | None = None
) -> Comparison:
    """Run everything.

    Args:
        base: settings of the base network.
        tensorflow: settings for TensorFlow; None leaves it out.
        on_repeat: called after each training.

    Raises:
        NncError: TensorFlow is needed and not installed.
    """
    rows = [
        Row(entrant.title, tuple(run(settings, entrant.mode, on_repeat) for settings in entrant.variants()))
        for entrant in entrants(base, tensorflow)
    ]
    return Comparison(base, tuple(rows))
