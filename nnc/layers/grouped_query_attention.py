"""Attention of many heads, several of which share keys and values."""

from __future__ import annotations

from math import sqrt
from typing import Any, Unpack

from nnc.checks import check_positive
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.attending import attend, attention_mask, expand, unmasked
from nnc.layers.multi_head_attention import Projecting
from nnc.layers.options import CommonLayerOptions
from nnc.layers.regularization import Dropout

_mask = attention_mask


class GroupQueryAttention(Projecting):
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
        sliding_window: see `Projecting`, as are the arguments that follow.
        flash_attention: see `Projecting`.
        kernel_initializer: first value of the kernels.
        bias_initializer: first value of the biases.
        kernel_regularizer: penalty on the kernels.
        bias_regularizer: penalty on the biases.
        activity_regularizer: penalty on the projections' outputs.
        kernel_constraint: projection of the kernels after each update.
        bias_constraint: projection of the biases after each update.
        use_gate: see `Projecting`.
        seed: tells this layer's random stream from others.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = (
        "{num_query_heads} heads",
        "{num_key_value_heads} for keys and values",
        "head_dim {head_dim}",
        "dropout {dropout}",
    )

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **options: Unpack[CommonLayerOptions],
    ) -> None:
        where = "GroupQueryAttention"
        arguments = {
            "kernel_initializer": kernel_initializer or "glorot_uniform",
            "bias_initializer": bias_initializer or "zeros",
            "kernel_regularizer": kernel_regularizer,
            "bias_regularizer": bias_regularizer,
            "kernel_constraint": kernel_constraint,
            "bias_constraint": bias_constraint,
        }
        super().__init__(
            arguments,
            activity_regularizer,
            use_bias,
            use_gate,
            dropout,
            sliding_window,
            flash_attention,
            seed,
            **options,
        )
        self.head_dim = check_positive(where, "head_dim", head_dim)
        self.num_query_heads = check_positive(where, "num_query_heads", num_query_heads)
        self.num_key_value_heads = check_positive(where, "num_key_value_heads", num_key_value_heads)
        if self.num_query_heads % self.num_key_value_heads:
            raise ModelError(
                f"{where}: num_key_value_heads must divide num_query_heads, got {num_key_value_heads} and "
                f"{num_query_heads}"
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
                f"query and value must agree in the last dimension, got {tuple(query_shape)} and {tuple(value_shape)}"
            )
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ModelError(
                f"value and key must agree in all dimensions but the last, got {tuple(value_shape)} and "
                f"{tuple(key_shape)}"
            )
        queries, pairs = (None, self.num_query_heads, self.head_dim), (None, self.num_key_value_heads, self.head_dim)
        self.query_dense = self.project("query", "bqm,muh->bquh", queries, "uh")
        self.build_sublayer(self.query_dense, query_shape)
        self.key_dense = self.project("key", "bkm,mvh->bkvh", pairs, "vh")
        self.build_sublayer(self.key_dense, key_shape)
        if self.use_gate:
            self.gate_dense = self.project("gate", "bqm,muh->bquh", queries, "uh", activation="sigmoid")
            self.build_sublayer(self.gate_dense, query_shape)
        self.value_dense = self.project("value", "bkm,mvh->bkvh", pairs, "vh")
        self.build_sublayer(self.value_dense, value_shape)
        self.dropout_layer = Dropout(self.dropout, seed=self.seed)
        self.output_dense = self.project("attention_output", "bquh,uhm->bqm", (None, query_shape[-1]), "m")
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

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "head_dim": self.head_dim,
            "num_query_heads": self.num_query_heads,
            "num_key_value_heads": self.num_key_value_heads,
            "use_bias": self.use_bias,
            "use_gate": self.use_gate,
            "sliding_window": self.sliding_window,
            "dropout": self.dropout,
            **self.projection_config(),
            "seed": self.seed,
        }
