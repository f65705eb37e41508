"""Layers with weights of 8 bits, as `quantize("int8")` of a Keras model leaves them; they are read, and not made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

from nnc.arguments import Argument
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import absolute, clip, einsum, gather, max, reshape, stop_gradient, straight_through, transpose
from nnc.layers.base import Layer
from nnc.layers.core import Dense
from nnc.layers.einsum_dense import EinsumDense
from nnc.layers.embedding import Embedding, EmbeddingTable, whole_numbers
from nnc.layers.reversible_embedding import ReversibleEmbedding
from nnc.layers.variable import Variable
from nnc.operations.elementwise import round_to_even

_POLICY = "int8_from_"
_LAST_AXIS = (None, -1, [-1], (-1,))


@dataclass(frozen=True)
class AbsMaxQuantizer:
    """How inputs become whole numbers: by the largest absolute value along the axes that are summed over.

    Args:
        low: the least of the whole numbers.
        high: the greatest, which the largest absolute value becomes.
        epsilon: is added to the largest absolute value.
        config: what Keras writes of it.
    """

    low: float = -127
    high: float = 127
    epsilon: float = 1e-7
    config: Any = None

    def __call__(self, x: Value, axes: Sequence[int]) -> tuple[Value, Value]:
        """Return whole numbers, as floating-point ones, and what x was multiplied by."""
        scale = self.high / (max(absolute(x), list(axes), keepdims=True) + self.epsilon)
        return stop_gradient(clip(round_to_even(x * scale), self.low, self.high)), scale


@dataclass(frozen=True)
class Int8QuantizationConfig:
    """What Keras writes beside a quantized layer.

    Args:
        inputs: how its inputs are quantized; None where they stay what they are.
        config: what Keras writes.
    """

    inputs: AbsMaxQuantizer | None
    config: Any = None


def _check_config(layer: Any, key: str, value: Any) -> Int8QuantizationConfig:
    if value is None:
        return Int8QuantizationConfig(AbsMaxQuantizer())
    config = value.get("config") if isinstance(value, Mapping) else None
    if not isinstance(config, Mapping) or value.get("class_name") != "Int8QuantizationConfig":
        raise ModelError(f"{layer._where}: {key} must be Keras's Int8QuantizationConfig, got {value!r:.120}")
    return Int8QuantizationConfig(_quantizer(config.get("activation_quantizer"), f"{layer._where}: {key}"), value)


def _quantizer(value: Any, where: str) -> AbsMaxQuantizer | None:
    """Return the quantizer of the inputs from its config."""
    if value is None:
        return None
    config = value.get("config") if isinstance(value, Mapping) else None
    if not isinstance(config, Mapping) or value.get("class_name") != "AbsMaxQuantizer":
        raise ModelError(f"{where}: inputs are quantized by Keras's AbsMaxQuantizer only, got {value!r:.120}")
    if config.get("output_dtype", "int8") != "int8" or config.get("axis") not in _LAST_AXIS:
        raise ModelError(f"{where}: inputs are quantized to int8 along their last axis only, got {dict(config)!r:.120}")
    low, high = config.get("value_range", (-127, 127))
    return AbsMaxQuantizer(low, high, config.get("epsilon", 1e-7), value)


class Quantized(Layer):
    """A layer with weights of 8 bits, which are kept as the floating-point numbers that they stand for.

    Sums of up to 1,000 products of them are exact in float32; longer ones are rounded as others are.
    """

    quantization_config: Any

    def add_quantized(self, name: str, shape: Sequence[int], scale_shape: Sequence[int]) -> tuple[Variable, Variable]:
        """Make a weight of whole numbers, which is divided by another one, and that one; neither is trained."""
        numbers = self.add_weight(shape, "zeros", trainable=False, name=name)
        return numbers, self.add_weight(scale_shape, "ones", trainable=False, name=f"{name}_scale")

    @property
    def inputs_quantizer(self) -> AbsMaxQuantizer | None:
        """How inputs become whole numbers, None where they stay what they are."""
        found: AbsMaxQuantizer | None = self.quantization_config.inputs
        return found

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, with Keras's policy as dtype."""
        config = super().get_config()
        source = {"mode": "int8", "source_name": config["dtype"] or "float32"}
        return config | {"dtype": {"class_name": "QuantizedDTypePolicy", "config": source, "module": "keras"}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what `get_config` returned; dtype may be that before it was quantized, too."""
        dtype = config.get("dtype")
        if isinstance(dtype, Mapping) and "source_name" in dtype.get("config", ()):
            dtype = dtype["config"]["source_name"]
        return super().from_config({**config, "dtype": dtype})

    @property
    def keras_class(self) -> tuple[str, str, str | None]:
        """Keras's class, which says by its dtype that it is quantized."""
        return "keras.layers", type(self).__name__.removeprefix("Quantized"), None

    @property
    def default_name(self) -> str:
        """Keras's name for its class."""
        return super().default_name.removeprefix("quantized_")

    @property
    def summary_class(self) -> str:
        """Keras's class, with what its weights are."""
        return f"{self.keras_class[1]} int8"


def _config_of(value: Int8QuantizationConfig) -> Any:
    return value.config


class QuantizedDense(Quantized, Dense):
    """A `Dense` layer whose kernel has 8 bits."""

    quantization_config: Any = Argument(
        _check_config, _config_of, default=None, kw_only=True, written="always", optional=False
    )

    def _make_kernel(self, shape: tuple[int, ...]) -> None:
        self.kernel, self.kernel_scale = self.add_quantized("kernel", shape, (self.units,))

    def _product(self, rows: Value) -> Value:
        kernel, scale = self.kernel.value, self.kernel_scale.value
        if self.inputs_quantizer is None:
            found = stop_gradient(rows) @ kernel / scale
        else:
            numbers, factor = self.inputs_quantizer(rows, [-1])
            found = numbers @ kernel / (scale * factor)
        return straight_through(found, rows @ (kernel / scale))

    def _archived_weights(self) -> list[Variable]:
        return [self.kernel, *([] if self.bias is None else [self.bias]), self.kernel_scale]


class QuantizedEinsumDense(Quantized, EinsumDense):
    """An `EinsumDense` layer whose kernel has 8 bits."""

    quantization_config: Any = Argument(
        _check_config, _config_of, default=None, kw_only=True, written="always", optional=False
    )

    def _weight(self, name: str, shape: Sequence[Any], initializer: Any) -> Variable:
        if name != "kernel":
            return super()._weight(name, shape, initializer)
        if "..." in self.equation:
            raise ModelError("equations with '...' cannot be quantized, neither here nor in Keras")
        lengths = dict(zip(self.spec["kernel"], shape, strict=True))
        aligned = [lengths.get(letter, 1) for letter in self.spec["y"]]
        kernel, self.kernel_scale = self.add_quantized("kernel", shape, aligned)
        return kernel

    def _product(self, x: Value) -> Value:
        letters, of_kernel, y = self.spec["x"], self.spec["kernel"], self.spec["y"]
        kernel, scale = self.kernel.value, self.kernel_scale.value
        plain = einsum(self.equation, x, kernel / _moved(scale, y, of_kernel))
        if self.inputs_quantizer is None:
            found = einsum(self.equation, stop_gradient(x), kernel) / scale
        else:
            summed = [axis for axis, letter in enumerate(letters) if letter not in y]
            numbers, factor = self.inputs_quantizer(x, summed)
            found = einsum(self.equation, numbers, kernel) / (_moved(factor, letters, y) * scale)
        return straight_through(found, plain)

    def _archived_weights(self) -> list[Variable]:
        return [self.kernel, *([] if self.bias is None else [self.bias]), self.kernel_scale]


def _moved(scale: Value, letters: str, to: str) -> Value:
    """Return a scale with the axes of another array, of length 1 where it has none.

    Args:
        scale: of length 1 along axes that the other array has not.
        letters: names of its axes.
        to: names of those of the other array.
    """
    common = [letter for letter in letters if letter in to]
    kept = reshape(scale, [scale.shape[letters.index(letter)] for letter in common])
    kept = transpose(kept, [common.index(letter) for letter in to if letter in common])
    lengths = iter(kept.shape)
    return reshape(kept, [next(lengths) if letter in common else 1 for letter in to])


class QuantizedTable(Quantized, EmbeddingTable):
    """The part of a quantized table that looks rows up."""

    def build(self, input_shape: Any = None) -> None:
        del input_shape
        shape = (self.input_dim, self.output_dim)
        self.embeddings, self.embeddings_scale = self.add_quantized("embeddings", shape, (self.input_dim,))

    def _rows(self, inputs: Value) -> Value:
        rows = whole_numbers(inputs)
        scale = gather(self.embeddings_scale, rows)
        return gather(self.embeddings, rows) / reshape(scale, (*scale.shape, 1))


class QuantizedEmbedding(QuantizedTable, Embedding):
    """An `Embedding` layer whose table has 8 bits."""

    quantization_config: Any = Argument(
        _check_config, _config_of, default=None, kw_only=True, written="always", optional=False
    )


class QuantizedReversibleEmbedding(QuantizedTable, ReversibleEmbedding):
    """A `ReversibleEmbedding` layer whose tables have 8 bits."""

    quantization_config: Any = Argument(
        _check_config, _config_of, default=None, kw_only=True, written="always", optional=False
    )

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        if not self.tie_weights:
            shape, scale_shape = (self.output_dim, self.input_dim), (self.input_dim,)
            found = self.add_quantized("reverse_embeddings", shape, scale_shape)
            self.reverse_embeddings, self.reverse_embeddings_scale = found

    def _scores(self, rows: Value) -> Value:
        table: Value = transpose(self.embeddings.value)
        scale: Value = self.embeddings_scale.value
        if not self.tie_weights:
            table, scale = self.reverse_embeddings.value, self.reverse_embeddings_scale.value
        if self.inputs_quantizer is None:
            return rows @ table / scale
        numbers, factor = self.inputs_quantizer(rows, [-1])
        return numbers @ table / (factor * scale)


QUANTIZED: Mapping[str, type[Quantized]] = MappingProxyType(
    {
        "Dense": QuantizedDense,
        "EinsumDense": QuantizedEinsumDense,
        "Embedding": QuantizedEmbedding,
        "ReversibleEmbedding": QuantizedReversibleEmbedding,
    }
)
"""The quantized layers by Keras's names of their classes."""
