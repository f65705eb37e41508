"""Keras's initializers: what gives states their first values."""

from nnc.initializers.constant import Constant, Identity, Ones, Zeros
from nnc.initializers.initializer import FunctionInitializer, Initializer
from nnc.initializers.random import (
    Orthogonal,
    RandomInitializer,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    compute_fans,
)
from nnc.initializers.registry import INITIALIZERS, deserialize, get, serialize
from nnc.initializers.scaled import GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform

IdentityInitializer = Identity
OrthogonalInitializer = Orthogonal

__all__ = [
    "INITIALIZERS",
    "Constant",
    "FunctionInitializer",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "deserialize",
    "get",
    "serialize",
]
