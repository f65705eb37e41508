"""Parts a model at its texts: what a program does with them in Python, and the calls that its graphs are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnc.errors import ModelError
from nnc.layers.input_types import TEXT
from nnc.layers.symbolic import Call, SymbolicTensor
from nnc.text import Edge, EdgeStep

Named = list[tuple[str, SymbolicTensor]]


@dataclass(frozen=True)
class Parts:
    """The two parts of a model.

    Args:
        inputs: those of the graphs, by label: results of text layers, and inputs of the model that are numbers.
        calls: those of the graphs, in topological order.
        edge_calls: those of text layers, likewise.
    """

    inputs: Named
    calls: tuple[Call, ...]
    edge_calls: tuple[Call, ...]


def text_results(calls: Sequence[Call]) -> list[SymbolicTensor]:
    """Return what text layers make."""
    return [tensor for call in calls if call.layer.takes_texts for tensor in call.outputs]


def parted(inputs: Named, calls: Sequence[Call], outputs: Sequence[SymbolicTensor]) -> Parts:
    """Return the parts of a model; one without text layers is all graph.

    Args:
        inputs: of the model, by label.
        calls: in topological order.
        outputs: of the model.

    Raises:
        ModelError: texts come out of the model.
    """
    edge_calls = tuple(call for call in calls if call.layer.takes_texts)
    for tensor in outputs:
        if tensor.dtype == TEXT and tensor.call is not None:
            raise ModelError(
                f"output '{tensor.call.layer.name}' is texts, which no graph has; let the model return numbers, and"
                " apply the layer to what it predicts"
            )
    if not edge_calls:
        return Parts(list(inputs), tuple(calls), ())
    rest = tuple(call for call in calls if not call.layer.takes_texts)
    read = {tensor for call in rest for tensor in call.inputs} | set(outputs)
    at_edge = {tensor for call in edge_calls for tensor in call.inputs}
    taken = [(label, tensor) for label, tensor in inputs if tensor in read or tensor not in at_edge]
    made = [tensor for tensor in text_results(calls) if tensor in read]
    names: list[str] = [label for label, _ in taken]
    for tensor in made:
        assert tensor.call is not None
        base = name = tensor.call.layer.name
        while name in names:
            name = f"{base}_{len(names)}"
        names.append(name)
        taken.append((name, tensor))
    return Parts([(label, tensor) for label, tensor in taken if tensor.dtype != TEXT], rest, edge_calls)


def edge_of(inputs: Named, parts: Parts) -> Edge | None:
    """Return what text layers do, as plain data; None where there are none.

    Args:
        inputs: of the model, by label.
        parts: of the model.

    Raises:
        ModelError: what a layer learns from data is missing.
    """
    if not parts.edge_calls:
        return None
    numbers = {tensor: number for number, (_, tensor) in enumerate(inputs)}
    steps: list[EdgeStep] = []
    for call in parts.edge_calls:
        with call.layer.blame():
            step = getattr(call.layer, "make_step")()  # noqa: B009  (of any layer that takes texts)
        steps.append(EdgeStep(step, tuple(numbers[tensor] for tensor in call.inputs), call.layer.name))
        numbers[call.outputs[0]] = len(numbers)
    return Edge(tuple(steps), tuple(numbers[tensor] for _, tensor in parts.inputs))
