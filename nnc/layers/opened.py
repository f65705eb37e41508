"""What is inside a call of a traced layer, for pictures and tables: the calls of its trace, wired, with their costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from nnc.ir import Graph, TensorType
from nnc.ir.nominal import node_flops, nominal_sizes
from nnc.labels import OPERATION
from nnc.layers.base import Layer
from nnc.layers.batch import shown_shape
from nnc.layers.trace import Length, OwnWeight, Reference, Replay, TracedCall
from nnc.layers.variable import Variable
from nnc.structure import leaves

MOST_LETTERS = 40
"""Letters of an expression of weights among the arguments of an operation."""


@dataclass(eq=False)
class InnerTensor:
    """A value of a trace.

    Args:
        type: element type and shape.
        call: what makes it, None for an input.
    """

    type: TensorType
    call: InnerCall | None = None

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Shape as Keras shows it: None instead of what is not known."""
        return shown_shape(self.type, None)


class InnerOperation:
    """An operation of `keras.ops` that an author's layer calls, as pictures know layers.

    Args:
        name: its name inside the author's layer.
        operation: its class in Keras.
        arguments: what it gets besides tensors, in words: weights, and what is made of them alone.
        settings: its other arguments.
        weights: the weights of the author's layer that it is the first to read.
        place: the author's line, as ``file:line``.
    """

    takes_texts: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        operation: str,
        arguments: tuple[str, ...],
        settings: Mapping[str, Any],
        weights: list[Variable],
        place: str,
    ) -> None:
        self.name, self.summary_class, self.summary_arguments = name, operation, arguments
        self.settings, self.read_weights, self.place = settings, weights, place

    @property
    def path_name(self) -> str:
        """The end of its path in graphs."""
        return self.name + OPERATION

    @property
    def summary_note(self) -> str:
        """Its settings, as far as they are no defaults or lengths."""
        shown = {key: _setting_text(item) for key, item in self.settings.items()}
        return ", ".join(f"{key}={text}" for key, text in shown.items() if text)

    def count_params(self) -> int:
        """Return the number of elements of its weights."""
        return sum(weight.size for weight in self.read_weights)

    def get_config(self) -> dict[str, Any]:
        """Return what it does."""
        found = {key: _setting_text(item) or None for key, item in self.settings.items()}
        operands = {"operands": ", ".join(self.summary_arguments)} if self.summary_arguments else {}
        return {"operation": self.summary_class, **operands, **found}


@dataclass(eq=False)
class InnerCall:
    """A call in a trace, with what it costs.

    Args:
        layer: a layer, or an operation.
        inputs: the tensors that it reads; weights, and what is made of them alone, are not among them.
        outputs: the tensors that it makes.
        graph: the graph that it was lowered to.
        nodes: the numbers of the nodes there that are its own.
        inner: what is in it, where it is a traced layer.
    """

    layer: Any
    inputs: tuple[InnerTensor, ...]
    outputs: tuple[InnerTensor, ...]
    graph: Graph
    nodes: tuple[range, ...]
    inner: InnerModel | None = None

    @property
    def is_input(self) -> bool:
        """Whether nothing is computed: never."""
        return False

    def flops(self, rows: int = 1) -> int:
        """Return its floating-point operations in a prediction of so many rows."""
        sizes = nominal_sizes(self.graph, rows)
        nodes = (self.graph.nodes[number] for part in self.nodes for number in part)
        return sum(node_flops(node, sizes) for node in nodes if not node.is_leaf)


@dataclass(eq=False)
class InnerModel:
    """The calls in a traced layer, as pictures know models."""

    name: str
    calls: tuple[InnerCall, ...]
    inputs: tuple[InnerTensor, ...]
    outputs: tuple[InnerTensor, ...]


def opened(layer: Layer, replay: Replay, graph: Graph) -> InnerModel | None:
    """Return what a call of a traced layer consists of; None where it is nothing that could be drawn.

    Args:
        layer: the layer.
        replay: the call, after it was lowered.
        graph: the graph that it was lowered to.
    """
    return _Opening(layer, replay, graph, {}).model()


