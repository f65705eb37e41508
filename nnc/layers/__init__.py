"""Layers: Keras's vocabulary, each lowering itself to graph arithmetic.

A family of layers is imported when one of its layers is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnc.layers.base import Layer
from nnc.layers.registry import layer_class, layer_classes, register
from nnc.layers.symbolic import Call, SymbolicTensor
from nnc.layers.variable import Variable

if TYPE_CHECKING:
    from nnc.layers.activation import *
    from nnc.layers.adaptive_pooling import *
    from nnc.layers.attention import *
    from nnc.layers.augmentation import *
    from nnc.layers.batch_normalization import *
    from nnc.layers.color_augmentation import *
    from nnc.layers.composed_augmentation import *
    from nnc.layers.convolution import *
    from nnc.layers.convolution_transpose import *
    from nnc.layers.core import *
    from nnc.layers.depthwise import *
    from nnc.layers.distortion import *
    from nnc.layers.einsum_dense import *
    from nnc.layers.embedding import *
    from nnc.layers.encoding import *
    from nnc.layers.geometric_augmentation import *
    from nnc.layers.global_pooling import *
    from nnc.layers.group_normalization import *
    from nnc.layers.grouped_query_attention import *
    from nnc.layers.histograms import *
    from nnc.layers.integer_lookup import *
    from nnc.layers.layer_normalization import *
    from nnc.layers.masking import *
    from nnc.layers.merging import *
    from nnc.layers.merging_functions import *
    from nnc.layers.mixing_augmentation import *
    from nnc.layers.multi_head_attention import *
    from nnc.layers.noise import *
    from nnc.layers.padding import *
    from nnc.layers.pipeline import *
    from nnc.layers.pixel_augmentation import *
    from nnc.layers.pooling import *
    from nnc.layers.recurrent.bidirectional import *
    from nnc.layers.recurrent.conv_lstm import *
    from nnc.layers.recurrent.gru import *
    from nnc.layers.recurrent.lstm import *
    from nnc.layers.recurrent.rnn import *
    from nnc.layers.recurrent.simple_rnn import *
    from nnc.layers.recurrent.stacked import *
    from nnc.layers.recurrent.time_distributed import *
    from nnc.layers.regularization import *
    from nnc.layers.rescaling import *
    from nnc.layers.reshaping import *
    from nnc.layers.resizing import *
    from nnc.layers.reversible_embedding import *
    from nnc.layers.separable import *
    from nnc.layers.spectral_normalization import *
    from nnc.layers.upsampling import *
    from nnc.layers.wrapping import *

_CLASSES = {
    "Activation": "core",
    "ActivityRegularization": "regularization",
    "AdaptiveAveragePooling1D": "adaptive_pooling",
    "AdaptiveAveragePooling2D": "adaptive_pooling",
    "AdaptiveAveragePooling3D": "adaptive_pooling",
    "AdaptiveMaxPooling1D": "adaptive_pooling",
    "AdaptiveMaxPooling2D": "adaptive_pooling",
    "AdaptiveMaxPooling3D": "adaptive_pooling",
    "Add": "merging",
    "AdditiveAttention": "attention",
    "AlphaDropout": "noise",
    "Attention": "attention",
    "AugMix": "composed_augmentation",
    "AutoContrast": "color_augmentation",
    "Average": "merging",
    "AveragePooling1D": "pooling",
    "AveragePooling2D": "pooling",
    "AveragePooling3D": "pooling",
    "BatchNormalization": "batch_normalization",
    "Bidirectional": "recurrent.bidirectional",
    "CategoryEncoding": "encoding",
    "CenterCrop": "resizing",
    "Concatenate": "merging",
    "ContrastLimitedAdaptiveHistogramEqualization": "histograms",
    "Conv1D": "convolution",
    "Conv1DTranspose": "convolution_transpose",
    "Conv2D": "convolution",
    "Conv2DTranspose": "convolution_transpose",
    "Conv3D": "convolution",
    "Conv3DTranspose": "convolution_transpose",
    "ConvLSTM1D": "recurrent.conv_lstm",
    "ConvLSTM2D": "recurrent.conv_lstm",
    "ConvLSTM3D": "recurrent.conv_lstm",
    "Cropping1D": "padding",
    "Cropping2D": "padding",
    "Cropping3D": "padding",
    "CutMix": "mixing_augmentation",
    "Dense": "core",
    "DepthwiseConv1D": "depthwise",
    "DepthwiseConv2D": "depthwise",
    "Discretization": "encoding",
    "Dot": "merging",
    "Dropout": "regularization",
    "ELU": "activation",
    "EinsumDense": "einsum_dense",
    "Embedding": "embedding",
    "Equalization": "histograms",
    "Flatten": "reshaping",
    "GRU": "recurrent.gru",
    "GRUCell": "recurrent.gru",
    "GaussianDropout": "noise",
    "GaussianNoise": "noise",
    "GlobalAveragePooling1D": "global_pooling",
    "GlobalAveragePooling2D": "global_pooling",
    "GlobalAveragePooling3D": "global_pooling",
    "GlobalMaxPooling1D": "global_pooling",
    "GlobalMaxPooling2D": "global_pooling",
    "GlobalMaxPooling3D": "global_pooling",
    "GroupNormalization": "group_normalization",
    "GroupQueryAttention": "grouped_query_attention",
    "Identity": "masking",
    "InputLayer": "core",
    "IntegerLookup": "integer_lookup",
    "LSTM": "recurrent.lstm",
    "LSTMCell": "recurrent.lstm",
    "LayerNormalization": "layer_normalization",
    "LeakyReLU": "activation",
    "Masking": "masking",
    "MaxNumBoundingBoxes": "augmentation",
    "MaxPooling1D": "pooling",
    "MaxPooling2D": "pooling",
    "MaxPooling3D": "pooling",
    "Maximum": "merging",
    "Minimum": "merging",
    "MixUp": "mixing_augmentation",
    "MultiHeadAttention": "multi_head_attention",
    "Multiply": "merging",
    "Normalization": "rescaling",
    "PReLU": "activation",
    "Permute": "reshaping",
    "Pipeline": "pipeline",
    "RMSNormalization": "layer_normalization",
    "RNN": "recurrent.rnn",
    "RandAugment": "composed_augmentation",
    "RandomBrightness": "color_augmentation",
    "RandomColorDegeneration": "color_augmentation",
    "RandomColorJitter": "color_augmentation",
    "RandomContrast": "color_augmentation",
    "RandomCrop": "geometric_augmentation",
    "RandomElasticTransform": "distortion",
    "RandomErasing": "pixel_augmentation",
    "RandomFlip": "geometric_augmentation",
    "RandomGaussianBlur": "pixel_augmentation",
    "RandomGrayscale": "color_augmentation",
    "RandomHue": "color_augmentation",
    "RandomInvert": "color_augmentation",
    "RandomPerspective": "distortion",
    "RandomPosterization": "color_augmentation",
    "RandomRotation": "geometric_augmentation",
    "RandomSaturation": "color_augmentation",
    "RandomSharpness": "pixel_augmentation",
    "RandomShear": "geometric_augmentation",
    "RandomTranslation": "geometric_augmentation",
    "RandomZoom": "geometric_augmentation",
    "ReLU": "activation",
    "RepeatVector": "reshaping",
    "Rescaling": "rescaling",
    "Reshape": "reshaping",
    "Resizing": "resizing",
    "ReversibleEmbedding": "reversible_embedding",
    "SeparableConv1D": "separable",
    "SeparableConv2D": "separable",
    "SimpleRNN": "recurrent.simple_rnn",
    "SimpleRNNCell": "recurrent.simple_rnn",
    "Softmax": "activation",
    "Solarization": "color_augmentation",
    "SpatialDropout1D": "regularization",
    "SpatialDropout2D": "regularization",
    "SpatialDropout3D": "regularization",
    "SpectralNormalization": "spectral_normalization",
    "StackedRNNCells": "recurrent.stacked",
    "Subtract": "merging",
    "TimeDistributed": "recurrent.time_distributed",
    "UnitNormalization": "layer_normalization",
    "UpSampling1D": "upsampling",
    "UpSampling2D": "upsampling",
    "UpSampling3D": "upsampling",
    "Wrapper": "wrapping",
    "ZeroPadding1D": "padding",
    "ZeroPadding2D": "padding",
    "ZeroPadding3D": "padding",
}
"""Module of each layer class."""
_FUNCTIONS = {
    "Input": "core",
    "add": "merging_functions",
    "average": "merging_functions",
    "concatenate": "merging_functions",
    "deserialize": "wrapping",
    "dot": "merging_functions",
    "maximum": "merging_functions",
    "minimum": "merging_functions",
    "multiply": "merging_functions",
    "serialize": "wrapping",
    "subtract": "merging_functions",
}
"""Module of each function."""
_ALIASES = {
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "AvgPool3D": "AveragePooling3D",
    "Convolution1D": "Conv1D",
    "Convolution1DTranspose": "Conv1DTranspose",
    "Convolution2D": "Conv2D",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Convolution3D": "Conv3D",
    "Convolution3DTranspose": "Conv3DTranspose",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalAvgPool3D": "GlobalAveragePooling3D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "GlobalMaxPool3D": "GlobalMaxPooling3D",
    "GroupedQueryAttention": "GroupQueryAttention",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
}
"""Second names of layer classes, as Keras has them."""

__all__ = [  # noqa: PLE0604  (all are strings)
    "Call",
    "Layer",
    "SymbolicTensor",
    "Variable",
    "layer_class",
    "layer_classes",
    "register",
    *_CLASSES,
    *_FUNCTIONS,
    *_ALIASES,
]


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> Any:
        module = _CLASSES.get(_ALIASES.get(name, name)) or _FUNCTIONS.get(name)
        if module is None:
            raise AttributeError(f"module 'nnc.layers' has no attribute {name!r}")
        value = getattr(import_module(f"nnc.layers.{module}"), _ALIASES.get(name, name))
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*__all__, "__doc__", "__file__", "__name__", "__path__"})
