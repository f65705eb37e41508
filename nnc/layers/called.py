"""What is inside a call of a layer or model that a user wrote: the layers that it calls, and what is between them."""

from __future__ import annotations

from typing import Any

from nnc.identity import is_own
from nnc.ir import Value
from nnc.layers.lowering import LoweredCall, Lowering
from nnc.layers.opened import InnerCall, InnerModel, InnerOperation, InnerTensor
from nnc.layers.variable import Variable
from nnc.structure import leaves, map_leaves


def opened_call(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return what a call of a layer consists of, as pictures know models; None where it is one, or the layer a model.

    Args:
        layer: the layer.
        args: types of the tensors that it is given by position, nested as `call` takes them.
        kwargs: those by name.
    """
    if is_own(type(layer)):
        return layer._opened(args, kwargs)
    return called_layers(layer, *layer._lowered_alone(args, kwargs))


def called_layers(layer: Any, returned: Any, context: Lowering) -> InnerModel | None:
    """Return what a call of a user's layer or model consists of; None where it calls no layer.

    What stands between the layers is an operation by the name of the last one in it, such as ``add``.

    Args:
        layer: the layer.
        returned: what its `call` returned.
        context: what it was lowered in, by itself.
    """
    graph = context.graph
    inside = [
        item
        for item in context.results
        if item.path.rpartition("/")[0] == layer.name and all(value.graph is graph for value in item.values)
    ]
    return _Wiring(layer, context).model(inside, leaves(returned, Value)) if inside else None


class _Wiring:
    """Wires the calls in a graph.

    Args:
        layer: the layer that they are in.
        context: what it was lowered in.
    """

    def __init__(self, layer: Any, context: Lowering) -> None:
        self.layer, self.graph = layer, context.graph
        self.weights = {value: weight for weight, value in context.meanings.items() if isinstance(weight, Variable)}
        self.tensors = {value: InnerTensor(value.type) for value in self.graph.inputs.values()}
        self.calls: list[InnerCall] = []
        self.names: dict[str, int] = {}
        self.read: set[Variable] = set()

    def model(self, inside: list[LoweredCall], returned: list[Value]) -> InnerModel:
        inputs = tuple(self.tensors.values())
        for item in inside:
            self._add(item)
        outputs = tuple(tensor for value in returned if (tensor := self._tensor(value)) is not None)
        return InnerModel(self.layer.name, tuple(self.calls), inputs, outputs)

    def _add(self, item: LoweredCall) -> None:
        """Add the call of a layer, behind what its inputs are made by."""
        read = [tensor for value in leaves(item.given, Value) if (tensor := self._tensor(value)) is not None]
        is_wired = getattr(item.layer, "calls", None) and not item.layer.is_authored
        types = map_leaves(lambda value: value.type, item.given, Value)
        inner = item.layer if is_wired else opened_call(item.layer, *types)
        self._note(InnerCall(item.layer, tuple(read), (), self.graph, (item.nodes,), inner), item.values)

    def _tensor(self, value: Value) -> InnerTensor | None:
        """Return the tensor of a value, which an operation makes where no layer does; None for weights alone."""
        if value in self.tensors:
            return self.tensors[value]
        sources, weights, nodes = self._expression(value)
        if not sources:
            return None
        name = value.node.op.name
        number = self.names.get(name, -1) + 1
        self.names[name] = number
        fresh = [weight for weight in dict.fromkeys(weights) if weight not in self.read]
        self.read.update(fresh)
        words = tuple(weight.name for weight in dict.fromkeys(weights))
        operation = InnerOperation(
            f"{name}_{number}" if number else name, type(value.node.op).__name__, words, {}, fresh, ""
        )
        call = InnerCall(operation, sources, (), self.graph, tuple(range(n, n + 1) for n in sorted(nodes)))
        self._note(call, (value,))
        return self.tensors[value]

    def _expression(self, value: Value) -> tuple[tuple[InnerTensor, ...], list[Variable], set[int]]:
        """Return the tensors that a value is computed of, the weights, and the numbers of the nodes in between."""
        found: dict[InnerTensor, None] = {}
        weights: list[Variable] = []
        nodes: set[int] = set()
        waiting = [value]
        while waiting:
            item = waiting.pop()
            if item in self.tensors:
                found[self.tensors[item]] = None
            elif item in self.weights:
                weights.append(self.weights[item])
            elif item.index not in nodes:
                nodes.add(item.index)
                waiting += reversed(item.node.operands)
        return tuple(found), weights, nodes

    def _note(self, call: InnerCall, values: tuple[Value, ...]) -> None:
        for value in values:  # a layer that gives back what it was given, as Dropout does, makes it anew here
            self.tensors[value] = InnerTensor(value.type, call)
        call.outputs = tuple(self.tensors[value] for value in values)
        self.calls.append(call)
