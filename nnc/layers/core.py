"""Input, Dense and Activation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy

from nnc import activations
from nnc.arguments import Argument, argument, flag, passed_on, positive, unsupported
from nnc.checks import check_positive
from nnc.errors import ArgumentError, ModelError
from nnc.ir import TensorType, Value, size_of
from nnc.ir.ops import reshape
from nnc.layers.argument_texts import name_of
from nnc.layers.arguments import (
    activation_config,
    activation_function,
    constraint,
    get_activation,
    initializer,
    regularizer,
)
from nnc.layers.declared import DeclaredLayer, KerasLayer, NamedLayer
from nnc.layers.input_types import FLOAT, MISSING, TEXT, input_type, row_shape
from nnc.layers.symbolic import Call, SymbolicTensor
from nnc.layers.variable import Variable
from nnc.settings import SETTINGS

Array = Any


class InputLayer(DeclaredLayer):
    """The place where an array enters a model.

    Args:
        shape: shape of one row.
        batch_shape: the same with the batch in front, as model files have it.
        dtype: element type; ``string`` for texts.
        name: name of the input.
    """

    dtypes: ClassVar[frozenset[str]] = frozenset({"float32", "float64", "int32", "int64", "uint8", "bool", TEXT})

    shape: Sequence[int] | None = argument(default=None)
    batch_size: int | None = positive(default=None)
    _dtype_given: Any = passed_on(default=None, alias="dtype")
    sparse: bool | None = unsupported(default=None)
    ragged: bool | None = unsupported(default=None)
    batch_shape: Sequence[Any] | None = argument(default=None)
    input_tensor: None = unsupported(default=None)
    optional: bool = unsupported(default=False)
    _name_given: str | None = passed_on(default=None, alias="name")
    _batch_input_shape_given: Sequence[Any] | None = argument(default=None, kw_only=True, alias="batch_input_shape")
    _input_shape_given: Sequence[int] | None = argument(
        default=None, kw_only=True, alias="input_shape", written="never"
    )
    _trainable_given: bool = passed_on(default=True, kw_only=True, alias="trainable")

    @property
    def _where(self) -> str:
        return "Input"

    def __post_init__(self) -> None:
        given = self.batch_shape if self.batch_shape is not None else self._batch_input_shape_given
        if self._input_shape_given is not None:
            warnings.warn("Argument `input_shape` is deprecated. Use `shape` instead.", UserWarning, stacklevel=2)
            self.shape = self._input_shape_given if self.shape is None else self.shape
        for key in ("shape", "batch_size"):
            if given is not None and getattr(self, key) is not None:
                raise ModelError(f"Input: you cannot pass both `{key}` and `batch_shape`; leave one of them out")
        if given is None and self.shape is None:
            raise ModelError("Input: shape is missing; pass a `shape` argument, for example Input(shape=(2,))")
        if given is not None:
            row = row_shape("Input", "batch_shape", given, has_batch=True)
            self.batch_size = None if given[0] is None else check_positive("Input", "batch_size", given[0])
        else:
            row = row_shape("Input", "shape", self.shape)
        self.type: TensorType = input_type((None, *row), self.weights_dtype or FLOAT)
        self.batch_shape = (self.batch_size, *row)
        self.built = True
        self._output = SymbolicTensor(self.type, batch=self.batch_size)
        self._output.call = Call(self, (), outputs=(self._output,))

    def _default_dtype(self) -> str:
        return SETTINGS.floatx

    @property
    def output(self) -> SymbolicTensor:
        """The symbolic tensor that stands for the array."""
        return self._output

    @property
    def default_name(self) -> str:
        return "input"

    def get_config(self) -> dict[str, Any]:
        shape = [self._output.batch, *(dim if isinstance(dim, int) else None for dim in self.type.shape[1:])]
        return {"batch_shape": shape, "dtype": self.type.dtype, "name": self.name}


def Input(  # noqa: N802  (Keras's name)
    shape: Sequence[int] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    name: str | None = None,
    batch_shape: Sequence[Any] | None = None,
    optional: bool = False,
) -> SymbolicTensor:
    """Return a symbolic input to wire layers to.

    Args:
        shape: shape of one row.
        batch_size: rows of the states of stateful layers; otherwise a model takes batches of any size.
        dtype: element type, float32 by default; ``string`` for texts.
        name: name of the input.
        batch_shape: the shape with the batch in front, instead of `shape`.
        optional: must be False: a static graph is always given all of its inputs.

    Raises:
        ModelError: the shape is missing or has no positive numbers, or the input is optional.
    """
    if optional:
        raise ModelError(
            f"Input '{name or 'input'}': optional=True is not supported, as a static graph is always given all of its"
            " inputs; make a model with the input and one without it, of the same layers"
        )
    return InputLayer(shape, batch_shape=batch_shape, batch_size=batch_size, dtype=dtype, name=name).output


class Dense(NamedLayer):
    """activation(x · kernel + bias) over the last axis.

    Args:
        units: length of the output's last axis.
        activation: name, function or `Activation`.
        use_bias: whether there is a bias.
        kernel_initializer: first value of the kernel, of shape (inputs, units).
        bias_initializer: first value of the bias, of shape (units,).
        kernel_regularizer: penalty on the kernel, see `nnc.regularizers`.
        bias_regularizer: penalty on the bias.
        activity_regularizer: penalty on the output.
        kernel_constraint: what the kernel has to satisfy after each step, see `nnc.constraints`.
        bias_constraint: what the bias has to satisfy.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("units",)
    noted_arguments = ("{activation}",)
    supports_masking = True

    units: int = positive()
    activation: Any = activation_function(default=None)
    use_bias: bool = flag(default=True)
    kernel_initializer: Any = initializer(default="glorot_uniform")
    bias_initializer: Any = initializer(default="zeros")
    kernel_regularizer: Any = regularizer(default=None)
    bias_regularizer: Any = regularizer(default=None)
    activity_regularizer: Any = passed_on(default=None)
    kernel_constraint: Any = constraint(default=None)
    bias_constraint: Any = constraint(default=None)
    lora_rank: int | None = unsupported(default=None)
    lora_alpha: float | None = unsupported(default=None)
    quantization_config: Any = unsupported(default=None, written="always")

    def build(self, input_shape: Any) -> None:
        if len(input_shape) < 2:
            raise ModelError(f"expected an input with at least 2 dimensions, (batch, …, inputs), got {input_shape}")
        self._make_kernel((input_shape[-1], self.units))
        self.bias: Variable | None = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                name="bias",
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def _make_kernel(self, shape: tuple[int, ...]) -> None:
        self.kernel = self.add_weight(
            shape,
            self.kernel_initializer,
            name="kernel",
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )

    def _product(self, rows: Value) -> Value:
        return rows @ self.kernel

    def call(self, x: Value) -> Value:
        inputs = self.kernel.shape[0]
        if x.shape[-1] != inputs:
            raise ModelError(
                f"the input is incompatible with the layer: expected one whose last axis is {inputs} long, got {x.type}"
            )
        rows = reshape(x, (size_of(x.shape[:-1]), inputs)) if x.rank > 2 else x
        product = self._product(rows)
        if self.bias is not None:
            product = product + self.bias
        if x.rank > 2 and not self._acts_on_rows():
            product = reshape(product, (*x.shape[:-1], self.units))
        found = product if self.activation is None else self.activation(product)
        return reshape(found, (*x.shape[:-1], found.shape[-1]))

    def _acts_on_rows(self) -> bool:
        """Whether rows may be flattened for the activation.

        Others than Keras's may look at any axis, and losses look for what sigmoid and softmax were applied to.
        """
        is_known = any(self.activation is known for known in activations.ACTIVATIONS.values())
        return is_known and self.activation not in (activations.sigmoid, activations.softmax)

    def _join(self, arrays: Sequence[Array]) -> Array:
        if not arrays:
            raise ModelError(f"Layer '{self.name}' (Dense) has no parameters yet: its input shape is not known")
        if self.sublayers:  # an activation with weights
            return super()._join(arrays)
        return numpy.vstack(list(arrays))

    def _assign_parameters(self, value: Array) -> None:
        if self.sublayers:
            super()._assign_parameters(value)
            return
        if not self.built and value.ndim == 2:
            self.ensure_built((input_type((None, len(value) - self.use_bias), self.weights_dtype or FLOAT),))
        expected = (self.kernel.shape[0] + self.use_bias, self.units)
        if value.shape != expected:
            raise ModelError(
                f"Layer '{self.name}' (Dense): parameters must have shape {expected}, kernel rows and then the bias,"
                f" got {value.shape}"
            )
        self.kernel.assign(value[: self.kernel.shape[0]])
        if self.bias is not None:
            self.bias.assign(value[-1])


def _activation_of(layer: Any, key: str, given: Any) -> Any:
    """Return what a layer is given as its activation; a subclass that says itself what it computes needs none."""
    if given is MISSING and type(layer).call is Activation.call:
        raise ArgumentError("Activation: activation is missing, for example Activation('relu')")
    return get_activation(None if given is MISSING else given)


class Activation(KerasLayer):
    """An activation as a layer; a subclass may define `call` instead of being given one.

    Args:
        activation: name, function, `nnc.activations.Activation` or a layer.

    Raises:
        ModelError: there is no such activation, or none is given.
    """

    activation: Any = Argument(_activation_of, activation_config, default=MISSING)

    supports_masking = True
    keeps_integers = True

    def call(self, x: Value) -> Value:
        if self.activation is activations.linear:
            return x
        if x.dtype == "bool" or self.activation not in (activations.relu, activations.relu6):
            x = self.as_floating(x)
        result: Value = self.activation(x)
        return result

    @property
    def summary_note(self) -> str:
        return str(name_of(self.activation))
