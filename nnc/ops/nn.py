"""Layers as functions: activations, convolutions, pooling, losses, normalization, attention.

Arguments are those of `keras.ops`; see `nnc.ops`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnc.absent_names import absence
from nnc.ops.dispatch import check_no_others, operate
from nnc.settings import SETTINGS

__all__ = [
    "adaptive_average_pool",
    "adaptive_max_pool",
    "average_pool",
    "batch_normalization",
    "binary_crossentropy",
    "categorical_crossentropy",
    "celu",
    "conv",
    "conv_transpose",
    "ctc_loss",
    "depth_to_space",
    "depthwise_conv",
    "dot_product_attention",
    "elu",
    "fold",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "layer_normalization",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "max_pool",
    "moments",
    "multi_hot",
    "normalize",
    "one_hot",
    "psnr",
    "relu",
    "relu6",
    "rms_normalization",
    "selu",
    "separable_conv",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "space_to_depth",
    "sparse_categorical_crossentropy",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh_shrink",
    "threshold",
    "unfold",
]


def adaptive_average_pool(inputs: Any, output_size: Any, data_format: Any = None) -> Any:
    """Return x with `output_size` elements along the spatial axes; Keras's ``AdaptiveAveragePool``."""
    return operate("AdaptiveAveragePool", inputs, output_size=output_size, data_format=data_format)


def adaptive_max_pool(inputs: Any, output_size: Any, data_format: Any = None) -> Any:
    """Return x with `output_size` elements along the spatial axes; Keras's ``AdaptiveMaxPool``."""
    return operate("AdaptiveMaxPool", inputs, output_size=output_size, data_format=data_format)


def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: Any = "valid", data_format: Any = None
) -> Any:
    """Return one element per window; Keras's ``AveragePool``."""
    return operate(
        "AveragePool", inputs, pool_size=pool_size, strides=strides, padding=padding, data_format=data_format
    )


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: Any, offset: Any = None, scale: Any = None, epsilon: Any = 0.001
) -> Any:
    """Return (x - mean) / √(variance + epsilon) · scale + offset."""
    return operate("BatchNorm", x, mean, variance, offset, scale, axis=axis, epsilon=epsilon)


def binary_crossentropy(target: Any, output: Any, from_logits: Any = False) -> Any:
    """Return the cross-entropy of each yes-or-no target."""
    return operate("BinaryCrossentropy", target, output, from_logits=from_logits)


def categorical_crossentropy(target: Any, output: Any, from_logits: Any = False, axis: Any = -1) -> Any:
    """Return the cross-entropy of each one-hot target."""
    return operate("CategoricalCrossentropy", target, output, from_logits=from_logits, axis=axis)


def celu(x: Any, alpha: Any = 1.0) -> Any:
    """Return x where it is positive, otherwise ``alpha · (exp(x / alpha) - 1)``."""
    return operate("Celu", x, alpha=alpha)


def conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: Any = "valid", data_format: Any = None, dilation_rate: Any = 1
) -> Any:
    """Return the convolution of x with kernels; Keras's ``Conv``."""
    return operate(
        "Conv", inputs, kernel, strides=strides, padding=padding, data_format=data_format, dilation_rate=dilation_rate
    )


def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    """Return the convolution of x with kernels; Keras's ``ConvTranspose``."""
    return operate(
        "ConvTranspose",
        inputs,
        kernel,
        strides=strides,
        padding=padding,
        output_padding=output_padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
    )


def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: Any = 0) -> Any:
    """Return minus the log-probability that the output reads as the target; see `nnc.losses.ctc`."""
    return operate("CTCLoss", target, output, target_length, output_length, mask_index=mask_index)


def depth_to_space(x: Any, block_size: Any, data_format: Any = "channels_last") -> Any:
    """Return images with a block of pixels for each pixel, made of its channels."""
    return operate("DepthToSpace", x, block_size=block_size, data_format=data_format)


