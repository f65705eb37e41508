"""What stands for ``keras.src.backend`` in Keras's tests: functions of `nnc.ops`, and symbolic tensors by shape."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy

import nnc
from nnc.layers import SymbolicTensor, Variable
from nnc.layers.array_masks import MaskedArray, mask_of
from nnc.layers.lowering import is_lowering
from nnc.tree import map_structure
from tests.keras_suite.trainers import Trainer

_ROOMS = {"nn": "nn", "numpy": "numpy", "math": "math", "linalg": "linalg", "image": "image"}


class _OfShapes(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, SymbolicTensor)


class KerasTensor(metaclass=_OfShapes):
    """Symbolic tensors by their shape, as Keras makes them."""

    def __new__(
        cls, shape: Any, dtype: Any = "float32", sparse: bool = False, ragged: bool = False, name: Any = None
    ) -> Any:
        """Return the symbolic tensor of an input."""
        if sparse or ragged:
            raise NotImplementedError("there are no sparse or ragged tensors")
        return nnc.Input(batch_shape=tuple(shape), dtype=dtype, name=name)


def convert_to_numpy(x: Any) -> Any:
    """Return the numbers of an array or a weight."""
    return x.numpy() if isinstance(x, Variable) else numpy.asarray(x)


def is_tensor(x: Any) -> bool:
    """Return whether something is an array."""
    return isinstance(x, numpy.ndarray)


def compute_output_spec(function: Any, *arguments: Any, **options: Any) -> Any:
    """Return what a function makes of symbolic tensors."""
    return function(*arguments, **options)


def get_keras_mask(x: Any) -> Any:
    """Return the mask that an array carries, or None."""
    if isinstance(x, SymbolicTensor):
        raise NotImplementedError("the masks of symbolic tensors are known once a model is compiled")
    return mask_of(x)


def set_keras_mask(x: Any, mask: Any) -> None:
    """Give an array that carries a mask another one."""
    if not isinstance(x, MaskedArray):
        raise NotImplementedError("arrays that no layer has made carry no masks")
    x._mask = mask


def engine() -> str:
    """Return the name of the engine: for files that know those of Keras alone, of the one that nnc is written like."""
    return os.environ.get(ENGINE) or nnc.backend.backend()


ENGINE = "KERAS_SUITE_ENGINE"
"""Name of the setting that says so."""
OWN = {
    "backend": engine,
    "KerasTensor": KerasTensor,
    "SUPPORTS_COMPLEX_DTYPES": False,
    "SUPPORTS_RAGGED_TENSORS": False,
    "SUPPORTS_SPARSE_TENSORS": False,
    "Variable": Variable,
    "IS_THREAD_SAFE": True,
    "compute_output_spec": compute_output_spec,
    "convert_to_numpy": convert_to_numpy,
    "get_keras_mask": get_keras_mask,
    "set_keras_mask": set_keras_mask,
    "in_symbolic_scope": is_lowering,
    "is_tensor": is_tensor,
    "standardize_shape": tuple,
    "random_seed_dtype": lambda: "uint32",
}


def lookup(inner: Sequence[str], name: str) -> Any:
    """Return what a name of Keras's backend stands for, None where nothing does.

    Args:
        inner: the modules below ``keras.src.backend``.
        name: the name.
    """
    if name in OWN:
        return OWN[name]
    if inner and inner[-1] == "trainer" and name.endswith("Trainer"):
        return Trainer
    if not inner and name == "random":
        return nnc.random
    if not inner and name in _ROOMS:
        return getattr(nnc.ops, _ROOMS[name], nnc.ops)
    for place in (nnc.backend, nnc.config, nnc.ops):
        if name in getattr(place, "__all__", dir(place)):
            return getattr(place, name)
    return None


def shapes_of(structure: Any) -> Any:
    """Return the shapes of nested arrays."""
    return map_structure(lambda item: tuple(numpy.shape(item)), structure)
