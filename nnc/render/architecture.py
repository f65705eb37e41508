"""What a picture of layers asks of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from nnc.ir import TensorType
from nnc.render.text import WIDEST, shorten

SHOWN_ARGUMENTS = ("num_heads", "units", "filters", "kernel_size", "pool_size", "output_dim", "target_shape")
"""Arguments that tell what a layer does at a glance, as in ``Conv2D(32, 3×3)``."""


class Tensor(Protocol):
    """What a call reads and makes."""

    @property
    def type(self) -> TensorType:
        """Element type and shape."""


class Layer(Protocol):
    """What is known of a layer.

    Where it has them, ``summary_note``, a few words such as the activation, `SHOWN_ARGUMENTS` and ``operation`` are
    shown too; by ``get_config`` layers are found that do the same; what has ``calls`` is a `Model`.
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

    def flops(self, rows: int = 1) -> int:
        """Return the floating-point operations of this call for so many rows."""


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


def layer_text(layer: Layer) -> str:
    """Return what a layer is where its name stands elsewhere: ``Conv2D(32, 3×3, relu)``."""
    words = [*_arguments(layer), *([said] if (said := note(layer)) else [])]
    return f"{class_name(layer)}({', '.join(words)})" if words else class_name(layer)


def layer_lines(layer: Layer) -> list[str]:
    """Return name, class, arguments and note of a layer, on one line where there is room."""
    name, what = shorten(layer.name).strip(), " · ".join(text for text in (class_text(layer), note(layer)) if text)
    joined = f"{name} · {what}" if name else what
    return [joined] if len(joined) <= WIDEST else [name, shorten(what)]


def class_text(layer: Layer) -> str:
    """Return class and arguments of a layer: ``Conv2D(32, 3×3)``."""
    arguments = ", ".join(_arguments(layer))
    return f"{class_name(layer)}({arguments})" if arguments else class_name(layer)


def class_name(layer: Layer) -> str:
    """Return the class of a layer; for an operation on tensors, such as ``x + y``, the class that it has in Keras."""
    operation = getattr(layer, "operation", "")
    return operation if isinstance(operation, str) and operation else type(layer).__name__


def note(layer: Layer) -> str:
    """Return the few words that a layer says of itself, such as its activation, without what its arguments say."""
    return ", ".join(word for word in _words(layer) if word not in {"linear", *_arguments(layer)})


def _arguments(layer: Layer) -> list[str]:
    """Return the arguments to show, without those that the layer's words have with their unit, as ``2 heads``."""
    counted = {word.partition(" ")[0] for word in _words(layer) if " " in word}
    values = (_argument_text(getattr(layer, name, None)) for name in SHOWN_ARGUMENTS)
    return [value for value in values if value and value not in counted]


def _words(layer: Layer) -> list[str]:
    said = getattr(layer, "summary_note", "")
    return said.split(", ") if isinstance(said, str) and said else []


def _argument_text(value: Any) -> str:
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple | list) and value and all(isinstance(item, int) for item in value):
        return "×".join(map(str, value))
    return ""
