"""Attention of many heads, each with projections of its own."""

from __future__ import annotations

import string
from collections.abc import Sequence
from math import sqrt
from typing import Any, Unpack

from nnc.checks import check_flag, check_positive
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.activation import Softmax
from nnc.layers.arguments import arguments_config, set_arguments
from nnc.layers.attending import attend, attention_mask, check_rate, check_window, expand, refuse_flash, unmasked
from nnc.layers.base import Layer
from nnc.layers.einsum_dense import EinsumDense
from nnc.layers.lowering import current_lowering
from nnc.layers.options import CommonLayerOptions
from nnc.layers.regularization import Dropout
from nnc.ops import einsum

PROJECTION = (
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "kernel_constraint",
    "bias_constraint",
)
"""Arguments of the projections, apart from the penalty on their outputs."""


class Projecting(Layer):
    """Base of attention layers with projections of queries, keys, values and outputs.

    Args:
        arguments: of the projections, by the names of `PROJECTION`.
        activity_regularizer: penalty on the outputs of the projections, not on that of the layer.
        use_bias: whether projections have biases.
        use_gate: whether outputs are multiplied with the sigmoid of one more projection of the queries.
        dropout: share of weights that are set to 0 while training.
        sliding_window: number of positions up to which positions attend to each other; None for no limit.
        flash_attention: must be None or False.
        seed: tells this layer's random stream from others.
        options: arguments of `Layer`.

    Raises:
        ModelError: an argument is wrong.
    """

    supports_masking = True

    def __init__(
        self,
        arguments: dict[str, Any],
        activity_regularizer: Any,
        use_bias: bool,
        use_gate: bool,
        dropout: float,
        sliding_window: int | None,
        flash_attention: bool | None,
        seed: int | None,
        **options: Unpack[CommonLayerOptions],
    ) -> None:
        super().__init__(**options)
        where = type(self).__name__
        refuse_flash(where, flash_attention)
        set_arguments(self, **arguments, projection_regularizer=activity_regularizer)
        self.use_bias = check_flag(where, "use_bias", use_bias)
        self.use_gate = check_flag(where, "use_gate", use_gate)
        self.dropout = check_rate(where, dropout)
        self.sliding_window = check_window(where, sliding_window)
        self.seed = seed

    def project(self, name: str, equation: str, shape: Sequence[Any], bias_axes: str, **options: Any) -> EinsumDense:
        """Return a projection."""
        return EinsumDense(
            equation,
            output_shape=tuple(shape),
            bias_axes=bias_axes if self.use_bias else None,
            name=name,
            activity_regularizer=getattr(self, "projection_regularizer"),  # noqa: B009  (made by set_arguments)
            **{key: getattr(self, key) for key in PROJECTION},
            **options,
        )

    def projection_config(self) -> dict[str, Any]:
        """Return the configs of the projections' arguments."""
        config = arguments_config(self, *PROJECTION[:4])
        config["activity_regularizer"] = arguments_config(self, "projection_regularizer")["projection_regularizer"]
        return config | arguments_config(self, *PROJECTION[4:])


