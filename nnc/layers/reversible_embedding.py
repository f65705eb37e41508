"""An embedding that is also the projection back to the numbers it came from, as language models end."""

from __future__ import annotations

from typing import Any, Unpack

from nnc.checks import check_flag, check_number
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.embedding import Embedding
from nnc.layers.options import ReversibleEmbeddingOptions
from nnc.ops import reshape, tanh, transpose


class ReversibleEmbedding(Embedding):
    """A vector for each whole number, and with ``reverse=True`` a score of each number for a vector.

    O. Press and L. Wolf, "Using the output embedding to improve language models", 2016,
    https://arxiv.org/abs/1608.05859.

    Args:
        input_dim: rows of the table.
        output_dim: length of a vector.
        tie_weights: whether both ways use one table; otherwise the way back has one of its own.
        embeddings_initializer: see `Embedding`.
        embeddings_regularizer: see `Embedding`.
        embeddings_constraint: see `Embedding`.
        mask_zero: see `Embedding`.
        reverse_dtype: must be None or the layer's own element type.
        logit_soft_cap: limit c of the scores, which become c · tanh(score / c); None for none.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **options: Unpack[ReversibleEmbeddingOptions],
    ) -> None:
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint,
            mask_zero,
            **options,
        )
        if reverse_dtype is not None and reverse_dtype != (self.weights_dtype or "float32"):
            raise ModelError(f"ReversibleEmbedding: reverse_dtype must be the layer's own, got {reverse_dtype!r}")
        self.tie_weights = check_flag("ReversibleEmbedding", "tie_weights", tie_weights)
        self.reverse_dtype = reverse_dtype
        where = "ReversibleEmbedding"
        self.logit_soft_cap = (
            None if logit_soft_cap is None else check_number(where, "logit_soft_cap", logit_soft_cap, low=0)
        )

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        if not self.tie_weights:
            shape = (self.output_dim, self.input_dim)
            self.reverse_embeddings = self.add_weight(shape, self.embeddings_initializer, name="reverse_embeddings")

    def call(self, inputs: Value, reverse: bool = False) -> Value:
        if not reverse:
            return super().call(inputs)
        table = transpose(self.embeddings.value) if self.tie_weights else self.reverse_embeddings.value
        rows = reshape(inputs, (-1, self.output_dim)) @ table
        scores = reshape(rows, (*inputs.shape[:-1], self.input_dim))
        limit = self.logit_soft_cap
        return scores if limit is None else tanh(scores / limit) * limit

    def compute_mask(self, inputs: Value, previous_mask: Any = None) -> Value | None:
        return None if inputs.type.is_floating else super().compute_mask(inputs, previous_mask)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tie_weights": self.tie_weights,
            "reverse_dtype": self.reverse_dtype,
            "logit_soft_cap": self.logit_soft_cap,
        }
