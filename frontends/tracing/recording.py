"""Records the calls of operations and layers that a live model's Python makes on symbolic tensors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import numpy

import nnc
from frontends.tracing.functions import CREATIONS, RANDOM, Made, drawn, made
from frontends.tracing.tensorflow_functions import translate_tensorflow
from nnc.errors import ModelError

_RECORDER: ContextVar[Recorder | None] = ContextVar("recorder", default=None)


@dataclass(eq=False)
class Call:
    """One call, with tensors of Keras's as arguments and results.

    Args:
        target: an operation or a layer of Keras's, the name of a random function, or a frame, for a layer of its
            author's.
        args: its positional arguments.
        kwargs: its keywords.
        outputs: its results, flat.
        place: the author's line.
    """

    target: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    outputs: list[Any]
    place: str


@dataclass(eq=False)
class Assigned:
    """A weight that got a new value."""

    variable: Any
    value: Any
    place: str


@dataclass(eq=False)
class Loss:
    """A value that was added to the loss."""

    value: Any
    place: str


@dataclass(eq=False)
class Frame:
    """One call of a layer of its author's.

    Args:
        layer: the layer.
        inputs: the tensors among the arguments, from left to right.

    Attributes:
        steps: what was recorded, in order.
        outputs: what it returned; of a call inside another, the tensors in it, and masks that were computed inside.
    """

    layer: Any
    inputs: list[Any]
    steps: list[Any] = field(default_factory=list)
    outputs: Any = None


class Recorder:
    """Records one run of a model.

    Args:
        keras: the package of the model.
        is_whole: whether a layer is Keras's own and stays what it is.
    """

    def __init__(self, keras: Any, is_whole: Callable[[Any], bool]) -> None:
        self.keras = keras
        self.is_whole = is_whole
        self.frames: list[Frame] = []
        self.failure: ModelError | None = None
        self.symbols: dict[int, tuple[Any, Any]] = {}
        self._tensor: type[Any] = keras.KerasTensor

    # ------------------------------------------------------------------ calls

    def layer(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], infer: Callable[..., Any]) -> Any:
        """Return the results of a call of a layer, and record it."""
        if self.is_whole(layer):
            with self._variables(layer):
                outputs = infer(layer, *args, **kwargs)
                if any(None in tensor.shape for tensor in self.tensors(outputs)):  # all lengths are known here
                    outputs = self.keras.Operation.compute_output_spec(layer, *args, **kwargs)
            self._add(layer, args, kwargs, outputs)
            return outputs
        return self.enter(layer, args, kwargs)

    def operation(self, op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], infer: Callable[..., Any]) -> Any:
        """Return the results of an operation, and record it."""
        if type(op).__name__ == "Ndim":  # a plain number, as on a backend
            return len(args[0].shape)
        with _paused():
            try:
                outputs = infer(op, *args, **kwargs)
            except Exception as error:  # Keras's rule for shapes may lack what the operation itself can do
                outputs = self._computed_spec(op, args, kwargs, error)
        self._add(op, args, kwargs, outputs)
        return outputs

    def _computed_spec(self, op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception) -> Any:
        """Return what an operation gives according to Keras's backend, where its own rule for shapes has failed."""
        compute = sys.modules[f"{self.keras.__name__}.src.backend"].compute_output_spec
        try:
            return compute(op.call, *args, **kwargs)
        except Exception:
            raise error from None

    def enter(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the results of a layer of its author's, whose ``call`` is run on symbols."""
        given = self.tensors((args, kwargs))
        copies = {id(tensor): self.copy(tensor) for tensor in given}
        inner_args, inner_kwargs = self.mapped(lambda tensor: copies[id(tensor)], (args, kwargs))
        frame = Frame(layer, [copies[id(tensor)] for tensor in given])
        self.frames.append(frame)
        before = vars(layer).get("add_loss")
        vars(layer)["add_loss"] = self.add_loss
        try:
            with self._symbols(layer):
                outputs = layer.call(*inner_args, **inner_kwargs)
        finally:
            self.frames.pop()
            if before is None:
                vars(layer).pop("add_loss", None)
            else:
                vars(layer)["add_loss"] = before
        frame.outputs = self.mapped(self._symbol, outputs)
        if not self.frames:
            self.root = frame
            return outputs
        flat = self.tensors(frame.outputs)
        made = {id(tensor) for step in frame.steps if isinstance(step, Call) for tensor in step.outputs}
        masks = [mask for tensor in flat if id(mask := getattr(tensor, "_keras_mask", None)) in made]
        results = {id(tensor): self.copy(tensor) for tensor in [*masks, *flat]}
        for tensor in flat:  # a mask that was computed inside is one more result
            mask = getattr(tensor, "_keras_mask", None)
            if id(mask) in results:
                results[id(tensor)]._keras_mask = results[id(mask)]
        outputs = self.mapped(lambda tensor: results[id(tensor)], frame.outputs)
        if not flat and not frame.steps:  # it made constants
            return outputs
        frame.outputs = [*flat, *masks]
        self._add(frame, tuple(given), {}, [results[id(tensor)] for tensor in frame.outputs])
        return outputs

    def function(self, name: str, call: Made) -> Any:
        """Return the result of a function that has no operation, and record its call."""
        output = self._tensor(call.shape, dtype=call.dtype)
        self._add(name, call.tensors, call.arguments, output)
        return output

    def assign(self, variable: Any, value: Any) -> None:
        """Record that a weight gets a new value."""
        self.frames[-1].steps.append(Assigned(variable, value, _place()))

    def add_loss(self, loss: Any) -> None:
        """Record that values are added to the loss."""
        for value in loss if isinstance(loss, list | tuple) else [loss]:
            self.frames[-1].steps.append(Loss(value, _place()))

    def _add(self, target: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], outputs: Any) -> None:
        self.frames[-1].steps.append(Call(target, args, dict(kwargs), self.tensors(outputs), _place()))

    # ------------------------------------------------------------------ tensors

    def tensors(self, structure: Any) -> list[Any]:
        """Return the symbolic tensors in a structure, from left to right."""
        found: list[Any] = []
        self.mapped(found.append, structure)
        return found

    def mapped(self, function: Callable[[Any], Any], structure: Any) -> Any:
        """Return a structure with a function applied to its symbolic tensors and variables."""
        if isinstance(structure, self._tensor) or _is_variable(structure):
            return function(structure)
        if isinstance(structure, dict):
            return {key: self.mapped(function, item) for key, item in structure.items()}
        if isinstance(structure, list | tuple):
            items = [self.mapped(function, item) for item in structure]
            if isinstance(structure, tuple) and hasattr(structure, "_fields"):
                return type(structure)(*items)
            return items if isinstance(structure, list) else tuple(items)
        return structure

    def copy(self, tensor: Any) -> Any:
        """Return a symbolic tensor like another, with the same mask."""
        found = self._tensor(tensor.shape, dtype=tensor.dtype)
        mask = getattr(tensor, "_keras_mask", None)
        if mask is not None:
            found._keras_mask = mask
        return found

    # ------------------------------------------------------------------ weights

    def _symbol(self, item: Any) -> Any:
        """Return the symbolic tensor that stands for a weight; anything else is returned as it is."""
        if not _is_variable(item):
            return item
        if id(item) not in self.symbols:
            self.symbols[id(item)] = item, _symbolic_weight(self._tensor)(item, self)
        return self.symbols[id(item)][1]

    def _original(self, item: Any) -> Any:
        return getattr(item, "_traced_variable", item)

    @contextmanager
    def _symbols(self, layer: Any) -> Iterator[None]:
        """Let the weights of a layer, and of those inside it, be symbolic tensors inside the block."""
        with _exchanged(layer, self._symbol, _is_variable):
            yield

    @contextmanager
    def _variables(self, layer: Any) -> Iterator[None]:
        """Let the weights of a layer be what they were inside the block, in which nothing is recorded."""
        with _paused(), _exchanged(layer, self._original, lambda item: hasattr(item, "_traced_variable")):
            yield


