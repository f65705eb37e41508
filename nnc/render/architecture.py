"""The view of a model that a picture of layers needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from nnc.ir import TensorType
from nnc.render.labels import WIDEST, shorten, wrap


class Tensor(Protocol):
    """A tensor that a call reads or makes."""

    @property
    def type(self) -> TensorType:
        """Element type and shape."""


class Layer(Protocol):
    """A layer, as pictures know it.

    Where it has them, ``summary_class``, what its class is called, ``summary_arguments``, the texts behind it, and
    ``summary_note``, a few words such as the activation, are shown too; by ``get_config`` layers are found that do the
    same; what has ``calls`` is a `Model`.
    """

    @property
    def name(self) -> str:
        """Unique name in its model."""

    def count_params(self) -> int:
        """Return the number of elements of its weights."""


class DrawnCall(Protocol):
    """One use of a layer.

    Where it has them, ``inner`` is the `Model` that it opens to, and ``is_input`` says whether nothing is computed,
    which is so where it has no inputs otherwise.
    """

    @property
    def layer(self) -> Layer:
        """The layer that is called."""

    @property
    def inputs(self) -> Sequence[Tensor]:
        """The tensors it reads; none if the layer is an input."""

    @property
    def outputs(self) -> Sequence[Tensor]:
        """The tensors it makes."""

    def flops(self, rows: int = 1) -> int:
        """Return the floating-point operations of this call for so many rows."""


class Model(Protocol):
    """A model, as pictures know it."""

    @property
    def name(self) -> str:
        """Name, shown as title."""

    @property
    def calls(self) -> Sequence[DrawnCall]:
        """Uses of layers in topological order."""

    @property
    def inputs(self) -> Sequence[Tensor]:
        """The tensors that the model reads."""

    @property
    def outputs(self) -> Sequence[Tensor]:
        """The tensors that the model makes."""


def inner_model(call: DrawnCall) -> Model | None:
    """Return what a call opens to: the layer itself where it is a model, or what its author wrote; None otherwise."""
    layer: Any = call.layer
    is_wired = getattr(layer, "calls", None) and not getattr(layer, "is_authored", False)
    return layer if is_wired else getattr(call, "inner", None)


def layer_text(layer: Layer) -> str:
    """Return what a layer is where its name stands elsewhere: ``Conv2D(32, 3×3, strides 2, relu)``."""
    words = [*_arguments(layer), *([said] if (said := note(layer)) else [])]
    return f"{class_name(layer)}({', '.join(words)})" if words else class_name(layer)


def layer_lines(layer: Layer) -> list[str]:
    """Return name, class, arguments and note of a layer, on one line where there is room."""
    name = shorten(layer.name).strip()
    what = what_text(layer)
    joined = f"{name} · {what}" if name else what
    if len(joined) <= WIDEST:
        return [joined]
    if len(what) <= WIDEST:
        return [name, what]
    return [name, shorten(class_text(layer)), *wrap(note(layer).split(", "), ", ", lines=3)]


def what_text(layer: Layer) -> str:
    """Return class, arguments and note of a layer: ``Conv2D(32, 3×3) · strides 2, relu``."""
    return " · ".join(text for text in (class_text(layer), note(layer)) if text)


def class_text(layer: Layer) -> str:
    """Return class and arguments of a layer: ``Conv2D(32, 3×3)``."""
    arguments = ", ".join(_arguments(layer))
    return f"{class_name(layer)}({arguments})" if arguments else class_name(layer)


def class_name(layer: Layer) -> str:
    """Return what pictures call the class of a layer; for a function such as ``x + y``, its class in Keras."""
    return str(getattr(layer, "summary_class", type(layer).__name__))


def note(layer: Layer) -> str:
    """Return the few words that a layer says of itself, such as its activation."""
    return str(getattr(layer, "summary_note", ""))


def _arguments(layer: Layer) -> Sequence[str]:
    found: Sequence[str] = getattr(layer, "summary_arguments", ())
    return found
