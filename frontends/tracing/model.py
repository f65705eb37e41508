"""A live model as an nnc model: Keras's layers are nnc's, what their author wrote is traced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy

from frontends.element_types import widened
from frontends.keras_calls import safe_name
from frontends.live_objects import LiveConfigs
from frontends.problems import Problems
from frontends.reader_options import Options
from frontends.recurrent_states import states
from frontends.tracing.interception import recording
from frontends.tracing.layer_tracer import BATCHES, LayerTracer, explained
from frontends.tracing.model_inputs import GROUPINGS, ModelInputs, equate_groups
from frontends.tracing.recording import Frame
from nnc.errors import ModelError, ModelFileError, ShapeError
from nnc.layers import Input, Layer, SymbolicTensor
from nnc.layers.operation import Operation
from nnc.layers.trace import OwnWeight, Reference, Trace, TracedCall, TraceValues
from nnc.layers.traced import TracedLayer, at_line
from nnc.layers.weights import layers_inside
from nnc.models import Model
from nnc.operations import OPERATIONS
from nnc.structure import leaves

LENGTHS = ((64, 160, 96), (352, 224, 416), (13, 19, 17), (10, 6, 14), (3, 5, 4))
"""Sizes of axes whose length is not known, by run; the larger ones can be halved several times.