def _is_variable(item: Any) -> bool:
    """Whether something is a weight of Keras's, by its class, which has had two names."""
    kind: Any = type(item)
    return bool(_is_class_of_variables(kind))


@cache
def _is_class_of_variables(kind: Any) -> bool:
    return any(cls.__module__.endswith("backend.common.variables") for cls in kind.__mro__)


def _symbolic_weight(tensor: type[Any]) -> Callable[[Any, Recorder], Any]:
    """Return what makes a symbolic tensor that stands for a weight."""

    class SymbolicWeight(tensor):  # type: ignore[misc]  # Keras is imported by whoever made the model
        """A weight while its layer is traced."""

        def __init__(self, variable: Any, recorder: Recorder) -> None:
            super().__init__(tuple(variable.shape), dtype=variable.dtype, name=variable.name)
            self._traced_variable, self._recorder = variable, recorder

        def assign(self, value: Any) -> Any:
            self._recorder.assign(self._traced_variable, value)
            return self

        def assign_add(self, value: Any) -> Any:
            return self.assign(self + value)

        def assign_sub(self, value: Any) -> Any:
            return self.assign(self - value)

        @property
        def value(self) -> Any:
            return self

        @property
        def trainable(self) -> bool:
            return bool(self._traced_variable.trainable)

        @property
        def path(self) -> str:
            return str(self._traced_variable.path)

    return SymbolicWeight