def depthwise_conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: Any = "valid", data_format: Any = None, dilation_rate: Any = 1
) -> Any:
    """Return the convolution of x with kernels; Keras's ``DepthwiseConv``."""
    return operate(
        "DepthwiseConv",
        inputs,
        kernel,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
    )


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: Any = None,
    is_causal: Any = False,
    flash_attention: Any = None,
    attn_logits_soft_cap: Any = None,
) -> Any:
    """Return what queries find, (batch, T, heads, size)."""
    return operate(
        "DotProductAttention",
        query,
        key,
        value,
        bias,
        mask,
        scale,
        is_causal=is_causal,
        flash_attention=flash_attention,
        attn_logits_soft_cap=attn_logits_soft_cap,
    )


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """Return x where it is positive, otherwise ``alpha · (exp(x) - 1)``."""
    return operate("Elu", x, alpha=alpha)


def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Return images, channels first, each pixel of which is the sum of its like in all windows; see `unfold`."""
    return operate(
        "Fold", x, output_size=output_size, kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride
    )


def gelu(x: Any, approximate: Any = True) -> Any:
    """Return x times the probability that a standard normal number is below x, or its approximation with tanh."""
    return operate("Gelu", x, approximate=approximate)


def glu(x: Any, axis: Any = -1) -> Any:
    """Return ``a · sigmoid(b)`` of the two halves a and b of x along an axis, which becomes half as long."""
    return operate("Glu", x, axis=axis)


def hard_shrink(x: Any, threshold: Any = 0.5) -> Any:
    """Return x where |x| is above the threshold, otherwise 0."""
    return operate("HardShrink", x, threshold=threshold)


def hard_sigmoid(x: Any) -> Any:
    """Return ``x / 6 + 1/2`` limited to 0 … 1."""
    return operate("HardSigmoid", x)


def hard_silu(x: Any) -> Any:
    """Return ``x · hard_sigmoid(x)``, also called hard swish."""
    return operate("HardSilu", x)


def hard_swish(x: Any) -> Any:
    """Return ``x · hard_sigmoid(x)``, also called hard swish."""
    return operate("HardSilu", x)


def hard_tanh(x: Any) -> Any:
    """Return x limited to -1 … 1; the slope at both ends is 1."""
    return operate("HardTanh", x)


def leaky_relu(x: Any, negative_slope: Any = 0.2) -> Any:
    """Return x where it is positive, otherwise ``negative_slope · x``; the slope at 0 is `negative_slope`."""
    return operate("LeakyRelu", x, negative_slope=negative_slope)


def log_sigmoid(x: Any) -> Any:
    """Return ``log(1 / (1 + exp(-x)))``."""
    return operate("LogSigmoid", x)


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """Return the logarithm of the softmax along an axis, over several together, or over all (None)."""
    return operate("LogSoftmax", x, axis=axis)


def max_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: Any = "valid", data_format: Any = None) -> Any:
    """Return one element per window; Keras's ``MaxPool``."""
    return operate("MaxPool", inputs, pool_size=pool_size, strides=strides, padding=padding, data_format=data_format)


def moments(x: Any, axes: Any, keepdims: Any = False, synchronized: Any = False) -> Any:
    """Return means and variances over axes."""
    return operate("Moments", x, axes=axes, keepdims=keepdims, synchronized=synchronized)


def normalize(x: Any, axis: Any = -1, order: Any = 2, epsilon: Any = None) -> Any:
    """Return x divided by its norm over axes, or by a small number where that is larger."""
    return operate("Normalize", x, axis=axis, order=order, epsilon=epsilon)


def one_hot(x: Any, num_classes: Any, axis: Any = -1, dtype: Any = None, sparse: Any = False) -> Any:
    """Return x with a new axis, on which a 1 stands at the place that a class says, and nowhere where there is none."""
    dtype = dtype or SETTINGS.floatx
    return operate("OneHot", x, num_classes=num_classes, axis=axis, dtype=dtype, sparse=sparse)


def psnr(x1: Any, x2: Any, max_val: Any) -> Any:
    """Return the peak signal-to-noise ratio in decibels, one number for all images; infinite where they are equal."""
    return operate("PSNR", x1, x2, max_val=max_val)


def relu(x: Any) -> Any:
    """Return max(x, 0)."""
    return operate("Relu", x)


def relu6(x: Any) -> Any:
    """Return x limited to 0 … 6; flat at both ends, as TensorFlow's."""
    return operate("Relu6", x)


