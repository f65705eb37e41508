"""Arrays that scripts of Keras users meet where Keras has TensorFlow's eager tensors: with ``numpy()``."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy

from nnc.structure import map_leaves

Array = Any


class EagerTensor(numpy.ndarray):
    """An array as layers, functions of `nnc.ops` and losses return it.

    It is an array of NumPy's in all but this: `numpy` returns it as a plain one, one element of it is a tensor too, and
    so is what operators make of it; ``x += y`` makes a new one. Functions of NumPy's return plain arrays, as of a
    tensor of TensorFlow's.

    Attributes:
        recorded: what stands for it in a graph, while a `GradientTape` watches it; None otherwise.

    >>> x = eager(numpy.ones((2, 3), "float32"))
    >>> (2 * x)[0, 0].numpy(), type(numpy.exp(x)).__name__
    (np.float32(2.0), 'ndarray')
    """

    recorded: Any = None

    def numpy(self) -> Array:
        """Return a plain array in the same memory; of no axes, a number of NumPy's."""
        return self.view(numpy.ndarray)[()]

    def __array_wrap__(self, array: Array, context: Any = None, return_scalar: bool = False) -> Array:
        del context
        plain = numpy.asarray(array)
        return plain[()] if return_scalar else plain

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        del types
        return function(*map_leaves(_plain, args, EagerTensor), **map_leaves(_plain, kwargs, EagerTensor))

    def __getitem__(self, key: Any) -> Any:
        return eager(super().__getitem__(key)) if self.recorded is None else self.recorded[key]

    def __iter__(self) -> Any:
        return map(eager, self.view(numpy.ndarray))

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.item(), digits) if self.ndim == 0 else eager(numpy.round(self, digits or 0))

    def __repr__(self) -> str:
        return repr(self.numpy())

    def __str__(self) -> str:
        return str(self.numpy())


class EagerNumber(float):
    """A number as metrics return it, with ``numpy()``."""

    def numpy(self) -> Any:
        """Return it as NumPy's, of the element type of Keras's tensor."""
        return numpy.float32(self)


def eager(array: Any) -> Any:
    """Return an array, or a number of NumPy's, as a tensor in the same memory; anything else as it is."""
    if type(array) is float:
        return EagerNumber(array)
    if isinstance(array, EagerTensor) or not isinstance(array, numpy.ndarray | numpy.generic):
        return array
    return numpy.asarray(array).view(EagerTensor)


def eager_leaves(nested: Any) -> Any:
    """Return nested arrays as tensors, nested as they are."""
    return map_leaves(eager, nested, (numpy.ndarray, numpy.generic))


def _operator(function: Callable[..., Any], is_reflected: bool = False) -> Callable[..., Any]:
    def apply(tensor: EagerTensor, *others: Any) -> Any:
        operands = tuple(map(_operand, (tensor, *others)))
        return eager(function(*reversed(operands) if is_reflected else operands))

    return apply


def _plain(tensor: EagerTensor) -> Array:
    return tensor.view(numpy.ndarray)


def _operand(item: Any) -> Any:
    if not isinstance(item, EagerTensor):
        return item
    return item.view(numpy.ndarray) if item.recorded is None else item.recorded


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor"):
    _function, _key = getattr(operator, _name), _name.rstrip("_")
    setattr(EagerTensor, f"__{_key}__", _operator(_function))
    setattr(EagerTensor, f"__r{_key}__", _operator(_function, is_reflected=True))
    setattr(EagerTensor, f"__i{_key}__", _operator(_function))
for _name in ("neg", "pos", "abs", "invert", "lt", "le", "gt", "ge", "eq", "ne"):
    setattr(EagerTensor, f"__{_name}__", _operator(getattr(operator, _name)))
EagerTensor.__hash__ = None