@contextmanager
def _exchanged(layer: Any, function: Callable[[Any], Any], is_concerned: Callable[[Any], bool]) -> Iterator[None]:
    """Let attributes of a layer, and of those inside it, be something else inside the block."""
    undo: list[Callable[[], None]] = []
    seen: set[int] = set()

    def exchange(container: Any, key: Any, item: Any, put: Callable[[Any, Any, Any], None]) -> None:
        if is_concerned(item):
            put(container, key, function(item))
            undo.append(lambda: put(container, key, item))
        elif isinstance(item, list | tuple | dict):
            visit(item)
        elif hasattr(item, "_layers") and hasattr(item, "call"):
            visit_layer(item)

    def visit(item: Any) -> None:
        if id(item) in seen:
            return
        seen.add(id(item))
        if isinstance(item, dict):
            for key, part in list(item.items()):
                exchange(item, key, part, dict.__setitem__)
        elif isinstance(item, list):
            for key, part in enumerate(list(item)):
                exchange(item, key, part, list.__setitem__)
        else:
            for part in item:
                if isinstance(part, list | tuple | dict):
                    visit(part)
                elif hasattr(part, "_layers") and hasattr(part, "call"):
                    visit_layer(part)

    def visit_layer(item: Any) -> None:
        if id(item) in seen:
            return
        seen.add(id(item))
        for key, part in list(vars(item).items()):
            exchange(vars(item), key, part, dict.__setitem__)

    visit_layer(layer)
    try:
        yield
    finally:
        for step in reversed(undo):
            step()


@contextmanager
def _paused() -> Iterator[None]:
    token = _RECORDER.set(None)
    try:
        yield
    finally:
        _RECORDER.reset(token)


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Let Keras's symbolic calls of this thread go to a recorder inside the block."""
    _patch(recorder.keras)
    config = recorder.keras.config
    filters = config.is_traceback_filtering_enabled()
    config.disable_traceback_filtering()  # which hides the author's lines
    token = _RECORDER.set(recorder)
    try:
        yield
    finally:
        _RECORDER.reset(token)
        if filters:
            config.enable_traceback_filtering()


def _patch(keras: Any) -> None:
    """Let symbolic calls ask whether they are recorded; what does not record goes on as before."""
    operation, layer = keras.Operation, keras.layers.Layer
    if hasattr(operation.symbolic_call, "asks_recorder"):
        return
    _wrap(operation, "symbolic_call", Recorder.operation)
    if "symbolic_call" in vars(layer):
        _wrap(layer, "symbolic_call", Recorder.layer)
    _wrap_node(sys.modules[layer.__module__])
    backend = sys.modules[f"{keras.__name__}.src.backend"]
    for module, names, read in ((backend.random, RANDOM, drawn), (backend.numpy, CREATIONS, made)):
        for name in names:
            if hasattr(module, name):
                _wrap_function(module, name, read)
    _wrap_backend_of_utilities(keras)
    _wrap_equality(keras, "__eq__", "equal")
    _wrap_equality(keras, "__ne__", "not_equal")
    translate_tensorflow(keras, lambda: _RECORDER.get() is not None, _note)


