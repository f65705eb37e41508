"""Rows of a trained table, picked by whole numbers."""

from __future__ import annotations

import warnings
from abc import ABCMeta
from typing import Any

from nnc.arguments import argument, flag, unsupported
from nnc.checks import is_whole
from nnc.errors import ArgumentError
from nnc.ir import Value
from nnc.ir.ops import cast, gather
from nnc.ir.ops.comparison import NotEqual
from nnc.ir.ops.elementwise import apply
from nnc.layers.arguments import constraint, initializer, regularizer
from nnc.layers.declared import NamedLayer


def _check_dim(where: str, key: str, value: Any) -> int:
    if not is_whole(value) or value <= 0:
        raise ArgumentError(f"{where}: `{key}` must be a positive integer, got {value!r}")
    return int(value)


class EmbeddingTable(NamedLayer):
    """Base of layers that have a vector for each whole number."""

    key_arguments = ("output_dim",)
    noted_arguments = ("{input_dim} rows", "mask_zero")
    keeps_integers = True

    _input_dim_given: int = argument(_check_dim, alias="input_dim")
    output_dim: int = argument(_check_dim)
    _input_length_given: int | None = argument(default=None, kw_only=True, alias="input_length", written="never")
    activity_regularizer: Any = regularizer(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self.embeddings_initializer: Any
        self.embeddings_regularizer: Any
        self.embeddings_constraint: Any
        self.mask_zero: bool
        self._weights_given: Any
        self.input_dim = self._input_dim_given
        self.supports_masking = self.mask_zero
        if self._input_length_given is not None:
            warnings.warn("Argument `input_length` is deprecated. Just remove it.", stacklevel=3)
        if self._weights_given is not None:
            given = self._weights_given
            self.build()
            self.built = True
            self.set_weights(given if isinstance(given, list) and len(given) == 1 else [given])

    def build(self, input_shape: Any = None) -> None:
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            name="embeddings",
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def call(self, inputs: Value) -> Value:
        return self._rows(inputs)

    def _rows(self, inputs: Value) -> Value:
        return gather(self.embeddings, whole_numbers(inputs))

    def compute_mask(self, inputs: Value, mask: Any = None) -> Value | None:
        return apply(NotEqual(), whole_numbers(inputs), 0) if self.mask_zero else None


class Embedding(EmbeddingTable, metaclass=ABCMeta):
    """A vector for each whole number: row i of a trained table for the number i.

    A number that the table has no row for is an error when the layer runs. Floating-point inputs are cut to whole
    numbers.

    Args:
        input_dim: rows of the table; numbers go from 0 to input_dim - 1.
        output_dim: length of a vector.
        embeddings_initializer: first value of the table, of shape (input_dim, output_dim).
        embeddings_regularizer: penalty on the table.
        embeddings_constraint: projection of the table after each update.
        mask_zero: whether the number 0 marks what does not count: the output's mask is false there.
        weights: first value of the table, an array or a list of one.

    Raises:
        ModelError: an argument is wrong.
    """

    embeddings_initializer: Any = initializer(default="uniform")
    embeddings_regularizer: Any = regularizer(default=None)
    embeddings_constraint: Any = constraint(default=None)
    mask_zero: bool = flag(default=False)
    _weights_given: Any = argument(default=None, alias="weights", written="never")
    lora_rank: int | None = unsupported(default=None)
    lora_alpha: float | None = unsupported(default=None)
    quantization_config: Any = unsupported(default=None, written="always")


def whole_numbers(inputs: Value) -> Value:
    """Return numbers that rows of a table are looked up by as whole ones."""
    if inputs.dtype == "bool" or inputs.type.is_floating:
        return cast(inputs, "int32")
    return inputs
