"""Rows of a trained table, picked by whole numbers."""

from __future__ import annotations

import warnings
from typing import Any, Unpack

from nnc.checks import check_flag, check_positive
from nnc.ir import Value
from nnc.layers.arguments import arguments_config, set_arguments, take_unsupported
from nnc.layers.base import Layer
from nnc.layers.options import EmbeddingOptions
from nnc.ops import cast, gather
from nnc.ops.comparison import NotEqual
from nnc.ops.elementwise import apply

_UNSUPPORTED = ("lora_rank", "lora_alpha", "quantization_config")


class Embedding(Layer):
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
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    key_arguments = ("output_dim",)
    noted_arguments = ("{input_dim} rows", "mask_zero")
    keeps_integers = True

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        activity_regularizer: Any = None,
        **options: Unpack[EmbeddingOptions],
    ) -> None:
        take_unsupported("Embedding", options, _UNSUPPORTED)
        if options.pop("input_length", None) is not None:
            warnings.warn("Argument `input_length` is deprecated. Just remove it.", stacklevel=2)
        super().__init__(activity_regularizer=activity_regularizer, **options)
        self.input_dim = check_positive("Embedding", "input_dim", input_dim)
        self.output_dim = check_positive("Embedding", "output_dim", output_dim)
        self.mask_zero = check_flag("Embedding", "mask_zero", mask_zero)
        self.supports_masking = self.mask_zero
        set_arguments(
            self,
            embeddings_initializer=embeddings_initializer or "uniform",
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
        )
        self.embeddings_initializer: Any
        self.embeddings_regularizer: Any
        self.embeddings_constraint: Any
        if weights is not None:
            self.build()
            self.built = True
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def build(self, input_shape: Any = None) -> None:
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            name="embeddings",
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def call(self, inputs: Value) -> Value:
        return gather(self.embeddings, _whole(inputs))

    def compute_mask(self, inputs: Value, previous_mask: Any = None) -> Value | None:
        return apply(NotEqual(), _whole(inputs), 0) if self.mask_zero else None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            **arguments_config(
                self,
                "embeddings_initializer",
                "embeddings_regularizer",
                "activity_regularizer",
                "embeddings_constraint",
            ),
            "mask_zero": self.mask_zero,
            "quantization_config": None,
        }


def _whole(inputs: Value) -> Value:
    if inputs.dtype == "bool" or inputs.type.is_floating:
        return cast(inputs, "int32")
    return inputs
