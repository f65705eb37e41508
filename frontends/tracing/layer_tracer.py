"""nnc's layers and weights for those of a live model: Keras's own are read, what their author wrote is traced."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import count
from typing import Any

import numpy

from frontends.authors import identity_of
from frontends.element_types import QUANTIZED_INSIDE, widened_array
from frontends.keras_calls import safe_name
from frontends.keras_form import read_layer
from frontends.live_objects import RUNNING, LiveConfigs, holds_quantized
from frontends.nodes import Mapping as MappingNode
from frontends.nodes import ValueNode, from_plain
from frontends.problems import Problems
from frontends.reader_options import Options
from frontends.recurrent_states import copy_states, states
from frontends.tracing.author_lines import is_library
from frontends.tracing.interception import recording
from frontends.tracing.own_code import OF_WEIGHTS, is_authors, own_activations
from frontends.tracing.ownership import Ownership, own_variables
from frontends.tracing.recording import Frame, Recorder
from frontends.tracing.settling import Frames, Settling
from nnc import regularizers
from nnc.dtype_policies import narrow_note
from nnc.errors import ModelError
from nnc.layers import Layer, Variable
from nnc.layers.input_types import FLOAT
from nnc.layers.trace import OwnWeight, Trace
from nnc.layers.traced import TracedFunction, TracedLayer

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
        has_layers: whether it makes the model's layers, and not just functions beside them, such as losses.
    """

    def __init__(
        self, source: Any, live: LiveConfigs, options: Options, problems: Problems, has_layers: bool = True
    ) -> None:
        self.source, self.live, self.options, self.problems = source, live, options, problems
        self.has_layers = has_layers
        self.keras = sys.modules[_package(source)]
        self.ownership = Ownership(source)
        self._layers: dict[int, Layer] = {}
        self._pairs: list[tuple[Any, Layer]] = []
        self._kept: list[Any] = []
        self._whole: dict[int, bool] = {}
        self._holders: dict[int, Any] | None = None
        self._weight_functions: dict[tuple[int, tuple[int, ...]], TracedFunction] = {}

    def forget(self) -> None:
        """Forget the layers that were made, for another try."""
        self._layers.clear()
        self._pairs.clear()

    def recorder(self) -> Recorder:
        """Return a recorder of calls, whose tensors stay alive as long as this."""
        made = Recorder(self.keras, self.is_whole, self.ownership.has)
        self._kept.append(made)
        return made

    def trace(self, frames: Frames) -> Trace:
        """Return the trace of a call that was recorded several times."""
        return Settling(self.keras, self.layer, self.weight, self._number, self._build).trace(frames)

    def is_whole(self, layer: Any) -> bool:
        """Whether a layer is Keras's own, with nothing of its author's inside, and stays what it is."""
        if id(layer) not in self._whole:
            parts = layer._flatten_layers() if hasattr(layer, "_flatten_layers") else [layer]
            is_entered = type(layer).__name__ in _ENTERED
            is_whole = not is_entered and all(self._is_keras(part) for part in parts)
            self._whole[id(layer)] = is_whole and self.ownership.is_closed(layer)
            self._kept.append(layer)
        return self._whole[id(layer)]

    def _is_keras(self, part: Any) -> bool:
        """Whether a layer, or one inside it, is as Keras has it; nnc's layers have no LoRA."""
        described = self.live.described(part, {"class_name": type(part).__name__, "config": {}}, RUNNING)
        module, cell = described.get("module", type(part).__module__), getattr(part, "cell", None)
        return (
            str(module).startswith(f"{self.keras.__name__}.")
            and "overrides" not in described
            and type(part).__name__ != "Lambda"
            and not getattr(part, "lora_enabled", False)
            and (cell is None or hasattr(cell, "_layers"))
            and not own_activations(part, self.live.is_known)
            and _has_config(part)
        )

    # ------------------------------------------------------------------ layers and weights

    def layer(self, layer: Any) -> Layer:
        """Return nnc's layer for one of Keras's."""
        if id(layer) not in self._layers:
            entry = {
                "class_name": type(layer).__name__,
                "module": type(layer).__module__,
                "registered_name": None,
                "config": _config(layer),
            }
            node = from_plain(self.live.described(layer, entry, RUNNING))
            assert isinstance(node, MappingNode)
            node = _without_functions_of_weights(node)
            definition = read_layer(node, self.problems, self.options)
            if definition is None or definition.layer is None:
                if self.problems:
                    raise self.problems.error()
                raise ModelError(f"layer '{layer.name}' ({type(layer).__name__}) cannot be made")
            self._layers[id(layer)] = definition.layer
            self._pairs.append((layer, definition.layer))
            self._kept.append(layer)
        return self._layers[id(layer)]

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
        return TracedFunction(name, self.trace(self.frames(function, name, specs, layer)))

    def frames(
        self,
        function: Any,
        name: str,
        specs: Sequence[Sequence[Any]],
        layer: Any = None,
        around: Callable[[Recorder], AbstractContextManager[Any]] = nullcontext,
    ) -> list[Frame]:
        """Return what is recorded of a function of its author's in each run; see `function`.

        Args:
            function: the function.
            name: its name, for messages.
            specs: its arguments in each run, as symbolic tensors.
            layer: whose weights it reads, None for none.
            around: returns in what a recorder runs the function.

        Raises:
            ModelError: it cannot be run; the message names the author's line.
        """
        frames = []
        for given in specs:
            recorder = self.recorder()
            with recording(recorder), around(recorder):
                frames.append(self.frame(recorder, function, name, given, layer))
        return frames

    def frame(self, recorder: Recorder, function: Any, name: str, given: Sequence[Any], layer: Any = None) -> Frame:
        """Return what a recorder records of a function of its author's, inside `recording`; see `frames`.

        Raises:
            ModelError: it cannot be run; the message names the author's line.
        """
        try:
            recorder.enter(_Function(function, name, layer), tuple(map(recorder.copy, given)), {})
        except Exception as error:
            if recorder.failure is not None:
                raise recorder.failure from None
            raise ModelError(explained(error, f"function '{name}'")) from error
        return recorder.root

    def settled(self, frames: Frames, weight: Callable[[Any], OwnWeight]) -> Trace:
        """Return the trace of a function that was recorded, whose variables belong to no layer.

        Args:
            frames: what was recorded, by run.
            weight: returns what stands for a variable.
        """
        return Settling(self.keras, self.layer, weight, self._number, self._build).trace(frames)

    def traced(self, layer: Any) -> TracedLayer:
        """Return nnc's layer for one of its author's, or for one whose ``call`` is entered."""
        if id(layer) not in self._layers:
            made = TracedLayer(type(layer).__name__, name=safe_name(layer.name), trainable=bool(layer.trainable))
            self._layers[id(layer)] = made
            self._kept.append(layer)
            if (note := narrow_note(str(getattr(getattr(layer, "dtype_policy", None), "name", "")))) is not None:
                self.problems.note(note)
            owned, remembered = set(self._owned(layer)), set(map(id, states(layer)))
            for variable in own_variables(layer):
                if id(variable) in owned:
                    self._add_weight(made, variable).is_state = id(variable) in remembered
            penalty = getattr(layer, "activity_regularizer", None)
            if not is_authors(penalty):  # those are recorded
                made.activity_regularizer = regularizers.get(_serialized(self.keras.regularizers, penalty))
            made.built = True
        found = self._layers[id(layer)]
        assert isinstance(found, TracedLayer)
        return found

    def _add_weight(self, layer: TracedLayer, variable: Any) -> Variable:
        array = widened_array(numpy.asarray(variable.numpy()))
        taken = {weight.name for weight in layer.own_weights}
        names = (f"{variable.name}_{number}" if number else str(variable.name) for number in count())
        return layer.add_weight(
            array.shape,
            lambda shape, dtype, generator=None: array,
            str(array.dtype),
            bool(variable.trainable),
            name=next(name for name in names if name not in taken),
            **self._functions_of(variable),
        )

    def _functions_of(self, variable: Any) -> dict[str, Any]:
        """Return regularizer and constraint of a weight."""
        found = {}
        for key in OF_WEIGHTS:
            item = getattr(variable, key, None)
            own = self._function_of_weight(item, variable) if is_authors(item) else None
            found[key] = own or _serialized(getattr(self.keras, f"{key}s"), item)
        return found

    def _function_of_weight(self, item: Any, variable: Any) -> TracedFunction:
        """Return an author's function of a weight, traced."""
        shape, ops = tuple(variable.shape), self.keras.ops
        if (id(item), shape) not in self._weight_functions:
            name = getattr(item, "__name__", type(item).__name__)
            specs = [[self.keras.KerasTensor(shape, dtype=variable.dtype)] for _ in BATCHES]

            def call(weight: Any) -> Any:
                found = item(weight)
                return found if isinstance(found, self.keras.KerasTensor) else 0.0 * ops.sum(weight) + found

            self._weight_functions[id(item), shape] = self.function(call, name, specs)
            self._kept.append(item)
        return self._weight_functions[id(item), shape]

    def weight(self, variable: Any) -> OwnWeight:
        """Return nnc's weight for one of Keras's."""
        if not self.has_layers:
            raise ModelError(
                f"weight '{variable.path}' is read outside of the model's layers; what depends on it can be added to"
                " the loss by add_loss in a layer, or be a regularizer of the weight"
            )
        layer = self.ownership.first_owner(variable)
        if layer is None:
            raise ModelError(f"weight '{variable.path}' belongs to no layer of the model")
        whole = self._whole_holders().get(id(variable))
        if whole is None:
            return OwnWeight(self.traced(layer), self._owned(layer).index(id(variable)), is_own=True)
        self._build(whole)  # it may be that only its weights are read
        theirs = [id(getattr(item, "_traced_variable", item)) for item in whole.weights]
        return OwnWeight(self.layer(whole), theirs.index(id(variable)))

    def _whole_holders(self) -> dict[int, Any]:
        """Return the outermost layers that stay whole, by the identities of their weights."""
        if self._holders is None:
            self._holders = {}
            for layer in filter(self.is_whole, self.ownership.layers):
                for item in layer.weights:
                    self._holders.setdefault(id(getattr(item, "_traced_variable", item)), layer)
        return self._holders

    def _owned(self, layer: Any) -> list[int]:
        """Return the identities of the weights that a traced layer has: those of which it is the first owner."""
        return [id(item) for item in own_variables(layer) if self.ownership.first_owner(item) is layer]

    def _build(self, layer: Any) -> None:
        """Build nnc's layer for one of Keras's with the shapes that this was built with, unless it is built."""
        ours = self.layer(layer)
        if ours.built:
            return
        shapes = [tuple(shape) for shape in (getattr(layer, "_build_shapes_dict", None) or {}).values()]
        if not shapes:  # a layer without weights, which its first call builds
            return
        ours.weights_dtype = ours.weights_dtype or FLOAT
        with ours.blame():
            ours.build(*shapes)
        ours.built = True

    def _number(self, layer: Any, trace: Trace) -> tuple[TracedLayer, int]:
        """Return the traced layer of an author's, and the number of one of its traces."""
        made = self.traced(layer)
        return made, made.add_trace(trace)

    def never_called(self) -> list[TracedLayer]:
        """Return the traced layers of which only weights are read, or layers inside are called."""
        found = [layer for layer in self._layers.values() if isinstance(layer, TracedLayer)]
        return [layer for layer in found if not layer.traces]

    def variables(self) -> dict[int, Variable]:
        """Return nnc's weights by the identity of Keras's."""
        found: dict[int, Variable] = {}
        for layer, ours in self._pairs:
            found |= {id(theirs): weight for theirs, weight in zip(layer.weights, ours.weights, strict=True)}
        for layer in self.ownership.layers:
            made = self._layers.get(id(layer))
            if isinstance(made, TracedLayer):
                pairs = zip(self._owned(layer), made.own_weights, strict=True)
                found |= {key: weight for key, weight in pairs if not weight.is_state}
        return found

    def copy_weights(self) -> None:
        """Give nnc's layers the numbers of Keras's.

        Raises:
            ModelError: a layer's weights have other shapes than nnc's.
        """
        for theirs, ours in self._pairs:
            if holds_quantized(theirs):
                raise ModelError(f"layer '{theirs.name}' ({type(theirs).__name__}): {QUANTIZED_INSIDE}")
            arrays = [numpy.asarray(array) for array in theirs.get_weights()]
            if [array.shape for array in arrays] != [weight.shape for weight in ours.weights]:
                shapes = ", ".join(str(array.shape) for array in arrays)
                raise ModelError(f"layer '{theirs.name}' has weights of the shapes {shapes}, which nnc's has not")
            ours.set_weights(arrays)
            copy_states(theirs, ours)
            for variable, weight in zip(theirs.weights, ours.weights, strict=True):
                for key in OF_WEIGHTS:
                    item = getattr(variable, key, None)
                    if is_authors(item):
                        setattr(weight, key, self._function_of_weight(item, variable))


def _has_config(layer: Any) -> bool:
    """Whether a layer says what its arguments are; objects of classes of its author's may not."""
    try:
        _config(layer)
    except Exception:  # the author's code may raise anything
        return False
    return True


def _config(layer: Any) -> dict[str, Any]:
    """Return what a layer says of its arguments, without Keras's warning about a `lambda` among them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: dict[str, Any] = layer.get_config()
    return found


def _serialized(kind: Any, item: Any) -> Any:
    """Return the config of a regularizer or constraint of Keras's, None for none."""
    return None if item is None else kind.serialize(item)


def _without_functions_of_weights(node: MappingNode) -> MappingNode:
    """Return the entry of a layer without its author's initializers, regularizers and constraints.

    Weights come with their numbers, and what is done with them is taken from the weights.
    """
    found: dict[str, ValueNode] = {}
    for key, item in node.entries.items():
        if not isinstance(item, MappingNode):
            found[key] = item
            continue
        identity = identity_of(item)
        if key.endswith(_OF_WEIGHTS) and identity is not None and not identity.is_keras:
            continue
        found[key] = _without_functions_of_weights(item)
    return replace(node, entries=found)


_OF_WEIGHTS = ("_initializer", "_regularizer", "_constraint")


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
