"""Records the calls of operations and layers that a live model's Python makes on symbolic tensors."""

from __future__ import annotations

import sys
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import numpy

from frontends.tracing.author_lines import place
from frontends.tracing.functions import Made
from frontends.tracing.own_code import is_authors
from frontends.tracing.tensor_masks import reads_masks, with_masks_of_tensors
from nnc.errors import ModelError

TopK = namedtuple("TopK", ("values", "indices"))  # what TensorFlow returns

RECORDER: ContextVar[Recorder | None] = ContextVar("recorder", default=None)
"""Where this thread records, None where it does not."""


@dataclass(eq=False)
class Call:
    """One call, with tensors of Keras's as arguments and results.

    Args:
        target: an operation or a layer of Keras's, the name of a random function, a frame, for a layer of its author's,
            or the body of a loop.
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
        masks: tensors of a model's outputs with their masks.
    """

    layer: Any
    inputs: list[Any]
    steps: list[Any] = field(default_factory=list)
    outputs: Any = None
    masks: list[tuple[Any, Any]] = field(default_factory=list)


@dataclass(eq=False)
class Body:
    """The step of a loop.

    Args:
        frame: what is done; its inputs are states, then a step of each sequence.
        carries: number of states.
        sequences: number of sequences.
        backwards: whether the last step in time comes first.
    """

    frame: Frame
    carries: int
    sequences: int
    backwards: bool


class Recorder:
    """Records one run of a model.

    Args:
        keras: the package of the model.
        is_whole: whether a layer is Keras's own and stays what it is.
        has: whether a variable is a weight of the model.

    Attributes:
        condition: where a branch is recorded, whether it is taken, as a symbolic tensor.
    """

    def __init__(self, keras: Any, is_whole: Callable[[Any], bool], has: Callable[[Any], bool]) -> None:
        self.keras = keras
        self.is_whole, self.has = is_whole, has
        self.frames: list[Frame] = []
        self.failure: ModelError | None = None
        self.condition: Any = None
        self.symbols: dict[int, tuple[Any, Any]] = {}
        self._tensor: type[Any] = keras.KerasTensor

    # ------------------------------------------------------------------ calls

    def layer(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], infer: Callable[..., Any]) -> Any:
        """Return the results of a call of a layer, and record it."""
        if self.is_whole(layer) and not reads_masks(layer, self.tensors(args)):
            args, kwargs = with_masks_of_tensors(self.keras, layer, args, _with_mode(layer, kwargs))
            with self._variables(layer):
                outputs = infer(layer, *args, **kwargs)
                if any(None in tensor.shape for tensor in self.tensors(outputs)):  # all lengths are known here
                    outputs = self.keras.Operation.compute_output_spec(layer, *args, **kwargs)
            self.add(layer, args, kwargs, outputs)
            return outputs
        return self.enter(layer, args, kwargs)

    def operation(self, op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], infer: Callable[..., Any]) -> Any:
        """Return the results of an operation, and record it."""
        if type(op).__name__ == "Ndim":  # a plain number, as on a backend
            return len(args[0].shape)
        if self.frames and _is_operator():
            args = self._like_tensor(args)
        args, kwargs = self.mapped(self._symbol, (args, kwargs))
        with paused():
            try:
                outputs = infer(op, *args, **kwargs)
            except ModelError:
                raise
            except Exception as error:  # Keras's rule for shapes may lack what the operation itself can do
                outputs = self._computed_spec(op, args, kwargs, error)
        self.add(op, args, kwargs, outputs)
        return TopK(*outputs) if type(op).__name__ == "TopK" else outputs

    def _computed_spec(self, op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception) -> Any:
        """Return what an operation gives according to Keras's backend, where its own rule for shapes has failed."""
        compute = sys.modules[f"{self.keras.__name__}.src.backend"].compute_output_spec
        try:
            return compute(op.call, *args, **kwargs)
        except Exception:
            raise error from None

    def _like_tensor(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return operands of Python's operators, arrays in the element type of the tensor, as backends do."""
        dtype = next(str(item.dtype) for item in args if isinstance(item, self._tensor))
        if "float" not in dtype:
            return args
        return tuple(numpy.asarray(item, dtype) if _is_float_array(item) else item for item in args)

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
                self._penalize(getattr(layer, "activity_regularizer", None), outputs)
        finally:
            self.frames.pop()
            if before is None:
                vars(layer).pop("add_loss", None)
            else:
                vars(layer)["add_loss"] = before
        for tensor in given:  # a layer inside may take the mask away from what it is given
            if getattr(copies[id(tensor)], "_keras_mask", None) is None and hasattr(tensor, "_keras_mask"):
                tensor._keras_mask = None
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
        self.add(frame, tuple(given), {}, [results[id(tensor)] for tensor in frame.outputs])
        return outputs

    def _penalize(self, penalty: Any, outputs: Any) -> None:
        """Add to the loss what a function of an author's says of outputs, by row, as Keras does."""
        if not is_authors(penalty):
            return
        ops = self.keras.ops
        for tensor in self.tensors(outputs):
            found = penalty(tensor)
            self.add_loss(found / ops.sum(ops.ones(tensor.shape[:1], dtype=found.dtype)) if tensor.shape else found)

    def function(self, name: str, call: Made) -> Any:
        """Return the result of a function that has no operation, and record its call."""
        output = self._tensor(call.shape, dtype=call.dtype)
        self.add(name, call.tensors, call.arguments, output)
        return output

    def body(self, function: Callable[..., Any], inputs: list[Any]) -> Frame:
        """Return what a function does with symbolic tensors, which nothing else reads."""
        frame = Frame(None, inputs)
        self.frames.append(frame)
        try:
            outputs = function(*inputs)
        finally:
            self.frames.pop()
        frame.outputs = self.mapped(self._symbol, outputs)
        return frame

    @contextmanager
    def discarded(self) -> Iterator[None]:
        """Forget what is recorded inside the block."""
        self.frames.append(Frame(None, []))
        try:
            yield
        finally:
            self.frames.pop()

    def assign(self, variable: Any, value: Any) -> None:
        """Record that a weight gets a new value."""
        if self.condition is not None:
            value = self.keras.ops.where(self.condition, value, self._symbol(variable))
        self.frames[-1].steps.append(Assigned(variable, value, place()))

    def add_loss(self, loss: Any) -> None:
        """Record that values are added to the loss."""
        for item in loss if isinstance(loss, list | tuple) else [loss]:
            value = item
            if self.condition is not None:
                value = self.keras.ops.where(self.condition, item, self.keras.ops.zeros_like(item))
            self.frames[-1].steps.append(Loss(value, place()))

    def add(self, target: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], outputs: Any) -> None:
        """Record a call, with its results."""
        self.frames[-1].steps.append(Call(target, args, dict(kwargs), self.tensors(outputs), place()))

    # ------------------------------------------------------------------ tensors

    def tensors(self, structure: Any) -> list[Any]:
        """Return the symbolic tensors in a structure, from left to right."""
        found: list[Any] = []
        self.mapped(found.append, structure)
        return found

    def mapped(self, function: Callable[[Any], Any], structure: Any) -> Any:
        """Return a structure with a function applied to its symbolic tensors and variables."""
        if isinstance(structure, self._tensor) or is_variable(structure):
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
        if not is_variable(item):
            return item
        if id(item) not in self.symbols:
            self.symbols[id(item)] = item, _symbolic_weight(self._tensor)(item, self)
        return self.symbols[id(item)][1]

    def _original(self, item: Any) -> Any:
        return getattr(item, "_traced_variable", item)

    @contextmanager
    def _symbols(self, layer: Any) -> Iterator[None]:
        """Let the weights of a layer, and of those inside it, be symbolic tensors inside the block."""
        with _exchanged(layer, self._symbol, is_variable):
            yield

    def symbol(self, variable: Any) -> Any:
        """Return the symbolic tensor that stands for a variable of an optimizer or a metric."""
        return self._symbol(variable)

    @contextmanager
    def symbols_in(self, item: Any) -> Iterator[None]:
        """Let the variables of an optimizer or a metric be symbolic tensors inside the block."""
        with self._symbols(item):
            yield

    @contextmanager
    def _variables(self, layer: Any) -> Iterator[None]:
        """Let the weights of a layer be what they were inside the block, in which nothing is recorded."""
        with paused(), _exchanged(layer, self._original, lambda item: hasattr(item, "_traced_variable")):
            yield


