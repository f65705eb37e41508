"""Wires layers into a model call by call, so that every problem is found and none is reported twice."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from frontends.construction import error_text
from frontends.dependency_order import order
from frontends.problems import Problems, layer_subject
from nnc.errors import nearest
from nnc.layers import InputLayer, Layer, SymbolicTensor
from nnc.models import Model, Sequential
from nnc.structure import leaves, map_leaves

MAX_LAYERS = 5_000

_COMPARED_NAMES = 1_000


@dataclass(frozen=True)
class Reference:
    """The name of a layer, or of an input, whose output is read.

    Args:
        name: the name.
        line: where it stands.
        call: which call of the layer, from 0.
        output: which output of that call, from 0.
    """

    name: str
    line: int | None = None
    call: int = 0
    output: int = 0


@dataclass(eq=False)
class CallDefinition:
    """One application of a layer.

    Args:
        sources: what it is applied to; None where that has been reported already.
        line: where it stands.
        arguments: positional arguments and keywords, nested as the layer takes them, with the sources as leaves;
            None where the sources are all there is.
    """

    sources: Sequence[Reference] | None = ()
    line: int | None = None
    arguments: tuple[tuple[Any, ...], dict[str, Any]] | None = None


@dataclass(eq=False)
class LayerDefinition:
    """A layer, or an input, of a definition.

    Args:
        name: its name, or the one it gets by its class.
        class_name: its class.
        line: where it stands.
        layer: the layer, None where it could not be made.
        is_sound: whether the shape of its output can be relied on.
        is_model: whether it is a model with layers of its own.
        definition: what the file says about such a model.
        inner: models among its arguments.
        calls: its applications; of an input one without sources.
    """

    name: str
    class_name: str
    line: int | None
    layer: Layer | None
    is_sound: bool = True
    is_model: bool = False
    definition: Definition | None = None
    inner: list[LayerDefinition] = field(default_factory=list)
    calls: list[CallDefinition] = field(default_factory=list)

    @property
    def is_input(self) -> bool:
        """Whether it is an input of the model."""
        return self.class_name == "InputLayer"

    @property
    def subject(self) -> str:
        """The name in problems."""
        return layer_subject(self.name, self.class_name)


@dataclass
class Definition:
    """The definition of a model in a file.

    Args:
        name: the model's name, if it has one.
        layers: inputs and layers, in the order of the file.
        inputs: the model's inputs.
        outputs: the model's outputs; None for the one layer that no other reads.
        is_chain: whether it is a Sequential.
        must_use_all: whether a layer that leads to no output is a problem.
        trainable: whether the model's weights are trained.
        structure: how the outputs are nested, with their numbers as leaves; None for a list, or one.
    """

    name: str | None
    layers: list[LayerDefinition]
    inputs: list[Reference]
    outputs: list[Reference] | None
    is_chain: bool
    must_use_all: bool = True
    trainable: bool = True
    structure: Any = None


def wire(definition: Definition, problems: Problems) -> Model | None:
    """Return the model, or None where there are problems.

    Args:
        definition: the layers and how they are connected.
        problems: where unknown names, cycles and shapes that do not fit are noted.
    """
    return _Wiring(definition, problems).model()


class _Wiring:
    def __init__(self, definition: Definition, problems: Problems) -> None:
        self.definition = definition
        self.problems = problems
        self.by_name: dict[str, LayerDefinition] = {}
        self.calls = [(layer, call) for layer in definition.layers for call in layer.calls]
        self.position = {call: index for index, (_, call) in enumerate(self.calls)}
        self.results: dict[CallDefinition, tuple[SymbolicTensor, ...]] = {}
        self.broken: set[CallDefinition] = set()

    def model(self) -> Model | None:
        for layer in self.definition.layers:
            first = self.by_name.setdefault(layer.name, layer)
            if first is not layer:
                where = "" if first.line is None else f", the first ({first.class_name}) on line {first.line}"
                self.problems.add(f"two layers are named '{layer.name}'{where}; rename one", layer.line, layer.subject)
        if self.definition.is_chain and not self.problems:
            # at once, so that the random weights are those of the same Sequential in Python; where a layer
            # does not fit, once more call by call, to find its line and further problems
            with suppress(Exception):
                return self._chain()
        return self._wired()

    def _chain(self) -> Model:
        definition = self.definition
        return Sequential([layer.layer for layer in definition.layers], definition.trainable, definition.name)

    def _wired(self) -> Model | None:
        sources = [self._resolved_all(layer, call) for layer, call in self.calls]
        for index in self._order(sources):
            self._apply(*self.calls[index], sources[index])
        outputs = self._outputs()
        inputs = [tensor for reference in self.definition.inputs for tensor in self._tensors(reference)]
        found = [tensor for reference in outputs for tensor in self._tensors(reference)]
        if self.problems or len(inputs) != len(self.definition.inputs) or len(found) != len(outputs):
            return None
        try:
            if self.definition.is_chain:
                return self._chain()
            nested = self.definition.structure
            ends = found if nested is None else map_leaves(found.__getitem__, nested, int)
            return Model(inputs, ends, self.definition.name, trainable=self.definition.trainable)
        except Exception as error:  # names that collide, and whatever a user's own layer raises
            self.problems.add(error_text(error))
            return None

    # ------------------------------------------------------------------ references

    def _resolved_all(self, layer: LayerDefinition, call: CallDefinition) -> list[CallDefinition] | None:
        if call.sources is None:
            return None
        if not call.sources and not layer.is_input:
            self.problems.add("is applied to nothing; name its inputs", call.line, layer.subject)
            return None
        found = [self._resolved(reference, layer.subject) for reference in call.sources]
        known = [source for source in found if source is not None]
        return known if len(known) == len(found) else None

    def _resolved(self, reference: Reference, subject: str) -> CallDefinition | None:
        layer = self.by_name.get(reference.name)
        if layer is None:
            known = list(self.by_name)
            hint = nearest(reference.name, known[:_COMPARED_NAMES]) or f" Known are {', '.join(known[:20])}."
            self.problems.add(f"there is no layer or input '{reference.name}'.{hint}", reference.line, subject)
            return None
        if reference.call >= len(layer.calls):
            count = len(layer.calls)
            message = f"call {reference.call} of layer '{layer.name}' is read, but it has {count}, counted from 0"
            self.problems.add(message, reference.line, subject)
            return None
        return layer.calls[reference.call]

    def _tensors(self, reference: Reference) -> list[SymbolicTensor]:
        """Return the one tensor that a reference means, or none."""
        layer = self.by_name.get(reference.name)
        if layer is None or reference.call >= len(layer.calls):
            return []
        result = self.results.get(layer.calls[reference.call])
        if result is None:
            return []
        if reference.output >= len(result):
            message = f"output {reference.output} of layer '{layer.name}' is read, but it has {len(result)}, from 0"
            self.problems.add(message, reference.line)
            return []
        return [result[reference.output]]

    # ------------------------------------------------------------------ order

    def _order(self, sources: Sequence[list[CallDefinition] | None]) -> list[int]:
        """Return the calls in an order in which they can be made; cycles are noted."""
        before = [{self.position[source] for source in found or ()} for found in sources]
        ordered, cycles = order(before)
        for cycle in cycles:
            self.broken.update(self.calls[index][1] for index in cycle)
            names = [self.calls[index][0].name for index in (*cycle, cycle[0])]
            shown = names if len(names) <= 12 else [*names[:10], "…", names[-1]]
            layer, call = self.calls[cycle[0]]
            self.problems.add(f"the layers form a cycle: {' → '.join(shown)}; cut it", call.line, layer.subject)
        return ordered

    # ------------------------------------------------------------------ calls

    def _apply(self, owner: LayerDefinition, call: CallDefinition, sources: list[CallDefinition] | None) -> None:
        layer = owner.layer
        if layer is None or not owner.is_sound or sources is None or call in self.broken:
            return
        if isinstance(layer, InputLayer):
            self.results[call] = (layer.output,)
            return
        tensors = [tensor for reference in call.sources or () for tensor in self._tensors(reference)]
        if len(tensors) != len(sources):
            return
        try:
            args, kwargs = self._arguments(call, tensors, layer.is_merging)
            result = layer(*args, **kwargs)
        except Exception as error:  # a user's own layer may raise anything
            message = error_text(error).removeprefix(f"Layer '{layer.name}' ({type(layer).__name__})")
            self.problems.add(message.removeprefix(":").strip(), call.line, owner.subject)
            return
        self.results[call] = tuple(leaves(result, SymbolicTensor))

    def _arguments(
        self, call: CallDefinition, tensors: list[SymbolicTensor], as_list: bool
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of a layer's call."""
        if call.arguments is None:
            return (tensors if len(tensors) > 1 or as_list else tensors[0],), {}
        given = iter(tensors)
        args, kwargs = map_leaves(lambda _: next(given), call.arguments, Reference)
        return args, kwargs

    # ------------------------------------------------------------------ outputs

    def _outputs(self) -> list[Reference]:
        """Return the references to the model's outputs."""
        definition = self.definition
        read = {reference.name for _, call in self.calls for reference in call.sources or ()}
        read |= {reference.name for reference in definition.outputs or ()}
        unread = [layer for layer in definition.layers if layer.name not in read]
        ends = [layer for layer in unread if not layer.is_input]
        for reference in definition.outputs or ():
            self._resolved(reference, "outputs")
        if self.problems or not definition.must_use_all:
            return definition.outputs or []
        if definition.outputs is None and len(ends) > 1:
            names = ", ".join(layer.name for layer in ends[:20])
            message = f"no layer reads {names}; say which are outputs, for example outputs: [{names}]"
            self.problems.add(message, ends[-1].line)
            ends = []
        elif definition.outputs is None:
            ends = ends[1:]
        for layer in unread:
            if layer.is_input:
                message = "no layer reads it; remove it, or name it in inputs: of a layer"
                self.problems.add(message, layer.line, f"input '{layer.name}'")
        for layer in ends:
            self.problems.add("no layer reads it; remove it, or name it in outputs:", layer.line, layer.subject)
        if definition.outputs is not None:
            return definition.outputs
        return [Reference(layer.name, layer.line) for layer in unread if not layer.is_input]
