"""Hints about the activation that a loss finds under an output: given twice, of another kind, or missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nnc.hints.bounds import PROBABILITY, UNBOUNDED, reach
from nnc.hints.delivery import Hint, tell
from nnc.ir import Op, Value
from nnc.ir.ops.crossentropy import Softmax
from nnc.ir.ops.exponential import Sigmoid

_LOSSES = {Sigmoid: "binary_crossentropy", Softmax: "categorical_crossentropy"}
"""A loss for each activation."""


@dataclass(frozen=True)
class Output:
    """An output as a loss that wants probabilities sees it.

    Args:
        value: the output.
        activation: what the loss expects to have made probabilities of logits; None for whatever does.
        from_logits: whether the output is said to hold logits.
        loss: name of the loss.
        sees_through: whether the loss is computed from what went into a sigmoid or softmax.
    """

    value: Value
    activation: Op | None
    from_logits: bool
    loss: str
    sees_through: bool

    @property
    def made_by(self) -> Op | None:
        """The sigmoid or softmax that made the output; no subclass, such as log_softmax."""
        op = self.value.node.op
        return op if type(op) in (Sigmoid, Softmax) else None


def logits_that_are_none(output: Output) -> Iterator[Hint]:
    """``from_logits=True`` for an output that went through the activation already."""
    if output.from_logits and output.made_by is not None and output.made_by == output.activation:
        name = output.made_by.name
        consequence = (
            f"the loss is computed from the input of {name}" if output.sees_through else f"{name} is applied twice"
        )
        yield Hint(
            "logits-that-are-none",
            f"{output.loss} has from_logits=True, but the output went through {name} and holds probabilities;"
            f" {consequence}. Leave out one of the two",
        )


def another_activation(output: Output) -> Iterator[Hint]:
    """A softmax where the loss expects a sigmoid, or the other way round."""
    op = output.made_by
    if output.sees_through and op is not None and output.activation is not None and op != output.activation:
        expected, found = output.activation.name, op.name
        remedy = f"Take a loss for {found}, such as {_LOSSES[type(op)]}, or the activation {expected}"
        if isinstance(op, Softmax) and isinstance(output.activation, Softmax):
            expected, found = (f"softmax over axis {axis}" for axis in (output.activation.axis, op.axis))
            remedy = "Give one of the two the axis of the other"
        yield Hint(
            "another-activation",
            f"{output.loss} expects the output of {expected}, but gets that of {found}; like Keras, the loss takes what"
            f" went into it for logits of {expected}. {remedy}",
        )


def no_probabilities(output: Output) -> Iterator[Hint]:
    """An output beyond 0 … 1 where the loss expects probabilities."""
    reached = None if output.from_logits or output.made_by is not None else reach(output.value)
    if reached is not None and not PROBABILITY[0] <= reached[0] <= reached[1] <= PROBABILITY[1]:
        name = "a sigmoid or softmax" if output.activation is None else output.activation.name
        layer = f" of layer '{output.value.node.path}'" if output.value.node.path else ""
        logits = "" if output.activation is None else ", or the loss from_logits=True"
        found = "is not bounded" if reached == UNBOUNDED else f"reaches from {reached[0]:g} to {reached[1]:g}"
        yield Hint(
            "no-probabilities",
            f"{output.loss} expects probabilities, but the output{layer} {found}; give it the activation"
            f" {name}{logits}",
        )


ON_LOSSES: tuple[Callable[[Output], Iterator[Hint]], ...] = (
    logits_that_are_none,
    another_activation,
    no_probabilities,
)
"""The checks made where a loss that wants probabilities is lowered."""


def look_at_output(
    value: Value, activation: Op | None, from_logits: bool, loss: str, sees_through: bool = True
) -> None:
    """Tell what is odd about an output; see `Output`."""
    for rule in ON_LOSSES:
        for hint in rule(Output(value, activation, from_logits, loss, sees_through)):
            tell(hint)
