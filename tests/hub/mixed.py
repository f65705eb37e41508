"""Backbones of several things: text with pictures or sound, and diffusion."""

from __future__ import annotations

from typing import Any

import numpy

from tests.hub.table import VOCABULARY, backbone, model
from tests.hub.vision import vit

LAYERS = {"num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 12}
GEMMA = {
    "vocabulary_size": VOCABULARY,
    "image_size": 16,
    "num_layers": 2,
    "num_query_heads": 2,
    "num_key_value_heads": 1,
    "hidden_dim": 8,
    "intermediate_dim": 12,
    "head_dim": 4,
}


def _ones(shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
    return numpy.ones(shape, "int32")


def _first(shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
    """The places of the first tokens, which stand for pictures."""
    return numpy.tile(numpy.arange(shape[1], dtype="int32"), (shape[0], 1))


def _first_are_pictures(shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
    return (_first(shape, generator) < 4).astype("int32")


def _contrastive(family: str, module: str, **text: Any) -> Any:
    return model(f"{family}Backbone")(
        vision_encoder=model(f"{module}_vision_encoder:{family}VisionEncoder")(
            patch_size=8, image_shape=(16, 16, 3), **LAYERS, name="vision_encoder"
        ),
        text_encoder=model(f"{module}_text_encoder:{family}TextEncoder")(
            vocabulary_size=VOCABULARY, embedding_dim=8, **LAYERS, max_sequence_length=6, name="text_encoder"
        ),
        **text,
    )


@backbone("text and pictures", is_example=True)
def CLIPBackbone():
    return _contrastive("CLIP", "clip.clip", projection_dim=8)


@backbone("text and pictures")
def MetaCLIP2Backbone():
    return _contrastive("MetaCLIP2", "metaclip_2.metaclip_2", projection_dim=8)


@backbone("text and pictures", is_fixed=True)
def SigLIPBackbone():
    return _contrastive("SigLIP", "siglip.siglip")


@backbone("text and pictures", is_fixed=True)
def BLIP2Backbone():
    return model("BLIP2Backbone")(
        vision_encoder=model("blip2.blip2_vision_encoder:BLIP2VisionEncoder")(
            image_size=16,
            patch_size=4,
            **LAYERS,
            use_patch_bias=True,
            use_class_token=True,
            use_mha_bias=True,
            use_mlp_bias=True,
            dropout_rate=0.0,
            layer_norm_epsilon=1e-6,
            initializer_range=0.02,
        ),
        qformer=model("blip2.blip2_qformer:BLIP2QFormer")(
            num_query_tokens=2,
            **LAYERS,
            vision_dim=8,
            cross_attention_frequency=1,
            dropout=0.0,
            layer_norm_epsilon=1e-6,
        ),
        language_model=model("blip2.blip2_custom_opt:BLIP2CustomOPT")(
            vocabulary_size=VOCABULARY,
            **LAYERS,
            num_query_tokens=2,
            qformer_hidden_dim=8,
            max_sequence_length=32,
            dropout=0.0,
            language_projection=None,
        ),
    )


@backbone("text and pictures")
def PaliGemmaBackbone():
    return model("PaliGemmaBackbone")(
        **GEMMA, vit_patch_size=4, vit_num_layers=2, vit_num_heads=2, vit_hidden_dim=8, vit_intermediate_dim=12
    )


@backbone(
    "text and pictures",
    sizes={"images": (1,), "vision_indices": (4,), "token_ids": (8,), "padding_mask": (8,), "vision_mask": (8,)},
    data={"vision_indices": _first, "vision_mask": _first_are_pictures},
    is_fixed=True,
)
def Gemma3Backbone():
    return model("Gemma3Backbone")(
        **GEMMA,
        query_head_dim_normalize=True,
        use_query_key_norm=True,
        use_post_ffw_norm=True,
        use_post_attention_norm=True,
        use_sliding_window_attention=True,
        sliding_window_size=3,
        vision_encoder=model("gemma3.gemma3_vision_encoder:Gemma3VisionEncoder")(
            image_size=16, patch_size=4, pool_size=2, **LAYERS, output_dim=8
        ),
    )


@backbone(
    "text and pictures",
    sizes={"token_ids": (8,), "padding_mask": (8,), "position_ids": (8,)},
    data={"position_ids": _first},
)
def Gemma4Backbone():
    return model("Gemma4Backbone")(**GEMMA, use_sliding_window_attention=True, sliding_window_size=3)


@backbone("text and pictures")
def Gemma3nBackbone():
    return model("Gemma3nBackbone")(
        text_vocab_size=VOCABULARY,
        text_hidden_size=4,
        num_hidden_layers=2,
        pad_token_id=0,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=4,
        intermediate_size=[8, 8],
        hidden_activation="gelu_approximate",
        layer_types=["full_attention", "sliding_attention"],
        sliding_window=4,
        rope_theta=10000.0,
        max_position_embeddings=8,
        vocab_size_per_layer_input=VOCABULARY,
        hidden_size_per_layer_input=2,
        altup_num_inputs=2,
        laurel_rank=1,
    )


@backbone("text and pictures", sizes={"token_ids": (5,), "padding_mask": (5,)})
def PARSeqBackbone():
    return model("PARSeqBackbone")(
        image_encoder=vit(image_shape=(16, 32, 3), patch_size=(4, 8), use_class_token=False, name="image_encoder"),
        vocabulary_size=VOCABULARY,
        max_label_length=5,
        decoder_hidden_dim=16,
        num_decoder_layers=1,
        num_decoder_heads=2,
        decoder_mlp_dim=24,
        dropout_rate=0.0,
        attention_dropout=0.0,
    )


@backbone("sound", sizes={"encoder_features": (6,)}, is_example=True)
def WhisperBackbone():
    return model("WhisperBackbone")(
        vocabulary_size=VOCABULARY,
        **LAYERS,
        max_encoder_sequence_length=6,
        max_decoder_sequence_length=6,
        dropout=0.0,
    )


@backbone("sound", sizes={"encoder_input_values": (1600,), "encoder_padding_mask": (1600,)}, is_fixed=True)
def MoonshineBackbone():
    return model("MoonshineBackbone")(
        vocabulary_size=VOCABULARY,
        filter_dim=16,
        encoder_num_layers=2,
        decoder_num_layers=2,
        hidden_dim=16,
        intermediate_dim=24,
        encoder_num_heads=2,
        decoder_num_heads=2,
        feedforward_expansion_factor=2,
        decoder_use_swiglu_activation=True,
        encoder_use_swiglu_activation=False,
        max_position_embeddings=64,
        partial_rotary_factor=0.62,
        dropout=0.0,
        attention_dropout=0.0,
    )


def _autoencoder() -> Any:
    return model("vae.vae_backbone:VAEBackbone")(
        [32, 32, 32, 32], [1, 1, 1, 1], [32, 32, 32, 32], [1, 1, 1, 1], sampler_method="mode", name="vae"
    )


@backbone(
    "diffusion",
    data={"num_steps": _ones},
)
def StableDiffusion3Backbone():
    def text(name: str, width: int) -> Any:
        return model("clip.clip_text_encoder:CLIPTextEncoder")(
            VOCABULARY, width, width, 2, 2, 24, "quick_gelu", -2, name=name
        )

    return model("StableDiffusion3Backbone")(
        mmdit_patch_size=2,
        mmdit_hidden_dim=32,
        mmdit_num_layers=2,
        mmdit_num_heads=2,
        mmdit_position_size=12,
        mmdit_qk_norm="rms_norm",
        mmdit_dual_attention_indices=(0,),
        vae=_autoencoder(),
        clip_l=text("clip_l", 8),
        clip_g=text("clip_g", 16),
        image_shape=(32, 32, 3),
    )


def _early(shape: tuple[int, ...], generator: numpy.random.Generator) -> numpy.ndarray:
    """Small times, as they are multiplied by 1000 before a cosine, and so is the last bit of an exponential."""
    return generator.uniform(0.0, 0.01, shape).astype("float32")


@backbone("diffusion", data={"timesteps": _early, "guidance": _early}, is_example=True)
def FluxBackbone():
    return model("FluxBackbone")(
        input_channels=8,
        hidden_size=32,
        mlp_ratio=2.0,
        num_heads=2,
        depth=1,
        depth_single_blocks=2,
        axes_dim=[4, 6, 6],
        theta=10_000,
        use_bias=True,
        guidance_embed=True,
        image_shape=(6, 8),
        text_shape=(5, 8),
        image_ids_shape=(6, 3),
        text_ids_shape=(5, 3),
        y_shape=(10,),
    )
