"""Input, Dense and Activation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

import numpy

from nnc import activations
from nnc.errors import ModelError, nearest
from nnc.ir import TensorType, Value
from nnc.layers.argument_texts import name_of
from nnc.layers.arguments import (
    activation_config,
    arguments_config,
    get_activation,
    set_arguments,
    take_unsupported,
)
from nnc.layers.base import Layer
from nnc.layers.checks import FLOAT, MISSING, check_flag, check_positive, input_type, row_shape
from nnc.layers.options import CommonLayerOptions, LayerOptions, LegacyInputOptions
from nnc.layers.symbolic import Call, SymbolicTensor
from nnc.ops import reshape

Array = Any


class InputLayer(Layer):
    """The place where an array enters a model.

    Args:
        shape: shape of one row.
        batch_shape: the same with the batch in front, as model files have it.
        dtype: element type.
        name: name of the input.
    """

    dtypes: ClassVar[frozenset[str]] = frozenset({"float32", "float64", "int32", "int64", "uint8", "bool"})

    def __init__(
        self,
        shape: Sequence[int] | None = None,
        *,
        batch_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        optional: bool = False,
        name: str | None = None,
        **legacy: Unpack[LegacyInputOptions],
    ) -> None:
        if unknown := [key for key in legacy if key not in LegacyInputOptions.__annotations__]:
            known = ["shape", "batch_shape", "batch_size", "dtype", "name"]
            raise ModelError(f"InputLayer has no argument '{unknown[0]}'.{nearest(unknown[0], known)}")
        if sparse or ragged or optional:
            raise ModelError("Input: sparse, ragged and optional inputs are not supported")
        super().__init__(name=name, dtype=dtype)
        given = batch_shape if batch_shape is not None else batch_input_shape
        if given is None and shape is None:
            raise ModelError("Input: shape is missing, for example Input(shape=(2,))")
        if given is not None:
            row = row_shape("Input", "batch_shape", given, has_batch=True)
        else:
            row = row_shape("Input", "shape", shape)
        self.type: TensorType = input_type((None, *row), self.weights_dtype or FLOAT)
        self.built = True
        self._output = SymbolicTensor(self.type, batch=_rows(given[0] if given else batch_size))
        self._output.call = Call(self, (), outputs=(self._output,))

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


def _rows(size: Any) -> int | None:
    """Return the number of rows of a batch.

    Raises:
        ModelError: it is neither a positive whole number nor None.
    """
    return None if size is None else check_positive("Input", "batch_size", size)


def Input(  # noqa: N802  (Keras's name)
    shape: Sequence[int] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    name: str | None = None,
    batch_shape: Sequence[Any] | None = None,
) -> SymbolicTensor:
    """Return a symbolic input to wire layers to.

    Args:
        shape: shape of one row.
        batch_size: rows of the states of stateful layers; otherwise a model takes batches of any size.
        dtype: element type, float32 by default.
        name: name of the input.
        batch_shape: the shape with the batch in front, instead of `shape`.

    Raises:
        ModelError: the shape is missing or has no positive numbers.
    """
    return InputLayer(shape, batch_shape=batch_shape, batch_size=batch_size, dtype=dtype, name=name).output


class Dense(Layer):
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
        options: the arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("units",)
    noted_arguments = ("{activation}",)
    supports_masking = True
    activation: Any
    kernel_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    bias_constraint: Any

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Unpack[CommonLayerOptions],
    ) -> None:
        take_unsupported("Dense", options, ("lora_rank", "lora_alpha", "quantization_config"))
        super().__init__(activity_regularizer=activity_regularizer, **options)
        self.units = check_positive("Dense", "units", units)
        self.use_bias = check_flag("Dense", "use_bias", use_bias)
        set_arguments(
            self,
            activation=activation,
            kernel_initializer=kernel_initializer or "glorot_uniform",
            bias_initializer=bias_initializer or "zeros",
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        if len(input_shape) < 2:
            raise ModelError(f"expected an input with at least 2 dimensions, (batch, …, inputs), got {input_shape}")
        self.kernel = self.add_weight(
            (input_shape[-1], self.units),
            self.kernel_initializer,
            name="kernel",
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                name="bias",
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, x: Value) -> Value:
        inputs = self.kernel.shape[0]
        if x.shape[-1] != inputs:
            raise ModelError(f"expected an input whose last axis is {inputs} long, got {x.type}")
        rows = reshape(x, (-1, inputs)) if x.rank > 2 else x
        product = rows @ self.kernel
        if self.use_bias:
            product = product + self.bias
        if x.rank > 2 and not any(self.activation is known for known in activations.ACTIVATIONS.values()):
            product = reshape(product, (*x.shape[:-1], self.units))  # others than Keras's may look at any axis
        return reshape(self.activation(product), (*x.shape[:-1], -1))

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
        if self.use_bias:
            self.bias.assign(value[-1])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            **arguments_config(self, "activation"),
            "use_bias": self.use_bias,
            **arguments_config(self, "kernel_initializer", "bias_initializer"),
            **arguments_config(self, "kernel_regularizer", "bias_regularizer", "kernel_constraint", "bias_constraint"),
            "quantization_config": None,
        }


class Activation(Layer):
    """An activation as a layer; a subclass may define `call` instead of being given one.

    Args:
        activation: name, function, `nnc.activations.Activation` or a layer.
        options: arguments of `Layer`.

    Raises:
        ModelError: there is no such activation, or none is given.
    """

    def __init__(self, activation: Any = MISSING, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        if activation is MISSING and type(self).call is Activation.call:
            raise ModelError("Activation: activation is missing, for example Activation('relu')")
        self.activation: Any = get_activation(None if activation is MISSING else activation)

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

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activation_config(self.activation)}
