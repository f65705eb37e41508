"""Layers that make one value of several."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, ClassVar

from nnc.arguments import argument, flag
from nnc.checks import is_whole
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.layers.declared import KerasLayer
from nnc.operations.element_types import of_one_type
from nnc.settings import SETTINGS

Masks = Sequence[Value | None] | None


class Merge(KerasLayer):
    """Base of layers that take a list of inputs and combine them element by element, with broadcasting.

    Where inputs have different numbers of dimensions, those with fewer get dimensions of length 1 behind the batch.
    What a mask leaves out of one input counts in the output; with ``keras_2_masks`` it does not, and a mask changes no
    number.
    """

    is_merging = True
    keeps_integers = True
    supports_masking = True
    least_inputs: ClassVar[int] = 1
    most_inputs: ClassVar[int | None] = None

    def build(self, input_shape: Any) -> None:
        if self.least_inputs == self.most_inputs != len(input_shape):
            raise ModelError(
                f"the layer should be called on exactly {self.least_inputs} inputs, in a list, got {len(input_shape)}"
            )
        if len(input_shape) < self.least_inputs:
            raise ModelError(f"expected a list of at least {self.least_inputs} inputs, got {len(input_shape)}")

    def call(self, inputs: list[Value], mask: Masks = None) -> Value:
        rank = max(x.rank for x in inputs)
        mask = None if self.keras_2_masks else mask
        masks: list[Value | None] = [*mask] if mask is not None else [None for _ in inputs]
        aligned = [ops.reshape(x, (x.shape[0], *(1,) * (rank - x.rank), *x.shape[1:])) for x in of_one_type(inputs)]
        return self.merge(aligned, masks)

    def merge(self, inputs: list[Value], masks: list[Value | None]) -> Value:
        """Return what is made of inputs of equal rank; masks have the shape of the inputs without the last axis."""
        raise NotImplementedError

    def compute_mask(self, inputs: Any, mask: Masks = None) -> Value | None:
        check_masks(inputs, mask)
        if self.keras_2_masks:
            known = [item for item in mask or () if item is not None]
            return reduce(ops.logical_and, known) if known else None
        return _either(mask)


def check_masks(inputs: Any, mask: Any) -> None:
    """Check that a layer of several inputs gets a mask, or None, for each.

    Raises:
        ModelError: it does not.
    """
    if mask is None:
        return
    for key, items in (("mask", mask), ("inputs", inputs)):
        if not isinstance(items, list | tuple):
            raise ModelError(f"`{key}` should be a list, with an item for each input, got {type(items).__name__}")
    if len(mask) != len(inputs):
        raise ModelError(
            f"The lists `inputs` and `mask` should have the same length, got {len(inputs)} and {len(mask)}"
        )


class Add(Merge):
    """The sum of its inputs."""

    def merge(self, inputs: list[Value], masks: list[Value | None]) -> Value:
        return reduce(lambda x, y: x + y, inputs)


class Subtract(Merge):
    """The first input without the second."""

    least_inputs: ClassVar[int] = 2
    most_inputs: ClassVar[int | None] = 2

    def merge(self, inputs: list[Value], masks: list[Value | None]) -> Value:
        first, second = inputs
        return first - second


class Multiply(Merge):
    """The product of its inputs; what a mask leaves out counts as 1, and what all leave out gives 0."""

    def merge(self, inputs: list[Value], masks: list[Value | None]) -> Value:
        factors = [x if mask is None else ops.where(_wide(mask), x, 1.0) for x, mask in zip(inputs, masks, strict=True)]
        product = reduce(lambda x, y: x * y, factors)
        kept = _either(masks)
        return product if kept is None else ops.where(_wide(kept), product, 0.0)


class Average(Merge):
    """The mean of its inputs.

    That of whole numbers has the element type that the layer computes in, as Keras's symbolic tensors say; TensorFlow
    makes it float64.
    """

    def merge(self, inputs: list[Value], masks: list[Value | None]) -> Value:
        return reduce(lambda x, y: x + y, map(self.as_floating, inputs)) / float(len(inputs))


class Extremum(Merge):
    """Base of layers that take one of their inputs' elements; what a mask leaves out is not taken."""

    def choose(self, x: Value, y: Value) -> Value:
        """Return one of two elements."""
        raise NotImplementedError

    def merge(self, inputs: list[Value], masks: list[Value | None]) -> Value:
        result, kept = inputs[0], masks[0]
        for x, mask in zip(inputs[1:], masks[1:], strict=True):
            candidate = x if mask is None else ops.where(_wide(mask), x, result)
            result = result if kept is None else ops.where(_wide(kept), result, candidate)
            kept = None if kept is None or mask is None else ops.logical_or(kept, mask)
            result = self.choose(result, candidate)
        return result


class Maximum(Extremum):
    """The largest of its inputs' elements; of equal ones the first gets the gradient."""

    def choose(self, x: Value, y: Value) -> Value:
        return ops.maximum(x, y)


class Minimum(Extremum):
    """The smallest of its inputs' elements; of equal ones the first gets the gradient."""

    def choose(self, x: Value, y: Value) -> Value:
        return ops.minimum(x, y)


def _check_axis(where: str, key: str, value: Any) -> int:
    if not is_whole(value) or value == 0:
        raise ModelError(f"{where}: {key} must be an integer other than 0 (the batch), got {value!r}")
    return int(value)


