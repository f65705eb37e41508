"""A live model as an nnc model: Keras's layers are nnc's, what their author wrote is traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from frontends.keras_calls import safe_name
from frontends.live_objects import LiveConfigs
from frontends.problems import Problems
from frontends.reader_options import Options
from frontends.tracing.layer_tracer import BATCHES, LayerTracer, explained
from frontends.tracing.model_inputs import GROUPINGS, equate_groups, flat_shapes, packed_like
from frontends.tracing.recording import Frame, recording
from nnc.errors import ModelError, ModelFileError, ShapeError
from nnc.layers import Input, Layer, SymbolicTensor
from nnc.layers.operation import Operation
from nnc.layers.trace import Trace, TracedCall, TraceValues
from nnc.layers.traced import TracedLayer
from nnc.models import Model
from nnc.structure import leaves

LENGTHS = ((64, 160, 96), (352, 224, 416), (13, 19, 17), (10, 6, 14), (3, 5, 4))
"""Sizes of axes whose length is not known, by run; the larger ones can be halved several times.

None of them, and no batch, is another one times a number plus a number in all three runs.
"""


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

    # ------------------------------------------------------------------ the model

    def model(self) -> Model:
        """Return the model, with the weights of the live one.

        Raises:
            ModelError: it cannot be traced; the message names the author's line.
        """
        problem: ModelError | None = None
        for grouping in GROUPINGS:
            for lengths in (LENGTHS, LENGTHS[2:]):
                self.layers.forget()
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
        root = self.layers.traced(self.source)
        self.layers.adopt(root, (predicting, training))
        given = [tensor for _, tensor in inputs]
        outputs = self._flat(predicting, training, given)
        if outputs is None:
            start = root.add_trace(predicting)
            root.training_traces[start] = root.add_trace(training)
            outputs = root(*given, trace=start)
        model = Model(given if len(given) > 1 else given[0], outputs, name=safe_name(self.source.name))
        self.layers.copy_weights()
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
        return [self.layers.keras.KerasTensor((None, *shape[1:]), dtype=self.source.input_dtype) for shape in flat]

    # ------------------------------------------------------------------ tracing

    def _trace(
        self,
        inputs: Sequence[tuple[Any, SymbolicTensor]],
        groups: Sequence[str],
        lengths: Sequence[Sequence[int]],
        training: bool,
    ) -> Trace:
        frames = [self._record(inputs, groups, lengths, training, run) for run in range(len(BATCHES))]
        return self.layers.trace(frames)

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
        recorder = self.layers.recorder()
        numbers: dict[tuple[str, int], int] = {}
        tensors = []
        for (spec, _), group in zip(inputs, groups, strict=True):
            shape = [BATCHES[run], *tuple(spec.shape)[1:]]
            for axis, dim in enumerate(shape):
                if dim is None:
                    chosen = lengths[min(len(numbers), len(lengths) - 1)][run]
                    shape[axis] = numbers.setdefault((group, axis), chosen)
            tensors.append(self.layers.keras.KerasTensor(tuple(shape), dtype=spec.dtype))
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
        return packed_like(structure, remaining, self.layers.keras.KerasTensor)

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


def _takes_training(source: Any) -> bool:
    return bool(getattr(source, "_call_has_training_arg", False))
