"""An embedding that is also the projection back to the numbers it came from, as language models end."""

from __future__ import annotations

from typing import Any

from nnc.arguments import Argument, argument, flag, number, unsupported
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import reshape, tanh, transpose
from nnc.layers.arguments import constraint, initializer, regularizer
from nnc.layers.embedding import Embedding, EmbeddingTable
from nnc.layers.input_types import FLOAT


def _check_reverse_dtype(layer: Any, key: str, value: Any) -> Any:
    """Return the element type of scores, which is the layer's."""
    if value != (layer.weights_dtype or FLOAT):
        raise ModelError(f"{layer._where}: {key} must be the layer's own, got {value!r}")
    return value


class ReversibleEmbedding(EmbeddingTable):
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

    Raises:
        ModelError: an argument is wrong.
    """

    tie_weights: bool = flag(default=True)
    embeddings_initializer: Any = initializer(default="uniform")
    embeddings_regularizer: Any = regularizer(default=None)
    embeddings_constraint: Any = constraint(default=None)
    mask_zero: bool = flag(default=False)
    reverse_dtype: Any = Argument(_check_reverse_dtype, default=None)
    logit_soft_cap: float | None = number(above=0, default=None)
    _weights_given: Any = argument(default=None, kw_only=True, alias="weights", written="never")
    lora_rank: int | None = unsupported(default=None, kw_only=True)
    lora_alpha: float | None = unsupported(default=None, kw_only=True)
    quantization_config: Any = unsupported(default=None, kw_only=True, written="always")

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        if not self.tie_weights:
            shape = (self.output_dim, self.input_dim)
            self.reverse_embeddings = self.add_weight(shape, self.embeddings_initializer, name="reverse_embeddings")

    def call(self, inputs: Value, reverse: bool = False) -> Value:
        if not reverse:
            return super().call(inputs)
        scores = self._scores(reshape(inputs, (-1, self.output_dim)))
        scores = reshape(scores, (*inputs.shape[:-1], self.input_dim))
        limit = self.logit_soft_cap
        return scores if limit is None else tanh(scores / limit) * limit

    def _scores(self, rows: Value) -> Value:
        table = transpose(self.embeddings.value) if self.tie_weights else self.reverse_embeddings.value
        return rows @ table

    def compute_mask(self, inputs: Value, mask: Any = None) -> Value | None:
        return None if inputs.type.is_floating else super().compute_mask(inputs, mask)


Embedding.register(ReversibleEmbedding)  # in Keras it is a subclass, although its arguments are others
