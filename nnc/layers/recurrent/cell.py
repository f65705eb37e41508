"""Common parts of Keras's cells: arguments, initial states, and dropout with the same mask in every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from nnc import activations
from nnc.checks import check_number
from nnc.errors import ModelError
from nnc.ir import Dim, Value
from nnc.ir.ops import matmul, random_uniform, take
from nnc.ir.ops.comparison import GreaterEqual
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.random import KEY_TYPE
from nnc.layers.base import Layer
from nnc.layers.declared import KerasLayer
from nnc.layers.input_types import FLOAT
from nnc.layers.lowering import RANDOM, current_lowering
from nnc.layers.nested import inner_layer
from nnc.layers.recurrent.time_loop import zeros
from nnc.layers.variable import Variable

_ACROSS = ("glu", "log_softmax", "softmax", "sparsemax")
"""Activations that look along a whole axis."""
_ELEMENTWISE = (
    *(function for name, function in activations.ACTIVATIONS.items() if name not in _ACROSS),
    activations.hard_sigmoid_keras_2,
)


class Cell(KerasLayer):
    """A cell with a kernel for the inputs, one for the state, and a bias; subclasses say what a step does with them.

    They declare the arguments, in Keras's order.

    Attributes:
        gates: number of parts of the kernels' last axis.
    """

    gates: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.units: int
        self.use_bias: bool
        self.seed: int | None
        self.kernel: Variable
        self.recurrent_kernel: Variable
        self.bias: Variable | None
        self._masks: dict[tuple[str, int], Value] | None = None

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


def check_share(where: str, key: str, value: Any) -> float:
    """Return a share of elements, brought into the range from 0 to 1, as Keras does.

    Raises:
        ModelError: it is no finite number.
    """
    return float(min(1.0, max(0.0, check_number(where, key, value))))


def checked_cell(cell: Any, where: str) -> Any:
    """Return a cell from a cell or its config.

    Raises:
        ModelError: it lacks ``call`` or ``state_size``.
    """
    cell = inner_layer(cell, where)
    for name in ("call", "state_size"):
        if not hasattr(cell, name):
            raise ModelError(f"{where}: a cell needs '{name}'; {cell!r:.80} has none")
    return cell
