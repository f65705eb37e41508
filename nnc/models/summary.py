"""Tables of a model as text: layers with shapes and parameters, and the parameters themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy

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


def summary(model: Trainer, layers: Sequence[Layer], expand_nested: bool = False) -> str:
    """Return a model's layers with output shapes and numbers of parameters.

    Args:
        model: the model.
        layers: its layers, which are shown where it is not wired yet.
        expand_nested: whether models that are layers, and layers of their authors', are followed by what is in them.
    """
    inside = model.calls[-1].inner if model.calls and model.is_authored else None
    rows = list(_rows(model.calls if inside is None else inside.calls, expand_nested, ""))
    if not model.calls:
        rows = [(_title(layer), "?", "?", "") for layer in layers]
    trainable = sum(weight.size for weight in model.trainable_weights)
    total = model.count_params()
    return "\n".join(
        [
            f"Model: {model.name}",
            table(("Layer", "Output shape", "Parameters", "Connected to"), rows, right=(2,)),
            f"Parameters: {total:,} ({trainable:,} trainable, {total - trainable:,} not)"
            if model.calls
            else "Parameters: ? (the shape of the input is not known yet)",
        ]
    )


def _rows(calls: Sequence[Any], expand_nested: bool, indent: str) -> Iterator[tuple[str, str, str, str]]:
    for call in calls:
        shapes = ", ".join(str(tensor.shape) for tensor in call.outputs)
        sources = ", ".join(tensor.call.layer.name for tensor in call.inputs if tensor.call is not None)
        yield f"{indent}{_title(call.layer)}", shapes, f"{call.layer.count_params():,}", sources
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