def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: Any = None) -> Any:
    """Return x / √(mean(x²) + epsilon) · scale, with the mean over some axes."""
    return operate("RMSNorm", x, scale, axis=axis, epsilon=epsilon)


def selu(x: Any) -> Any:
    """Return ``scale · x`` where x is positive, otherwise ``scale · alpha · (exp(x) - 1)``."""
    return operate("Selu", x)


def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    """Return the convolution of x with kernels; Keras's ``SeparableConv``."""
    return operate(
        "SeparableConv",
        inputs,
        depthwise_kernel,
        pointwise_kernel,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
    )


def sigmoid(x: Any) -> Any:
    """Return 1 / (1 + exp(-x))."""
    return operate("Sigmoid", x)


def silu(x: Any) -> Any:
    """Return ``x · sigmoid(x)``, also called swish."""
    return operate("Silu", x)


def soft_shrink(x: Any, threshold: Any = 0.5) -> Any:
    """Return x moved by `threshold` towards 0, and 0 where |x| is at most the threshold."""
    return operate("SoftShrink", x, threshold=threshold)


def softmax(x: Any, axis: Any = -1) -> Any:
    """Return ``exp(x) / sum(exp(x))`` along an axis, over several together, or over all (None)."""
    return operate("Softmax", x, axis=axis)


def softplus(x: Any) -> Any:
    """Return log(1 + exp(x))."""
    return operate("Softplus", x)


def softsign(x: Any) -> Any:
    """Return ``x / (|x| + 1)``."""
    return operate("Softsign", x)


def space_to_depth(x: Any, block_size: Any, data_format: Any = "channels_last") -> Any:
    """Return images with a pixel for each block of pixels, which become its channels."""
    return operate("SpaceToDepth", x, block_size=block_size, data_format=data_format)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: Any = False, axis: Any = -1) -> Any:
    """Return the cross-entropy of each class index."""
    return operate("SparseCategoricalCrossentropy", target, output, from_logits=from_logits, axis=axis)


def sparse_plus(x: Any) -> Any:
    """Return 0 below -1, x above 1, and ``(x + 1)² / 4`` between."""
    return operate("SparsePlus", x)


def sparse_sigmoid(x: Any) -> Any:
    """Return ``(x + 1) / 2`` limited to 0 … 1; flat at both ends."""
    return operate("SparseSigmoid", x)


def sparsemax(x: Any, axis: Any = -1) -> Any:
    """Return the probabilities nearest to x along an axis; many of them are 0."""
    return operate("Sparsemax", x, axis=axis)


def squareplus(x: Any, b: Any = 4) -> Any:
    """Return ``(x + √(x² + b)) / 2``."""
    return operate("Squareplus", x, b=b)


def swish(x: Any) -> Any:
    """Return ``x · sigmoid(x)``, also called swish."""
    return operate("Silu", x)


def tanh_shrink(x: Any) -> Any:
    """Return ``x - tanh(x)``."""
    return operate("TanhShrink", x)


def threshold(x: Any, threshold: Any, default_value: Any) -> Any:
    """Return x where it is above the threshold, otherwise `default_value`."""
    return operate("Threshold", x, threshold=threshold, default_value=default_value)


def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Return the pixels of each window as a column: (batch, channels · pixels, windows)."""
    return operate("Unfold", x, kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride)


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: Any = None, **kwargs: Any
) -> Any:
    """Return x with mean 0 and variance 1 along axes, scaled and shifted."""
    rms_scaling = kwargs.pop("rms_scaling", False)
    check_no_others("layer_normalization", kwargs)
    return operate("LayerNorm", x, gamma, beta, axis=axis, epsilon=epsilon, rms_scaling=rms_scaling)


def multi_hot(
    inputs: Any, num_classes: Any = None, axis: Any = -1, dtype: Any = None, sparse: Any = False, **kwargs: Any
) -> Any:
    """Return 1 at the places of all whole numbers along an axis, 0 elsewhere."""
    num_classes = kwargs.pop("num_tokens", num_classes)
    check_no_others("multi_hot", kwargs)
    dtype = dtype or SETTINGS.floatx
    return operate("MultiHot", inputs, num_classes=num_classes, axis=axis, dtype=dtype, sparse=sparse)


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> object:
        raise absence("nnc.ops.nn", name)
