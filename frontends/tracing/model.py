"""A live model as an nnc model: Keras's layers are nnc's, what their author wrote is traced."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
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
from frontends.tracing.model_inputs import GROUPINGS, equate_groups, flat_shapes, packed_like
from frontends.tracing.recording import Frame, Recorder, is_library, recording
from frontends.tracing.settling import Settling
from nnc import regularizers
from nnc.errors import ModelError, ModelFileError, ShapeError
from nnc.identity import is_keras_module
from nnc.layers import Input, Layer, SymbolicTensor, Variable
from nnc.layers.input_types import FLOAT
from nnc.layers.operation import Operation
from nnc.layers.trace import OwnWeight, Trace, TracedCall, TraceValues
from nnc.layers.traced import TracedCell, TracedFunction, TracedLayer
from nnc.models import Model
from nnc.structure import leaves

BATCHES = (5, 7, 11)
LENGTHS = ((64, 160, 96), (352, 224, 416), (13, 19, 17), (10, 6, 14), (3, 5, 4))
"""Sizes of axes whose length is not known, by run; the larger ones can be halved several times.

None of them, and no batch, is another one times a number plus a number in all three runs.
"""
_ENTERED = ("Functional", "Lambda", "Model", "Sequential")
"""Classes of Keras's whose ``call`` is the author's, or calls what the author wrote."""


class ModelTracer:
    """Makes an nnc model of a live one.

    Args:
        source: the model.
        live: says whose objects are.
        options: how it is read.
        problems: where problems are noted.
    """

    def __init__(self, source: Any, live: LiveConfigs, options: Options, problems: Problems) -> None:
        self.source, self.live, self.options, self.problems = source, live, options, problems
        self.keras = sys.modules[_package(source)]
        self.layers: dict[int, Layer] = {}
        self.owners: dict[int, tuple[Any, int]] = {}
        self.pairs: list[tuple[Any, Layer]] = []
        self._kept: list[Any] = []

    # ------------------------------------------------------------------ the model

    def model(self) -> Model:
        """Return the model, with the weights of the live one.

        Raises:
            ModelError: it cannot be traced; the message names the author's line.
        """
        problem: ModelError | None = None
        for grouping in GROUPINGS:
            for lengths in (LENGTHS, LENGTHS[2:]):
                self.layers.clear()
                self.pairs.clear()
                try:
                    return self._made(grouping, lengths)
                except ModelFileError:
                    raise
                except (ModelError, ShapeError) as error:
                    problem = error if isinstance(error, ModelError) else ModelError(str(error))
                if all(None not in tuple(spec.shape)[1:] for spec in self._specifications()):
                    raise problem
        assert problem is not None
        raise problem

    def _made(self, grouping: Callable[[str], str], lengths: Sequence[Sequence[int]]) -> Model:
        """Return the model, where unknown lengths of inputs that are grouped together are the same.

        Args:
            grouping: the group of an input, by its name.
            lengths: sizes for axes of unknown length, by run.
        """
        inputs = self._inputs()
        groups = [grouping(str(getattr(spec, "name", "") or number)) for number, (spec, _) in enumerate(inputs)]
        predicting, training = (self._trace(inputs, groups, lengths, mode) for mode in (False, True))
        equate_groups(inputs, groups)
        root = self._traced(self.source)
        given = [tensor for _, tensor in inputs]
        outputs = self._flat(predicting, training, given)
        if outputs is None:
            start = root.add_trace(predicting)
            root.training_traces[start] = root.add_trace(training)
            outputs = root(*given, trace=start)
        model = Model(given if len(given) > 1 else given[0], outputs, name=safe_name(self.source.name))
        self._copy_weights()
        return model

    def _inputs(self) -> list[tuple[Any, SymbolicTensor]]:
        """Return the inputs of the live model, as specifications, with nnc's."""
        found = []
        for tensor in self._specifications():
            shape, dtype = tuple(tensor.shape), str(tensor.dtype)
            name = getattr(tensor, "name", None)
            dtype = dtype if dtype in ("float32", "float64", "int32", "int64", "uint8", "bool") else "float32"
            made = Input(shape[1:], dtype=dtype, name=None if name is None else safe_name(name))
            found.append((tensor, made))
        return found

    def _specifications(self) -> list[Any]:
        known = getattr(self.source, "inputs", None)
        if known:
            return list(known)
        shapes = getattr(self.source, "_build_shapes_dict", None)
        if not shapes:
            raise ModelError(
                f"Keras model '{self.source.name}' ({type(self.source).__name__}) is not built: call it once on data,"
                " so that the shapes of its inputs are known"
            )
        flat = [shape for item in shapes.values() for shape in flat_shapes(item)]
        return [self.keras.KerasTensor((None, *shape[1:]), dtype=self.source.input_dtype) for shape in flat]

    # ------------------------------------------------------------------ tracing

    def _trace(
        self,
        inputs: Sequence[tuple[Any, SymbolicTensor]],
        groups: Sequence[str],
        lengths: Sequence[Sequence[int]],
        training: bool,
    ) -> Trace:
        frames = [self._record(inputs, groups, lengths, training, run) for run in range(len(BATCHES))]
        return Settling(self.keras, self._layer, self._weight, self._number).trace(frames)

    def _record(
        self,
        inputs: Sequence[tuple[Any, SymbolicTensor]],
        groups: Sequence[str],
        lengths: Sequence[Sequence[int]],
        training: bool,
        run: int,
    ) -> Frame:
        """Record one run.

        Args:
            inputs: specifications, with nnc's inputs.
            groups: for each input the group whose unknown lengths are the same.
            lengths: sizes for axes of unknown length, in their order.
            training: whether layers do as in training.
            run: number of the run.
        """
        recorder = Recorder(self.keras, self._is_whole)
        self._kept.append(recorder)
        numbers: dict[tuple[str, int], int] = {}
        tensors = []
        for (spec, _), group in zip(inputs, groups, strict=True):
            shape = [BATCHES[run], *tuple(spec.shape)[1:]]
            for axis, dim in enumerate(shape):
                if dim is None:
                    chosen = lengths[min(len(numbers), len(lengths) - 1)][run]
                    shape[axis] = numbers.setdefault((group, axis), chosen)
            tensors.append(self.keras.KerasTensor(tuple(shape), dtype=spec.dtype))
        arguments = self._packed(tensors)
        with recording(recorder):
            try:
                self.source(arguments, training=training) if _takes_training(self.source) else self.source(arguments)
            except Exception as error:  # the author's code may raise anything
                if recorder.failure is not None:
                    raise recorder.failure from None
                title = f"model '{self.source.name}' ({type(self.source).__name__})"
                raise ModelError(explained(error, title)) from error
        return recorder.root

    def _packed(self, tensors: list[Any]) -> Any:
        structure = getattr(self.source, "_inputs_struct", None)
        if structure is None:
            return tensors[0] if len(tensors) == 1 else tensors
        remaining = iter(tensors)
        return packed_like(structure, remaining, self.keras.KerasTensor)

    def _is_whole(self, layer: Any) -> bool:
        entry = {"class_name": type(layer).__name__, "config": {}}
        described = self.live.described(layer, entry, RUNNING)
        is_keras = type(layer).__module__.startswith(f"{self.keras.__name__}.")
        is_whole = is_keras and "overrides" not in described and type(layer).__name__ not in _ENTERED
        if is_whole and layer._layers:
            self._layer(layer)  # which refuses what is its author's inside a wrapper
        return is_whole

    # ------------------------------------------------------------------ layers and weights

    def _layer(self, layer: Any, outputs: Sequence[Any] = ()) -> Layer:
        """Return nnc's layer for one of Keras's.

        Args:
            layer: the layer.
            outputs: its first output in each run, where it is called.
        """
        if id(layer) not in self.layers:
            entry = {
                "class_name": type(layer).__name__,
                "module": type(layer).__module__,
                "registered_name": None,
                "config": layer.get_config(),
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
            self.layers[id(layer)] = definition.layer
            if not isinstance(getattr(definition.layer, "cell", None), TracedCell):  # which has its weights already
                self.pairs.append((layer, definition.layer))
            self._kept.append(layer)
        return self.layers[id(layer)]

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
        if type(layer).__name__ != "RNN" or not shapes or not hasattr(cell, "_layers") or self._is_whole(cell):
            return node
        assert isinstance(config, MappingNode)
        start = getattr(type(cell), "get_initial_state", None)  # Keras's own are zeros
        if start is not None and not is_keras_module(start.__module__):
            raise ModelError(f"layer '{layer.name}' (RNN): a cell with a get_initial_state of its own cannot be traced")
        size, output = cell.state_size, getattr(cell, "output_size", None)
        made = TracedCell(type(cell).__name__, size, output, name=safe_name(cell.name), trainable=bool(cell.trainable))
        self.layers[id(cell)] = made
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
            if self._is_whole(theirs):
                self._build(theirs, self._layer(theirs))
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
            recorder = Recorder(self.keras, self._is_whole)
            self._kept.append(recorder)
            with recording(recorder):
                try:
                    recorder.enter(_Function(function, name, layer), tuple(map(recorder.copy, given)), {})
                except Exception as error:
                    if recorder.failure is not None:
                        raise recorder.failure from None
                    raise ModelError(explained(error, f"function '{name}'")) from error
            frames.append(recorder.root)
        trace = Settling(self.keras, self._layer, self._weight, self._number).trace(frames)
        return TracedFunction(name, trace)

    def _traced(self, layer: Any) -> TracedLayer:
        """Return nnc's layer for one of its author's, or for one whose ``call`` is entered."""
        if id(layer) not in self.layers:
            made = TracedLayer(type(layer).__name__, name=safe_name(layer.name), trainable=bool(layer.trainable))
            self.layers[id(layer)] = made
            self._kept.append(layer)
            for variable in _own_variables(layer):
                self._add_weight(made, variable)
            penalty = self._keras_object("regularizers", getattr(layer, "activity_regularizer", None), made)
            made.activity_regularizer = regularizers.get(penalty)
            made.built = True
        found = self.layers[id(layer)]
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

    def _weight(self, variable: Any) -> OwnWeight:
        """Return nnc's weight for one of Keras's."""
        if not self.owners:
            for layer in self.source._flatten_layers():
                for index, item in enumerate(_own_variables(layer)):
                    self.owners[id(item)] = layer, index
        if id(variable) not in self.owners:
            raise ModelError(f"weight '{variable.path}' belongs to no layer of the model")
        layer, index = self.owners[id(variable)]
        if not self._is_whole(layer):
            return OwnWeight(self._traced(layer), index, is_own=True)
        ours = self._layer(layer)
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
        made = self._traced(layer)
        return made, made.add_trace(trace)

    def variables(self) -> dict[int, Variable]:
        """Return nnc's weights by the identity of Keras's."""
        found: dict[int, Variable] = {}
        for layer, ours in self.pairs:
            found |= {id(theirs): weight for theirs, weight in zip(layer.weights, ours.weights, strict=True)}
        for layer in self.source._flatten_layers():
            made = self.layers.get(id(layer))
            if isinstance(made, TracedLayer):
                found |= {id(item): own for item, own in zip(_own_variables(layer), made.own_weights, strict=True)}
        return found

    def _copy_weights(self) -> None:
        for theirs, ours in self.pairs:
            arrays = [numpy.asarray(array) for array in theirs.get_weights()]
            if [array.shape for array in arrays] != [weight.shape for weight in ours.weights]:
                shapes = ", ".join(str(array.shape) for array in arrays)
                raise ModelError(f"layer '{theirs.name}' has weights of the shapes {shapes}, which nnc's has not")
            ours.set_weights(arrays)

    # ------------------------------------------------------------------ wiring

    def _flat(self, predicting: Trace, training: Trace, given: list[SymbolicTensor]) -> Any:
        """Wire the calls of the whole model as its layers; None where training does other things than predicting."""
        pairs = list(zip(predicting.steps, training.steps, strict=False))
        if len(predicting.steps) != len(training.steps) or predicting.inputs != len(given):
            return None
        if not all(_differ_in_mode(one, other) for one, other in pairs):
            return None
        values = TraceValues(list(given))
        for one, other in pairs:
            assert isinstance(one, TracedCall) and isinstance(other, TracedCall)
            args, kwargs = values.resolved(one.args), values.resolved(dict(one.kwargs))
            if isinstance(one.target, TracedLayer):
                one.target.training_traces[one.kwargs["trace"]] = other.kwargs["trace"]
            if isinstance(one.target, Layer):
                kwargs.pop("training", None)
                outputs = one.target(*args, **kwargs)
            else:
                outputs = Operation(one.target, kwargs)(*args)
            values.values += leaves(outputs, SymbolicTensor)
        return values.resolved(predicting.outputs)


def _differ_in_mode(one: Any, other: Any) -> bool:
    """Whether two steps are the same call, but for whether it is one of training."""
    if not isinstance(one, TracedCall) or not isinstance(other, TracedCall):
        return False
    modes = one.kwargs.get("training"), other.kwargs.get("training")
    if modes not in ((False, True), (None, None)):  # a mode of its own, which models of calls overrule
        return False
    kwargs = [{key: item for key, item in step.kwargs.items() if key not in _OF_MODE} for step in (one, other)]
    return one.target == other.target and _equal(one.args, other.args) and _equal(*kwargs)


_OF_MODE = ("trace", "training")


def _equal(one: Any, other: Any) -> bool:
    """Whether arguments are the same, arrays too."""
    if isinstance(one, numpy.ndarray) or isinstance(other, numpy.ndarray):
        return type(one) is type(other) and one.dtype == other.dtype and numpy.array_equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and type(one) is type(other):
        return len(one) == len(other) and all(map(_equal, one, other))
    return type(one) is type(other) and bool(one == other)


def _own_variables(layer: Any) -> list[Any]:
    """Return the weights that are a layer's own, also while symbolic tensors stand for them."""
    own = [*getattr(layer, "_trainable_variables", ()), *getattr(layer, "_non_trainable_variables", ())]
    return [getattr(item, "_traced_variable", item) for item in own]


def _takes_training(source: Any) -> bool:
    return bool(getattr(source, "_call_has_training_arg", False))


def _package(source: Any) -> str:
    modules = [cls.__module__.partition(".")[0] for cls in type(source).__mro__]
    return next(name for name in modules if name in ("keras", "tf_keras"))


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
