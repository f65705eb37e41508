"""Backbones of pictures: convolutions, transformers, and what finds, segments and measures things with them."""

from __future__ import annotations

from typing import Any

import numpy

from tests.hub.table import backbone, model

PICTURE = (32, 32, 3)


def _resnet(
    shape: tuple[int | None, ...] = (None, None, 3), filters: tuple[int, ...] = (64, 12, 16), **config: Any
) -> Any:
    stages = len(filters)
    return model("ResNetBackbone")(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=list(filters),
        stackwise_num_blocks=[1] * stages,
        stackwise_num_strides=[1] + [2] * (stages - 1),
        image_shape=shape,
        **{"block_type": "basic_block", "use_pre_activation": False} | config,
    )


def hgnet(shape: tuple[int | None, ...], stages: tuple[str, ...]) -> Any:
    return model("HGNetV2Backbone")(
        stem_channels=[3, 8, 8],
        stackwise_stage_filters=[[8, 8, 16, 1, 1, 3], [16, 8, 32, 1, 1, 3]],
        apply_downsample=[False, True],
        use_lightweight_conv_block=[False, True],
        depths=[1, 1],
        hidden_sizes=[16, 32],
        embedding_size=8,
        use_learnable_affine_block=True,
        hidden_act="relu",
        image_shape=shape,
        out_features=list(stages),
    )


def _dino(version: int = 2, **config: Any) -> Any:
    return model(f"DINOV{version}Backbone")(
        patch_size=14,
        num_layers=4,
        hidden_dim=16,
        num_heads=2,
        intermediate_dim=24,
        layer_scale_init_value=1.0,
        **{"image_shape": (42, 42, 3)} | config,
    )


def _mix() -> Any:
    return model("MiTBackbone")(
        layerwise_depths=[2, 2],
        image_shape=PICTURE,
        hidden_dims=[4, 8],
        num_layers=2,
        layerwise_num_heads=[1, 2],
        layerwise_sr_ratios=[8, 4],
        max_drop_path_rate=0.0,
        layerwise_patch_sizes=[7, 3],
        layerwise_strides=[4, 2],
    )


def detecting_vit(**config: Any) -> Any:
    return model("ViTDetBackbone")(
        num_layers=3,
        intermediate_dim=12,
        num_heads=2,
        global_attention_layer_indices=[1],
        **{"hidden_size": 8, "image_shape": (16, 16, 3), "patch_size": 2, "window_size": 3, "num_output_channels": 4}
        | config,
    )


@backbone("ConvNet", sizes={"keras_tensor": (32, 32)}, is_example=True)
def ResNetBackbone():
    return _resnet(PICTURE)


@backbone("ConvNet")
def CSPNetBackbone():
    return model("CSPNetBackbone")(
        stem_filters=8,
        stem_kernel_size=3,
        stem_strides=1,
        stackwise_strides=2,
        stackwise_depth=[1, 2, 2],
        stackwise_num_filters=[8, 12, 16],
        image_shape=PICTURE,
        down_growth=True,
        bottle_ratio=(0.5, 1.0),
        block_ratio=(1.0, 0.5),
        expand_ratio=(2.0, 1.0),
        block_type="dark_block",
        stage_type="csp",
        stem_padding="same",
    )


@backbone("ConvNet")
def DenseNetBackbone():
    return model("DenseNetBackbone")(
        stackwise_num_repeats=[2, 2, 2], compression_ratio=0.5, growth_rate=4, image_shape=PICTURE
    )


@backbone("ConvNet")
def EfficientNetBackbone():
    return model("EfficientNetBackbone")(
        stackwise_kernel_sizes=[3, 3, 5],
        stackwise_num_repeats=[1, 2, 2],
        stackwise_input_filters=[8, 8, 12],
        stackwise_output_filters=[8, 12, 16],
        stackwise_expansion_ratios=[1, 4, 4],
        stackwise_squeeze_and_excite_ratios=[0.0, 0.0, 0.25],
        stackwise_strides=[1, 2, 2],
        stackwise_block_types=["fused", "fused", "unfused"],
        stackwise_force_input_filters=[0] * 3,
        stackwise_nores_option=[False] * 3,
        width_coefficient=1.0,
        depth_coefficient=1.0,
        dropout=0.0,
        image_shape=PICTURE,
    )


@backbone("ConvNet")
def HGNetV2Backbone():
    return hgnet(PICTURE, ("stem", "stage1", "stage2"))


