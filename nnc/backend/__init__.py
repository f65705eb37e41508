"""Keras's ``keras.backend``: settings and element types, and the functions of tensors that it had in Keras 2.

The functions are those of `nnc.ops`, with their old names and arguments; what needs another engine is absent.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from nnc.backend.element_types import result_type
from nnc.backend.names import get_uid
from nnc.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from nnc.element_types import is_float_dtype, is_int_dtype, standardize_dtype
from nnc.utils.session import clear_session, is_keras_tensor

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]

ABSENT = {
    "foldl": "write nnc.ops.scan",
    "foldr": "write nnc.ops.scan",
    "gradients": "use nnc.GradientTape, or a layer's backward()",
    "map_fn": "write nnc.ops.map",
    "rnn": "use nnc.layers.RNN",
    **dict.fromkeys(
        ("ctc_batch_cost", "ctc_decode", "ctc_label_dense_to_sparse"), "use nnc.losses.CTC or nnc.ops.ctc_loss"
    ),
    **dict.fromkeys(("random_normal_variable", "random_uniform_variable", "variable"), "use a layer's add_weight()"),
    **dict.fromkeys(("is_sparse", "to_dense"), "there are no sparse tensors"),
    **dict.fromkeys(("moving_average_update", "update", "update_add", "update_sub"), "use assign() of the weight"),
    **dict.fromkeys(("pool2d", "pool3d"), "write nnc.ops.max_pool or nnc.ops.average_pool"),
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), "write nnc.ops.conv"),
    **dict.fromkeys(("resize_images", "resize_volumes"), "write nnc.ops.image.resize, or nnc.ops.repeat"),
    "batch_normalization": "use nnc.layers.BatchNormalization",
    "bias_add": "write x + bias",
    "binary_focal_crossentropy": "use nnc.losses.binary_focal_crossentropy",
    "categorical_focal_crossentropy": "use nnc.losses.categorical_focal_crossentropy",
    "conv2d_transpose": "write nnc.ops.conv_transpose",
    "depthwise_conv2d": "write nnc.ops.depthwise_conv",
    "dropout": "use nnc.layers.Dropout, or nnc.random.dropout",
    "in_top_k": "write nnc.ops.in_top_k",
    "name_scope": "use nnc.name_scope",
    "random_bernoulli": "write nnc.random.uniform(shape) < p",
    "separable_conv2d": "write nnc.ops.separable_conv",
}
"""Functions of Keras 2 that are not here, and what to write."""


_FUNCTIONS = ("nnc.backend.functions", "nnc.backend.arrays")


def __getattr__(name: str) -> Any:
    if name in ABSENT:
        raise AttributeError(f"nnc.backend has no {name}: {ABSENT[name]}")
    for room in _FUNCTIONS:
        module = import_module(room)
        if name in module.__all__:
            return getattr(module, name)
    raise AttributeError(f"module 'nnc.backend' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for room in _FUNCTIONS for name in import_module(room).__all__)})
