"""Loss and metrics by epoch, drawn by Matplotlib, which is imported when it is needed."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from nnc.errors import DataError, NncError
from nnc.files import write_atomically
from nnc.installation import install_command
from nnc.render.history_curves import COLOURS, Best, Curve, Panel, best_of, panels_of
from nnc.render.replica_lines import BAND, opacity, quantiles
from nnc.render.theme import LIGHT
from nnc.texts import printable

if TYPE_CHECKING:
    from nnc.callbacks import History

SUFFIXES = (".png", ".svg", ".pdf")
WIDTH, HEIGHT, COLUMNS = 4.4, 3.2, 3
"""Inches of a panel, and how many stand side by side."""
RESOLUTION = 144
FEW = 12
"""Up to so many epochs are marked each by a dot."""
FEW_LINES = 100
"""More thin lines than these are points in a file that is not: as lines they would take megabytes."""
_UNDATED: dict[str, dict[str, str | None]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def check_matplotlib() -> None:
    """Check that Matplotlib is there.

    Raises:
        NncError: it is not.
    """
    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise NncError(f"drawing curves needs Matplotlib ({error}); {install_command('plot')}") from None


def plot(history: History, names: Iterable[str] | None = None, path: str | os.PathLike[str] | None = None) -> list[Any]:
    """Draw loss and metrics by epoch, see `History.plot`.

    Raises:
        DataError: there is no epoch, no such number, or the file's name ends otherwise.
        NncError: Matplotlib is not installed.
        OSError: the file cannot be written.
    """
    panels, best = panels_of(history, names), best_of(history)
    target = None if path is None else Path(path)
    if target is not None and target.suffix.lower() not in SUFFIXES:
        raise DataError(f"'{target.name}': curves are drawn to files named *{', *'.join(SUFFIXES)}")
    check_matplotlib()
    columns = min(len(panels), COLUMNS)
    rows = -(-len(panels) // columns)
    figure = _figure(target is None, (WIDTH * columns, HEIGHT * rows))
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis, panel in zip(axes, panels, strict=False):
        _draw(axis, panel, best)
    for axis in axes[len(panels) :]:
        axis.remove()
    if target is not None:
        _save(figure, target)
    return axes[: len(panels)]


def _figure(is_shown: bool, size: tuple[float, float]) -> Any:
    """Return a figure: one that pyplot and notebooks show, or one for a file, which needs no screen."""
    if is_shown:
        from matplotlib import pyplot

        return pyplot.figure(figsize=size, layout="constrained")
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")


def _draw(axis: Any, panel: Panel, best: Best | None) -> None:
    from matplotlib.patheffects import withStroke
    from matplotlib.ticker import MaxNLocator

    handles = []
    for curve in panel.curves:
        values, band = (curve.values, None) if curve.replicas is None else _draw_replicas(axis, curve)
        (line, *_) = axis.plot(
            curve.epochs,
            values,
            color=COLOURS[curve.kind],
            linestyle="-" if curve.kind == "training" else "--",
            linewidth=1.6 if curve.replicas is None else 2.0,
            marker="o" if len(curve.epochs) <= FEW else None,
            markersize=3.5,
        )
        line.set_label(curve.label)
        if band is not None:
            line.set_path_effects([withStroke(linewidth=4, foreground="#FFFFFFB3")])
        handles.append(line if band is None else (band, line))
    labels = [curve.label for curve in panel.curves]
    if best is not None:
        label = best.heading
        mark = axis.axvline(best.epoch, color=LIGHT.arrow, linestyle=":", linewidth=1.2, label=label, zorder=1)
        handles, labels = [*handles, mark], [*labels, label]
        if best.name.removeprefix("val_") == panel.name:
            axis.plot([best.epoch], [best.value], "o", color=LIGHT.arrow, markersize=6, fillstyle="none")
    axis.set_title(printable(panel.title), parse_math=False, usetex=False)  # a name is not a formula
    axis.set_xlabel("epoch")
    epochs = [epoch for curve in panel.curves for epoch in curve.epochs]
    if min(epochs) == max(epochs):
        axis.set_xlim(epochs[0] - 1, epochs[0] + 1)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    has_replicas = panel.curves[0].replicas is not None
    axis.legend(handles, labels, frameon=has_replicas, framealpha=0.85, edgecolor="none", fontsize="small")


def _draw_replicas(axis: Any, curve: Curve) -> tuple[Any, Any]:
    """Draw a thin line for each replica; return the median by epoch, and the band that most are in, if there is one."""
    from matplotlib.collections import LineCollection

    count, colour = curve.values.shape[1], COLOURS[curve.kind]
    values = numpy.where(numpy.isfinite(curve.values), curve.values, numpy.nan)
    lines = numpy.stack([numpy.broadcast_to(numpy.array(curve.epochs)[:, None], values.shape), values], -1)
    collection = LineCollection(
        list(lines.swapaxes(0, 1)),
        colors=colour,
        linewidths=0.6,
        alpha=opacity(count),
        rasterized=count > FEW_LINES,
        zorder=1,
    )
    axis.add_collection(collection)
    middle, low, high = quantiles(values, (0.5, *BAND))
    if not curve.has_band:
        return middle, None
    return middle, axis.fill_between(curve.epochs, low, high, color=colour, alpha=0.2, linewidth=0, zorder=1.5)


def _save(figure: Any, path: Path) -> None:
    """Write a figure whole or not at all, the same bytes for the same numbers."""
    from matplotlib import rc_context

    suffix, buffer = path.suffix.lower(), io.BytesIO()
    with rc_context({"svg.hashsalt": "nnc"}):
        figure.savefig(buffer, format=suffix[1:], dpi=RESOLUTION, metadata=_UNDATED.get(suffix))
    write_atomically(path, buffer.getvalue())
