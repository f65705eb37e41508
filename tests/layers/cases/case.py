"""One row of the table of layers: a layer, its arguments, and what it is applied to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy

import nnc

ROWS = 4
ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "softmax", "elu", "gelu")


@dataclass(frozen=True)
class Case:
    """One layer on inputs of certain shapes.

    Args:
        layer: class name, nnc's and Keras's.
        config: its arguments; a callable is given nnc or Keras and makes them, for layers inside layers.
        shapes: shape of a row of each input.
        output: expected shape of a row of the output.
        seed: what numbers are drawn.
        more: shapes of further outputs.
        integers: for each input the number that its whole numbers stay below, 0 for floating-point numbers.
        options: keywords that the layer is called with.
        states: keyword that takes all inputs but the first, as a list.
        named: keywords that take the last inputs, one each.
        positive: whether all weights are positive, as variances are.
        without_effect: ends of the paths of weights that the output does not depend on, so that their gradients are 0
            but for rounding.
        tolerance: largest error of the output, relative to the largest magnitude; ten times as much for gradients.
    """

    layer: str
    config: Any
    shapes: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    seed: int = field(default=0, kw_only=True)
    more: tuple[tuple[int, ...], ...] = field(default=(), kw_only=True)
    integers: tuple[int, ...] = field(default=(), kw_only=True)
    options: dict[str, Any] = field(default_factory=dict, kw_only=True)
    states: str = field(default="", kw_only=True)
    named: tuple[str, ...] = field(default=(), kw_only=True)
    positive: bool = field(default=False, kw_only=True)
    without_effect: tuple[str, ...] = field(default=(), kw_only=True)
    tolerance: float = field(default=1e-6, kw_only=True)

    def __str__(self) -> str:
        arguments = ",".join(f"{key}={value}" for key, value in (self.arguments(nnc) | self.options).items())
        return f"{self.layer}({arguments})-{'-'.join(map(str, self.shapes))}".replace(" ", "")

    def arguments(self, nn: Any) -> dict[str, Any]:
        """Return the layer's arguments; `nn` is nnc or Keras."""
        return self.config(nn) if callable(self.config) else self.config

    def make(self, nn: Any = nnc, **options: Any) -> Any:
        """Return the layer; `nn` is nnc or Keras."""
        return getattr(nn.layers, self.layer)(**self.arguments(nn), **options)

    def inputs(self, dtype: str = "float32") -> list[numpy.ndarray]:
        """Return an array per input; no element lies on a kink of an activation."""
        generator = numpy.random.default_rng(self.seed)
        bounds = self.integers or (0,) * len(self.shapes)
        return [
            generator.integers(0, bound, (ROWS, *shape)).astype("int32")
            if bound
            else generator.normal(size=(ROWS, *shape)).astype(dtype)
            for shape, bound in zip(self.shapes, bounds, strict=True)
        ]

    def symbolic(self, nn: Any = nnc, dtype: str = "float32") -> list[Any]:
        """Return a symbolic tensor per input."""
        return [nn.Input(x.shape[1:], dtype=str(x.dtype)) for x in self.inputs(dtype)]

    def weights(self, shapes: list[tuple[int, ...]], dtype: str = "float32") -> list[numpy.ndarray]:
        """Return an array per weight, biases included."""
        generator = numpy.random.default_rng(self.seed + 1)
        drawn = [generator.normal(0.0, 0.5, shape).astype(dtype) for shape in shapes]
        return [numpy.abs(array) + numpy.asarray(0.1, dtype) for array in drawn] if self.positive else drawn

    def gradients(self, dtype: str = "float32") -> list[numpy.ndarray]:
        """Return a gradient of each output."""
        generator = numpy.random.default_rng(self.seed + 2)
        return [generator.normal(size=(ROWS, *shape)).astype(dtype) for shape in (self.output, *self.more)]

    def call(self, layer: Any, inputs: list[Any]) -> Any:
        """Apply a layer as its class wants it: merging layers to a list."""
        if getattr(nnc.layers, self.layer).is_merging:
            return layer(inputs, **self.options)
        if self.states:
            return layer(inputs[0], **{self.states: list(inputs[1:])}, **self.options)
        count = len(inputs) - len(self.named)
        return layer(*inputs[:count], **dict(zip(self.named, inputs[count:], strict=True)), **self.options)

    def outputs(self, layer: Any, inputs: list[Any]) -> list[Any]:
        """Apply a layer and return its outputs as a flat list."""
        return _flat(self.call(layer, inputs))

    @property
    def size(self) -> int:
        """Elements of a row of all inputs."""
        return int(sum(numpy.prod(shape, dtype=int) for shape in self.shapes))


def with_layers(**config: Any) -> Any:
    """Return the arguments of a layer, with layers for the words that are pairs of a class name and a config."""

    def make(nn: Any) -> dict[str, Any]:
        def made(key: str, value: Any) -> Any:
            return getattr(nn.layers, value[0])(**value[1], name=f"inner_{key}") if isinstance(value, tuple) else value

        return {key: made(key, value) for key, value in config.items()}

    return make


def _flat(found: Any) -> list[Any]:
    return [item for part in found for item in _flat(part)] if isinstance(found, list | tuple) else [found]
