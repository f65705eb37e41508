"""nnc's layers and weights for those of a live model: Keras's own are read, what their author wrote is traced."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from inspect import signature
from itertools import count
from types import FunctionType
from typing import Any

import numpy

from frontends.authors import identity_of, is_known
from frontends.keras_calls import safe_name
from frontends.keras_form import read_layer
from frontends.keras_layers import ACTIVATIONS
from frontends.live_objects import RUNNING, LiveConfigs
from frontends.nodes import Mapping as MappingNode
from frontends.nodes import Scalar, ValueNode, from_plain
from frontends.problems import Problems
from frontends.reader_options import Options
from frontends.tracing.recording import Recorder, is_library, recording
from frontends.tracing.settling import Frames, Settling
from nnc import regularizers
from nnc.errors import ModelError
from nnc.identity import is_keras_module
from nnc.layers import Layer, Variable
from nnc.layers.input_types import FLOAT
from nnc.layers.trace import OwnWeight, Trace, TracedCall
from nnc.layers.traced import TracedCell, TracedFunction, TracedLayer
from nnc.structure import leaves

BATCHES = (5, 7, 11)
"""Numbers of rows, by run."""
_ENTERED = ("Functional", "Lambda", "Model", "Sequential")
"""Classes of Keras's whose ``call`` is the author's, or calls what the author wrote."""


class LayerTracer:
    """Makes nnc's layers and weights for those of a live model.

    Args:
        source: the model.
        live: says whose objects are.
        options: how it is read.
        problems: where problems are noted.
    """

    def __init__(self, source: Any, live: LiveConfigs, options: Options, problems: Problems) -> None:
        self.source, self.live, self.options, self.problems = source, live, options, problems
        self.keras = sys.modules[_package(source)]
        self._layers: dict[int, Layer] = {}
        self._owners: dict[int, tuple[Any, int]] = {}
        self._pairs: list[tuple[Any, Layer]] = []
        self._kept: list[Any] = []

    def forget(self) -> None:
        """Forget the layers that were made, for another try."""
        self._layers.clear()
        self._pairs.clear()

    def recorder(self) -> Recorder:
        """Return a recorder of calls, whose tensors stay alive as long as this."""
        made = Recorder(self.keras, self.is_whole)
        self._kept.append(made)
        return made

    def trace(self, frames: Frames) -> Trace:
        """Return the trace of a call that was recorded several times."""
        return Settling(self.keras, self.layer, self.weight, self._number).trace(frames)

    def is_whole(self, layer: Any) -> bool:
        """Whether a layer is Keras's own, and stays what it is."""
        entry = {"class_name": type(layer).__name__, "config": {}}
        described = self.live.described(layer, entry, RUNNING)
        is_keras = type(layer).__module__.startswith(f"{self.keras.__name__}.")
        is_whole = is_keras and "overrides" not in described and type(layer).__name__ not in _ENTERED
        if is_whole and layer._layers:
            self.layer(layer)  # which refuses what is its author's inside a wrapper
        return is_whole

    # ------------------------------------------------------------------ layers and weights

    def layer(self, layer: Any, outputs: Sequence[Any] = ()) -> Layer:
        """Return nnc's layer for one of Keras's.

        Args:
            layer: the layer.
            outputs: its first output in each run, where it is called.
        """
        if id(layer) not in self._layers:
            entry = {
                "class_name": type(layer).__name__,
                "module": type(layer).__module__,
                "registered_name": None,
                "config": _config(layer),
            }
            node = from_plain(self.live.described(layer, entry, RUNNING))
            assert isinstance(node, MappingNode)
            node = self._with_activations(node, layer, outputs)
            node = self._with_cell(node, layer)
            definition = read_layer(node, self.problems, self.options)
            if definition is None or definition.layer is None:
                if self.problems:
                    raise self.problems.error()
                raise ModelError(f"layer '{layer.name}' ({type(layer).__name__}) cannot be made")
            self._layers[id(layer)] = definition.layer
            if not isinstance(getattr(definition.layer, "cell", None), TracedCell):  # which has its weights already
                self._pairs.append((layer, definition.layer))
            self._kept.append(layer)
        return self._layers[id(layer)]

    def _with_activations(self, node: MappingNode, layer: Any, outputs: Sequence[Any]) -> MappingNode:
        """Return the entry of a layer with functions of its author's traced where they are activations."""
        config = node.entries["config"]
        assert isinstance(config, MappingNode)
        found: dict[str, ValueNode] = {}
        for key in ACTIVATIONS if outputs else ():
            function, item = getattr(layer, key, None), config.entries.get(key)
            identity = identity_of(item) if isinstance(item, MappingNode) else None
            is_own = identity is not None and not identity.is_keras and not is_known(identity, self.options)
            if isinstance(function, FunctionType) and (is_own or function.__name__ == "<lambda>"):
                found[key] = Scalar(value=self.function(function, function.__name__, [[output] for output in outputs]))
        if not found:
            return node
        return replace(node, entries={**node.entries, "config": replace(config, entries={**config.entries, **found})})

    def _with_cell(self, node: MappingNode, layer: Any) -> MappingNode:
        """Return the entry of a recurrent layer with a cell of its author's traced."""
        cell: Any = getattr(layer, "cell", None)
        config, shapes = node.entries["config"], getattr(layer, "_build_shapes_dict", None)
        if type(layer).__name__ != "RNN" or not shapes or not hasattr(cell, "_layers") or self.is_whole(cell):
            return node
        assert isinstance(config, MappingNode)
        start = getattr(type(cell), "get_initial_state", None)  # Keras's own are zeros
        if start is not None and not is_keras_module(start.__module__):
            raise ModelError(f"layer '{layer.name}' (RNN): a cell with a get_initial_state of its own cannot be traced")
        size, output = cell.state_size, getattr(cell, "output_size", None)
        made = TracedCell(type(cell).__name__, size, output, name=safe_name(cell.name), trainable=bool(cell.trainable))
        self._layers[id(cell)] = made
        for variable in _own_variables(cell):
            self._add_weight(made, variable)
        made.built = True
        features = tuple(next(iter(shapes.values())))[2:]
        sizes = size if isinstance(size, list | tuple) else [size]
        takes_training = "training" in signature(cell.call).parameters
        for training in (False, True):
            given = {"training": training} if takes_training else {}
            specs = [[(batch, *features), *((batch, length) for length in sizes)] for batch in BATCHES]

            def call(inputs: Any, *states: Any, given: Any = given) -> Any:
                return cell.call(inputs, list(states), **given)

            tensors = [[self.keras.KerasTensor(shape, dtype=layer.compute_dtype) for shape in run] for run in specs]
            made.add_trace(self.function(call, cell.name, tensors, cell).trace)
        for theirs in cell._flatten_layers(include_self=False):
            if self.is_whole(theirs):
                self._build(theirs, self.layer(theirs))
        return replace(
            node,
            entries={**node.entries, "config": replace(config, entries={**config.entries, "cell": Scalar(value=made)})},
        )

    def function(self, function: Any, name: str, specs: Sequence[Sequence[Any]], layer: Any = None) -> TracedFunction:
        """Return a function of its author's, traced.

        Args:
            function: the function.
            name: its name, for messages.
            specs: its arguments in each run, as symbolic tensors.
            layer: whose weights it reads, None for none.

        Raises:
            ModelError: it cannot be traced; the message names the author's line.
        """
        frames = []
        for given in specs:
            recorder = self.recorder()
            with recording(recorder):
                try:
                    recorder.enter(_Function(function, name, layer), tuple(map(recorder.copy, given)), {})
                except Exception as error:
                    if recorder.failure is not None:
                        raise recorder.failure from None
                    raise ModelError(explained(error, f"function '{name}'")) from error
            frames.append(recorder.root)
        return TracedFunction(name, self.trace(frames))

    def traced(self, layer: Any) -> TracedLayer:
        """Return nnc's layer for one of its author's, or for one whose ``call`` is entered."""
        if id(layer) not in self._layers:
            made = TracedLayer(type(layer).__name__, name=safe_name(layer.name), trainable=bool(layer.trainable))
            self._layers[id(layer)] = made
            self._kept.append(layer)
            for variable in _own_variables(layer):
                self._add_weight(made, variable)
            penalty = self._keras_object("regularizers", getattr(layer, "activity_regularizer", None), made)
            made.activity_regularizer = regularizers.get(penalty)
            made.built = True
        found = self._layers[id(layer)]
        assert isinstance(found, TracedLayer)
        return found

    def _add_weight(self, layer: TracedLayer, variable: Any) -> None:
        array = numpy.asarray(variable.numpy())
        taken = {weight.name for weight in layer.own_weights}
        names = (f"{variable.name}_{number}" if number else str(variable.name) for number in count())
        layer.add_weight(
            array.shape,
            lambda shape, dtype, generator=None: array,
            str(array.dtype),
            bool(variable.trainable),
            name=next(name for name in names if name not in taken),
            regularizer=self._keras_object("regularizers", getattr(variable, "regularizer", None), layer),
            constraint=self._keras_object("constraints", getattr(variable, "constraint", None), layer),
        )

    def _keras_object(self, kind: str, item: Any, layer: TracedLayer) -> Any:
        """Return the config of a regularizer or constraint of Keras's, None for none.

        Raises:
            ModelError: it is its author's.
        """
        if item is None:
            return None
        if not is_keras_module(type(item).__module__):
            raise ModelError(f"layer '{layer.name}': {type(item).__name__} of its {kind} is not Keras's own")
        return getattr(self.keras, kind).serialize(item)

    def weight(self, variable: Any) -> OwnWeight:
        """Return nnc's weight for one of Keras's."""
        if not self._owners:
            for layer in self.source._flatten_layers():
                for index, item in enumerate(_own_variables(layer)):
                    self._owners[id(item)] = layer, index
        if id(variable) not in self._owners:
            raise ModelError(f"weight '{variable.path}' belongs to no layer of the model")
        layer, index = self._owners[id(variable)]
        if not self.is_whole(layer):
            return OwnWeight(self.traced(layer), index, is_own=True)
        ours = self.layer(layer)
        self._build(layer, ours)  # it may be that only its weights are read
        theirs = [id(getattr(item, "_traced_variable", item)) for item in layer.weights]
        return OwnWeight(ours, theirs.index(id(variable)))

    def _build(self, layer: Any, ours: Layer) -> None:
        """Build nnc's layer for one of Keras's with the shapes that this was built with, unless it is built."""
        if ours.built:
            return
        ours.weights_dtype = ours.weights_dtype or FLOAT
        shapes = [tuple(shape) for shape in (getattr(layer, "_build_shapes_dict", None) or {}).values()]
        with ours.blame():
            ours.build(*shapes)
        ours.built = True

    def _number(self, layer: Any, trace: Trace) -> tuple[TracedLayer, int]:
        """Return the traced layer of an author's, and the number of one of its traces."""
        made = self.traced(layer)
        return made, made.add_trace(trace)

    def adopt(self, root: TracedLayer, traces: Sequence[Trace]) -> None:
        """Let weights that are read, though no layer that owns them is ever called, belong to the layer that reads.

        Args:
            root: the layer of the whole model.
            traces: its traces.
        """
        readers = [(layer, layer.traces) for layer in self._layers.values() if isinstance(layer, TracedLayer)]
        readers.append((root, list(traces)))
        steps = {id(layer): [step for trace in found for step in trace.steps] for layer, found in readers}
        called = {id(step.target) for found in steps.values() for step in found if isinstance(step, TracedCall)}
        for layer, found in readers:
            read: list[Any] = [trace.outputs for trace in found]
            for step in steps[id(layer)]:
                read += [step.args, *step.kwargs.values()] if isinstance(step, TracedCall) else [step]
            for weight in leaves(read, OwnWeight):
                if weight.layer is not root and id(weight.layer) not in called:
                    called.add(id(weight.layer))
                    layer.inner.append(weight.layer)

    def variables(self) -> dict[int, Variable]:
        """Return nnc's weights by the identity of Keras's."""
        found: dict[int, Variable] = {}
        for layer, ours in self._pairs:
            found |= {id(theirs): weight for theirs, weight in zip(layer.weights, ours.weights, strict=True)}
        for layer in self.source._flatten_layers():
            made = self._layers.get(id(layer))
            if isinstance(made, TracedLayer):
                found |= {id(item): own for item, own in zip(_own_variables(layer), made.own_weights, strict=True)}
        return found

    def copy_weights(self) -> None:
        """Give nnc's layers the numbers of Keras's.

        Raises:
            ModelError: a layer's weights have other shapes than nnc's.
        """
        for theirs, ours in self._pairs:
            arrays = [numpy.asarray(array) for array in theirs.get_weights()]
            if [array.shape for array in arrays] != [weight.shape for weight in ours.weights]:
                shapes = ", ".join(str(array.shape) for array in arrays)
                raise ModelError(f"layer '{theirs.name}' has weights of the shapes {shapes}, which nnc's has not")
            ours.set_weights(arrays)


