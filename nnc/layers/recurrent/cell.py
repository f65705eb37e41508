"""Common parts of Keras's cells: arguments, initial states, and dropout with the same mask in every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from nnc import activations
from nnc.checks import check_flag, check_positive
from nnc.errors import ModelError
from nnc.ir import Dim, Value
from nnc.layers.arguments import arguments_config, set_arguments
from nnc.layers.base import Layer
from nnc.layers.input_types import FLOAT
from nnc.layers.lowering import RANDOM, current_lowering
from nnc.layers.recurrent.stepping import zeros
from nnc.layers.variable import Variable
from nnc.ops import matmul, random_uniform, take
from nnc.ops.comparison import GreaterEqual
from nnc.ops.elementwise import apply
from nnc.ops.random import KEY_TYPE

OBJECTS = (
    "kernel_initializer",
    "recurrent_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "recurrent_regularizer",
    "bias_regularizer",
    "kernel_constraint",
    "recurrent_constraint",
    "bias_constraint",
)


_ACROSS = ("glu", "log_softmax", "softmax", "sparsemax")
"""Activations that look along a whole axis."""
_ELEMENTWISE = (
    *(function for name, function in activations.ACTIVATIONS.items() if name not in _ACROSS),
    activations.hard_sigmoid_keras_2,
)


class Cell(Layer):
    """A cell with a kernel for the inputs, one for the state, and a bias; subclasses say what a step does with them.

    Attributes:
        gates: number of parts of the kernels' last axis.
    """

    gates: ClassVar[int] = 1
    keys: ClassVar[tuple[str, ...]] = ()
    """Keys of the config, in Keras's order."""
    units: int
    use_bias: bool
    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable | None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.dropout = self.recurrent_dropout = 0.0
        self.implementation = 2
        self.seed: int | None = None
        self._masks: dict[tuple[str, int], Value] | None = None

    def set_up(
        self, units: Any, use_bias: Any, dropout: Any, recurrent_dropout: Any, seed: Any, **objects: Any
    ) -> None:
        """Check and keep arguments.

        Raises:
            ModelError: one is wrong.
        """
        where = type(self).__name__
        self.units = check_positive(where, "units", units)
        self.use_bias = check_flag(where, "use_bias", use_bias)
        self.dropout = _share(where, "dropout", dropout)
        self.recurrent_dropout = _share(where, "recurrent_dropout", recurrent_dropout)
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
            raise ModelError(f"{where}: seed must be an integer or None, got {seed!r}")
        self.seed = seed
        set_arguments(self, **objects)

    @property
    def state_size(self) -> Any:
        """Length of the state, or of each state in a list."""
        return self.units

    @property
    def output_size(self) -> int:
        """Length of the output."""
        return self.units

    def get_initial_state(self, batch_size: Dim | None = None) -> list[Value]:
        """Return zeros for each state, while a graph is being built."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [zeros((batch_size, size), self.weights_dtype or FLOAT) for size in sizes]

    def build_kernels(
        self,
        inputs: Any,
        bias_initializer: Any,
        bias_shape: tuple[int, ...] | None = None,
        window: tuple[int, ...] = (),
    ) -> None:
        """Make the weights for inputs of a length; kernels of convolutions begin with the axes of the window."""
        given: Any = self
        width = self.gates * self.units
        if not isinstance(inputs, int):
            raise ModelError("the length of the inputs' last axis must be known")

        def weight(name: str, key: str, shape: tuple[int, ...], initializer: Any) -> Variable:
            regularizer, constraint = getattr(given, f"{key}_regularizer"), getattr(given, f"{key}_constraint")
            return self.add_weight(shape, initializer, name=name, regularizer=regularizer, constraint=constraint)

        self.kernel = weight("kernel", "kernel", (*window, inputs, width), given.kernel_initializer)
        self.recurrent_kernel = weight(
            "recurrent_kernel", "recurrent", (*window, self.units, width), given.recurrent_initializer
        )
        self.bias = weight("bias", "bias", bias_shape or (width,), bias_initializer) if self.use_bias else None
        if not window:
            self.build_activations((None, self.units))

    def build_activations(self, shape: Any) -> None:
        """Make the weights of layers used as activations, for a gate of a shape: no step can make them."""
        for key in ("activation", "recurrent_activation"):
            activation = getattr(self, key, None)
            if isinstance(activation, Layer):
                self.build_sublayer(activation, shape)

    # ------------------------------------------------------------------ dropout

    def begin(self) -> None:
        """Let the masks of dropout be drawn once until `end`."""
        self._masks = {}

    def end(self) -> None:
        """Forget the masks of dropout."""
        self._masks = None

    def dropped(self, x: Value, rate: float, kind: str, count: int = 1) -> list[Value]:
        """Return x with a share of its elements dropped, once for each of `count` masks that all steps share.

        Args:
            x: what a step reads.
            rate: share of elements that become 0; 0 and 1 leave x as it is, as in Keras.
            kind: tells the masks of inputs from those of states.
            count: number of masks.
        """
        if not 0.0 < rate < 1.0:
            return [x] * count
        return [x * self._mask(x, rate, kind, number) for number in range(count)]

    def _mask(self, x: Value, rate: float, kind: str, number: int) -> Value:
        loop = current_lowering().loop
        masks = {} if self._masks is None else self._masks
        if (kind, number) not in masks:
            graph = x.graph if loop is None else loop.graph
            known = sum(node.op.name == "random_uniform" for node in graph.nodes)
            stream = known + 1000003 * (self.seed or 0)
            uniform = random_uniform(graph.state(RANDOM, KEY_TYPE, "random"), x.shape, stream, x.dtype)
            masks[kind, number] = apply(GreaterEqual(dtype=x.dtype), uniform, rate) * (1.0 / (1.0 - rate))
        mask = masks[kind, number]
        return mask if loop is None else loop.capture(mask)

    def get_config(self) -> dict[str, Any]:
        objects = {key for key in self.keys if key in OBJECTS or key.endswith("activation")}
        config = {key: arguments_config(self, key)[key] if key in objects else getattr(self, key) for key in self.keys}
        return {**super().get_config(), **config}


def gates_of(x: Value, count: int) -> list[Value]:
    """Return the equal parts of the last axis."""
    width = x.shape[-1] // count
    return [take(x, -1, gate * width, (gate + 1) * width) for gate in range(count)]


def activated(activation: Any, x: Value, count: int) -> list[Value]:
    """Return the activations of the equal parts of the last axis, all at once where it looks at single elements."""
    if any(activation is function for function in _ELEMENTWISE):
        return gates_of(activation(x), count)
    return [activation(part) for part in gates_of(x, count)]


def projected(parts: Sequence[Value], kernel: Value) -> list[Value]:
    """Return the product of each part with its own part of a kernel's columns."""
    return [matmul(part, columns) for part, columns in zip(parts, gates_of(kernel, len(parts)), strict=True)]


def _share(where: str, key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ModelError(f"{where}: {key} must be a number from 0 to 1, got {value!r}")
    return min(1.0, max(0.0, value))
