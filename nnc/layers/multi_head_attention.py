"""Attention of many heads, each with projections of its own."""

from __future__ import annotations

import string
from collections.abc import Sequence
from math import sqrt
from typing import Any

from nnc.arguments import argument, flag, number, positive, random_seed, unsupported
from nnc.checks import is_whole
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import einsum
from nnc.layers.activation import Softmax
from nnc.layers.arguments import constraint, initializer, regularizer
from nnc.layers.attention_heads import attend, attention_mask, expand, projection, unmasked
from nnc.layers.declared import NamedLayer
from nnc.layers.einsum_dense import EinsumDense
from nnc.layers.lowering import current_lowering
from nnc.layers.regularization import Dropout


def _integers(where: str, key: str, value: Any) -> tuple[int, ...] | None:
    """Return whole numbers from one or several, None from nothing."""
    given = value if isinstance(value, list | tuple) else (value,)
    if not all(map(is_whole, given)):
        raise ModelError(f"{where}: Invalid `{key}`: it must be an integer or a list of integers, got {value!r}")
    return tuple(given) or None


class MultiHeadAttention(NamedLayer):
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

    noted_arguments = ("{num_heads} heads", "key_dim {key_dim}", "dropout {dropout}")
    supports_masking = True

    num_heads: int = positive()
    key_dim: int = positive()
    value_dim: int | None = positive(default=None)
    dropout: float = number(0, 1, default=0.0)
    use_bias: bool = flag(default=True)
    projected_shape: Any = argument(_integers, default=None, alias="output_shape")
    attention_axes: Any = argument(_integers, default=None)
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
        self.value_dim = self.value_dim or self.key_dim

    def build(  # type: ignore[override]  # named shapes, as Layer.build allows
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ModelError(
                "All dimensions of `value` and `key`, except the last one, must be equal, got "
                f"{tuple(value_shape)} and {tuple(key_shape)}"
            )
        heads, rank, value_dim = self.num_heads, len(value_shape) + 1, self.value_dim or self.key_dim
        self.query_dense = self._heads("query", query_shape, (heads, self.key_dim))
        self.key_dense = self._heads("key", key_shape, (heads, self.key_dim))
        if self.use_gate:
            self.gate_dense = self._heads("gate", query_shape, (heads, value_dim), activation="sigmoid")
        self.value_dense = self._heads("value", value_shape, (heads, value_dim))
        axes = self.attention_axes or tuple(range(1, rank - 2))
        self.attention_axes = tuple(axis if axis >= 0 else rank - 1 + axis for axis in axes)
        self.dropout_layer = Dropout(self.dropout, seed=self.seed)
        shape = self.projected_shape or (query_shape[-1],)
        self.output_dense = self._projected("attention_output", len(query_shape) - 1, 2, shape)
        self.build_sublayer(self.output_dense, (*query_shape[:-1], heads, value_dim))

    def _heads(self, name: str, input_shape: Any, shape: tuple[int, int], **options: Any) -> EinsumDense:
        layer = self._projected(name, len(input_shape) - 1, 1, shape, **options)
        self.build_sublayer(layer, input_shape)
        return layer

    def _projected(self, name: str, free: int, bound: int, shape: Sequence[int], **options: Any) -> EinsumDense:
        """Return a projection of `bound` axes behind `free` others to the axes of a shape; letters are Keras's."""
        letters = string.ascii_lowercase
        kept, summed = letters[:free], letters[free : free + bound]
        new = letters[free + bound : free + bound + len(shape)]
        return projection(
            self, name, f"{kept}{summed},{summed}{new}->{kept}{new}", (*[None] * (free - 1), *shape), new, **options
        )

    @property
    def _takes_masks_off(self) -> bool:
        """Whether it takes the masks off its operands, as in Keras 3: what runs later finds none there."""
        return not self.keras_2_masks

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
        carried = current_lowering().masks
        masks = carried.get(query), value_mask, key_mask  # Keras reads the queries' mask there alone
        mask = _mask(self, query, value, attention_mask, masks, use_causal_mask)
        with unmasked(query, value, key):
            gate = self.gate_dense(query) if self.use_gate else None
            queries, keys = self.query_dense(query), self.key_dense(value if key is None else key)
            values = self.value_dense(value)
        if self._takes_masks_off:
            for operand in (query, value, value if key is None else key):
                carried.pop(operand, None)
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


_mask = attention_mask


def _expanded(mask: Value, rank: int, axes: int) -> Value:
    """Return a mask with axes of length 1 in front of the axes of queries and keys, up to a rank."""
    while mask.rank < rank:
        mask = expand(mask, -2 * axes - 1)
    return mask


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