class _Opening:
    """Wires the calls of one trace.

    What is computed of weights and constants alone is no call of its own: the call that reads it says it in words.

    Args:
        layer: the layer.
        replay: its call.
        graph: the graph.
        texts: inputs that are weights, or are made of them alone, in words.
    """

    def __init__(self, layer: Layer, replay: Replay, graph: Graph, texts: Mapping[int, str]) -> None:
        self.layer, self.replay, self.graph = layer, replay, graph
        self.tensors = [InnerTensor(value.type) for value in replay.values]
        self.texts = dict(texts)
        self.waiting: dict[int, tuple[list[range], list[Variable]]] = {}
        self.seen: set[Variable] = set()

    def model(self) -> InnerModel | None:
        trace = self.replay.trace
        returned = [reference.index for reference in leaves(trace.outputs, Reference)]
        inputs = [index for index in range(trace.inputs) if index not in self.texts]
        calls, first = [], trace.inputs
        for number, step in enumerate(trace.steps):
            if isinstance(step, TracedCall):
                results = range(first, first + step.results)
                first = results.stop
                is_kept = isinstance(step.target, Layer) or any(index in returned for index in results)
                if (call := self._call(number, step, results, is_kept)) is not None:
                    calls.append(call)
        if not calls or not returned or any(index in self.texts for index in returned):
            return None
        tensors = self.tensors
        return InnerModel(
            self.layer.name,
            tuple(calls),
            tuple(tensors[index] for index in inputs),
            tuple(tensors[index] for index in returned),
        )

    def _call(self, number: int, step: TracedCall, results: range, is_kept: bool) -> InnerCall | None:
        """Return a call; None where it is said in words by what reads it."""
        given = [*step.args, *step.kwargs.values()]
        references = [reference.index for reference in leaves(given, Reference)]
        read = [index for index in references if index not in self.texts]
        if not read:  # what it makes may have as many rows as a tensor
            lengths = [index for length in leaves(given, Length) for index, _ in length.axes]
            read = list(dict.fromkeys(index for index in lengths if index not in self.texts))
        nodes, weights = [self.replay.nodes[number]], self._weights(step)
        if not isinstance(step.target, Layer):
            for index in dict.fromkeys(references):
                ranges, own = self.waiting.pop(index, ([], []))
                nodes, weights = [*ranges, *nodes], [*own, *weights]
        name = self.replay.trace.names[number]
        if not read and not is_kept:
            self.texts |= dict.fromkeys(results, self._expression(step))
            self.waiting[results[0]] = nodes, weights
            return None
        layer, inner = step.target, None
        if not isinstance(layer, Layer):
            words = tuple(text for item in step.args if (text := self._text(item)))
            layer = InnerOperation(name, str(step.operation), words, step.kwargs, weights, step.place)
        elif number in self.replay.inner:
            texts = {place: self.texts[index] for place, index in enumerate(references) if index in self.texts}
            inner = _Opening(layer, self.replay.inner[number], self.graph, texts).model()
        tensors = self.tensors
        outputs = tuple(tensors[index] for index in results)
        call = InnerCall(layer, tuple(tensors[index] for index in read), outputs, self.graph, tuple(nodes), inner)
        for tensor in outputs:
            tensor.call = call
        return call

    def _weights(self, step: TracedCall) -> list[Variable]:
        """Return the weights of the layer that a step is the first to read."""
        if isinstance(step.target, Layer):
            return []
        read = [item.variable for item in leaves([*step.args, *step.kwargs.values()], OwnWeight) if item.is_own]
        own = set(self.layer.own_weights)
        found = [weight for weight in dict.fromkeys(read) if weight in own and weight not in self.seen]
        self.seen.update(found)
        return found

    def _text(self, item: Any) -> str:
        """Return an operand in words; nothing for a tensor."""
        if isinstance(item, Reference):
            return self.texts.get(item.index, "")
        if isinstance(item, OwnWeight):
            weight = item.variable
            return weight.name if item.is_own and item.layer is self.layer else f"{item.layer.name}/{weight.name}"
        if isinstance(item, bool | int | float):
            return f"{item:g}" if isinstance(item, float) else str(item)
        if hasattr(item, "shape"):
            shape = "×".join(map(str, item.shape))
            return f"constant {shape}" if shape else f"{float(item):g}"
        if isinstance(item, list | tuple):
            return ", ".join(text for part in item if (text := self._text(part)))
        return ""

    def _expression(self, step: TracedCall) -> str:
        text = f"{str(step.operation).lower()}({', '.join(text for item in step.args if (text := self._text(item)))})"
        return text if len(text) <= MOST_LETTERS else f"{str(step.operation).lower()}(…)"


def _setting_text(item: Any) -> str:
    """Return a setting in words; nothing for what is not set, or has lengths that are known at run time only."""
    if item is None or item is False or leaves(item, (Length, Reference, OwnWeight)):
        return ""
    if getattr(item, "shape", ()):
        return f"constant {'×'.join(map(str, item.shape))}"
    return f"{item:g}" if isinstance(item, float) else str(item)
