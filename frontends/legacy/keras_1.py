"""Names of Keras 1 that files of Keras 2 still have."""

from __future__ import annotations

from frontends.legacy.entry import Entry, Rule, dropped
from frontends.nodes import Scalar

KERAS_1_CLASSES: dict[str, str] = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "SeparableConvolution1D": "SeparableConv1D",
    "SeparableConvolution2D": "SeparableConv2D",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Deconvolution2D": "Conv2DTranspose",
}

_CONVOLUTIONS = (
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Conv2DTranspose",
    "DepthwiseConv2D",
    "SeparableConv1D",
    "SeparableConv2D",
    "ConvLSTM2D",
)
_POOLING = tuple(f"{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3))
_RECURRENT = ("SimpleRNN", "LSTM", "GRU")
_UNITS = ("Dense", *_RECURRENT)
_KERNELS = (*_CONVOLUTIONS, *_UNITS)

NAMES: dict[str, dict[str, tuple[str, ...] | None]] = {
    "kernel_initializer": {"init": _KERNELS},
    "kernel_regularizer": {"W_regularizer": _KERNELS},
    "kernel_constraint": {"W_constraint": _KERNELS},
    "bias_regularizer": {"b_regularizer": _KERNELS},
    "bias_constraint": {"b_constraint": _KERNELS},
    "use_bias": {"bias": _KERNELS},
    "padding": {"border_mode": (*_CONVOLUTIONS, *_POOLING)},
    "data_format": {"dim_ordering": None},
    "filters": {"nb_filter": _CONVOLUTIONS},
    "strides": {"subsample": _CONVOLUTIONS, "subsample_length": _CONVOLUTIONS, "stride": _POOLING},
    "dilation_rate": {"atrous_rate": _CONVOLUTIONS},
    "kernel_size": {"filter_length": _CONVOLUTIONS},
    "pool_size": {"pool_length": _POOLING},
    "units": {"output_dim": _UNITS},
    "recurrent_initializer": {"inner_init": _RECURRENT},
    "recurrent_activation": {"inner_activation": _RECURRENT},
    "recurrent_regularizer": {"U_regularizer": _RECURRENT},
    "dropout": {"dropout_W": _RECURRENT},
    "recurrent_dropout": {"dropout_U": _RECURRENT},
    "embeddings_initializer": {"init": ("Embedding",)},
    "embeddings_regularizer": {"W_regularizer": ("Embedding",)},
    "embeddings_constraint": {"W_constraint": ("Embedding",)},
    "gamma_initializer": {"gamma_init": ("BatchNormalization",)},
    "beta_initializer": {"beta_init": ("BatchNormalization",)},
    "rate": {"p": ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianDropout", "AlphaDropout")},
    "stddev": {"sigma": ("GaussianNoise",)},
    "n": {"length": ("RepeatVector",)},
}
"""By an argument of Keras 2 and 3: what Keras 1 called it, and in which layers."""

_DATA_FORMATS = {"tf": "channels_last", "th": "channels_first", "default": "channels_last"}


def _renamed(entry: Entry) -> None:
    for new, olds in NAMES.items():
        for old, classes in olds.items():
            if old in entry.arguments and (classes is None or entry.class_name in classes):
                node = entry.arguments.pop(old)
                entry.arguments.setdefault(new, node)
    order = entry.arguments.get("data_format")
    if isinstance(order, Scalar) and isinstance(order.value, str) and order.value in _DATA_FORMATS:
        entry.put("data_format", _DATA_FORMATS[order.value])


def _kernel_size(entry: Entry) -> None:
    keys = [key for key in ("kernel_dim1", "kernel_dim2", "kernel_dim3", "nb_row", "nb_col") if key in entry.arguments]
    if keys and "kernel_size" not in entry.arguments:
        entry.put("kernel_size", [entry.plain(key) for key in keys], after=keys[0])
    for key in keys:
        del entry.arguments[key]


def _forget_bias(entry: Entry) -> None:
    node = entry.arguments.pop("forget_bias_init", None)
    if node is not None and "unit_forget_bias" not in entry.arguments:
        entry.put("unit_forget_bias", node.plain() in ("one", "ones"))


def _old_weights(entry: Entry) -> None:
    """Arguments of Keras 1 that say nothing about what is computed."""
    dropped("consume_less", "weights", "dropout_seed")(entry)


def _merge(entry: Entry) -> None:
    mode = entry.plain("mode") or "sum"
    classes = {
        "sum": "Add",
        "mul": "Multiply",
        "concat": "Concatenate",
        "ave": "Average",
        "max": "Maximum",
        "dot": "Dot",
    }
    if not isinstance(mode, str) or mode not in classes:
        entry.problems.append((f"mode={mode!r} of Merge is not supported", "mode"))
        return
    axis = entry.plain("concat_axis")
    axes = entry.plain("dot_axes")
    kept = {key: node for key, node in entry.arguments.items() if key in ("name", "trainable", "dtype")}
    entry.class_name, entry.arguments = classes[mode], kept
    if mode == "concat":
        entry.put("axis", -1 if axis is None else axis)
    elif mode == "dot":
        entry.put("axes", -1 if axes is None else axes)


KERAS_1_RULES: tuple[Rule, ...] = (
    Rule("names of Keras 1", _renamed),
    Rule("kernel size of Keras 1", _kernel_size, _CONVOLUTIONS),
    Rule("forget_bias_init", _forget_bias, ("LSTM",)),
    Rule("consume_less", _old_weights),
    Rule("Merge", _merge, ("Merge",)),
)
"""The part of the table that is about Keras 1."""
