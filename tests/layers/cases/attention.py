"""Attention layers, of one head and of many, with and without masks of their own."""

from __future__ import annotations

from tests.layers.cases.case import Case

PAIR, TRIPLE = ((4, 3), (5, 3)), ((4, 3), (5, 3), (5, 3))
SCORES = {"return_attention_scores": True}
CAUSAL = {"use_causal_mask": True}

HEADED = {"tolerance": 2e-6, "without_effect": ("key/bias",)}
"""A bias of all keys adds the same to all scores of a query, of which a softmax takes no notice."""

MASK = (4, 5)
MASKED = HEADED | {"named": ("attention_mask",), "integers": (0, 0, 2)}
"""A mask is one more input of 0 and 1; some queries may attend to nothing."""

HEADS = {"num_heads": 2, "key_dim": 3}
GROUPS = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}

CASES = (
    Case("Attention", {}, PAIR, (4, 3)),
    Case("Attention", {"use_scale": True, "dropout": 0.5, "seed": 3}, TRIPLE, (4, 3)),
    Case("Attention", {"score_mode": "concat"}, PAIR, (4, 3)),
    Case("Attention", {"score_mode": "concat", "use_scale": True}, TRIPLE, (4, 3)),
    Case("Attention", {}, ((4, 3), (4, 3)), (4, 3), more=((4, 4),), options=SCORES | CAUSAL),
    Case("Attention", {}, PAIR, (4, 3), options=CAUSAL),
    Case("AdditiveAttention", {}, PAIR, (4, 3), tolerance=2e-6),
    Case("AdditiveAttention", {"use_scale": False}, ((4, 3), (5, 3), (5, 3)), (4, 3), tolerance=2e-6),
    Case("AdditiveAttention", {"dropout": 0.1}, PAIR, (4, 3), more=((4, 5),), options=SCORES | CAUSAL, tolerance=2e-6),
    Case("MultiHeadAttention", HEADS, PAIR, (4, 3), **HEADED),
    Case("MultiHeadAttention", HEADS, ((4, 3), (5, 2), (5, 6)), (4, 3), **HEADED),
    Case("MultiHeadAttention", HEADS | {"value_dim": 4, "use_bias": False}, PAIR, (4, 3), **HEADED),
    Case("MultiHeadAttention", HEADS | {"output_shape": 5, "use_gate": True}, PAIR, (4, 5), **HEADED),
    Case("MultiHeadAttention", HEADS | {"output_shape": (2, 5), "dropout": 0.2}, PAIR, (4, 2, 5), **HEADED),
    Case("MultiHeadAttention", HEADS, PAIR, (4, 3), options=CAUSAL, **HEADED),
    Case("MultiHeadAttention", HEADS, (*PAIR, MASK), (4, 3), **MASKED),
    Case("MultiHeadAttention", HEADS, (*PAIR, MASK), (4, 3), more=((2, 4, 5),), options=SCORES | CAUSAL, **MASKED),
    Case("MultiHeadAttention", HEADS | {"sliding_window": 2}, PAIR, (4, 3), options=CAUSAL, **HEADED),
    Case("MultiHeadAttention", HEADS, ((2, 4, 3), (2, 5, 3)), (2, 4, 3), **HEADED),
    Case("MultiHeadAttention", HEADS | {"attention_axes": 2}, ((2, 4, 3), (2, 5, 3)), (2, 4, 3), **HEADED),
    Case("MultiHeadAttention", HEADS | {"attention_axes": (-2,)}, ((2, 4, 3), (2, 5, 3)), (2, 4, 3), **HEADED),
    Case("MultiHeadAttention", HEADS | {"attention_axes": 1}, ((4, 2, 3), (5, 2, 3)), (4, 2, 3), **HEADED),
    Case("GroupQueryAttention", GROUPS, ((4, 3), (5, 3)), (4, 3), **HEADED),
    Case("GroupQueryAttention", GROUPS, ((4, 3), (5, 3), (5, 2)), (4, 3), options=CAUSAL, **HEADED),
    Case("GroupQueryAttention", GROUPS | {"use_bias": False, "use_gate": True}, PAIR, (4, 3), **HEADED),
    Case("GroupQueryAttention", GROUPS | {"num_key_value_heads": 1}, (*PAIR, MASK), (4, 3), **MASKED),
    Case(
        "GroupQueryAttention",
        GROUPS | {"num_key_value_heads": 4, "dropout": 0.1, "sliding_window": 3},
        (*PAIR, MASK),
        (4, 3),
        more=((4, 4, 5),),
        options=SCORES,
        **MASKED,
    ),
)
