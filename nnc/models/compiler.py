"""Lowers a model to graphs and makes its program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy

from nnc.errors import ModelError
from nnc.ir import PARAMETER, Graph, TensorType, Value
from nnc.layers.lowering import FROZEN, declare_segments
from nnc.layers.regularization import RANDOM
from nnc.layers.symbolic import SymbolicTensor
from nnc.layers.variable import Segment, make_segments
from nnc.models.head import ModelHead
from nnc.passes import INFER, Observer, evaluate_pipeline, run_passes, train_pipeline
from nnc.program import EVALUATE, PREDICT, TRAIN, WEIGHTED, ArraySpec, Program, ProgramSpec, VariableSpec
from nnc.program.spec import TargetSpec

if TYPE_CHECKING:
    from nnc.models.model import Model

Array = Any


class Compiler:
    """Makes the graphs of one model and the program that holds them.

    Args:
        model: the model; its weights move into the program's states.
        dtype: element type to compute in, by default that of the weights.
        observe: called after each pass.
    """

    def __init__(self, model: Model, dtype: str | None = None, observe: Observer | None = None) -> None:
        self.model = model
        self.observe = observe
        self.dtype = dtype or model.compute_dtype
        trainable = [weight for weight in model.trainable_weights]
        frozen = [weight for weight in model.weights if weight not in set(trainable)]
        self.segments: list[tuple[Segment, str]] = [
            *((segment, PARAMETER) for segment in make_segments(trainable, "parameters", self.dtype)),
            *((segment, FROZEN) for segment in make_segments(frozen, FROZEN, self.dtype)),
        ]

    def lower(self, name: str, training: bool) -> Graph:
        """Return the forward graph, one output per output of the model."""
        graph = Graph(name)
        values: dict[SymbolicTensor, Value] = {}
        for label, tensor in zip(self.model.input_names, self.model.inputs, strict=True):
            values[tensor] = graph.input(label, self._type(tensor.type))
        with declare_segments(graph, self.segments):
            for call in self.model.calls:
                if call.inputs:
                    outputs = call.layer.lower(graph, [values[tensor] for tensor in call.inputs], training)
                    values.update(zip(call.outputs, outputs, strict=True))
        for label, tensor in zip(self.model.output_names, self.model.outputs, strict=True):
            graph.output(label, values[tensor])
        if RANDOM in graph.states:
            with graph.scope("", "update"):
                key = graph.states[RANDOM]
                graph.update(RANDOM, key + graph.constant([0, 1], key.dtype))
        return graph

    def _type(self, type: TensorType) -> TensorType:
        return type.with_dtype(self.dtype) if type.is_floating else type

    def program(self, predict_only: bool = False) -> Program:
        """Return the program; its graphs are made when they are first needed."""
        model = self.model
        head = None if predict_only else model.head(self.dtype, weighted=False)
        makers: dict[str, Callable[[], Graph]] = {PREDICT: self._predict}
        targets: tuple[TargetSpec, ...] = ()
        states: dict[str, Array] = {segment.label: segment.array for segment, _ in self.segments}
        if head is not None:
            targets = model.target_specs(self.dtype)
            for suffix, weighted in (("", False), (WEIGHTED, True)):
                makers[EVALUATE + suffix] = self._maker(EVALUATE + suffix, weighted, train=False)
            if model.trainable_weights:
                for suffix, weighted in (("", False), (WEIGHTED, True)):
                    makers[TRAIN + suffix] = self._maker(TRAIN + suffix, weighted, train=True)
            initial = model.optimizer.initial_states()
            states |= {label: numpy.array(value, self._state_dtype(value)) for label, value in initial.items()}
            states[RANDOM] = numpy.array([model.seed, 0], "uint32")
        spec = ProgramSpec(
            name=model.name,
            inputs=tuple(
                ArraySpec(label, _row(tensor.type), self._type(tensor.type).dtype)
                for label, tensor in zip(model.input_names, model.inputs, strict=True)
            ),
            outputs=tuple(
                ArraySpec(label, _row(tensor.type), self._type(tensor.type).dtype)
                for label, tensor in zip(model.output_names, model.outputs, strict=True)
            ),
            targets=targets,
            metrics=head.names if head is not None else (),
            variables=self._variables(),
            trains=TRAIN in makers,
            model=model.serialized_config(),
        )
        return Program(spec, makers, states, seed=model.seed)

    def _state_dtype(self, value: Any) -> str:
        dtype = numpy.asarray(value).dtype
        return self.dtype if dtype.kind == "f" else str(dtype)

    def _predict(self) -> Graph:
        return run_passes(self.lower(PREDICT, training=False), INFER, self.observe)

    def _maker(self, name: str, weighted: bool, train: bool) -> Callable[[], Graph]:
        def make() -> Graph:
            head = self.model.head(self.dtype, weighted)
            if head is None:
                raise ModelError("the model was not compiled with a loss")
            passes = train_pipeline(head, self.model.optimizer) if train else evaluate_pipeline(head)
            return run_passes(self.lower(name, training=train), passes, self.observe)

        return make

    def _variables(self) -> tuple[VariableSpec, ...]:
        places: dict[Any, tuple[str, int, bool]] = {}
        for segment, role in self.segments:
            offset = 0
            for variable in segment.variables:
                places[variable] = segment.label, offset, role == PARAMETER
                offset += variable.size
        return tuple(
            VariableSpec(weight.path, *places[weight][:2], weight.shape, places[weight][2])
            for weight in self.model.weights
        )


def _row(type: TensorType) -> tuple[int, ...]:
    return tuple(int(dim) for dim in type.shape[1:])


def check_unique(names: Sequence[str], what: str, where: str) -> None:
    """Check that names occur once.

    Raises:
        ModelError: one occurs twice.
    """
    for name in names:
        if names.count(name) > 1:
            raise ModelError(f"{where}: two {what}s are named '{name}'; give one of them another name=")