def _config(layer: Any) -> Any:
    """Return the config of a layer of Keras's.

    Raises:
        ModelError: it has arguments that no config holds.
    """
    try:
        return layer.get_config()
    except NotImplementedError:  # Identity with a policy for its element types, for one
        parameters = list(signature(type(layer).__init__).parameters.values())[1:]
        if any(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters):
            raise ModelError(f"layer '{layer.name}' ({type(layer).__name__}) does not say its arguments") from None
        return {"name": layer.name, "trainable": layer.trainable, "dtype": layer.dtype_policy.name}


def _own_variables(layer: Any) -> list[Any]:
    """Return the weights that are a layer's own, also while symbolic tensors stand for them."""
    own = [*getattr(layer, "_trainable_variables", ()), *getattr(layer, "_non_trainable_variables", ())]
    return [getattr(item, "_traced_variable", item) for item in own]


class _Function:
    """A function as a layer, for the recorder, with the layer whose weights it reads."""

    _layers = ()

    def __init__(self, function: Any, name: str, layer: Any) -> None:
        self.call, self.name, self.layer = function, name, layer


def explained(error: Exception, what: str) -> str:
    """Return the text of an error in the author's code, with the author's line."""
    place, trace = "", error.__traceback__
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if not is_library(path):
            place = f"{path.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    where = f" (at {place})" if place else ""
    text = next(iter(str(error).strip().splitlines()), "")
    return f"{what} cannot be traced: {type(error).__name__}: {text:.300}{where}"


def _package(source: Any) -> str:
    modules = [cls.__module__.partition(".")[0] for cls in type(source).__mro__]
    return next(name for name in modules if name in ("keras", "tf_keras"))
