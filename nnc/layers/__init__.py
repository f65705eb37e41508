"""Layers: Keras's vocabulary, each lowering itself to graph arithmetic.

A family of layers is imported when one of its layers is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnc.absent_names import absence
from nnc.ir.placeholder import Operators
from nnc.layers.base import Layer
from nnc.layers.families import ALIASES, CLASSES, FUNCTIONS
from nnc.layers.registry import layer_class, layer_classes, register
from nnc.layers.symbolic import Call, SymbolicTensor, slice_config
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
    from nnc.layers.input_spec import InputSpec as InputSpec
    from nnc.layers.integer_lookup import *
    from nnc.layers.lambda_layer import *
    from nnc.layers.layer_normalization import *
    from nnc.layers.masking import *
    from nnc.layers.merging import *
    from nnc.layers.merging_functions import *
    from nnc.layers.mixing_augmentation import *
    from nnc.layers.multi_head_attention import *
    from nnc.layers.nested import *
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
    from nnc.layers.wrapper import *


def _operate(name: str, *operands: Any, **settings: Any) -> Any:
    from nnc.layers.operation import Operation  # imported when an operator is first used

    return Operation(name, settings)(*operands)


def _lower(name: str, *operands: Any, **settings: Any) -> Any:
    from nnc.operations import OPERATIONS

    if name == "GetItem":
        operands = operands[0], slice_config(operands[1])
    definition = OPERATIONS[name]
    return definition.function(*definition.operands(operands), **definition.given(settings))


SymbolicTensor.operate = staticmethod(_operate)
Operators.operate = staticmethod(_lower)

_CLASSES, _FUNCTIONS, _ALIASES = CLASSES, FUNCTIONS, ALIASES  # what makes the site finds names of this module alone

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
        module = CLASSES.get(ALIASES.get(name, name)) or FUNCTIONS.get(name)
        if module is None:
            raise absence("nnc.layers", name)
        value = getattr(import_module(f"nnc.layers.{module}"), ALIASES.get(name, name))
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*__all__, "__doc__", "__file__", "__name__", "__path__"})
