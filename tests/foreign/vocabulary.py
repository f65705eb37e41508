"""Keras's layers as operators of NNSmith: what shapes they take and give, as constraints, without a batch axis."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import reduce
from operator import mul
from types import MappingProxyType
from typing import Any

import z3
from nnsmith.abstract.dtype import DType
from nnsmith.abstract.op import AbsOpBase, MatMul, NearestInterp, mark_materialize, rank_from
from nnsmith.abstract.tensor import AbsTensor
from nnsmith.error import ConstraintCheck

FLOAT = DType.float32
LARGEST = 12
"""Units, filters and lengths that a layer adds."""
ACTIVATIONS = ("elu", "selu", "silu", "softplus", "softsign", "tanh", "mish", "hard_sigmoid", "exponential", "celu")


def options(**values: tuple[Any, ...]) -> Mapping[str, tuple[Any, ...]]:
    """Return what is drawn for arguments that are not numbers."""
    return MappingProxyType(values)


class KerasLayer(AbsOpBase):
    """A layer with one operand.

    Attributes:
        rank: of the operand, -1 for any that has an axis.
    """

    in_dtypes = ((FLOAT,),)
    out_dtypes = ((FLOAT,),)
    rank = -1
    out_rank: int | None = None
    choices: Mapping[str, tuple[Any, ...]] = MappingProxyType({})

    def __init__(self, *numbers: Any) -> None:
        super().__init__()
        self.numbers = list(numbers)
        ranks = rank_from(1) if self.rank < 0 else (self.rank,)
        self.inp_ranks = [ranks]
        self.out_ranks = [ranks if self.out_rank is None else (self.out_rank,)]
        self.extra_attrs = {name: random.choice(values) for name, values in self.choices.items()}

    def type_transfer(self, shapes: list[AbsTensor]) -> list[AbsTensor]:
        return [AbsTensor(self.result(list(shapes[0].shape)), FLOAT)]

    def requires(self, shapes: list[AbsTensor]) -> list[Any]:
        shape = shapes[0].shape
        ConstraintCheck.true(len(shape) >= 1)
        bounds = [z3.And(number >= 1, number <= LARGEST) for number in self.numbers]
        return bounds + [length >= 1 for length in self.result(list(shape))] + self.fits(list(shape))

    def deduct_inp_ranks_and_dtype(self, results: list[AbsTensor]) -> list[tuple[int, DType]]:
        return [(results[0].ndims if self.rank < 0 else self.rank, self.in_dtypes[0][0])]

    def result(self, shape: list[Any]) -> list[Any]:
        return shape

    def fits(self, shape: list[Any]) -> list[Any]:
        return []


class _Window(KerasLayer):
    """A layer whose window moves along all axes but the last: `numbers` are its length and its stride."""

    num_var_param = (2,)
    choices = options(padding=("same", "valid"))

    def extent(self) -> Any:
        return self.numbers[0]

    def fits(self, shape: list[Any]) -> list[Any]:
        window, stride = self.numbers[:2]
        return [window <= 5, stride <= 3, *(length >= self.extent() for length in shape[:-1])]

    def result(self, shape: list[Any]) -> list[Any]:
        stride, lost = self.numbers[1], self.extent() - 1 if self.extra_attrs["padding"] == "valid" else 0
        lengths = [_quotient(length - lost + stride - 1, stride) for length in shape[:-1]]
        return [*lengths, self.channels(shape[-1])]

    def channels(self, before: Any) -> Any:
        return before


def _quotient(number: Any, divisor: Any) -> Any:
    """Return a whole quotient; that of the solver's integers is one."""
    return number // divisor if isinstance(number, int) and isinstance(divisor, int) else number / divisor


class _Convolution(_Window):
    """`numbers` are length of the window, stride, filters and dilation."""

    num_var_param = (4,)
    choices = options(padding=("same", "valid"), activation=(None, "relu", "tanh"))

    def extent(self) -> Any:
        return (self.numbers[0] - 1) * self.numbers[3] + 1

    def channels(self, before: Any) -> Any:
        return self.numbers[2]

    def fits(self, shape: list[Any]) -> list[Any]:
        _, stride, _, dilation = self.numbers
        return [*super().fits(shape), dilation <= 3, z3.Or(stride == 1, dilation == 1)]


@mark_materialize("keras")
class Dense(KerasLayer):
    num_var_param = (1,)
    choices = options(activation=(None, "relu", "gelu", "sigmoid", "softmax"), use_bias=(True, True, False))

    def result(self, shape: list[Any]) -> list[Any]:
        return [*shape[:-1], self.numbers[0]]


@mark_materialize("keras")
class Conv1D(_Convolution):
    rank = 2


@mark_materialize("keras")
class Conv2D(_Convolution):
    rank = 3


@mark_materialize("keras")
class Conv3D(_Convolution):
    rank = 4


@mark_materialize("keras")
class SeparableConv2D(_Convolution):
    rank = 3


@mark_materialize("keras")
class DepthwiseConv2D(_Window):
    rank = 3


