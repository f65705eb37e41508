"""Dense layers whose product is given in Einstein's notation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from nnc.arguments import argument, unsupported
from nnc.checks import is_whole
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import einsum, reshape
from nnc.layers.arguments import activation_function, constraint, initializer, regularizer
from nnc.layers.declared import NamedLayer
from nnc.layers.variable import Variable

_EQUATIONS = (
    r"(?P<x>[a-zA-Z]+),(?P<kernel>[a-zA-Z]+)->(?P<y>[a-zA-Z]+)",
    r"(?P<left>\.\.\.)(?P<x>[a-zA-Z]+),(?P<kernel>[a-zA-Z]+)->\.\.\.(?P<y>[a-zA-Z]+)",
    r"(?P<x>[a-zA-Z]{2,})\.\.\.,(?P<kernel>[a-zA-Z]+)->(?P<y>[a-zA-Z]+)\.\.\.",
)


def _check_output_shape(where: str, key: str, value: Any) -> tuple[int | None, ...]:
    """Return the shape of a row of the output."""
    shape = value if isinstance(value, list | tuple) else (value,)
    if not all(dim is None or (is_whole(dim) and dim > 0) for dim in shape) or value is None:
        raise ModelError(f"{where}: {key} must be a positive integer or a tuple of them and None, got {value!r}")
    return tuple(shape)


def _check_bias_axes(where: str, key: str, value: Any) -> str:
    """Return the letters of the bias's axes."""
    if not isinstance(value, str) or not value:
        raise ModelError(f"{where}: {key} must be letters of the output such as 'bc', got {value!r}")
    return value