None of them, and no batch, is another one times a number plus a number in all three runs.
"""


@dataclass(frozen=True)
class Assumptions:
    """What is assumed of a model's inputs while it is recorded, where the model does not say it.

    Args:
        grouping: the group of an input, by its name; unknown lengths in a group are the same.
        lengths: sizes for axes of unknown length, in their order, by run.
        rows: number of rows in the batch, None for any.
        dtypes: element types of inputs that were not declared, None for the model's own.
    """

    grouping: Callable[[str], str]
    lengths: Sequence[Sequence[int]]
    rows: int | None = None
    dtypes: tuple[str | None, ...] = ()


class ModelTracer:
    """Makes an nnc model of a live one.

    Args:
        source: the model.
        live: says whose objects are.
        options: how it is read.
        problems: where problems are noted.
    """

    def __init__(self, source: Any, live: LiveConfigs, options: Options, problems: Problems) -> None:
        self.source = source
        self.layers = LayerTracer(source, live, options, problems)
        self.inputs = ModelInputs(source, self.layers.keras.KerasTensor)
        self.is_stateful = any(map(states, self.layers.ownership.layers))  # then the number of rows is known

    # ------------------------------------------------------------------ the model

    def model(self) -> Model:
        """Return the model, with the weights of the live one.

        Raises:
            ModelError: it cannot be traced; the message names the author's line.
        """
        problem: ModelError | None = None
        for assumed in self._assumptions():
            self.layers.forget()
            try:
                return self._made(assumed)
            except ModelFileError:
                raise
            except (ModelError, ShapeError) as error:
                problem = problem or (error if isinstance(error, ModelError) else ModelError(str(error)))
        assert problem is not None
        raise problem

    def _assumptions(self) -> Iterator[Assumptions]:
        """Yield what may be assumed of inputs, from the most general to what the model was built with."""
        is_known = all(None not in tuple(spec.shape)[1:] for spec in self.inputs.specifications())
        for dtypes in self.inputs.element_types():
            for grouping in GROUPINGS[: 1 if is_known else None]:
                for lengths in (LENGTHS,) if is_known else (LENGTHS, LENGTHS[2:]):
                    yield Assumptions(grouping, lengths, None, dtypes)
            if is_known and (rows := self.inputs.known_rows()):
                yield Assumptions(GROUPINGS[0], LENGTHS, rows, dtypes)

    def _made(self, assumed: Assumptions) -> Model:
        inputs = self._wired_inputs(assumed)
        groups = [assumed.grouping(str(getattr(spec, "name", "") or number)) for number, (spec, _) in enumerate(inputs)]
        predicting, training = (self._trace(inputs, groups, assumed, mode) for mode in (False, True))
        equate_groups(inputs, groups)
        root = self.layers.traced(self.source)
        given = [tensor for _, tensor in inputs]
        outputs = None if assumed.rows else self._flat(predicting, training, given)
        if outputs is None:
            root.rows = assumed.rows
            start = root.add_trace(predicting)
            root.training_traces[start] = root.add_trace(training)
            root.inner += [layer for layer in self.layers.never_called() if layer is not root]
            outputs = root(*given, trace=start)
        model = Model(given if len(given) > 1 else given[0], outputs, name=safe_name(self.source.name))
        self.layers.copy_weights()
        return model

    def recorded(self, arrays: Sequence[numpy.ndarray], training: bool) -> Frame:
        """Return the calls of one run with inputs of known sizes.

        Args:
            arrays: arrays like the inputs, with any numbers in them.
            training: whether layers do as in training.

        Raises:
            ModelError: it cannot be traced; the message names the author's line.
        """
        make = self.layers.keras.KerasTensor
        return self._record([make(array.shape, dtype=str(array.dtype)) for array in arrays], training)

    def _wired_inputs(self, assumed: Assumptions) -> list[tuple[Any, SymbolicTensor]]:
        """Return the inputs of the live model, as specifications, with nnc's."""
        found = []
        for tensor in self.inputs.specifications(assumed.dtypes):
            shape, dtype = tuple(tensor.shape), str(tensor.dtype)
            name = getattr(tensor, "name", None)
            made = Input(
                batch_shape=(assumed.rows or shape[0], *shape[1:]),
                dtype=widened(dtype),
                name=None if name is None else safe_name(name),
            )
            found.append((tensor, made))
        return found

    # ------------------------------------------------------------------ tracing

    def _trace(
        self,
        inputs: Sequence[tuple[Any, SymbolicTensor]],
        groups: Sequence[str],
        assumed: Assumptions,
        training: bool,
    ) -> Trace:
        runs = [self._symbols(inputs, groups, assumed, run) for run in range(len(BATCHES))]
        return self.layers.trace([self._record(tensors, training) for tensors in runs])

    def _symbols(
        self,
        inputs: Sequence[tuple[Any, SymbolicTensor]],
        groups: Sequence[str],
        assumed: Assumptions,
        run: int,
    ) -> list[Any]:
        """Return symbolic tensors like the inputs, for one run.

        Args:
            inputs: specifications, with nnc's inputs.
            groups: for each input the group whose unknown lengths are the same.
            assumed: what is assumed of them.
            run: number of the run.
        """
        numbers: dict[tuple[str, int], int] = {}
        tensors = []
        for (spec, _), group in zip(inputs, groups, strict=True):
            rows = assumed.rows or (self.is_stateful and spec.shape[0]) or BATCHES[run]
            shape = [rows, *tuple(spec.shape)[1:]]
            for axis, dim in enumerate(shape):
                if dim is None:
                    chosen = assumed.lengths[min(len(numbers), len(assumed.lengths) - 1)][run]
                    shape[axis] = numbers.setdefault((group, axis), chosen)
            tensors.append(self.layers.keras.KerasTensor(tuple(shape), dtype=spec.dtype))
        return tensors

    def _record(self, tensors: list[Any], training: bool) -> Frame:
        """Record one run with these inputs."""
        recorder = self.layers.recorder()
        args, kwargs = self.inputs.packed(tensors)
        if _takes_training(self.source):
            kwargs["training"] = training
        with recording(recorder):
            try:
                self.source(*args, **kwargs)
            except Exception as error:  # the author's code may raise anything
                if recorder.failure is not None:
                    raise recorder.failure from None
                title = f"model '{self.source.name}' ({type(self.source).__name__})"
                raise ModelError(explained(error, title)) from error
        frame = recorder.root
        outputs = [(tensor, getattr(tensor, "_keras_mask", None)) for tensor in recorder.tensors(frame.outputs)]
        frame.masks = [(tensor, mask) for tensor, mask in outputs if mask is not None]
        return frame

    # ------------------------------------------------------------------ wiring

    def _flat(self, predicting: Trace, training: Trace, given: list[SymbolicTensor]) -> Any:
        """Wire the calls of the whole model as its layers; None where training does other things than predicting."""
        pairs = list(zip(predicting.steps, training.steps, strict=False))
        if len(predicting.steps) != len(training.steps) or predicting.inputs != len(given):
            return None
        if not all(_differ_in_mode(one, other) and _is_wired_alone(one) for one, other in pairs):
            return None
        targets = [call.target for call in predicting.calls]
        if predicting.masks or any(map(_is_masked_attention, predicting.calls)):
            return None  # whose masks are those of the record
        if any(isinstance(target, TracedLayer) and target.reads_elsewhere for target in targets):
            return None
        if predicting.weights or training.weights:
            return None
        values = TraceValues(list(given))
        for name, (one, other) in zip(predicting.names, pairs, strict=True):
            assert isinstance(one, TracedCall) and isinstance(other, TracedCall)
            args, kwargs = values.resolved(one.args), values.resolved(dict(one.kwargs))
            if isinstance(one.target, TracedLayer):
                one.target.training_traces[one.kwargs["trace"]] = other.kwargs["trace"]
            with at_line(one.place):
                if one.target == "ConvertToTensor" and _is_converted(args[0], kwargs, given):
                    outputs = args[0]  # Keras does so with what a functional model is given
                elif isinstance(one.target, Layer):
                    kwargs.pop("training", None)
                    outputs = one.target(*args, **kwargs)
                else:
                    outputs = Operation(one.target, kwargs, name=name)(*args)
            made = leaves(outputs, SymbolicTensor)
            for tensor in made:
                if tensor.call is not None and tensor not in given:
                    tensor.call.place = one.place
            values.values += made
        return values.resolved(predicting.outputs)


