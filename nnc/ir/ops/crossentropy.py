"""Softmax and the cross-entropies, as composites with stable decompositions and short derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from nnc.errors import ShapeError
from nnc.ir import FLOATING, Graph, Op, TensorType, Value, interpret
from nnc.ir.ops.elementwise import Array, apply, check_elements, same_dtype
from nnc.ir.ops.exponential import exp, log, sigmoid, softplus
from nnc.ir.ops.movement import reshape
from nnc.ir.ops.reduction import check_choice, max, normalize_axes, sum


class Composite(Op):
    """An op that is defined by its decomposition."""

    composite: ClassVar[bool] = True

    def evaluate(self, *operands: Array) -> Array:
        """Interpret the decomposition."""
        graph = Graph(self.name)
        labels = [f"operand{position}" for position in range(len(operands))]
        values = [
            graph.input(label, TensorType(str(operand.dtype), operand.shape))
            for label, operand in zip(labels, operands, strict=True)
        ]
        for position, result in enumerate(self.decompose(*values)):
            graph.output(f"result{position}", result)
        outputs, _ = interpret(graph, dict(zip(labels, operands, strict=True)))
        return tuple(outputs.values())


@dataclass(frozen=True)
class Softmax(Composite, name="softmax"):
    """exp(x) / sum(exp(x)) along an axis, shifted by the maximum so that nothing overflows."""

    arity: ClassVar[int | None] = 1
    axis: int

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the operand's type."""
        if not 0 <= self.axis < operands[0].rank:
            raise ShapeError(f"'{self.name}' along axis {self.axis} does not fit {operands[0]}")
        check_elements(self, operands, FLOATING)
        check_choice(self, operands[0], (self.axis,))
        return operands

    def decompose(self, *operands: Value) -> tuple[Value, ...]:
        """Divide the shifted exponentials by their sum."""
        exponential = exp(_shifted(operands[0], self.axis))
        return (exponential / sum(exponential, self.axis, keepdims=True),)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """y (c - sum(c y))."""
        y, cotangent = results[0], cotangents[0]
        if cotangent is None:
            return (None,)
        return (y * (cotangent - sum(cotangent * y, self.axis, keepdims=True)),)


class LogSoftmax(Softmax, name="log_softmax"):
    """Logarithm of the softmax along an axis."""

    def decompose(self, *operands: Value) -> tuple[Value, ...]:
        """Subtract the logarithm of the sum of the shifted exponentials."""
        shifted = _shifted(operands[0], self.axis)
        return (shifted - log(sum(exp(shifted), self.axis, keepdims=True)),)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """c - softmax(x) sum(c)."""
        cotangent = cotangents[0]
        if cotangent is None:
            return (None,)
        return (cotangent - softmax(operands[0], self.axis) * sum(cotangent, self.axis, keepdims=True),)


class SoftmaxCrossEntropy(Composite, name="softmax_crossentropy"):
    """-sum(labels · log softmax(logits)) over the last axis; the derivative takes labels to sum to 1, as TensorFlow's.

    Operands: logits and labels of one shape (…, classes); the result has shape (…).
    """

    arity: ClassVar[int | None] = 2

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the type without the classes."""
        logits, labels = operands
        if logits != labels or logits.rank < 1:
            raise ShapeError(f"'{self.name}' needs logits and labels of one type, got {logits} and {labels}")
        check_elements(self, operands, FLOATING)
        check_choice(self, logits, (logits.rank - 1,))
        return (logits.with_shape(logits.shape[:-1]),)

    def decompose(self, *operands: Value) -> tuple[Value, ...]:
        """Through the logarithm of the softmax."""
        logits, labels = operands
        return (-sum(labels * log_softmax(logits), -1),)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """(softmax(logits) - labels) c for the logits, -log softmax(logits) c for the labels."""
        logits, labels = operands
        if cotangents[0] is None:
            return (None, None)
        cotangent = reshape(cotangents[0], (*cotangents[0].shape, 1))
        return (softmax(logits) - labels) * cotangent, -(log_softmax(logits) * cotangent)


class SigmoidCrossEntropy(Composite, name="sigmoid_crossentropy"):
    """-y log sigmoid(x) - (1 - y) log(1 - sigmoid(x)) of logits x and labels y, element by element."""

    arity: ClassVar[int | None] = 2

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the operands' type."""
        logits, labels = operands
        if logits.shape != labels.shape:
            raise ShapeError(f"'{self.name}' needs logits and labels of one shape, got {logits} and {labels}")
        check_elements(self, operands, FLOATING)
        return (TensorType(same_dtype(self, operands), logits.shape),)

    def decompose(self, *operands: Value) -> tuple[Value, ...]:
        """log(1 + exp(x)) - x y."""
        logits, labels = operands
        return (softplus(logits) - logits * labels,)

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """(sigmoid(x) - y) c for the logits, -x c for the labels."""
        logits, labels = operands
        cotangent = cotangents[0]
        if cotangent is None:
            return (None, None)
        return (sigmoid(logits) - labels) * cotangent, -(logits * cotangent)


def _shifted(x: Value, axis: int) -> Value:
    return x - max(x, axis, keepdims=True)


def softmax(x: Value, axis: int | Sequence[int] | None = -1) -> Value:
    """Return the softmax along an axis, over several together, or over all (None).

    Raises:
        ShapeError: there is no such axis.
    """
    axes = normalize_axes(x, axis)
    if x.type.size == 0:
        return x
    if len(axes) == 1:
        return apply(Softmax(axes[0]), x)
    powers = exp(x - max(x, axes, keepdims=True))
    return powers / sum(powers, axes, keepdims=True)


def log_softmax(x: Value, axis: int | Sequence[int] | None = -1) -> Value:
    """Return the logarithm of the softmax; see `softmax`.

    Raises:
        ShapeError: there is no such axis.
    """
    axes = normalize_axes(x, axis)
    if x.type.size == 0:
        return x
    if len(axes) == 1:
        return apply(LogSoftmax(axes[0]), x)
    shifted = x - max(x, axes, keepdims=True)
    return shifted - log(sum(exp(shifted), axes, keepdims=True))


def softmax_crossentropy(logits: Value, labels: Value) -> Value:
    """Return the cross-entropy of labels (…, classes) with softmax(logits), of shape (…)."""
    return apply(SoftmaxCrossEntropy(), logits, labels)


def sigmoid_crossentropy(logits: Value, labels: Value) -> Value:
    """Return the elementwise cross-entropy of labels with sigmoid(logits)."""
    return apply(SigmoidCrossEntropy(), logits, labels)