def is_variable(item: Any) -> bool:
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
        item = getattr(item, "_storage", item)  # which TensorFlow wraps lists around
        if id(item) in seen:
            return
        seen.add(id(item))
        if isinstance(item, dict):
            for key, part in list(item.items()):
                exchange(item, key, part, dict.__setitem__)
        elif isinstance(item, list):
            storage = getattr(item, "_storage", item)  # of TensorFlow's lists
            for key, part in enumerate(list(storage)):
                exchange(storage, key, part, list.__setitem__)
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


def _with_mode(layer: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of a layer with its mode: where nobody says it, Keras's layers do as in predictions."""
    is_asked = getattr(layer, "_call_has_training_arg", False) and kwargs.get("training") is None
    return {**kwargs, "training": False} if is_asked else kwargs


def _is_float_array(item: Any) -> bool:
    return isinstance(item, numpy.ndarray | numpy.floating) and item.dtype.kind == "f"


def _is_operator() -> bool:
    """Whether the operation that is being recorded was written as an operator, such as ``x * y``."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and Path(frame.f_code.co_filename).parent == Path(__file__).parent:
        frame = frame.f_back
    code = None if frame is None else frame.f_code
    return code is not None and code.co_name.startswith("__") and code.co_filename.endswith("keras_tensor.py")


@contextmanager
def paused() -> Iterator[None]:
    """Let nothing be recorded inside the block."""
    token = RECORDER.set(None)
    try:
        yield
    finally:
        RECORDER.reset(token)


def constant_array(item: Any, keras: Any) -> numpy.ndarray:
    """Return a tensor of the backend's as an array.

    Raises:
        ModelError: it is none.
    """
    try:
        return numpy.asarray(keras.ops.convert_to_numpy(item))
    except Exception as error:
        raise ModelError(f"a value of class {type(item).__name__} is no tensor: {error}") from None
