"""Attention of many heads, several of which share keys and values."""

from __future__ import annotations

from math import sqrt
from typing import Any

from nnc.arguments import flag, number, positive, random_seed, unsupported
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.arguments import constraint, initializer, regularizer
from nnc.layers.attention_heads import attend, attention_mask, expand, projection, unmasked
from nnc.layers.declared import NamedLayer
from nnc.layers.regularization import Dropout

_mask = attention_mask


class GroupQueryAttention(NamedLayer):
    """Attention whose `num_query_heads` heads share `num_key_value_heads` projections of keys and values.

    It is called as `MultiHeadAttention`, with inputs (batch, T or S, size). Keras's class is called
    GroupedQueryAttention, its public name is this one.

    J. Ainslie et al., "GQA: training generalized multi-query transformer models", 2023,
    https://arxiv.org/abs/2305.13245.

    Args:
        head_dim: size of a head.
        num_query_heads: number of heads of queries.
        num_key_value_heads: number of heads of keys and values, a divisor of that of queries.
        dropout: share of weights that are set to 0 while training.
        use_bias: whether projections have biases.
        sliding_window: number of positions up to which positions attend to each other; None for no limit.
        flash_attention: must be None or False.
        kernel_initializer: first value of the kernels.
        bias_initializer: first value of the biases.
        kernel_regularizer: penalty on the kernels.
        bias_regularizer: penalty on the biases.
        activity_regularizer: penalty on the projections' outputs.
        kernel_constraint: projection of the kernels after each update.
        bias_constraint: projection of the biases after each update.
        use_gate: whether outputs are multiplied with the sigmoid of one more projection of the queries.
        seed: tells this layer's random stream from others.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = (
        "{num_query_heads} heads",
        "{num_key_value_heads} for keys and values",
        "head_dim {head_dim}",
        "dropout {dropout}",
    )
    supports_masking = True

    head_dim: int = positive()
    num_query_heads: int = positive()
    num_key_value_heads: int = positive()
    dropout: float = number(0, 1, default=0.0)
    use_bias: bool = flag(default=True)
    sliding_window: int | None = positive(default=None)
    flash_attention: bool | None = unsupported(default=None)
    kernel_initializer: Any = initializer(default="glorot_uniform")
    bias_initializer: Any = initializer(default="zeros")
    kernel_regularizer: Any = regularizer(default=None)
    bias_regularizer: Any = regularizer(default=None)
    projection_regularizer: Any = regularizer(default=None, alias="activity_regularizer")
    kernel_constraint: Any = constraint(default=None)
    bias_constraint: Any = constraint(default=None)
    use_gate: bool = flag(default=False)
    seed: int | None = random_seed(default=None)

    def __post_init__(self) -> None:
        if self.num_query_heads % self.num_key_value_heads:
            raise ModelError(
                f"{self._where}: num_key_value_heads must divide num_query_heads, got {self.num_key_value_heads} and "
                f"{self.num_query_heads}"
            )

    @property
    def default_name(self) -> str:
        return "grouped_query_attention"

    def build(  # type: ignore[override]  # named shapes, as Layer.build allows
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        if query_shape[-1] != value_shape[-1]:
            raise ModelError(
                "The last dimensions of `query` and `value` must be equal, got "
                f"{tuple(query_shape)} and {tuple(value_shape)}"
            )
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ModelError(
                "All dimensions of `value` and `key`, except the last one, must be equal, got "
                f"{tuple(value_shape)} and {tuple(key_shape)}"
            )
        queries, pairs = (None, self.num_query_heads, self.head_dim), (None, self.num_key_value_heads, self.head_dim)
        self.query_dense = projection(self, "query", "bqm,muh->bquh", queries, "uh")
        self.build_sublayer(self.query_dense, query_shape)
        self.key_dense = projection(self, "key", "bkm,mvh->bkvh", pairs, "vh")
        self.build_sublayer(self.key_dense, key_shape)
        if self.use_gate:
            self.gate_dense = projection(self, "gate", "bqm,muh->bquh", queries, "uh", activation="sigmoid")
            self.build_sublayer(self.gate_dense, query_shape)
        self.value_dense = projection(self, "value", "bkm,mvh->bkvh", pairs, "vh")
        self.build_sublayer(self.value_dense, value_shape)
        self.dropout_layer = Dropout(self.dropout, seed=self.seed)
        self.output_dense = projection(self, "attention_output", "bquh,uhm->bqm", (None, query_shape[-1]), "m")
        self.build_sublayer(self.output_dense, (None, None, self.num_query_heads, self.head_dim))

    def call(
        self,
        query: Value,
        value: Value,
        key: Value | None = None,
        query_mask: Value | None = None,
        value_mask: Value | None = None,
        key_mask: Value | None = None,
        attention_mask: Value | None = None,
        return_attention_scores: bool = False,
        training: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        del training  # the dropout layer knows
        mask = _mask(self, query, value, attention_mask, (query_mask, value_mask, key_mask), use_causal_mask)
        while mask is not None and mask.rank < 4:
            mask = expand(mask, -3)
        with unmasked(query, value, key):
            gate = self.gate_dense(query) if self.use_gate else None
            queries, keys = self.query_dense(query), self.key_dense(value if key is None else key)
            values = self.value_dense(value)
        queries = queries * (1.0 / sqrt(self.head_dim))
        fused = not (self.dropout > 0 or return_attention_scores)
        found, weights = attend(queries, keys, values, mask, self.dropout_layer, fused)
        output = self.output_dense(found if gate is None else found * gate)
        return (output, weights) if return_attention_scores else output