@backbone("ConvNet")
def MobileNetBackbone():
    return model("MobileNetBackbone")(
        stackwise_expansion=[[12, 16], [16, 20]],
        stackwise_num_blocks=[2, 2],
        stackwise_num_filters=[[8, 8], [12, 12]],
        stackwise_kernel_size=[[3, 3], [5, 5]],
        stackwise_num_strides=[[2, 1], [2, 1]],
        stackwise_se_ratio=[[None, None], [0.25, 0.25]],
        stackwise_activation=[["relu", "relu"], ["hard_swish", "hard_swish"], ["hard_swish"]],
        stackwise_padding=[[1, 1], [2, 2]],
        output_num_filters=24,
        input_activation="hard_swish",
        output_activation="hard_swish",
        input_num_filters=8,
        image_shape=PICTURE,
        depthwise_filters=8,
        depthwise_stride=2,
        depthwise_residual=False,
        squeeze_and_excite=0.5,
        last_layer_filter=20,
    )


@backbone("ConvNet")
def MobileNetV5Backbone():
    return mobile_net_v5()


def mobile_net_v5(**config: Any) -> Any:
    return model("MobileNetV5Backbone")(
        stackwise_block_types=[["er"], ["uir", "mqa"]],
        stackwise_num_blocks=[1, 2],
        stackwise_num_filters=[[8], [12, 12]],
        stackwise_strides=[[2], [2, 1]],
        stackwise_act_layers=[["relu"], ["relu", "relu"]],
        stackwise_exp_ratios=[[4.0], [3.0, 3.0]],
        stackwise_se_ratios=[[0.0], [0.0, 0.0]],
        stackwise_dw_kernel_sizes=[[0], [5, 3]],
        stackwise_dw_start_kernel_sizes=[[0], [0, 0]],
        stackwise_dw_end_kernel_sizes=[[0], [0, 0]],
        stackwise_exp_kernel_sizes=[[3], [0, 0]],
        stackwise_pw_kernel_sizes=[[1], [0, 0]],
        stackwise_num_heads=[[0], [0, 2]],
        stackwise_key_dims=[[0], [0, 4]],
        stackwise_value_dims=[[0], [0, 4]],
        stackwise_kv_strides=[[0], [0, 1]],
        stackwise_use_cpe=[[False], [False, False]],
        **{"image_shape": PICTURE, "stem_size": 8, "use_msfa": False} | config,
    )


@backbone("ConvNet")
def VGGBackbone():
    return model("VGGBackbone")(stackwise_num_repeats=[1, 2], stackwise_num_filters=[4, 8], image_shape=(16, 16, 3))


@backbone("ConvNet")
def XceptionBackbone():
    return model("XceptionBackbone")(
        stackwise_conv_filters=[[8, 12], [16, 16], [20, 20]],
        stackwise_pooling=[False, True, False],
        image_shape=PICTURE,
    )


@backbone("ViT", is_example=True)
def ViTBackbone():
    return vit()


def vit(**config: Any) -> Any:
    return model("ViTBackbone")(
        num_layers=2,
        hidden_dim=16,
        num_heads=2,
        mlp_dim=24,
        **{"image_shape": (16, 16, 3), "patch_size": (4, 4), "use_mha_bias": True, "dropout_rate": 0.0} | config,
    )


@backbone("ViT")
def DeiTBackbone():
    return model("DeiTBackbone")(
        image_shape=(16, 16, 3),
        patch_size=4,
        num_layers=2,
        hidden_dim=16,
        num_heads=2,
        intermediate_dim=24,
        dropout_rate=0.0,
        attention_dropout=0.0,
    )


@backbone("ViT")
def DINOV2Backbone():
    return _dino(num_register_tokens=2, use_swiglu_ffn=True)


@backbone("ViT")
def DINOV3Backbone():
    return _dino(3, num_register_tokens=4, use_gated_mlp=False)


@backbone("ViT")
def MiTBackbone():
    return _mix()


@backbone("ViT")
def SwinTransformerBackbone():
    return model("SwinTransformerBackbone")(
        image_shape=PICTURE, embed_dim=8, depths=(2, 2), num_heads=(2, 4), window_size=4, drop_path=0.0
    )


@backbone("ViT")
def ViTDetBackbone():
    return detecting_vit()


@backbone("video", is_example=True)
def VideoPrismBackbone():
    return model("VideoPrismBackbone")(
        image_shape=(16, 16, 3),
        num_frames=3,
        patch_size=4,
        hidden_dim=16,
        intermediate_dim=24,
        num_heads=2,
        num_spatial_layers=1,
        num_temporal_layers=1,
        num_auxiliary_layers=1,
        vocabulary_size=0,
        num_text_layers=0,
        dropout_rate=0.0,
        attention_dropout=0.0,
    )


@backbone("segmentation")
def BASNetBackbone():
    return model("BASNetBackbone")(
        image_encoder=_resnet(filters=(64, 128, 256, 512)),
        num_classes=1,
        projection_filters=64,
        image_shape=(64, 64, 3),
    )


