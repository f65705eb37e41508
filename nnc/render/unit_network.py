"""A network of dense layers as a picture of its units: every weight is an edge, every bias stands in its unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, prod
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.layers import Dense, Flatten, Reshape
from nnc.render.architecture import Layer, Model, Tensor, class_name, layer_text
from nnc.render.diagram import Arrow, Box, Cluster, Diagram, Line, Table
from nnc.render.labels import parameters_text, shorten
from nnc.render.producers import Producers

MOST_UNITS = 10
"""Units of a layer that are drawn; of a larger one the first and the last `END_UNITS`."""
END_UNITS = 3
MOST_WEIGHTS = 4
"""Weights that are written into a unit; more are read by colour, width and pointer."""
THICKEST, THINNEST, FOLDED = 4.0, 0.3, 0.2
"""Points of the edge of the largest weight, of one near zero, and of edges that stand for several."""
SIGNS = ("positive", "negative")
"""Kinds whose colours edges have."""


def units_diagram(model: Model) -> Diagram:
    """Return a diagram with a box per unit of a network of dense layers, with the weights that it has now.

    An edge is as wide as its weight is large, and coloured by the weight's sign. Layers without weights that keep the
    shape, such as activations and dropout, are named where they follow; `Flatten` and `Reshape` change no unit.

    Args:
        model: what to draw.

    Raises:
        ModelError: the model is not built, has a layer of another kind, which is named, or rows of unknown length.
    """
    if not model.calls:
        raise ModelError(f"model '{model.name}' is not built, so it has no units; give it an Input to draw it")
    return _Drawing(model).diagram()


@dataclass(frozen=True)
class _Column:
    """The units that make a tensor: how many, and the key of the box of each that is drawn; None for the others."""

    count: int
    keys: tuple[tuple[int | None, str], ...]
    frame: int


@dataclass(frozen=True)
class _Edge:
    """An edge with its weight."""

    start: str
    end: str
    weight: float | None


class _Drawing:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.boxes: list[Box] = []
        self.names: dict[str, str] = {}
        self.edges: list[_Edge] = []
        self.frames: list[Cluster] = []
        self.notes: dict[int, list[str]] = {}
        self.columns: list[_Column] = []
        self.numbers: dict[int, int] = {}  # by identity: a layer that is called twice keeps its number

    def diagram(self) -> Diagram:
        """Draw everything."""
        made = Producers()
        for number, tensor in enumerate(self.model.inputs, 1):
            call = next((call for call in self.model.calls if any(output is tensor for output in call.outputs)), None)
            name = "" if call is None else call.layer.name
            title = "Input" if len(self.model.inputs) == 1 else f"Input{number}"
            note = name if name.strip() and name.lower() != "input" else ""
            self.record(made, tensor, self.input_column(title, note, tensor))
        self.calls(self.model, made)
        for number, tensor in enumerate(self.model.outputs, 1):
            title = "Output" if len(self.model.outputs) == 1 else f"Output{number}"
            box = Box(f"output{number}", (Line(title, "title"),), "output", tooltip=title)
            self.boxes.append(box)
            column = self.columns[made.require(tensor, self.model.name, "an output")[0]]
            self.edges += [_Edge(key, box.key, None) for _, key in column.keys]
        return Diagram(
            self.title,
            tuple(self.boxes),
            tuple(self.arrows()),
            tuple(self.frame(number, group) for number, group in enumerate(self.frames)),
            SIGNS,
            is_sideways=True,
        )

    @property
    def title(self) -> str:
        layers: dict[int, Layer] = {id(call.layer): call.layer for call in self.model.calls}
        count = parameters_text(sum(layer.count_params() for layer in layers.values()))
        return f"{shorten(self.model.name)} · {count} · thickest edge: a weight of {weight_text(self.largest)}"

    @property
    def largest(self) -> float:
        """The largest absolute weight that is drawn."""
        found = (abs(edge.weight) for edge in self.edges if edge.weight is not None and isfinite(edge.weight))
        return max(found, default=0.0)

    def record(self, made: Producers, tensor: Tensor, column: _Column) -> None:
        made.add(len(self.columns), (tensor,))
        self.columns.append(column)

    # ------------------------------------------------------------------ layers

    def calls(self, model: Model, made: Producers) -> None:
        for call in model.calls:
            if not call.inputs:
                continue
            layer: Any = call.layer
            what = f"layer '{layer.name}' ({class_name(layer)})"
            sources = [self.columns[made.require(tensor, model.name, what)[0]] for tensor in call.inputs]
            if getattr(layer, "calls", None):
                inner = Producers()
                for tensor, source in zip(layer.inputs, sources, strict=True):
                    self.record(inner, tensor, source)
                self.calls(layer, inner)
                ends = [inner.require(tensor, layer.name, "an output")[0] for tensor in layer.outputs]
                for tensor, end in zip(call.outputs, ends, strict=True):
                    self.record(made, tensor, self.columns[end])
                continue
            if isinstance(layer, Dense) and len(call.inputs[0].type.shape) == 2:
                found = self.dense(layer, sources[0])
            elif len(sources) == 1 and _keeps_units(call.inputs[0], call.outputs[0], layer):
                found = sources[0]
                if not isinstance(layer, Flatten | Reshape):
                    self.notes.setdefault(found.frame, []).append(layer_text(layer))
            else:
                raise ModelError(_refusal(self.model, layer, call.inputs))
            self.record(made, call.outputs[0], found)

    def input_column(self, title: str, note: str, tensor: Tensor) -> _Column:
        sizes = tensor.type.shape[1:]
        if not all(isinstance(size, int) for size in sizes):
            for call in self.model.calls:
                if call.inputs and not _keeps_units(call.inputs[0], call.outputs[0], call.layer):
                    raise ModelError(_refusal(self.model, call.layer, call.inputs))
            raise ModelError(
                f"model '{self.model.name}': level units draws a unit for each number of a row, and rows of "
                f"{tensor.type} have no known length; level layers draws the model"
            )
        return self.column(title, note, prod(int(size) for size in sizes), "input")

    def dense(self, layer: Dense, source: _Column) -> _Column:
        number = self.numbers.setdefault(id(layer), len(self.numbers) + 1)
        kernel = numpy.asarray(layer.kernel.memory)
        bias = numpy.asarray(layer.bias.memory) if layer.bias is not None else None
        found = self.column(f"Layer{number}", f"{layer.name} · {layer_text(layer)}", layer.units, "layer")
        for unit, key in found.keys:
            for row, start in source.keys:
                weight = None if unit is None or row is None else float(kernel[row, unit])
                self.edges.append(_Edge(start, key, weight))
            if unit is not None:
                self.describe(key, kernel[:, unit], None if bias is None else float(bias[unit]), source)
        return found

    def describe(self, key: str, weights: Any, bias: float | None, source: _Column) -> None:
        """Write a unit's bias into its box, and its weights where they are few."""
        place = next(place for place, box in enumerate(self.boxes) if box.key == key)
        box = self.boxes[place]
        rows = [(self.names[start], weight_text(float(weights[row]))) for row, start in source.keys if row is not None]
        rows = rows if source.count <= MOST_WEIGHTS else []
        rows += [] if bias is None else [("bias", weight_text(bias))]
        content = (Table(tuple(rows)),) if rows else ()
        self.boxes[place] = Box(key, box.lines, box.kind, box.group, box.tooltip, content)

    # ------------------------------------------------------------------ units and edges

    def column(self, title: str, note: str, count: int, kind: str) -> _Column:
        """Add a frame with the boxes of some units, the first and the last where there are many."""
        frame = len(self.frames)
        self.frames.append(Cluster(f"group{frame + 1}", title, kind))
        if note:
            self.notes[frame] = [note]
        shown: list[int | None] = list(range(count))
        if count > MOST_UNITS:
            shown[END_UNITS:-END_UNITS] = [None]
        keys = []
        for unit in shown:
            name = f"{title}-{(unit or 0) + 1}" if count > 1 else title
            lines = (Line(name, "title"),)
            if unit is None:
                name = f"… {count - 2 * END_UNITS:,} more"
                lines = (Line(name, "detail"),)
            key = f"unit{len(self.boxes) + 1}"
            self.names[key] = name
            self.boxes.append(Box(key, lines, kind if unit is not None else "plain", self.frames[-1].key, name))
            keys.append((unit, key))
        return _Column(count, tuple(keys), frame)

    def frame(self, number: int, group: Cluster) -> Cluster:
        note = shorten(" · ".join(self.notes.get(number, ())))
        return Cluster(group.key, group.label, group.kind, note=note, tooltip=note)

    def arrows(self) -> Iterator[Arrow]:
        largest = self.largest or 1.0
        for edge in self.edges:
            weight = edge.weight
            if weight is None:
                yield Arrow(edge.start, edge.end, width=0 if edge.end.startswith("output") else FOLDED)
                continue
            width = max(THINNEST, THICKEST * abs(weight) / largest) if isfinite(weight) else THICKEST
            kind = SIGNS[weight < 0]
            yield Arrow(edge.start, edge.end, kind=kind, width=width, note=weight_text(weight))


def weight_text(weight: float) -> str:
    """Return a weight with three digits.

    >>> weight_text(-0.56390506), weight_text(0.0)
    ('-0.564', '0')
    """
    return f"{weight:.3g}"


def _keeps_units(operand: Tensor, result: Tensor, layer: Layer) -> bool:
    if isinstance(layer, Flatten | Reshape):
        return True
    trained = getattr(layer, "trainable_weights", ())
    return len(result.type.shape) == 2 and operand.type.shape == result.type.shape and not trained


def _refusal(model: Model, layer: Layer, inputs: Sequence[Tensor]) -> str:
    name = f"model '{model.name}': layer '{layer.name}' ({class_name(layer)})"
    if isinstance(layer, Dense):
        why = (
            f"{name} works on the last axis of {inputs[0].type}, and level units draws dense layers on rows of numbers"
        )
    else:
        why = f"{name} has no units to be drawn one by one: level units draws networks of Dense layers"
    return f"{why}; level layers draws any model"
