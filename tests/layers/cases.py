"""Layers of Keras's vocabulary with the configs and input shapes they are tested with; add a line, get every test."""

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
        config: its arguments.
        shapes: shape of a row of each input.
        output: expected shape of a row of the output.
    """

    layer: str
    config: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    seed: int = field(default=0, kw_only=True)

    def __str__(self) -> str:
        arguments = ",".join(f"{key}={value}" for key, value in self.config.items())
        return f"{self.layer}({arguments})-{'-'.join(map(str, self.shapes))}".replace(" ", "")

    def make(self, nn: Any = nnc, **options: Any) -> Any:
        """Return the layer; `nn` is nnc or Keras."""
        return getattr(nn.layers, self.layer)(**self.config, **options)

    def inputs(self, dtype: str = "float32") -> list[numpy.ndarray]:
        """Return an array per input; no element lies on a kink of an activation."""
        generator = numpy.random.default_rng(self.seed)
        return [generator.normal(size=(ROWS, *shape)).astype(dtype) for shape in self.shapes]

    def weights(self, shapes: list[tuple[int, ...]], dtype: str = "float32") -> list[numpy.ndarray]:
        """Return an array per weight, biases included."""
        generator = numpy.random.default_rng(self.seed + 1)
        return [generator.normal(0.0, 0.5, shape).astype(dtype) for shape in shapes]

    def gradient(self, dtype: str = "float32") -> numpy.ndarray:
        """Return a gradient of the output."""
        return numpy.random.default_rng(self.seed + 2).normal(size=(ROWS, *self.output)).astype(dtype)

    def call(self, layer: Any, inputs: list[Any]) -> Any:
        """Apply a layer as its class wants it: merging layers to a list."""
        return layer(inputs) if self.layer in ("Add", "Concatenate") else layer(*inputs)


CASES = (
    *(Case("Dense", {"units": 3, "activation": name}, ((5,),), (3,)) for name in ACTIVATIONS),
    Case("Dense", {"units": 1}, ((1,),), (1,)),
    Case("Dense", {"units": 2, "use_bias": False}, ((3,),), (2,)),
    Case("Dense", {"units": 4, "activation": "softmax"}, ((2, 3),), (2, 4)),
    Case("Dense", {"units": 2, "activation": "tanh", "use_bias": False}, ((2, 3, 5),), (2, 3, 2)),
    *(Case("Activation", {"activation": name}, ((3, 4),), (3, 4)) for name in ACTIVATIONS),
    Case("ReLU", {}, ((6,),), (6,)),
    Case("ReLU", {"max_value": 0.5}, ((6,),), (6,)),
    Case("ReLU", {"negative_slope": 0.2}, ((6,),), (6,)),
    Case("ReLU", {"threshold": 0.4}, ((6,),), (6,)),
    Case("ReLU", {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.3}, ((2, 6),), (2, 6)),
    Case("Softmax", {}, ((5,),), (5,)),
    Case("Softmax", {"axis": 1}, ((3, 4),), (3, 4)),
    Case("Softmax", {"axis": -2}, ((2, 3, 4),), (2, 3, 4)),
    Case("Flatten", {}, ((2, 3, 4),), (24,)),
    Case("Flatten", {}, ((),), (1,)),
    Case("Flatten", {"data_format": "channels_first"}, ((2, 3, 4),), (24,)),
    Case("Reshape", {"target_shape": (4, 3)}, ((2, 6),), (4, 3)),
    Case("Reshape", {"target_shape": (-1,)}, ((2, 3),), (6,)),
    Case("Reshape", {"target_shape": (2, -1, 2)}, ((12,),), (2, 3, 2)),
    Case("Reshape", {"target_shape": ()}, ((1,),), ()),
    Case("Dropout", {"rate": 0.5}, ((5,),), (5,)),
    Case("Dropout", {"rate": 0.0, "seed": 3, "noise_shape": (None, 1)}, ((5,),), (5,)),
    Case("Add", {}, ((3,), (3,)), (3,)),
    Case("Add", {}, ((2, 3), (2, 1), (1, 3)), (2, 3)),
    Case("Concatenate", {}, ((2,), (3,), (1,)), (6,)),
    Case("Concatenate", {"axis": 1}, ((2, 3), (4, 3)), (6, 3)),
    Case("Concatenate", {"axis": -2}, ((2, 3), (1, 3)), (3, 3)),
)
"""Every layer but Input, which has no forward."""
