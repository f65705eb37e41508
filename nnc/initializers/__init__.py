"""Keras's initializers: what gives states their first values."""

from typing import TYPE_CHECKING

from nnc.absent_names import absence
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

IdentityInitializer = identity = Identity
constant = Constant
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform = HeNormal, HeUniform
lecun_normal, lecun_uniform = LecunNormal, LecunUniform
ones, zeros = Ones, Zeros
orthogonal = Orthogonal
random_normal, random_uniform = RandomNormal, RandomUniform
truncated_normal, variance_scaling = TruncatedNormal, VarianceScaling
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
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> object:
        raise absence("nnc.initializers", name)
