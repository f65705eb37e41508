"""Makes traces of what was recorded several times, with other sizes: a number that differs follows from lengths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import signature
from itertools import combinations_with_replacement
from typing import Any

import numpy

from frontends.element_types import bits_message, depends_on_bits, widened, widened_array
from frontends.tracing.recording import Assigned, Body, Call, Frame, Loss, constant_array
from frontends.tracing.settings import settings_of
from nnc.errors import ModelError
from nnc.layers.trace import (
    AddedLoss,
    Assignment,
    FilledTensor,
    Length,
    LengthTensor,
    Reference,
    Step,
    Trace,
    TracedCall,
    TracedLoop,
)

Frames = Sequence[Frame]
"""One frame for each run: the same call of the same layer, with other sizes."""


class Settling:
    """Makes the traces of a model.

    Where a number is the same in all runs it is a constant; where it differs it must be what a length of a value that
    is known by then gives in every run: it itself, a product of up to three, or such a product with constants
    multiplied, divided by or added. The sizes of the runs lie on no line, so that only what depends on a length fits.

    Args:
        keras: the package of the model.
        layer: returns nnc's layer for one of Keras's.
        weight: returns nnc's weight for one of Keras's.
        traced: takes the trace of a call of an author's layer; returns nnc's layer for it and the trace's number.
        build: makes the weights of nnc's layer for one of Keras's, which none in a loop does.
    """

    def __init__(
        self,
        keras: Any,
        layer: Callable[..., Any],
        weight: Callable[[Any], Any],
        traced: Callable[[Any, Trace], tuple[Any, int]],
        build: Callable[[Any], None],
    ) -> None:
        self.keras, self.layer, self.weight, self.traced, self.build = keras, layer, weight, traced, build

    def trace(self, frames: Frames) -> Trace:
        """Return the trace of one call."""
        if len({len(frame.steps) for frame in frames}) > 1:
            raise ModelError(f"{_title(frames[0])}: what it computes depends on the sizes of its inputs")
        captured = [list(free_tensors(frame)) for frame in frames]
        scope = _Scope(self.keras, [[*frame.inputs, *more] for frame, more in zip(frames, captured, strict=True)])
        steps = [self._step(scope, items) for items in zip(*(frame.steps for frame in frames), strict=True)]
        outputs = scope.settled([frame.outputs for frame in frames], self.weight)
        masks = scope.settled([frame.masks for frame in frames], self.weight)
        return Trace(len(frames[0].inputs) + len(captured[0]), tuple(steps), outputs, tuple(masks))

    def _step(self, scope: _Scope, items: Sequence[Any]) -> Step:
        first = items[0]
        if len({type(item) for item in items}) > 1:
            raise ModelError(f"what is computed depends on the sizes of inputs (at {first.place})")
        try:
            if isinstance(first, Assigned):
                (value,) = scope.settled([[item.value] for item in items], self.weight)
                is_jax = self.keras.backend.backend() == "jax"
                return Assignment(self.weight(first.variable), value, first.place, is_jax)
            if isinstance(first, Loss):
                (value,) = scope.settled([[item.value] for item in items], self.weight)
                return AddedLoss(value, first.place)
            return self._call(scope, items)
        except ModelError as error:
            if first.place and "(at " not in str(error):
                raise ModelError(f"{error} (at {first.place})") from error
            raise

    def _call(self, scope: _Scope, calls: Sequence[Call]) -> TracedCall:
        target = calls[0].target
        kwargs: Mapping[str, Any]
        if isinstance(target, Frame):
            frames = [call.target for call in calls]
            _check_same([frame.layer for frame in frames])
            found, number = self.traced(target.layer, self.trace(frames))
            given = [[*call.args, *free_tensors(call.target)] for call in calls]
            args, kwargs, made = scope.settled(given, self.weight), {"trace": number}, found
        elif isinstance(target, Body):
            bodies = [call.target for call in calls]
            given = [[*call.args, *free_tensors(call.target.frame)] for call in calls]
            args, kwargs = scope.settled(given, self.weight), {}
            trace = self.trace([body.frame for body in bodies])
            for layer in _layers(target.frame):
                self.build(layer)
            made = TracedLoop(trace, target.carries, target.sequences, target.backwards)
        elif hasattr(target, "_layers"):
            _check_same([call.target for call in calls])
            bound = [_by_position(call) for call in calls]
            kept = [{key: item for key, item in kwargs.items() if item is not None} for _, kwargs in bound]
            args = scope.settled([list(args) for args, _ in bound], self.weight)
            kwargs, made = scope.settled(kept, self.weight), self.layer(target)
        else:
            made = target if isinstance(target, str) else type(target).__name__
            known = [settings_of(call.target, call.args, call.kwargs) for call in calls]
            dtype = known[0][1].get("dtype")
            if depends_on_bits(made, dtype):
                raise ModelError(bits_message(made, dtype))
            args = scope.settled([list(item[0]) for item in known], self.weight)
            kwargs = scope.settled([item[1] for item in known], self.weight)
        scope.add([call.outputs for call in calls])
        return TracedCall(made, tuple(args), kwargs, len(calls[0].outputs), calls[0].place)


class _Scope:
    """The values that are known at a step, in each run.

    Args:
        keras: the package of the model.
        inputs: the inputs, by run.
    """

    def __init__(self, keras: Any, inputs: Sequence[Sequence[Any]]) -> None:
        self.keras = keras
        self.known = [{id(tensor): index for index, tensor in enumerate(tensors)} for tensors in inputs]
        self.kept: list[Any] = [inputs]
        self.shapes = [[tuple(tensor.shape) for tensor in tensors] for tensors in inputs]

    def add(self, outputs: Sequence[Sequence[Any]]) -> None:
        """Number the results of a step."""
        self.kept.append(outputs)
        for known, shapes, tensors in zip(self.known, self.shapes, outputs, strict=True):
            for tensor in tensors:
                known[id(tensor)] = len(shapes)
                shapes.append(tuple(tensor.shape))

    def settled(self, items: Sequence[Any], weight: Callable[[Any], Any]) -> Any:
        """Return an argument that is the same in all runs, with what stands for values, weights and lengths.

        Args:
            items: the argument, by run.
            weight: returns nnc's weight for one of Keras's.
        """
        first = items[0]
        if isinstance(first, dict):
            self._same([list(item) if isinstance(item, dict) else item for item in items])
            return {key: self.settled([item[key] for item in items], weight) for key in first}
        if isinstance(first, list | tuple):
            self._same([len(item) if isinstance(item, list | tuple) else item for item in items])
            found = [self.settled(list(parts), weight) for parts in zip(*items, strict=True)]
            return found if isinstance(first, list) else tuple(found)
        if isinstance(first, slice):
            bounds = [self.settled([getattr(item, key) for item in items], weight) for key in _BOUNDS]
            return slice(*bounds)
        if hasattr(first, "_traced_variable"):
            return weight(first._traced_variable)
        if isinstance(first, self.keras.KerasTensor):
            return self._reference(items)
        if isinstance(first, bool | str) or first is None or first is Ellipsis:
            self._same(items)
            return widened(first)
        if isinstance(first, int | numpy.integer):
            return int(first) if len(set(map(int, items))) == 1 else self._length([int(item) for item in items])
        if isinstance(first, float | numpy.floating):
            self._same(items)
            return numpy.float32(first) if isinstance(first, numpy.float16) else first
        if hasattr(first, "assign") and hasattr(first, "regularizer"):
            return weight(first)
        if isinstance(first, numpy.dtype | type):
            return widened(numpy.dtype(first).name)
        return self._constant([widened_array(constant_array(item, self.keras)) for item in items])

    def _reference(self, items: Sequence[Any]) -> Reference:
        numbers = {known.get(id(item)) for known, item in zip(self.known, items, strict=True)}
        if len(numbers) > 1 or None in numbers:
            raise ModelError("a value is read that another call, or another run, has computed")
        (number,) = numbers
        assert number is not None
        return Reference(number)

    def _same(self, items: Sequence[Any]) -> None:
        if any(item != items[0] for item in items[1:]):
            raise ModelError(f"{items[0]!r:.80} depends on the sizes of inputs, otherwise than by a length")

    def _constant(self, arrays: Sequence[numpy.ndarray]) -> Any:
        first = arrays[0]
        if all(array.shape == first.shape and numpy.array_equal(array, first) for array in arrays[1:]):
            return first if first.ndim else first[()]
        if all(array.shape == first.shape and numpy.array_equal(array, numpy.floor(array)) for array in arrays):
            numbers = zip(*(array.reshape(-1).tolist() for array in arrays), strict=True)
            found = [item[0] if len(set(item)) == 1 else self._length([int(one) for one in item]) for item in numbers]
            return LengthTensor(tuple(found), first.shape, first.dtype.name)
        if (
            first.size
            and len({array.ndim for array in arrays}) == 1
            and all((array == first.flat[0]).all() for array in arrays)
        ):
            shape = self.settled([array.shape for array in arrays], lambda variable: variable)
            return FilledTensor(first.flat[0].item(), shape, first.dtype.name)
        raise ModelError(f"a constant of shape {first.shape} depends on the sizes of inputs")

    def _length(self, numbers: Sequence[int]) -> Length:
        """Return what gives these numbers in the runs.

        Raises:
            ModelError: no length does.
        """
        lengths: dict[tuple[int, ...], tuple[int, int]] = {}
        for index, shapes in enumerate(zip(*self.shapes, strict=True)):
            for axis in range(min(map(len, shapes))):
                found = tuple(int(shape[axis]) for shape in shapes)
                if len(set(found)) > 1:
                    lengths.setdefault(found, (index, axis))
        products = [
            ([int(numpy.prod([found[run] for found, _ in chosen])) for run in range(len(numbers))], chosen)
            for count in (1, 2, 3)
            for chosen in combinations_with_replacement(lengths.items(), count)
        ]
        for product, chosen in products:
            if product == list(numbers):
                return Length(tuple(place for _, place in chosen))
        for product, chosen in products:
            if (made := _linear(numbers, product, tuple(place for _, place in chosen))) is not None:
                return made
        listed = ", ".join(map(str, numbers))
        raise ModelError(f"the numbers {listed} depend on the sizes of inputs, but are no multiple of a length")


_BOUNDS = ("start", "stop", "step")


def _check_same(layers: Sequence[Any]) -> None:
    """Check that the same layer is called in all runs, or one of the same class that the call itself makes.

    Raises:
        ModelError: it is another one.
    """
    first = layers[0]
    others = [layer for layer in layers[1:] if layer is not first]
    if any(type(layer) is not type(first) or layer.weights or _settings(layer) != _settings(first) for layer in others):
        raise ModelError("what is computed depends on the sizes of inputs")


def _settings(layer: Any) -> Any:
    """Return the config of a layer without its name, None where it has none, as what its author wrote is traced."""
    try:
        return {key: item for key, item in layer.get_config().items() if key != "name"}
    except NotImplementedError:
        return None


def _by_position(call: Call) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """Return the arguments of a call of a layer of Keras's, the first one by position, as nnc may name it otherwise."""
    first = next(iter(signature(call.target.call).parameters), None)
    if first is None or call.args or first not in call.kwargs:
        return call.args, call.kwargs
    return (call.kwargs[first],), {key: item for key, item in call.kwargs.items() if key != first}