class MultiHeadAttention(Projecting):
    """Attention of `num_heads` heads to projections of queries, keys and values.

    It is called with queries (batch, T, …), values (batch, S, …) and optionally keys (batch, S, …), which are
    otherwise the values. Keywords are ``attention_mask``, bool (batch, T, S), ``use_causal_mask``, with which position
    i attends to nothing later, and ``return_attention_scores``, which adds the weights (batch, heads, T, S) to the
    outputs. Masks of the inputs are taken into account.

    A. Vaswani et al., "Attention is all you need", 2017, https://arxiv.org/abs/1706.03762.

    Args:
        num_heads: number of heads.
        key_dim: size of each head's queries and keys.
        value_dim: size of each head's values, key_dim by default.
        dropout: share of weights that are set to 0 while training.
        use_bias: whether projections have biases.
        output_shape: shape of an output, that of a query by default.
        attention_axes: axes over which attention goes, all but the batch and the last by default.
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

    noted_arguments = ("{num_heads} heads", "key_dim {key_dim}", "dropout {dropout}")

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
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
        where = "MultiHeadAttention"
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
        self.num_heads = check_positive(where, "num_heads", num_heads)
        self.key_dim = check_positive(where, "key_dim", key_dim)
        self.value_dim = self.key_dim if value_dim is None else check_positive(where, "value_dim", value_dim)
        self.projected_shape = _integers(where, "output_shape", output_shape)
        self.attention_axes = _integers(where, "attention_axes", attention_axes)

    def build(  # type: ignore[override]  # named shapes, as Layer.build allows
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ModelError(
                f"value and key must agree in all dimensions but the last, got {tuple(value_shape)} and "
                f"{tuple(key_shape)}"
            )
        heads, rank = self.num_heads, len(value_shape) + 1
        self.query_dense = self._heads("query", query_shape, (heads, self.key_dim))
        self.key_dense = self._heads("key", key_shape, (heads, self.key_dim))
        if self.use_gate:
            self.gate_dense = self._heads("gate", query_shape, (heads, self.value_dim), activation="sigmoid")
        self.value_dense = self._heads("value", value_shape, (heads, self.value_dim))
        axes = self.attention_axes or tuple(range(1, rank - 2))
        self.attention_axes = tuple(axis if axis >= 0 else rank - 1 + axis for axis in axes)
        self.dropout_layer = Dropout(self.dropout, seed=self.seed)
        shape = self.projected_shape or (query_shape[-1],)
        self.output_dense = self._projected("attention_output", len(query_shape) - 1, 2, shape)
        self.build_sublayer(self.output_dense, (*query_shape[:-1], heads, self.value_dim))

    def _heads(self, name: str, input_shape: Any, shape: tuple[int, int], **options: Any) -> EinsumDense:
        layer = self._projected(name, len(input_shape) - 1, 1, shape, **options)
        self.build_sublayer(layer, input_shape)
        return layer

    def _projected(self, name: str, free: int, bound: int, shape: Sequence[int], **options: Any) -> EinsumDense:
        """Return a projection of `bound` axes behind `free` others to the axes of a shape; letters are Keras's."""
        letters = string.ascii_lowercase
        kept, summed = letters[:free], letters[free : free + bound]
        new = letters[free + bound : free + bound + len(shape)]
        return self.project(
            name, f"{kept}{summed},{summed}{new}->{kept}{new}", (*[None] * (free - 1), *shape), new, **options
        )

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
        masks = current_lowering().masks.get(query), value_mask, key_mask  # Keras reads the queries' mask there alone
        mask = _mask(self, query, value, attention_mask, masks, use_causal_mask)
        with unmasked(query, value, key):
            gate = self.gate_dense(query) if self.use_gate else None
            queries, keys = self.query_dense(query), self.key_dense(value if key is None else key)
            values = self.value_dense(value)
        queries = queries * (1.0 / sqrt(self.key_dim))
        if queries.rank == 4:
            kept = None if mask is None else _expanded(mask, 4, len(self.attention_axes or ()))
            fused = not (self.dropout > 0 or return_attention_scores)
            found, weights = attend(queries, keys, values, kept, self.dropout_layer, fused)
        else:
            found, weights = self._attend_over_axes(queries, keys, values, mask)
        output = self.output_dense(found if gate is None else found * gate)
        return (output, weights) if return_attention_scores else output

    def _attend_over_axes(self, query: Value, key: Value, value: Value, mask: Value | None) -> tuple[Value, Value]:
        """Attend over some axes of inputs with more of them."""
        axes = self.attention_axes or ()
        products, sums, rank = _equations(query.rank, axes)
        kept = None if mask is None else _expanded(mask, rank, len(axes))
        weights = Softmax(axis=list(range(rank - len(axes), rank))).call(einsum(products, key, query), kept)
        return einsum(sums, self.dropout_layer(weights), value), weights

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "use_gate": self.use_gate,
            "output_shape": None if self.projected_shape is None else list(self.projected_shape),
            "attention_axes": None if self.attention_axes is None else list(self.attention_axes),
            "sliding_window": self.sliding_window,
            **self.projection_config(),
            "seed": self.seed,
        }


_mask = attention_mask


def _expanded(mask: Value, rank: int, axes: int) -> Value:
    """Return a mask with axes of length 1 in front of the axes of queries and keys, up to a rank."""
    while mask.rank < rank:
        mask = expand(mask, -2 * axes - 1)
    return mask


def _integers(where: str, key: str, value: Any) -> tuple[int, ...] | None:
    """Return whole numbers from one or several, None from nothing."""
    given = (value,) if isinstance(value, int) and value else value
    if not given:
        return None
    if not isinstance(given, list | tuple) or not all(
        isinstance(item, int) and not isinstance(item, bool) for item in given
    ):
        raise ModelError(f"{where}: {key} must be an integer or a list of integers, got {value!r}")
    return tuple(given)


def _equations(rank: int, axes: Sequence[int]) -> tuple[str, str, int]:
    """Return the equations of the scores (of keys and queries) and of the sums (of weights and values), and a rank.

    Projected inputs are (batch, …, heads, size); weights are (batch, …, heads, axes of queries, axes of keys).
    """
    target = string.ascii_lowercase[:rank]
    others = iter(string.ascii_lowercase[rank:])
    source = "".join(next(others) if axis in axes else letter for axis, letter in enumerate(target))
    batch = [target[axis] for axis in range(rank - 1) if axis not in axes]
    weights = "".join([*batch, *(target[axis] for axis in axes), *(source[axis] for axis in axes)])
    return f"{source},{target}->{weights}", f"{weights},{source}->{target}", len(weights)
