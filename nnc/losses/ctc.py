"""The loss of sequences whose labels have no times: connectionist temporal classification."""

from __future__ import annotations

from nnc.arguments import passed_on
from nnc.errors import ModelError, ShapeError
from nnc.ir import TensorType, Value, ops, symbol
from nnc.ir.ops.comparison import Less, NotEqual
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.sizes import Iota
from nnc.losses.arrays import takes_arrays
from nnc.losses.expected_targets import ExpectedTargets
from nnc.losses.loss import FunctionLoss
from nnc.losses.operands import class_count

_IMPOSSIBLE = -1e30
"""The logarithm of a probability of nothing; finite, so that sums and gradients are."""


@takes_arrays
def ctc(y_true: Value, y_pred: Value) -> Value:
    """Return minus the log-probability that the output reads as the labels, summed over all alignments.

    An alignment gives each step a label or the blank, 0; repeated labels are one, unless a blank is between them.
    Source: Graves et al., Connectionist Temporal Classification, 2006.

    Args:
        y_true: labels from 1, whole numbers of shape (batch, labels), with zeros behind them. As in Keras, as many of
            the first count as there are labels other than 0, and a 0 among these is a label like the others.
        y_pred: logits, shape (batch, time, classes), class 0 being the blank.

    Raises:
        ShapeError: the operands have other ranks.
    """
    if y_true.rank != 2 or y_pred.rank != 3:
        raise ShapeError(
            f"ctc needs labels (batch, labels) and logits (batch, time, classes), got {y_true.type} and {y_pred.type}"
        )
    labels = ops.cast(y_true, "int32")
    return alignment_loss(labels, y_pred, ops.sum(apply(NotEqual(dtype="int32"), labels, 0), 1, keepdims=True))


def alignment_loss(labels: Value, y_pred: Value, counts: Value, lengths: Value | None = None) -> Value:
    """Return minus the log-probability that the output reads as the labels; see `ctc`.

    Args:
        labels: int32 of shape (batch, labels).
        y_pred: logits, shape (batch, time, classes), class 0 being the blank.
        counts: how many of the labels count, int32 of shape (batch, 1).
        lengths: how many of the times count, int32 of shape (batch, 1); all by default.
    """
    places = _with_blanks(labels)
    logits = ops.log_softmax(y_pred)
    chosen = ops.one_hot(places, class_count("ctc", y_pred.type), y_pred.dtype)
    is_label = ops.equal(_with_blanks(labels * 0 + 1), 1)
    # TensorFlow's gradient leaves the logit of a label 0 out; its normaliser counts
    left_out = ops.cast(ops.logical_and(is_label, ops.equal(places, 0)), y_pred.dtype)
    blanks = ops.take(y_pred, 2, 0, 1)
    flat = (ops.stop_gradient(blanks) - blanks) * ops.reshape(left_out, (left_out.shape[0], 1, left_out.shape[1]))
    emissions = ops.transpose(ops.einsum("btc,bsc->bts", logits, chosen) + flat, (1, 0, 2))
    # from a label to the next one without a blank between, unless both are equal
    skips = ops.logical_and(is_label, apply(NotEqual(), places, _later(places, 2, 0)))

    def step(carries: list[Value], elements: list[Value], others: list[Value]) -> tuple[list[Value], list[Value]]:
        (before,), emission, (allowed,) = carries, elements[0], others
        skipped = ops.where(allowed, _later(before, 2, _IMPOSSIBLE), _IMPOSSIBLE)
        stayed = ops.logaddexp(before, _later(before, 1, _IMPOSSIBLE))
        moved = ops.logaddexp(stayed, skipped) + emission
        return [ops.where(elements[1], moved, before) if lengths is not None else moved], []

    number = y_pred.graph.add(Iota(places.shape[1]))[0]
    start = ops.where(ops.equal(number, 0), y_pred.graph.constant(0.0, y_pred.dtype), _IMPOSSIBLE)
    sequences = [emissions] if lengths is None else [emissions, _times_within(emissions, lengths)]
    (last,), _ = ops.scan(step, [ops.broadcast_to(start, places.shape)], sequences, [skips])
    count = counts * 2
    is_end = ops.logical_or(ops.equal(number, count), ops.equal(number, count - 1))
    ends = ops.where(is_end, last, _IMPOSSIBLE)
    largest = ops.max(ends, 1, keepdims=True)
    return -(ops.log(ops.sum(ops.exp(ends - largest), 1)) + ops.reshape(largest, (-1,)))


def _times_within(emissions: Value, lengths: Value) -> Value:
    """Return whether times are before the lengths, bool of shape (time, batch, 1)."""
    times = emissions.graph.add(Iota(emissions.shape[0]))[0]
    return apply(Less(), ops.reshape(times, (-1, 1, 1)), ops.reshape(lengths, (1, -1, 1)))


def _with_blanks(labels: Value) -> Value:
    """Return labels with a 0 before, between and behind them, shape (batch, 2 labels + 1)."""
    column = ops.reshape(labels, (*labels.shape, 1))
    pairs = ops.concatenate([column * 0, column])
    flat = ops.reshape(pairs, (labels.shape[0], labels.shape[1] * 2))
    return ops.concatenate([flat, ops.take(flat, 1, 0, 1)])


def _later(x: Value, count: int, first: float) -> Value:
    """Return x moved along the last axis, with `first` in the free places."""
    free = ops.broadcast_to(x.graph.constant(first, x.dtype), (x.shape[0], count))
    return ops.concatenate([free, ops.take(x, 1, 0, -count)])


class CTC(FunctionLoss, names=("CTC", "ctc")):
    """The loss of sequences whose labels have no times; see `ctc`.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.
    """

    function = ctc

    _name_given: str | None = passed_on(default="ctc", alias="name")

    def target(self, output: TensorType) -> ExpectedTargets:
        """Return int32 labels (batch, labels), with zeros behind them.

        Raises:
            ModelError: the output is not an array (batch, time, classes) of floating-point numbers.
        """
        if output.rank != 3:
            raise ModelError(f"{self._where} needs an output (batch, time, classes), got {output}")
        classes = class_count(self.name, output)
        return ExpectedTargets(TensorType("int32", (output.shape[0], symbol("labels"))), classes=classes)
