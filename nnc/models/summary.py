"""Tables of a model as text: layers with shapes and parameters, and the parameters themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.layers import Layer
from nnc.models.trainer import Trainer


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return rows as aligned columns under a head.

    Args:
        head: titles of the columns.
        rows: cells.
        right: columns that are aligned to the right.
    """
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        aligned = (
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(aligned).rstrip()

    return "\n".join([line(head), "  ".join("─" * width for width in widths), *map(line, rows)])


def summary(
    model: Trainer,
    layers: Sequence[Layer],
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> str:
    """Return a model's layers with output shapes and numbers of parameters.

    Args:
        model: the model.
        layers: its layers, which are shown where it is not wired yet.
        expand_nested: whether models that are layers, and layers of their authors', are followed by what is in them.
        show_trainable: whether a column says of each layer with weights whether they are trained.
        layer_range: regular expressions of the names of the first and of the last layer that are shown.

    Raises:
        ModelError: no layer has such a name.
    """
    inside = model.calls[-1].inner if model.calls and model.is_authored else None
    calls = list(model.calls if inside is None else inside.calls)
    chosen = calls if layer_range is None else calls[_places([call.layer.name for call in calls], layer_range)]
    rows = list(_rows(chosen, expand_nested, ""))
    if not model.calls:
        rows = [(_title(layer), "?", "?", "", _trainable(layer)) for layer in layers]
    titles = ("Layer", "Output shape", "Parameters", "Connected to", "Trainable")
    columns = len(titles) if show_trainable else len(titles) - 1
    trainable = sum(weight.size for weight in model.trainable_weights)
    total = model.count_params()
    return "\n".join(
        [
            f"Model: {model.name}",
            table(titles[:columns], [row[:columns] for row in rows], right=(2,)),
            f"Parameters: {total:,} ({trainable:,} trainable, {total - trainable:,} not)"
            if model.calls
            else "Parameters: ? (the shape of the input is not known yet)",
        ]
    )


def _places(names: Sequence[str], layer_range: Sequence[str]) -> slice:
    """Return where the layers of a range are: from the first that its first name matches to the last of its second."""
    first, last = layer_range
    starts = [number for number, name in enumerate(names) if re.match(first, name)]
    ends = [number for number, name in enumerate(names) if re.match(last, name)]
    if not starts or not ends:
        raise ModelError(f"summary: layer_range {tuple(layer_range)} names no layers; there are {', '.join(names)}")
    return slice(min(starts[0], ends[0]), max(starts[-1], ends[-1]) + 1)


def _trainable(layer: Any) -> str:
    """Return Keras's letter for a layer: Y or N, and a line where it has no weights."""
    return ("Y" if layer.trainable else "N") if getattr(layer, "weights", None) else "-"


def _rows(calls: Sequence[Any], expand_nested: bool, indent: str) -> Iterator[tuple[str, ...]]:
    for call in calls:
        shapes = ", ".join(str(tensor.shape) for tensor in call.outputs)
        sources = ", ".join(tensor.call.layer.name for tensor in call.inputs if tensor.call is not None)
        yield f"{indent}{_title(call.layer)}", shapes, f"{call.layer.count_params():,}", sources, _trainable(call.layer)
        is_wired = getattr(call.layer, "calls", None) and not call.layer.is_authored
        opened = (call.layer if is_wired else call.inner) if expand_nested else None
        if opened is not None:
            yield from _rows(opened.calls, expand_nested, "   " + indent if indent else " └ ")


def _title(layer: Any) -> str:
    return f"{layer.name} ({getattr(layer, 'summary_class', type(layer).__name__)})"


def parameter_table(name: str, layers: Sequence[Layer]) -> str:
    """Return the parameters of a model, a row per unit: its weights under param1, param2, …, and its bias."""
    layers = [layer for layer in layers if layer.weights and layer.parameters.ndim == 2]
    if not layers:
        return f"Model {name} has no parameters to show"
    width = max(len(layer.weights[0].memory) for layer in layers)
    rows = []
    for number, layer in enumerate(layers, 1):
        kernel = layer.weights[0].memory
        bias = layer.weights[1].memory if len(layer.weights) > 1 else numpy.zeros(kernel.shape[1])
        for unit in range(kernel.shape[1]):
            label = f"Layer{number}-{unit + 1}" if kernel.shape[1] > 1 else f"Layer{number}"
            cells = [f"{value:.4f}" for value in kernel[:, unit]] + [""] * (width - len(kernel))
            rows.append((label, *cells, f"{bias[unit]:.4f}"))
    head = ("", *(f"param{index + 1}" for index in range(width)), "bias")
    return table(head, rows, right=range(1, width + 2))