def _linear(numbers: Sequence[int], product: Sequence[int], axes: tuple[tuple[int, int], ...]) -> Length | None:
    """Return a number as a multiple of a product with something added, or as its quotient; None where it is neither."""
    (first, second, *_), (one, two, *_) = numbers, product
    if two != one and (second - first) % (two - one) == 0:
        factor = (second - first) // (two - one)
        offset = first - factor * one
        if all(factor * item + offset == number for item, number in zip(product, numbers, strict=True)):
            return Length(axes, factor, 1, offset)
    for divisor in range(2, 65):
        offset = first - one // divisor
        if all(item // divisor + offset == number for item, number in zip(product, numbers, strict=True)):
            return Length(axes, 1, divisor, offset)
    return None


def free_tensors(frame: Frame) -> Iterator[Any]:
    """Yield the tensors that a call reads without having got or computed them, such as masks of its inputs."""
    known = {id(tensor) for tensor in frame.inputs}
    seen: set[int] = set()

    def read(structure: Any) -> Iterator[Any]:
        for tensor in _tensors(structure):
            if id(tensor) not in known and id(tensor) not in seen:
                seen.add(id(tensor))
                yield tensor

    for step in frame.steps:
        if isinstance(step, Call):
            yield from read((step.args, dict(step.kwargs)))
            inner = step.target.frame if isinstance(step.target, Body) else step.target
            if isinstance(inner, Frame):
                yield from read(list(free_tensors(inner)))
            known.update(map(id, step.outputs))
        else:
            yield from read(step.value)
    yield from read(frame.outputs)


def _layers(frame: Frame) -> Iterator[Any]:
    """Yield Keras's own layers that are called, at any depth."""
    for step in frame.steps:
        target = step.target if isinstance(step, Call) else None
        if isinstance(target, Frame | Body):
            yield from _layers(target if isinstance(target, Frame) else target.frame)
        elif hasattr(target, "_layers"):
            yield target


def _tensors(structure: Any) -> Iterator[Any]:
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, list | tuple):
        for item in structure:
            yield from _tensors(item)
    elif any(cls.__name__ == "KerasTensor" for cls in type(structure).__mro__) and not hasattr(
        structure, "_traced_variable"
    ):
        yield structure


def _title(frame: Frame) -> str:
    return "a loop" if frame.layer is None else f"Layer '{frame.layer.name}' ({type(frame.layer).__name__})"
