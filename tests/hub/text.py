"""Backbones of text: encoders, decoders, and both."""

from __future__ import annotations

from typing import Any

from tests.hub.table import BACKBONES, VOCABULARY, PublishedModel, backbone, model

ENCODER = {"vocabulary_size": VOCABULARY, "num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 12}
WITHOUT_DROPOUT = ENCODER | {"dropout": 0.0, "max_sequence_length": 9}
GROUPED = {
    "vocabulary_size": VOCABULARY,
    "num_layers": 2,
    "num_query_heads": 4,
    "num_key_value_heads": 2,
    "hidden_dim": 16,
    "intermediate_dim": 12,
}
LLAMA_3 = {
    "rope_frequency_adjustment_factor": 8.0,
    "rope_low_freq_factor": 1.0,
    "rope_high_freq_factor": 4.0,
    "rope_pretraining_sequence_length": 16,
}
EXPERTS = GROUPED | {"num_experts": 4, "top_k": 2, "moe_intermediate_dim": 6, "head_dim": 4}
LINEAR_ATTENTION = {
    "num_layers": 2,
    "head_dim": 8,
    "layer_types": ["linear_attention", "full_attention"],
    "partial_rotary_factor": 0.25,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 4,
    "linear_value_head_dim": 4,
    "linear_conv_kernel_dim": 4,
}
ROTARY_PAIR = {
    f"{side}_{key}": item
    for side in ("encoder", "decoder")
    for key, item in {
        "hidden_dim": 16,
        "intermediate_dim": 20,
        "num_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 4,
        "layer_types": ["sliding_attention", "full_attention"],
    }.items()
} | {
    "vocabulary_size": VOCABULARY,
    "sliding_window": 3,
    "dropout_rate": 0.0,
    "attention_dropout": 0.0,
    "cross_attention_hidden_size": 16,
    "query_pre_attn_scalar": 4.0,
    "attn_logit_softcapping": 50.0,
    "tie_word_embeddings": True,
}


def _listed(kind: str, name: str, config: dict[str, Any], **details: Any) -> None:
    BACKBONES[name] = PublishedModel(name, kind, lambda: model(name)(**config), **details)


_listed("BERT-like", "BertBackbone", WITHOUT_DROPOUT, is_example=True)
_listed("BERT-like", "RobertaBackbone", WITHOUT_DROPOUT)
_listed("BERT-like", "XLMRobertaBackbone", WITHOUT_DROPOUT)
_listed("BERT-like", "DistilBertBackbone", WITHOUT_DROPOUT)
_listed("BERT-like", "DebertaV3Backbone", WITHOUT_DROPOUT)
_listed("BERT-like", "XLNetBackbone", ENCODER | {"dropout": 0.0})
_listed("BERT-like", "RoformerV2Backbone", ENCODER | {"dropout": 0.0, "head_size": 4})
_listed("BERT-like", "ESMBackbone", ENCODER | {"dropout": 0.0})
_listed("BERT-like", "ESM2Backbone", ENCODER | {"dropout": 0.0, "use_pre_layer_norm": True})
_listed("GPT-like", "GPT2Backbone", WITHOUT_DROPOUT, is_example=True)
_listed("GPT-like", "OPTBackbone", WITHOUT_DROPOUT)
_listed("GPT-like", "GPTNeoXBackbone", WITHOUT_DROPOUT | {"rotary_percentage": 0.5})
_listed("GPT-like", "BloomBackbone", ENCODER | {"dropout": 0.0})
_listed("GPT-like", "LlamaBackbone", GROUPED)
_listed("GPT-like", "Llama3Backbone", GROUPED | LLAMA_3)
_listed("GPT-like", "MistralBackbone", GROUPED | {"sliding_window": 3})
_listed("GPT-like", "Phi3Backbone", GROUPED)
_listed("GPT-like", "QwenBackbone", GROUPED)
_listed("GPT-like", "Qwen2Backbone", GROUPED | {"use_sliding_window_attention": True, "sliding_window_size": 3})
_listed("GPT-like", "Qwen3Backbone", GROUPED | {"head_dim": 4})
_listed("GPT-like", "Qwen3_5Backbone", GROUPED | LINEAR_ATTENTION, is_fixed=True)
_listed("GPT-like", "GemmaBackbone", GROUPED | {"head_dim": 4, "num_key_value_heads": 1})
_listed("experts", "MixtralBackbone", GROUPED | {"num_experts": 3, "top_k": 2, "sliding_window": 3}, is_example=True)
_listed("experts", "GptOssBackbone", GROUPED | {"num_experts": 3, "top_k": 2, "sliding_window": 3})
_listed("experts", "QwenMoeBackbone", EXPERTS | {"shared_expert_intermediate_dim": 12})
_listed("experts", "Qwen3MoeBackbone", EXPERTS)
_listed("T5-like", "T5Backbone", ENCODER | {"dropout": 0.0}, is_example=True)
_listed("T5-like", "BartBackbone", WITHOUT_DROPOUT)
_listed("T5-like", "T5GemmaBackbone", ROTARY_PAIR)
_listed("T5-like", "T5Gemma2Backbone", ROTARY_PAIR | {"use_query_key_norm": True})
_listed(
    "recurrent",
    "RWKV7Backbone",
    {
        "vocabulary_size": VOCABULARY,
        "hidden_size": 16,
        "num_layers": 2,
        "head_size": 4,
        "intermediate_dim": 20,
        "gate_lora": 6,
        "mv_lora": 4,
        "aaa_lora": 4,
        "decay_lora": 4,
    },
    sizes={"token_ids": (16,), "padding_mask": (16,)},
    is_fixed=True,
    is_example=True,
)


@backbone("BERT-like")
def AlbertBackbone():
    return model("AlbertBackbone")(
        **WITHOUT_DROPOUT | {"num_groups": 1, "num_inner_repetitions": 2, "embedding_dim": 6}
    )


@backbone("BERT-like")
def ElectraBackbone():
    config = WITHOUT_DROPOUT | {"vocab_size": VOCABULARY, "embedding_dim": 6}
    del config["vocabulary_size"]
    return model("ElectraBackbone")(**config)


@backbone("BERT-like")
def FNetBackbone():
    config = dict(WITHOUT_DROPOUT)
    del config["num_heads"]
    return model("FNetBackbone")(**config)


@backbone("GPT-like")
def FalconBackbone():
    config = ENCODER | {"num_attention_heads": 4, "hidden_dim": 16, "intermediate_dim": 64, "attention_dropout_rate": 0}
    del config["num_heads"]
    return model("FalconBackbone")(**config, feedforward_dropout_rate=0)


def _smol(name: str) -> Any:
    return model(name)(
        vocabulary_size=VOCABULARY,
        hidden_dim=16,
        intermediate_dim=20,
        num_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        attention_bias=False,
        attention_dropout=0.0,
        rope_layer_enabled_list=[True, False],
        layer_types=["attention", "attention"],
        mlp_bias=False,
        layer_norm_epsilon=1e-5,
        max_position_embeddings=32,
        rope_theta=10000.0,
        partial_rotary_factor=1.0,
    )


@backbone("GPT-like")
def SmolLM3Backbone():
    return _smol("SmolLM3Backbone")


@backbone("GPT-like")
def SmolLMBackbone():
    return _smol("SmolLMBackbone")


@backbone("experts", is_fixed=True)
def Qwen3_5MoeBackbone():
    config = EXPERTS | LINEAR_ATTENTION | {"shared_expert_intermediate_size": 12}
    del config["intermediate_dim"]
    return model("Qwen3_5MoeBackbone")(**config)


@backbone("T5-like")
def EdRecBackbone():
    return model("EdRecBackbone")(
        vocab_size=VOCABULARY,
        num_layers_enc=2,
        num_layers_dec=2,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=12,
        dropout=0.0,
    )