def _note(error: ModelError) -> None:
    recorder = _RECORDER.get()
    assert recorder is not None
    recorder.failure = recorder.failure or error


def _wrap_backend_of_utilities(keras: Any) -> None:
    """Let utilities of Keras's that call its backend, such as those for boxes, call its operations while recorded."""
    utilities = sys.modules.get(f"{keras.__name__}.src.utils.backend_utils")
    dynamic = getattr(utilities, "DynamicBackend", None)
    if dynamic is None:
        return
    original = dynamic.__getattr__

    def attribute(self: Any, name: str) -> Any:
        return original(self, name) if _RECORDER.get() is None else _Operations(keras.ops, original(self, name), name)

    dynamic.__getattr__ = attribute


def _wrap_equality(keras: Any, name: str, operation: str) -> None:
    """Let tensors that are recorded be compared by their elements, as those of backends are, instead of by identity."""
    original = getattr(keras.KerasTensor, name)

    def compare(self: Any, other: Any) -> Any:
        is_tensor = isinstance(other, keras.KerasTensor | bool | int | float | numpy.ndarray) or hasattr(other, "dtype")
        if _RECORDER.get() is None or not is_tensor:
            return original(self, other)
        return getattr(keras.ops, operation)(self, other)

    setattr(keras.KerasTensor, name, compare)


class _Operations:
    """A module or function of a backend, whose functions are those of `keras.ops` where that has them."""

    def __init__(self, operations: Any, original: Any, name: str) -> None:
        self._operations, self._original = operations, getattr(operations, name, original)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._operations, name, None) or getattr(self._original, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._original(*args, **kwargs)


def _wrap(cls: type[Any], name: str, record: Callable[..., Any]) -> None:
    original = getattr(cls, name)

    def symbolic_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        recorder = _RECORDER.get()
        if recorder is None:
            return original(self, *args, **kwargs)
        chosen = Recorder.layer if hasattr(self, "_layers") and hasattr(self, "compute_mask") else record
        try:
            return chosen(recorder, self, args, kwargs, original)
        except ModelError as error:  # Keras raises others in place of errors that pass through its layers
            recorder.failure = recorder.failure or error
            raise

    symbolic_call.asks_recorder = True  # type: ignore[attr-defined]
    setattr(cls, name, symbolic_call)


def _wrap_node(module: Any) -> None:
    """Let layers make no nodes while they are recorded, so that the author's layers stay as they are."""
    original = module.Node

    def node(*args: Any, **kwargs: Any) -> Any:
        return original(*args, **kwargs) if _RECORDER.get() is None else None

    module.Node = node


def _wrap_function(module: Any, name: str, read: Callable[..., Made | None]) -> None:
    original = getattr(module, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        recorder = _RECORDER.get()
        if recorder is None:
            return original(*args, **kwargs)
        try:
            found = read(name, original, args, kwargs)
        except ModelError as error:
            recorder.failure = recorder.failure or error
            raise
        if found is None:
            with _paused():
                return original(*args, **kwargs)
        return recorder.function(name, found)

    setattr(module, name, call)


def _place() -> str:
    """Return the author's line that is being run: the innermost one outside of Keras, nnc and this package."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if not is_library(path):
            return f"{Path(path).name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def is_library(path: str) -> bool:
    """Whether a file is Keras's, its backend's or nnc's."""
    return path.startswith(("<", *_folders()))


@cache
def _folders() -> tuple[str, ...]:
    """Return the folders of Keras, of its backends and of nnc, as far as they are imported."""
    packages = [sys.modules[name] for name in ("keras", "tensorflow", "jax", "torch", "optree") if name in sys.modules]
    files = [nnc.__file__, *(package.__file__ for package in packages if package.__file__), str(Path(__file__).parent)]
    return tuple(f"{Path(file).parent}{os.sep}" for file in files)


def constant_array(item: Any, keras: Any) -> numpy.ndarray:
    """Return a tensor of the backend's as an array.

    Raises:
        ModelError: it is none.
    """
    try:
        return numpy.asarray(keras.ops.convert_to_numpy(item))
    except Exception as error:
        raise ModelError(f"a value of class {type(item).__name__} is no tensor: {error}") from None
