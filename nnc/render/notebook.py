"""Shows models, graphs, plans, programs and histories in notebooks; see `nnc.presentation`.

Nothing here raises an error because of the machine: without Graphviz there is a text instead of a picture.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy

from nnc.callbacks import History
from nnc.errors import NncError
from nnc.ir import Graph
from nnc.models import Model
from nnc.models.summary import summary
from nnc.plan import Plan
from nnc.program import Program
from nnc.program.progress import format_number, format_spread
from nnc.render.history_curves import VALIDATION, best_of, replicas_of
from nnc.render.history_svg import history_svg
from nnc.render.plot import plot as draw_curves
from nnc.texts import printable

LARGEST = 300
"""Ops of a graph, or calls of layers, that a picture may have; Graphviz takes a second for so many."""
LINES = 60
"""Lines of a text instead of a picture."""


def svg(item: Any) -> str | None:
    """Return the picture of a model's layers, a graph's ops or a plan's memory; None where it cannot be drawn."""
    from nnc.render import encode, picture_of

    level = "memory" if isinstance(item, Plan) else None
    if level is None and (not isinstance(item, Model | Graph) or _size(item) > LARGEST):
        return None
    try:
        picture = encode(picture_of(item, level), "svg").decode()
    except (NncError, OSError):  # no Graphviz, or a model whose shapes are not known yet
        return None
    return picture[picture.index("<svg") :]


def html(item: Any) -> str | None:
    """Return the table or the text that stands for something; None where a picture does."""
    if isinstance(item, History):
        return _history(item)
    if isinstance(item, Plan):
        return _plan(item)
    if isinstance(item, Program):
        return _program(item)
    return None if _is_drawn(item) else _text(summary(item, item.layers) if isinstance(item, Model) else str(item))


def plot(history: History, names: Iterable[str] | None = None, path: str | os.PathLike[str] | None = None) -> list[Any]:
    """Draw the curves of a history; see `History.plot`."""
    return draw_curves(history, names, path)


def _is_drawn(item: Any) -> bool:
    from nnc.render import find_graphviz

    if _size(item) > LARGEST or not _size(item):
        return False
    try:
        find_graphviz()
    except NncError:
        return False
    return True


def _size(item: Model | Graph) -> int:
    return len(item.calls) if isinstance(item, Model) else sum(not node.is_leaf for node in item.nodes)


def _text(text: str) -> str:
    lines = text.splitlines()
    more = f"… {len(lines) - LINES:,} more lines; print(…) shows all of them"
    shown = lines if len(lines) <= LINES else [*lines[:LINES], more]
    return f"<pre>{escape(chr(10).join(shown))}</pre>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> str:
    """Return a table; the first column is text, the others are aligned to the right."""

    def line(cells: Sequence[str], tag: str) -> str:
        sides = ("left", *("right",) * (len(cells) - 1))
        joined = "".join(
            f'<{tag} style="text-align:{side}">{escape(printable(cell))}</{tag}>'
            for side, cell in zip(sides, cells, strict=True)
        )
        return f"<tr>{joined}</tr>"

    style = "text-align:left;white-space:nowrap"
    caption = f'<caption style="{style}"><b>{escape(printable(title))}</b></caption>' if title else ""
    body = "".join(line(row, "td") for row in rows)
    return f"<table>{caption}<thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>"


def _history(history: History) -> str | None:
    if not history.history:
        return None
    rows, count, replicas = [], 0, replicas_of(history)
    for name, numbers in sorted(history.history.items(), key=lambda item: item[0].startswith(VALIDATION)):
        count = max(count, len(numbers))
        if replicas is None:
            chosen = numbers[0], numbers[-1], numpy.min(numbers, 0), numpy.max(numbers, 0)
            rows.append((name, *map(format_number, chosen)))
        else:  # NaN are those that have stopped
            chosen = numbers[0], numbers[-1], numpy.fmin.reduce(numbers), numpy.fmax.reduce(numbers)
            rows.append((name, *map(format_spread, chosen)))
    best = best_of(history)
    noted = f"; {best.heading}, {best.name} {best.value:.4f}" if best is not None else ""
    of_all = "" if replicas is None else f" of {replicas:,} replicas"
    title = f"{count:,} epoch{'' if count == 1 else 's'}{of_all}{noted}"
    return f"<div>{_table(('', 'first', 'last', 'lowest', 'highest'), rows, title)}{history_svg(history)}</div>"


def _plan(plan: Plan) -> str:
    sizes = ", ".join(f"{symbol} = {size}" for symbol, size in sorted(plan.bindings.items()))
    title = f"plan of '{plan.source.name}'{f' for {sizes}' if sizes else ''}"
    rows = [
        ("steps", f"{sum(not node.is_leaf for node in plan.graph.nodes):,}"),
        ("buffers", f"{len(plan.offsets):,}"),
        ("peak", f"{plan.peak_bytes:,} bytes"),
        ("lower bound", f"{plan.lower_bound:,} bytes"),
        ("without sharing", f"{plan.unshared_bytes:,} bytes"),
    ]
    return f"<div>{_table(('', ''), rows, title)}{svg(plan) or ''}</div>"


def _program(program: Program) -> str:
    spec = program.spec
    arrays = [("input", spec.inputs), ("output", spec.outputs), ("target", spec.targets)]
    rows = [
        (f"{kind} {item.label}", f"{item.dtype}[{', '.join(map(str, ('rows', *item.shape)))}]")
        for kind, items in arrays
        for item in items
    ]
    count = sum(array.size for array in program.get_weights())
    rows.append(("parameters", f"{count:,}"))
    rows.append(("graphs", ", ".join(program.graph_names)))
    rows.append(("backend", program.backend_text))
    return _table(("", ""), rows, f"program '{program.name}'")
