"""Pictures of models, by Keras's names for them; `nnc.render` draws them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from nnc.errors import ArgumentError, ModelError

Picture = Any
"""A `nnc.render.Diagram`."""
_NOT_DRAWN = {
    "show_dtype": "no picture of layers shows element types; nnc.inspect(model) says which it is",
    "show_trainable": "no picture shows what is trainable; nnc.inspect(model) does",
    "dpi": "a picture has one size; write it to an .svg or .pdf file, which have any resolution",
    "subgraph": "a picture is a graph of its own",
    "splines": "arrows have one form",
}
_DEFAULTS = {"show_dtype": False, "show_trainable": False, "dpi": 200, "subgraph": False, "splines": "ortho"}


class ModelDot:
    """A model's picture in DOT, with the methods of a `pydot.Dot` that scripts call.

    Args:
        picture: what is drawn.
    """

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def to_string(self) -> str:
        """Return the text in DOT."""
        return str(import_module("nnc.render").to_dot(self._picture))

    __str__ = to_string

    def create(self, prog: Any = None, format: str = "png") -> bytes:
        """Return the picture as bytes.

        Args:
            prog: None or ``dot``.
            format: ``png``, ``svg``, ``pdf``, ``dot`` and what else `nnc.render.FORMATS` lists.

        Raises:
            ModelError: there is no such format or program.
        """
        if prog not in (None, "dot"):
            raise ModelError(f"model_to_dot: dot draws the picture, got prog={prog!r}; leave it out")
        found: bytes = import_module("nnc.render").encode(self._picture, "dot" if format == "raw" else format)
        return found

    def write(self, path: str | os.PathLike[str], prog: Any = None, format: str = "raw") -> bool:
        """Write the picture to a file, and return True.

        Args:
            path: of the file.
            prog: as of `create`.
            format: likewise; ``raw`` is the text in DOT.

        Raises:
            ModelError: there is no such format or program.
            OSError: the file cannot be written.
        """
        Path(path).write_bytes(self.create(prog, format))
        return True


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> ModelDot:
    """Return a picture of a model's layers in DOT: that of `nnc.render`.

    It always shows shapes, names and activations, and has one box for layers that repeat.

    Args:
        model: a built model.
        show_shapes: shapes are shown with False as well.
        show_dtype: False; another is refused.
        show_layer_names: names are shown with False as well.
        rankdir: ``TB``, from top to bottom, or ``LR``, from left to right.
        expand_nested: whether models that are layers, and layers that repeat, are opened.
        dpi: 200; another is refused.
        subgraph: False; another is refused.
        show_layer_activations: activations are shown with False as well.
        show_trainable: False; another is refused.
        splines: ``ortho``; another is refused.
        kwargs: none; Keras has some that it refuses as well.

    Raises:
        ModelError: the model is not built, or the picture cannot show what an argument asks for.
        ArgumentError: there are other arguments.
    """
    del show_shapes, show_layer_names, show_layer_activations
    given = {
        "show_dtype": show_dtype,
        "show_trainable": show_trainable,
        "dpi": dpi,
        "subgraph": subgraph,
        "splines": splines,
    }
    return ModelDot(_picture("model_to_dot", model, rankdir, expand_nested, given, kwargs))


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draw a model's layers into a file: the picture of `nnc.render`.

    It always shows shapes, names and activations, and has one box for layers that repeat.

    Args:
        model: a built model.
        to_file: path of the file, whose suffix says its format: ``.png``, ``.svg``, ``.pdf``, ``.dot`` and what else
            `nnc.render.SUFFIXES` lists; without one it is PNG.
        show_shapes: shapes are shown with False as well.
        show_dtype: False; another is refused.
        show_layer_names: names are shown with False as well.
        rankdir: ``TB``, from top to bottom, or ``LR``, from left to right.
        expand_nested: whether models that are layers, and layers that repeat, are opened.
        dpi: 200; another is refused.
        show_layer_activations: activations are shown with False as well.
        show_trainable: False; another is refused.
        splines: ``ortho``; another is refused.
        kwargs: none; Keras has some that it refuses as well.

    Returns:
        An image that a notebook shows, where IPython is installed and the file is a PNG or an SVG; otherwise None.

    Raises:
        ModelError: the model is not built, the picture cannot show what an argument asks for, or the suffix is unknown.
        ArgumentError: there are other arguments.
        NncError: what draws the format is not installed.
        OSError: the file cannot be written.
    """
    del show_shapes, show_layer_names, show_layer_activations
    given = {"show_dtype": show_dtype, "show_trainable": show_trainable, "dpi": dpi, "splines": splines}
    picture = _picture("plot_model", model, rankdir, expand_nested, given, kwargs)
    render, path = import_module("nnc.render"), Path(to_file)
    if path.suffix:
        render.write(picture, path)
    else:
        render.write_as(picture, path, "png")
    return _shown(path)


def _picture(
    where: str, model: Any, rankdir: str, opens: bool, given: Mapping[str, Any], others: Mapping[str, Any]
) -> Picture:
    for name, value in given.items():
        if value != _DEFAULTS[name]:
            raise ModelError(f"{where}: {name}={value!r} is not supported: {_NOT_DRAWN[name]}")
    if others:
        raise ArgumentError(f"{where}: there is no argument {', '.join(map(repr, others))}")
    if rankdir not in ("TB", "LR"):
        raise ModelError(f"{where}: rankdir must be 'TB' or 'LR', got {rankdir!r}")
    picture = import_module("nnc.render").picture_of(model, "layers", expand=("all",) if opens else ())
    if rankdir == "TB":
        return picture
    if picture.groups:
        raise ModelError(f"{where}: rankdir='LR' draws no frames around opened models; leave out expand_nested")
    return replace(picture, is_sideways=True)


def _shown(path: Path) -> Any:
    """Return what shows a file in a notebook; None where nothing does."""
    suffix = path.suffix.lower() or ".png"
    if suffix not in (".png", ".svg"):
        return None
    try:
        display = import_module("IPython.display")
    except ImportError:
        return None
    return display.Image(filename=str(path), format="png") if suffix == ".png" else display.SVG(filename=str(path))
