"""A model as a picture of its layers, from input to output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from nnc.errors import ModelError
from nnc.ir import TensorType
from nnc.render.diagram import Arrow, Box, Diagram, Line, merge_arrows
from nnc.render.text import WIDEST, parameters_text, shape_text, shorten

SHOWN_ARGUMENTS = ("num_heads", "units", "filters", "kernel_size", "pool_size", "output_dim", "target_shape")
"""Arguments that tell what a layer does at a glance, as in ``Conv2D(32, 3×3)``."""


class Tensor(Protocol):
    """What a call reads and makes."""

    @property
    def type(self) -> TensorType:
        """Element type and shape."""


class Layer(Protocol):
    """What is known of a layer.

    Where it has them, ``summary_note``, a few words such as the activation, and `SHOWN_ARGUMENTS` are shown too.
    """

    @property
    def name(self) -> str:
        """Unique name in its model."""

    def count_params(self) -> int:
        """Return the number of elements of its weights."""


class Call(Protocol):
    """One use of a layer."""

    @property
    def layer(self) -> Layer:
        """The layer that is called."""

    @property
    def inputs(self) -> Sequence[Tensor]:
        """What it reads; nothing where the layer is an input."""

    @property
    def outputs(self) -> Sequence[Tensor]:
        """What it makes."""


class Model(Protocol):
    """What is known of a model."""

    @property
    def name(self) -> str:
        """Name, shown as title."""

    @property
    def calls(self) -> Sequence[Call]:
        """Uses of layers in topological order."""

    @property
    def inputs(self) -> Sequence[Tensor]:
        """What the model reads."""

    @property
    def outputs(self) -> Sequence[Tensor]:
        """What the model makes."""


def layers_diagram(model: Model) -> Diagram:
    """Return a diagram with a box per input, per call of a layer, and per output.

    Layers are numbered ``Layer1`` to ``LayerN`` in topological order; a layer that is called twice keeps its number.

    Args:
        model: what to draw.

    Raises:
        ModelError: the model is not built, or a call reads a tensor that nothing before it makes.
    """
    if not model.calls:
        raise ModelError(f"model '{model.name}' is not built, so its shapes are not known; give it an Input to draw it")
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    made: list[tuple[Tensor, str]] = []

    def add(box: Box, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        for tensor in inputs:
            start = _producer(tensor, made)
            if start is None:
                raise ModelError(
                    f"model '{model.name}': {box.tooltip} reads a tensor {tensor.type} that no layer before it makes"
                )
            arrows.append(Arrow(start, box.key, shape_text(tensor.type)))
        boxes.append(box)
        made.extend((tensor, box.key) for tensor in outputs)

    sources = [call for call in model.calls if not call.inputs]
    named = [tensor for call in sources for tensor in call.outputs]
    unnamed = [tensor for tensor in model.inputs if _position(tensor, named) is None]
    inputs = [(call.layer.name, tuple(call.outputs)) for call in sources] + [("", (tensor,)) for tensor in unnamed]
    for number, (name, outputs) in enumerate(inputs, 1):
        add(_input_box(number, len(inputs), name), (), outputs)

    layers: list[Layer] = []
    for position, call in enumerate([call for call in model.calls if call.inputs], 1):
        if not any(call.layer is layer for layer in layers):
            layers.append(call.layer)
        number = next(number for number, layer in enumerate(layers, 1) if layer is call.layer)
        add(_layer_box(f"layer{position}", number, call.layer), call.inputs, call.outputs)

    for number, tensor in enumerate(model.outputs, 1):
        add(_end_box("output", "Output", number, len(model.outputs)), (tensor,), ())

    total = sum(layer.count_params() for layer in layers)
    title = f"{shorten(model.name)} · {parameters_text(total)}"
    return Diagram(title, tuple(boxes), merge_arrows(arrows))


def _producer(tensor: Tensor, made: list[tuple[Tensor, str]]) -> str | None:
    position = _position(tensor, [other for other, _ in made])
    return None if position is None else made[position][1]


def _position(tensor: Tensor, tensors: list[Tensor]) -> int | None:
    """Return where a tensor stands; identity goes first, for two tensors of one type may be equal."""
    same = [position for position, other in enumerate(tensors) if other is tensor]
    equal = same or [position for position, other in enumerate(tensors) if other == tensor]
    return equal[0] if equal else None


def _end_box(kind: str, title: str, number: int, count: int, name: str = "") -> Box:
    lines = [Line(title if count == 1 else f"{title}{number}", "title")]
    if name.strip() and name.lower() != title.lower():
        lines.append(Line(shorten(name), "detail"))
    return Box(f"{kind}{number}", tuple(lines), kind, tooltip=f"{title.lower()} {name}".strip())


def _input_box(number: int, count: int, name: str) -> Box:
    return _end_box("input", "Input", number, count, name)


def _layer_box(key: str, number: int, layer: Layer) -> Box:
    count = layer.count_params()
    what = [_class_text(layer), _note(layer)]
    name = shorten(layer.name).strip()
    joined = " · ".join(text for text in (name, *what) if text)
    texts = [joined] if len(joined) <= WIDEST else [name, shorten(" · ".join(text for text in what if text))]
    lines = [Line(f"Layer{number}", "title"), *map(Line, texts)]
    if count:
        lines.append(Line(parameters_text(count), "detail"))
    tooltip = f"layer '{layer.name}' ({type(layer).__name__})"
    return Box(key, tuple(lines), "layer" if count else "plain", tooltip=tooltip)


def _class_text(layer: Layer) -> str:
    values = (_argument_text(getattr(layer, name, None)) for name in SHOWN_ARGUMENTS)
    arguments = ", ".join(value for value in values if value)
    return f"{type(layer).__name__}({arguments})" if arguments else type(layer).__name__


def _argument_text(value: Any) -> str:
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple | list) and value and all(isinstance(item, int) for item in value):
        return "×".join(map(str, value))
    return ""


def _note(layer: Layer) -> str:
    note = getattr(layer, "summary_note", "")
    return note if isinstance(note, str) and note != "linear" else ""