def _is_converted(item: Any, settings: dict[str, Any], given: Sequence[SymbolicTensor]) -> bool:
    """Whether something is an input, of the element type that it would be converted to, or texts."""
    if isinstance(item, SymbolicTensor) and item.dtype == "string":
        return True
    return any(item is tensor for tensor in given) and settings.get("dtype") in (None, item.dtype)


def _is_wired_alone(step: Any) -> bool:
    """Whether a step can stand between layers: it reads no weight, and is no function without an operation."""
    is_known = isinstance(step.target, Layer) or step.target in OPERATIONS
    return is_known and not leaves([*step.args, *step.kwargs.values()], OwnWeight)


def _is_masked_attention(call: TracedCall) -> bool:
    """Whether a call is one of attention with masks, which it takes away from its tensors in Keras."""
    masks = [item for key, item in call.kwargs.items() if key.endswith("_mask")]
    return type(call.target).__name__ == "MultiHeadAttention" and bool(leaves(masks, Reference))


def _differ_in_mode(one: Any, other: Any) -> bool:
    """Whether two steps are the same call, but for whether it is one of training."""
    if not isinstance(one, TracedCall) or not isinstance(other, TracedCall):
        return False
    modes = one.kwargs.get("training"), other.kwargs.get("training")
    if modes not in ((False, True), (None, None)) and _has_mode(one.target):  # of its own, which models overrule
        return False
    kwargs = [{key: item for key, item in step.kwargs.items() if key not in _OF_MODE} for step in (one, other)]
    return one.target == other.target and _equal(one.args, other.args) and _equal(*kwargs)


def _has_mode(target: Any) -> bool:
    """Whether a layer, or one inside it, does something else in training."""
    if not isinstance(target, Layer):
        return False
    return any("training" in signature(layer.call).parameters for layer in layers_inside(target))


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


def _takes_training(source: Any) -> bool:
    return bool(getattr(source, "_call_has_training_arg", False))
