"""Layers at the beginning of networks over sequences: embeddings, masks, and dense layers in Einstein's notation."""

from __future__ import annotations

from tests.layers.cases.case import Case

CASES = (
    Case("Embedding", {"input_dim": 5, "output_dim": 3}, ((4,),), (4, 3), integers=(5,)),
    Case("Embedding", {"input_dim": 5, "output_dim": 2, "mask_zero": True}, ((2, 3),), (2, 3, 2), integers=(5,)),
    Case("Embedding", {"input_dim": 3, "output_dim": 1, "embeddings_initializer": "ones"}, ((),), (1,), integers=(3,)),
    Case("Embedding", {"input_dim": 300, "output_dim": 4}, ((70,),), (70, 4), integers=(300,)),
    Case("Identity", {}, ((2, 3),), (2, 3)),
    Case("Identity", {}, ((2,),), (2,), integers=(5,)),
    Case("Masking", {}, ((2, 3),), (2, 3)),
    Case("Masking", {"mask_value": 1.5}, ((4,),), (4,)),
    Case("Masking", {"mask_value": 1}, ((3, 1),), (3, 1), integers=(2,)),
    Case("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 3}, ((2,),), (3,)),
    Case("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 3, "bias_axes": "c"}, ((2,),), (3,)),
    Case(
        "EinsumDense",
        {"equation": "abc,cd->abd", "output_shape": (None, 4), "bias_axes": "d", "activation": "tanh"},
        ((2, 3),),
        (2, 4),
    ),
    Case(
        "EinsumDense",
        {"equation": "abc,cde->abde", "output_shape": (None, 2, 5), "bias_axes": "de"},
        ((4, 3),),
        (4, 2, 5),
    ),
    Case(
        "EinsumDense", {"equation": "abcd,cde->abe", "output_shape": (None, 5), "bias_axes": "e"}, ((4, 3, 2),), (4, 5)
    ),
    Case("EinsumDense", {"equation": "abc,bd->adc", "output_shape": (5, None), "bias_axes": "d"}, ((4, 3),), (5, 3)),
    Case("EinsumDense", {"equation": "...x,xy->...y", "output_shape": 3, "bias_axes": "y"}, ((4, 2),), (4, 3)),
    Case("EinsumDense", {"equation": "...x,xy->...y", "output_shape": 3, "activation": "relu"}, ((2,),), (3,)),
    Case("EinsumDense", {"equation": "...bc,cd->...bd", "output_shape": (None, 3)}, ((5, 4, 2),), (5, 4, 3)),
    Case("EinsumDense", {"equation": "ab...,bc->ac...", "output_shape": 5, "bias_axes": "c"}, ((4, 3, 2),), (5, 3, 2)),
    Case("ReversibleEmbedding", {"input_dim": 7, "output_dim": 3}, ((4,),), (4, 3), integers=(7,)),
    Case(
        "ReversibleEmbedding",
        {"input_dim": 7, "output_dim": 3, "logit_soft_cap": 0.5},
        ((4, 3),),
        (4, 7),
        options={"reverse": True},
    ),
    Case(
        "ReversibleEmbedding",
        {"input_dim": 6, "output_dim": 3, "tie_weights": False, "mask_zero": True},
        ((2, 3),),
        (2, 6),
        options={"reverse": True},
    ),
)