@backbone("segmentation", is_example=True)
def DeepLabV3Backbone():
    return model("DeepLabV3Backbone")(
        image_encoder=_resnet(),
        low_level_feature_key="P2",
        spatial_pyramid_pooling_key="P4",
        dilation_rates=[2, 3],
        upsampling_size=4,
        image_shape=(64, 64, 3),
    )


@backbone("segmentation")
def SegFormerBackbone():
    return model("SegFormerBackbone")(image_encoder=_mix(), projection_filters=8)


@backbone("segmentation")
def DepthAnythingBackbone():
    return model("DepthAnythingBackbone")(
        image_encoder=_dino(num_register_tokens=0, apply_layernorm=True, image_shape=(98, 98, 3), name="image_encoder"),
        reassemble_factors=[4, 2, 1, 0.5],
        neck_hidden_dims=[4, 6, 8, 10],
        fusion_hidden_dim=12,
        head_hidden_dim=6,
        head_in_index=-1,
        feature_keys=["stage1", "stage2", "stage3", "stage4"],
    )


@backbone("segmentation", sizes={"points": (1,), "labels": (1,), "boxes": (1,), "masks": (1, 16, 16)}, is_fixed=True)
def SAMBackbone():
    return model("SAMBackbone")(
        image_encoder=detecting_vit(patch_size=4, hidden_size=16),
        prompt_encoder=model("sam.sam_prompt_encoder:SAMPromptEncoder")(
            hidden_size=8, image_embedding_size=(4, 4), input_image_size=(16, 16), mask_in_channels=16
        ),
        mask_decoder=model("sam.sam_mask_decoder:SAMMaskDecoder")(
            num_layers=2,
            hidden_size=8,
            intermediate_dim=12,
            num_heads=2,
            embedding_dim=8,
            num_multimask_outputs=3,
            iou_head_depth=3,
            iou_head_hidden_dim=8,
        ),
    )


@backbone(
    "segmentation",
    sizes={"token_ids": (8,), "padding_mask": (8,), "boxes": (1,), "box_labels": (1,)},
    data={"box_labels": lambda shape, generator: numpy.ones(shape, "int32")},
    is_fixed=True,
)
def SAM3PromptableConceptBackbone():
    def part(name: str) -> Any:
        words = {"Detr": "detr_", "Geometry": "geometry_", "Mask": "mask_", "Text": "text_", "Vision": "vision_"}
        first = next(word for word in words if name.startswith(word))
        return model(f"sam3.sam3_{words[first]}{name.removeprefix(first).lower()}:SAM3{name}")

    layers = {"num_layers": 2, "hidden_dim": 8, "intermediate_dim": 12, "num_heads": 2}
    picture = {"image_shape": (28, 28, 3), "patch_size": 14}
    return model("SAM3PromptableConceptBackbone")(
        vision_encoder=part("VisionEncoder")(
            **layers,
            **picture,
            fpn_hidden_dim=8,
            fpn_scale_factors=[4.0, 2.0, 1.0, 0.5],
            pretrain_image_shape=(42, 42, 3),
            window_size=2,
            global_attn_indexes=[1],
        ),
        text_encoder=part("TextEncoder")(vocabulary_size=12, embedding_dim=8, **layers, max_sequence_length=8),
        geometry_encoder=part("GeometryEncoder")(**layers, roi_size=7),
        detr_encoder=part("DetrEncoder")(**layers),
        detr_decoder=part("DetrDecoder")(**layers, **picture, num_queries=5),
        mask_decoder=part("MaskDecoder")(num_upsampling_stages=3, hidden_dim=8, num_heads=2),
    )


@backbone("detection", is_example=True)
def RetinaNetBackbone():
    return model("RetinaNetBackbone")(
        image_encoder=_resnet(filters=(64, 12, 16, 20)), min_level=3, max_level=6, use_p5=True, image_shape=(64, 64, 3)
    )


@backbone("detection")
def DFineBackbone():
    return model("DFineBackbone")(
        backbone=hgnet((None, None, 3), ("stage1", "stage2")),
        decoder_in_channels=[16, 16],
        encoder_hidden_dim=16,
        num_denoising=10,
        num_labels=4,
        hidden_dim=16,
        learn_initial_query=False,
        num_queries=10,
        anchor_image_size=(32, 32),
        feat_strides=[4, 8],
        num_feature_levels=2,
        encoder_in_channels=[16, 32],
        encode_proj_layers=[1],
        num_attention_heads=2,
        encoder_ffn_dim=24,
        num_encoder_layers=1,
        hidden_expansion=0.5,
        depth_multiplier=0.5,
        eval_idx=-1,
        num_decoder_layers=2,
        decoder_attention_heads=2,
        decoder_ffn_dim=24,
        decoder_n_points=[2, 2],
        lqe_hidden_dim=16,
        num_lqe_layers=2,
        out_features=["stage1", "stage2"],
        image_shape=PICTURE,
        dropout=0.0,
        seed=0,
    )