@mark_materialize("keras")
class Conv2DTranspose(KerasLayer):
    rank = 3
    num_var_param = (3,)

    def result(self, shape: list[Any]) -> list[Any]:
        return [*(length * self.numbers[1] for length in shape[:-1]), self.numbers[2]]

    def fits(self, shape: list[Any]) -> list[Any]:
        return [self.numbers[0] <= 5, self.numbers[1] <= 3]


@mark_materialize("keras")
class MaxPooling1D(_Window):
    rank = 2


@mark_materialize("keras")
class MaxPooling2D(_Window):
    rank = 3


@mark_materialize("keras")
class AveragePooling1D(_Window):
    rank = 2


@mark_materialize("keras")
class AveragePooling2D(_Window):
    rank = 3


class _Global(KerasLayer):
    out_rank = 1

    def result(self, shape: list[Any]) -> list[Any]:
        return shape[-1:]


@mark_materialize("keras")
class GlobalAveragePooling1D(_Global):
    rank = 2


@mark_materialize("keras")
class GlobalMaxPooling2D(_Global):
    rank = 3


@mark_materialize("keras")
class UpSampling2D(KerasLayer):
    rank = 3
    num_var_param = (2,)
    choices = options(interpolation=("nearest", "nearest", "bilinear"))

    def result(self, shape: list[Any]) -> list[Any]:
        return [shape[0] * self.numbers[0], shape[1] * self.numbers[1], shape[2]]

    def fits(self, shape: list[Any]) -> list[Any]:
        return [number <= 3 for number in self.numbers]


@mark_materialize("keras")
class ZeroPadding2D(KerasLayer):
    rank = 3
    num_var_param = (4,)

    def result(self, shape: list[Any]) -> list[Any]:
        top, bottom, left, right = self.numbers
        return [shape[0] + top + bottom, shape[1] + left + right, shape[2]]

    def fits(self, shape: list[Any]) -> list[Any]:
        return [number <= 4 for number in self.numbers]


class _Recurrent(KerasLayer):
    """`numbers` are the units."""

    rank = 2
    num_var_param = (1,)
    choices = options(cell=("LSTM", "GRU", "SimpleRNN"), way=("forward", "backward", "both"))

    def units(self) -> Any:
        return self.numbers[0] * (2 if self.extra_attrs["way"] == "both" else 1)


@mark_materialize("keras")
class RecurrentSteps(_Recurrent):
    def result(self, shape: list[Any]) -> list[Any]:
        return [shape[0], self.units()]


@mark_materialize("keras")
class RecurrentEnd(_Recurrent):
    out_rank = 1

    def result(self, shape: list[Any]) -> list[Any]:
        return [self.units()]


@mark_materialize("keras")
class Normalized(KerasLayer):
    num_var_param = (0,)
    choices = options(kind=("LayerNormalization", "BatchNormalization", "RMSNormalization", "UnitNormalization"))


@mark_materialize("keras")
class Activated(KerasLayer):
    num_var_param = (0,)
    choices = options(activation=ACTIVATIONS)


@mark_materialize("keras")
class Flatten(KerasLayer):
    num_var_param = (0,)
    out_rank = 1

    def result(self, shape: list[Any]) -> list[Any]:
        return [reduce(mul, shape)]

    def deduct_inp_ranks_and_dtype(self, results: list[AbsTensor]) -> list[tuple[int, DType]]:
        return [(random.choice([2, 3]), FLOAT)]


@mark_materialize("keras")
class Embedding(KerasLayer):
    in_dtypes = ((DType.int32,),)
    num_var_param = (1,)

    def result(self, shape: list[Any]) -> list[Any]:
        return [*shape, self.numbers[0]]

    def deduct_inp_ranks_and_dtype(self, results: list[AbsTensor]) -> list[tuple[int, DType]]:
        ConstraintCheck.true(results[0].ndims >= 2)
        return [(results[0].ndims - 1, DType.int32)]


@mark_materialize("keras")
class MultiHeadAttention(KerasLayer):
    """`numbers` are heads, and the length of a key."""

    in_dtypes = ((FLOAT, FLOAT),)
    rank = 2
    num_var_param = (2,)
    choices = options(use_causal_mask=(False, False, True))

    def __init__(self, *numbers: Any) -> None:
        super().__init__(*numbers)
        self.inp_ranks = [(2,), (2,)]

    def fits(self, shape: list[Any]) -> list[Any]:
        return [number <= 4 for number in self.numbers]

    def deduct_inp_ranks_and_dtype(self, results: list[AbsTensor]) -> list[tuple[int, DType]]:
        return [(2, FLOAT), (2, FLOAT)]


@mark_materialize("keras")
class Matmul(MatMul):
    in_dtypes = ((FLOAT, FLOAT),)
    out_dtypes = ((FLOAT,),)

    def __init__(self) -> None:
        super().__init__()
        self.inp_ranks = [(2, 3), (2, 3)]
        self.out_ranks = [(2, 3)]

    def deduct_inp_ranks_and_dtype(self, results: list[AbsTensor]) -> list[tuple[int, DType]]:
        ranks = [2, 2] if results[0].ndims == 2 else random.choice([[3, 3], [2, 3], [3, 2]])
        return [(rank, FLOAT) for rank in ranks]


@mark_materialize("keras")
class NearestInterp2d(NearestInterp):
    num_var_param = (2,)