class Concatenate(Merge):
    """Inputs joined along an axis.

    Args:
        axis: the axis, the last by default; not the batch.
    """

    noted_arguments = ("axis {axis}",)

    axis: int = argument(_check_axis, default=-1)

    def call(self, inputs: list[Value], mask: Masks = None) -> Value:
        if self.axis == -inputs[0].rank:
            raise ModelError(f"axis {self.axis} of {inputs[0].type} is the batch, along which nothing can be joined")
        return ops.concatenate(of_one_type(inputs), self.axis)

    def compute_mask(self, inputs: Any, mask: Masks = None) -> Value | None:
        check_masks(inputs, mask)
        if mask is None or all(item is None for item in mask):
            return None
        masks = [_complete(x, item) for x, item in zip(inputs, mask, strict=True)]
        if self.axis % inputs[0].rank == inputs[0].rank - 1:
            return reduce(ops.logical_and if self.keras_2_masks else ops.logical_or, masks)
        return ops.concatenate(masks, self.axis % inputs[0].rank)


def _check_axes(where: str, key: str, value: Any) -> int | list[int]:
    pair = value if isinstance(value, list | tuple) else (value, value)
    if len(pair) != 2 or not all(is_whole(axis) and axis != 0 for axis in pair):
        raise ModelError(f"{where}: {key} must be an integer other than 0 (the batch), or two of them, got {value!r}")
    return [int(axis) for axis in value] if isinstance(value, list | tuple) else int(value)


class Dot(Merge):
    """Scalar products of two inputs along one axis of each, row by row.

    Those of whole numbers are whole, and those of truth values say whether any two elements are both true.

    Args:
        axes: the axis of both, or a pair of axes; not the batch.
        normalize: whether vectors along the axis are divided by their length before.

    Raises:
        ModelError: the axes are none, or have different lengths.
    """

    noted_arguments = ("axes {axes}", "normalize")
    least_inputs: ClassVar[int] = 2
    most_inputs: ClassVar[int | None] = 2

    axes: Any = argument(_check_axes)
    normalize: bool = flag(default=False)

    def call(self, inputs: list[Value], mask: Masks = None) -> Value:
        axes = self.axes if isinstance(self.axes, list) else [self.axes] * 2
        for x, axis in zip(inputs, axes, strict=True):
            if not -x.rank < axis < x.rank:
                raise ModelError(f"axis {axis} is out of range for {x.type}")
        x, y = of_one_type([self.as_floating(x) for x in inputs] if self.normalize else inputs)
        first, second = (axis % x.rank for x, axis in zip(inputs, axes, strict=True))
        if x.shape[first] != y.shape[second]:
            raise ModelError(f"axis {first} of {x.type} and axis {second} of {y.type} have different lengths")
        if self.normalize:
            x, y = _unit(x, first), _unit(y, second)
        if not x.type.is_floating:
            return _whole_products(x, y, first, second)
        left, right = list("xabcdefgh"[: x.rank]), list("xijklmnop"[: y.rank])
        left[first] = right[second] = "s"
        rest = [label for label in left + right[1:] if label != "s"]
        result = ops.einsum(f"{''.join(left)},{''.join(right)}->{''.join(rest)}", x, y)
        return result if result.rank > 1 else ops.reshape(result, (result.shape[0], 1))

    def compute_mask(self, inputs: Any, mask: Masks = None) -> None:
        return None


def _whole_products(x: Value, y: Value, first: int, second: int) -> Value:
    """Return the scalar products of whole numbers, of which no matrix product is made, in their element type."""
    dtype = x.dtype
    x, y = (ops.cast(item, "int32") if dtype == "bool" else item for item in (x, y))
    rows, *left = (length for axis, length in enumerate(x.shape) if axis != first)
    right = [length for axis, length in enumerate(y.shape) if axis not in (0, second)]
    x = ops.reshape(_with_last(x, first), (rows, *left, *(1 for _ in right), x.shape[first]))
    y = ops.reshape(_with_last(y, second), (rows, *(1 for _ in left), *right, y.shape[second]))
    result = ops.sum(x * y, -1)
    result = ops.cast(result, dtype) if result.dtype != dtype else result
    return result if result.rank > 1 else ops.reshape(result, (rows, 1))


def _with_last(x: Value, axis: int) -> Value:
    """Return x with an axis as its last one."""
    return ops.transpose(x, [other for other in range(x.rank) if other != axis] + [axis])


def _unit(x: Value, axis: int) -> Value:
    """Return x with vectors along the axis divided by their length."""
    inverse = ops.reciprocal(ops.sqrt(ops.sum(ops.square(x), axis, keepdims=True)))
    return x * ops.minimum(inverse, 1.0 / SETTINGS.epsilon)


def _wide(mask: Value) -> Value:
    """Return a mask that broadcasts over the last axis."""
    return ops.reshape(mask, (*mask.shape, 1))


def _either(masks: Masks) -> Value | None:
    """Return where one of the masks holds; None unless all inputs have one."""
    known = [ops.cast(mask, "bool") for mask in masks or () if mask is not None]
    return reduce(ops.logical_or, known) if known and len(known) == len(masks or ()) else None


def _complete(x: Value, mask: Value | None) -> Value:
    """Return the mask of an input without its last axis; all of it where there is none."""
    if mask is None:
        return ops.broadcast_to(x.graph.constant(True, "bool"), x.shape[:-1])
    mask = ops.cast(mask, "bool")
    return ops.max(mask, -1) if mask.rank == x.rank else mask