class EinsumDense(NamedLayer):
    """activation(einsum(equation, x, kernel) + bias).

    Args:
        equation: such as ``ab,bc->ac``, ``...x,xy->...y`` or ``abc...,bd->adc...``.
        output_shape: shape of a row of the output, with None for lengths that the input decides; without the axes
            that ``...`` stands for.
        activation: name, function or `Activation`.
        bias_axes: axes of the output, by their letters, that the bias has; None for no bias.
        kernel_initializer: first value of the kernel.
        bias_initializer: first value of the bias.
        kernel_regularizer: penalty on the kernel.
        bias_regularizer: penalty on the bias.
        kernel_constraint: projection of the kernel after each update.
        bias_constraint: projection of the bias after each update.
        activity_regularizer: penalty on the output.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = ("{equation}", "{activation}")
    supports_masking = False

    equation: str = argument()
    partial_output_shape: Any = argument(_check_output_shape, alias="output_shape")
    activation: Any = activation_function(default=None)
    bias_axes: str | None = argument(_check_bias_axes, default=None)
    kernel_initializer: Any = initializer(default="glorot_uniform")
    bias_initializer: Any = initializer(default="zeros")
    kernel_regularizer: Any = regularizer(default=None)
    bias_regularizer: Any = regularizer(default=None)
    kernel_constraint: Any = constraint(default=None)
    bias_constraint: Any = constraint(default=None)
    lora_rank: int | None = unsupported(default=None)
    lora_alpha: float | None = unsupported(default=None)
    gptq_unpacked_column_size: int | None = unsupported(default=None)
    quantization_config: Any = unsupported(default=None, written="always")
    activity_regularizer: Any = regularizer(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self.spec = _read(self.equation)
        self.bias: Variable | None = None

    def build(self, input_shape: Any) -> None:
        shapes = _shapes(self.spec, self.bias_axes, tuple(input_shape), self.partial_output_shape, self.equation)
        kernel_shape, bias_shape, inner, outer = shapes
        for letter, dim in zip(self.spec["kernel"], kernel_shape, strict=True):
            if dim is None:
                raise ModelError(f"axis '{letter}' of the kernel must have a known length, input {tuple(input_shape)}")
        initializer = self.kernel_initializer
        if getattr(initializer, "input_axes", ...) is None:
            initializer = type(initializer).from_config(
                {**initializer.get_config(), "input_axes": inner, "output_axes": outer}
            )
        self.kernel = self._weight("kernel", kernel_shape, initializer)
        if bias_shape is not None:
            if any(dim is None for dim in bias_shape):
                raise ModelError(f"bias_axes '{self.bias_axes}' name an axis whose length output_shape does not give")
            self.bias = self._weight("bias", bias_shape, self.bias_initializer)

    def _weight(self, name: str, shape: Sequence[Any], initializer: Any) -> Variable:
        regularizer, constraint = getattr(self, f"{name}_regularizer"), getattr(self, f"{name}_constraint")
        return self.add_weight(shape, initializer, name=name, regularizer=regularizer, constraint=constraint)

    def _product(self, x: Value) -> Value:
        return einsum(self.equation, x, self.kernel.value)

    def call(self, x: Value) -> Value:
        product = self._product(x)
        if self.bias is not None:
            product = self._with_bias(product, self.bias)
        result: Value = self.activation(product)
        return result

    def _with_bias(self, product: Value, bias: Variable) -> Value:
        """Add the bias; where its axes are the kernel's last, to the product's rows before they are split into axes."""
        axes, y, kernel = len(bias.shape), self.spec["y"], self.spec["kernel"]
        if axes < 2 or axes > len(y) or y[-axes:] != kernel[-axes:] or self.bias_axes != y[-axes:]:
            return product + bias
        rows = reshape(product, (*product.shape[:-axes], bias.size)) + reshape(bias.value, (bias.size,))
        return reshape(rows, product.shape)


def _read(equation: Any) -> dict[str, str]:
    """Return the letters of input (x), kernel and output (y), and whether ``...`` stands on the left."""
    for pattern in _EQUATIONS:
        found = re.fullmatch(pattern, equation) if isinstance(equation, str) else None
        if found is not None:
            spec = found.groupdict(default="")
            return {"left": "", **spec}
    raise ModelError(
        f"EinsumDense: invalid equation {equation!r}; equations are of the form [X],[Y]->[Z], ...[X],[Y]->...[Z] or "
        "[X]...,[Y]->[Z]..."
    )


def _shapes(
    spec: dict[str, str], bias_axes: str | None, input_shape: tuple[Any, ...], partial: tuple[Any, ...], equation: str
) -> tuple[list[Any], list[Any] | None, list[int], list[int]]:
    """Return the shapes of kernel and bias, and the kernel's axes of input and output units; Keras's rules."""
    x, kernel, y, left = spec["x"], spec["kernel"], spec["y"], bool(spec["left"])
    elided = len(input_shape) - len(x)
    if elided < 0 or (elided and not left and "..." not in equation):
        raise ModelError(f"equation '{equation}' does not fit an input of shape {input_shape}")
    output = [input_shape[0], *partial]
    if left:
        output[1:1] = input_shape[1:elided]
    else:
        output += input_shape[len(x) :]
    if len(output) != len(y) + elided:
        raise ModelError(
            f"equation '{equation}' gives an output of {len(y) + elided} axes, output_shape {partial} gives one of "
            f"{len(output)}"
        )
    shift = elided if left else 0
    inputs = {letter: input_shape[axis + shift] for axis, letter in enumerate(x)}
    outputs = {letter: output[axis + shift] for axis, letter in enumerate(y)}
    for letter, dim in inputs.items():
        if outputs.get(letter) not in (None, dim):
            raise ModelError(
                f"axis '{letter}' of equation '{equation}' is {dim} long in the input "
                f"and {outputs[letter]} in the output"
            )
    for letter in kernel:
        if letter not in inputs and letter not in outputs:
            raise ModelError(
                f"axis '{letter}' of the kernel of '{equation}' is neither one of the input nor of the output"
            )
    for letter in y:
        if letter not in inputs and letter not in kernel:
            raise ModelError(
                f"axis '{letter}' of the output of '{equation}' is neither one of the input nor of the kernel"
            )
    kernel_shape = [outputs[letter] if letter in outputs else inputs[letter] for letter in kernel]
    inner = [axis for axis, letter in enumerate(kernel) if letter not in outputs]
    outer = [axis for axis, letter in enumerate(kernel) if letter in outputs]
    if bias_axes is None:
        return kernel_shape, None, inner, outer
    for letter in bias_axes:
        if letter not in y:
            raise ModelError(f"bias_axes '{bias_axes}' name an axis that the output '{y}' does not have")
    first = min(y.find(letter) for letter in bias_axes)
    bias_shape = [outputs[letter] if letter in bias_axes else 1 for letter in y[first:]]
    return kernel_shape, bias_shape + [1] * (0 if left else elided), inner, outer
