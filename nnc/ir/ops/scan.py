"""Scan: a body that runs once per time step and carries values from one step to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from nnc.errors import ShapeError
from nnc.ir import Dim, TensorType, Value, capturing, interpret
from nnc.ir.ops.elementwise import Array
from nnc.ir.ops.fusion import body_flops
from nnc.ir.ops.loop import Loop, LoopOp

Step = Callable[[list[Value], list[Value], list[Value]], tuple[Sequence[Value], Sequence[Value]]]
"""Takes carries, one step of each sequence, and the other values; returns the new carries and what the step gives."""


@dataclass(frozen=True)
class Scan(LoopOp, name="scan"):
    """Runs `body` for each index of the sequences' first axis, which is time.

    Operands are the first carries, the sequences (time first), and values that are the same in every step. The body's
    inputs are, in this order, the carries, one step of each sequence, and the other values; its outputs are the new
    carries and what each step gives. Results are the last carries, and what the steps gave, stacked along a first
    axis, in the order of time whichever way the scan runs.

    Args:
        body: one step.
        carries: number of carries.
        sequences: number of sequences, at least 1.
        reverse: whether the last step in time comes first.
    """

    def __post_init__(self) -> None:
        inputs, outputs = len(self.body.inputs), len(self.body.outputs)
        if self.carries < 0 or self.sequences < 1 or self.carries + self.sequences > inputs:
            raise ShapeError(
                f"a scan over {self.sequences} sequences with {self.carries} carries does not fit its body, "
                f"which has {inputs} inputs; there must be at least one sequence"
            )
        if outputs < max(self.carries, 1):
            raise ShapeError(f"the body of a scan with {self.carries} carries has {outputs} outputs")

    @property
    def dense(self) -> tuple[int, ...]:  # type: ignore[override]  # depends on the body
        """All operands: each step is a window on their memory."""
        return tuple(range(len(self.body.inputs)))

    @classmethod
    def body_types(cls, attributes: Mapping[str, Any], operands: Sequence[TensorType]) -> list[TensorType]:
        """Return the types of the body's inputs: those of the operands, without time where they are sequences.

        Raises:
            ShapeError: a sequence has no time axis.
        """
        first, count = attributes.get("carries"), attributes.get("sequences")
        if not isinstance(first, int) or not isinstance(count, int):
            raise ShapeError("a 'scan' needs the numbers of its carries and sequences")
        last = first + count
        if any(type.rank == 0 for type in operands[first:last]):
            raise ShapeError("a sequence of a 'scan' needs a first axis, which is time")
        pairs = enumerate(operands)
        return [type.with_shape(type.shape[1:]) if first <= index < last else type for index, type in pairs]

    def infer(self, *operands: TensorType) -> tuple[TensorType, ...]:
        """Return the types of the last carries and of the stacks."""
        found = self.body_types(self.attributes(), operands)
        expected = [value.type for value in self.body.inputs.values()]
        if found != expected:
            raise ShapeError(
                f"the body of a 'scan' takes {', '.join(map(str, expected))}, "
                f"its operands give {', '.join(map(str, found))}"
            )
        outputs = [value.type for value in self.body.outputs.values()]
        if outputs[: self.carries] != expected[: self.carries]:
            raise ShapeError(
                f"the carries of a 'scan' are {', '.join(map(str, expected[: self.carries]))}, "
                f"its body makes them {', '.join(map(str, outputs[: self.carries]))}"
            )
        return self._results(outputs, operands)

    def bound_types(self, bindings: Mapping[str, int], operands: Sequence[TensorType]) -> tuple[TensorType, ...]:
        """Return the types of the last carries and of the stacks with numbers."""
        return self._results([value.type.bind(bindings) for value in self.body.outputs.values()], operands)

    def _results(self, outputs: Sequence[TensorType], operands: Sequence[TensorType]) -> tuple[TensorType, ...]:
        """Return the types of the results for those of the body's outputs.

        Raises:
            ShapeError: the sequences differ in length, or there is no step.
        """
        times = {operand.shape[0] for operand in operands[self.carries : self.carries + self.sequences]}
        if len(times) != 1:
            raise ShapeError(
                f"the sequences of a 'scan' have different lengths: {', '.join(map(str, sorted(times, key=str)))}"
            )
        (time,) = times
        if time == 0:
            raise ShapeError(f"a 'scan' needs at least one step, got sequences {operands[self.carries]} of none")
        stacks = [type.with_shape((time, *type.shape)) for type in outputs[self.carries :]]
        return (*outputs[: self.carries], *stacks)

    def evaluate(self, *operands: Array) -> Array:
        """Interpret the body step by step."""
        carries = operands[: self.carries]
        types = self.infer(*(TensorType(str(operand.dtype), operand.shape) for operand in operands))
        stacks = [numpy.zeros([int(dim) for dim in type.shape], type.dtype) for type in types[self.carries :]]
        for step, _, outputs in self.steps(*operands):
            carries = outputs[: self.carries]
            for stack, array in zip(stacks, outputs[self.carries :], strict=True):
                stack[step] = array
        return (*(numpy.array(carry) for carry in carries), *stacks)

    def steps(self, *operands: Array) -> Iterator[tuple[int, dict[str, Array], tuple[Array, ...]]]:
        """Interpret the body step by step: yield the place in time, the inputs by label, and the outputs of each."""
        last = self.carries + self.sequences
        carries, sequences, others = operands[: self.carries], operands[self.carries : last], operands[last:]
        steps = range(len(sequences[0]))
        for step in reversed(steps) if self.reverse else steps:
            inputs = (*carries, *(sequence[step] for sequence in sequences), *others)
            labelled = dict(zip(self.body.inputs, inputs, strict=True))
            outputs = tuple(interpret(self.body, labelled)[0].values())
            yield step, labelled, outputs
            carries = outputs[: self.carries]

    def vjp(
        self, operands: Sequence[Value], results: Sequence[Value], cotangents: Sequence[Value | None]
    ) -> Sequence[Value | None]:
        """A scan the other way round over the cotangents and what it needs of the steps."""
        from nnc.ir.ops.scan_derivative import scan_cotangents

        return scan_cotangents(self, operands, results, cotangents)

    def flops(self, operands: Sequence[TensorType], results: Sequence[TensorType]) -> int:
        """Return the sum over the body, bound to the operands' sizes, times the number of steps."""
        types = self.body_types(self.attributes(), operands)
        return int(self.time(operands)) * body_flops(self.body, types)

    def time(self, operands: Sequence[TensorType]) -> Dim:
        """Return the number of steps."""
        return operands[self.carries].shape[0]


def scan(
    step: Step,
    carries: Sequence[Value],
    sequences: Sequence[Value],
    others: Sequence[Value] = (),
    reverse: bool = False,
) -> tuple[list[Value], list[Value]]:
    """Run a step for each index of the sequences' first axis.

    What the step computes from `others` and weights alone is computed once, before the loop; what it computes from
    the sequences alone is computed for all steps at once, so that ``x @ kernel`` is one product.

    Args:
        step: called once, to say in graph arithmetic what a step does; weights may be used inside as well.
        carries: their first values.
        sequences: at least one; time is the first axis.
        others: what is the same in each step.
        reverse: whether the last step in time comes first.

    Returns:
        The last carries, and what the steps gave, stacked in the order of time.

    Raises:
        ShapeError: the step changes the type of a carry, or the sequences differ in length.
    """
    graph = sequences[0].graph
    loop = Loop(Scan, graph, carries, sequences, others, reverse)
    with capturing(loop.capture):
        new, given = step(loop.carries, loop.elements, loop.others)
    return loop.finish(new, given)
