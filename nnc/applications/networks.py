"""Functions of networks that differ by name and numbers alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnc.applications.request import Request
from nnc.models import Model

Network = Callable[..., Model]
"""A function that returns a model, with the arguments of Keras's."""
_ARGUMENTS = """
    Args:
        include_top: whether the network classifies; otherwise it ends with feature maps.
        weights: None for random ones, ``imagenet`` for Keras's own, or the path of a file of Keras's.
        input_tensor: a symbolic tensor that the network is applied to, instead of an input of its own.
        input_shape: (height, width, channels) of an image.
        pooling: ``avg`` or ``max``: how feature maps become one row, without a classifier; None leaves them.
        classes: number of classes.
        classifier_activation: activation of the classifier, None for logits.
"""
INCLUDE_PREPROCESSING = """\
        include_preprocessing: whether the network scales pixels from 0 to 255 itself.
"""
"""Describes an argument of some networks."""
_NAME = "        name: of the model.\n"
_RAISES = """
    Raises:
        ModelError: an argument is none of these, they do not fit together, or the weights of a file do not fit.
        DataError: Keras's own weights are not there and cannot be downloaded; the message says where to put them.

    https://keras.io/api/applications/
"""


def as_network(function: Callable[..., Model], name: str, module: str, summary: str, arguments: str = "") -> Network:
    """Return a function with a public name and its docstring.

    Args:
        function: builds a model.
        name: the public name.
        module: where it stands.
        summary: the first sentence of the docstring.
        arguments: lines on arguments that not all networks have.
    """
    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    function.__doc__ = f"{summary}\n{_ARGUMENTS}{arguments}{_NAME}{_RAISES}"
    return function


def network(function: str, module: str, default_name: str, build: Callable[[Request], Model], summary: str) -> Network:
    """Return the function of a network that has the arguments of all networks and no others.

    Args:
        function: its name.
        module: where it stands.
        default_name: of its models.
        build: returns a model.
        summary: the first sentence of its docstring.
    """

    def make(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str = default_name,
    ) -> Model:
        return build(
            Request(
                function,
                include_top,
                weights,
                input_tensor,
                input_shape,
                pooling,
                classes,
                classifier_activation,
                name,
            )
        )

    return as_network(make, function, module, summary)
