"""Lowers a model to graphs and makes its program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy

from nnc import passes
from nnc.execution.spec import GivenSpec, OutputSpec
from nnc.hints import telling
from nnc.ir import PARAMETER, Graph, Placeholder, TensorType, Value
from nnc.ir.decisions import is_listened_to
from nnc.labels import unweighted
from nnc.layers.lengths import length_names
from nnc.layers.lowering import BUFFER, FROZEN, RANDOM, LoweredCall, declare_segments, lowering
from nnc.layers.symbolic import SymbolicTensor
from nnc.layers.text_layer import TextLayer
from nnc.layers.variable import Segment, make_buffer, make_segments, share_versions
from nnc.layers.weights import weight_paths
from nnc.models.config import serialized, serialized_compile
from nnc.models.eager import trains_by_default
from nnc.models.head import MASK, PENALTY, ModelHead
from nnc.models.objective import target_specs
from nnc.models.text_edge import edge_of, parted, text_results
from nnc.models.trainer import Trainer
from nnc.models.wiring import run_calls
from nnc.passes import (
    HOISTABLE,
    INFER,
    ApplyOptimizer,
    Observer,
    Pass,
    divided_evaluation,
    divided_training,
    draft_pipeline,
    evaluate_pipeline,
    extended,
    run_passes,
    train_pipeline,
)
from nnc.program import (
    EVALUATE,
    PREDICT,
    PROLOGUE,
    STEPS,
    TRAIN,
    ArraySpec,
    Program,
    ProgramSpec,
    ResultSpec,
    TargetSpec,
    VariableSpec,
    weights_suffixes,
)

if TYPE_CHECKING:
    from nnc.models.hyperparameters import Hyperparameters

Array = Any
Spec = TypeVar("Spec", bound=ArraySpec)


class Compiler:
    """Makes the graphs of one model and the program that holds them.

    What it needs of the model is noted at once, because graphs are made when they are first used: a program does not
    change when its model does.

    Args:
        model: the model; its weights move into the program's states.
        dtype: element type to compute in, by default that of the weights.
        observe: called after each pass.
        extra: passes of a user's own, which every graph goes through before it is fused.
        hyperparameters: what graphs read from states because it differs from replica to replica.
    """

    def __init__(
        self,
        model: Trainer,
        dtype: str | None = None,
        observe: Observer | None = None,
        extra: Sequence[Pass] = (),
        hyperparameters: Hyperparameters | None = None,
    ) -> None:
        self.model = model
        self.hyperparameters = hyperparameters
        self.observe, self.extra = observe, tuple(extra)
        self.dtype, self._is_dtype_given = dtype or model.compute_dtype, dtype is not None
        self.given = list(zip(model.input_names, model.inputs, strict=True))
        parts = parted(self.given, model.calls, model.outputs)
        self.edge = edge_of(self.given, parts)
        self.learnt = [
            (call.layer, call.layer.version) for call in parts.edge_calls if isinstance(call.layer, TextLayer)
        ]
        self.calls, self.inputs = parts.calls, parts.inputs
        self.paths, self.optimizer = weight_paths(model), model.optimizer
        self.outputs = list(zip([label for label, _ in model.named_outputs], model.outputs, strict=True))
        self.lengths = length_names(tensor.type for tensor in (*model.inputs, *text_results(model.calls)))
        self.named_outputs, self.objective = model.named_outputs, model.objective.with_losses()
        self.trainable = model.trainable_weights
        self.segments = self._layout(model)
        self.told: set[str] = set()
        self._shared: Graph | None = None
        self._adds_loss: bool | None = None
        self.versions = share_versions(self.paths)
        self.results: list[LoweredCall] = []
        self.meanings: dict[Placeholder, Value] = {}
        self.per_process: set[str] = set()
        self.is_masked = False
        """Whether an output had a mask in the graph that was lowered last."""

    def _layout(self, model: Trainer) -> list[tuple[Segment, str]]:
        """Return the states that weights lie in, each with its role."""
        trained = set(self.trainable)
        others = [weight for weight in self.paths if weight not in trained]
        frozen = [weight for weight in others if weight.trainable]
        buffers = [weight for weight in others if not weight.trainable]
        free = [weight for weight in self.trainable if weight.constraint is None]
        constrained = [weight for weight in self.trainable if weight.constraint is not None]
        return [
            *((segment, PARAMETER) for segment in make_segments(free, "parameters", self.dtype)),
            # apart, so that the others' update stays one of whole vectors, in place
            *((segment, PARAMETER) for segment in make_segments(constrained, "constrained", self.dtype)),
            *((segment, FROZEN) for segment in make_segments(frozen, FROZEN, self.dtype)),
            *((make_buffer(weight, self.paths[weight], self.dtype), BUFFER) for weight in buffers),
        ]

    @property
    def is_outdated(self) -> bool:
        """Whether a layer has learnt another vocabulary since."""
        return any(layer.version != version for layer, version in self.learnt)

    @cached_property
    def trains_by_default(self) -> bool:
        """Whether a layer acts as in training if a call does not say."""
        return trains_by_default(self.calls)

    def lower(self, name: str, training: bool, opens_loops: bool = False) -> Graph:
        """Return the forward graph: the model's outputs and, for a loss, their masks and what layers add to it.

        What each layer returned there is in `results` afterwards, and what weights stand for in `meanings`.

        Args:
            name: which graph it becomes.
            training: whether layers behave as in training.
            opens_loops: whether `results` have what is computed inside loops that an author wrote, step by step.
        """
        graph = Graph(name)
        with lowering(graph, training, dtype=self.dtype if self._is_dtype_given else None) as context:
            context.opens_loops = opens_loops
            declared = {tensor: graph.input(label, self._type(tensor.type)) for label, tensor in self.inputs}
            declare_segments(context, self.segments, self.paths)
            with self._layers_with_states(graph, training):
                values = run_calls(self.calls, declared)
            for label, tensor in self.outputs:
                graph.output(label, values[tensor])
            if name != PREDICT:
                for label, tensor in self.outputs:
                    if values[tensor] in context.masks:
                        graph.output(MASK + label, context.masks[values[tensor]])
                with graph.scope("", "loss"):
                    penalties = [
                        item.regularizer(item.value) for item in self.trainable if item.regularizer is not None
                    ]
                for number, value in enumerate([*context.losses, *penalties]):
                    graph.output(f"{PENALTY}{number}", value)
            context.finish()
            self.is_masked = any(values[tensor] in context.masks for _, tensor in self.outputs)
            self.results, self.meanings = context.results, dict(context.meanings)
            self.per_process = context.per_process
        return graph

    def _layers_with_states(self, graph: Graph, training: bool) -> AbstractContextManager[None]:
        """Return a context in which layers read hyperparameters from states of a graph that trains."""
        if self.hyperparameters is None or not training:
            return nullcontext()
        return self.hyperparameters.in_layers([call.layer for call in self.calls], graph, self.dtype)

    @property
    def adds_loss(self) -> bool:
        """Whether layers or weights add to the loss; looked at only where `compile` was given none."""
        if self._adds_loss is None:
            is_asked = self.objective.is_given and self.objective.loss is None
            outputs = self.lower(EVALUATE, training=True).outputs if is_asked else ()
            self._adds_loss = any(label.startswith(PENALTY) for label in outputs)
        return self._adds_loss

    def _type(self, type: TensorType) -> TensorType:
        """Return the type of an input: with the element type to take it in, and with names for lengths not known.

        An input keeps its own, unless one was asked for: functions between layers compute in it.
        """
        is_kept = not type.is_floating or not self._is_dtype_given
        return (type if is_kept else type.with_dtype(self.dtype)).substitute(self.lengths)

    def _head(self, weights: str = "") -> ModelHead | None:
        """Return losses and metrics for a graph whose name ends so."""
        names = [name for name, _ in self.inputs]
        known = self.named_outputs, names, self.dtype
        head = self.objective.head(*known, bool(weights), self.adds_loss, self.model.nesting)
        if head is not None and self.hyperparameters is not None:
            head = self.hyperparameters.in_head(head)
        return head and replace(head, steps=weights.endswith(STEPS))

    def program(self) -> Program:
        """Return the program; its graphs are made when they are first needed."""
        model = self.model
        head = self._head()
        makers: dict[str, Callable[[], Graph]] = {PREDICT: self._predict, PROLOGUE: self._prologue}
        states: dict[str, Array] = {segment.label: segment.array for segment, _ in self.segments}
        targets = () if head is None else target_specs(head, self.named_outputs)
        if head is not None:
            makers |= self._training_makers(targets)
            initial = self.optimizer.initial_states(self._trainable_variables())
            states |= {label: numpy.array(value, self._state_dtype(value)) for label, value in initial.items()}
            states[RANDOM] = numpy.array([model.seed, 0], "uint32")
            if self.hyperparameters is not None:
                layers = [call.layer for call in self.calls]
                self.hyperparameters.check(self.optimizer, layers, [label for label, _ in self.outputs])
                states |= {item.label: numpy.array(item.values[0], self.dtype) for item in self.hyperparameters.items}
        spec = ProgramSpec(
            name=model.name,
            inputs=self._specs(self.inputs),
            outputs=self._output_specs(),
            targets=targets,
            metrics=() if head is None else head.names,
            results=() if head is None else self._results(head),
            variables=self._variables(),
            trains=TRAIN in makers and self.has_parameters,
            model=serialized(model),
            compiled={} if head is None else serialized_compile(model),
            structure=model.output_structure,
            given=self._specs(self.given, GivenSpec) if self.edge is not None else (),
            edge=self.edge,
        )
        backend = model.chosen_backend
        program = Program(spec, makers, states, model.seed, None, self.versions, backend, self.observe)
        self.told = program.told
        program.executor.retarget = partial(self._retargeted, spec)
        program.executor.divide = self._divided
        return program

    def _training_makers(self, targets: Sequence[TargetSpec]) -> dict[str, Callable[[], Graph]]:
        """Return what makes the graphs that evaluate and train."""
        suffixes = weights_suffixes(targets)
        return {name + suffix: self._maker(name, suffix) for name in (EVALUATE, TRAIN) for suffix in suffixes}

    @property
    def has_parameters(self) -> bool:
        """Whether a weight is trained; without, training is an evaluation in which layers behave as in training."""
        return any(role == PARAMETER for _, role in self.segments)

    def _results(self, head: ModelHead) -> tuple[ResultSpec, ...]:
        return head.results({name: self._type(type) for name, type in self.named_outputs})

    def bind_optimizers(self, states: Any) -> None:
        """Let the optimizer read and write its states in a program."""
        self.optimizer.bind(states, self._trainable_variables())

    def _retargeted(
        self, spec: ProgramSpec, shapes: Sequence[Sequence[int]]
    ) -> tuple[ProgramSpec, dict[str, Callable[[], Graph]]] | None:
        """Return the description and the makers of graphs for targets of other shapes; see `Executor.retarget`."""
        head, types = self._head(), {name: self._type(type) for name, type in self.named_outputs}
        if head is None:
            return None
        pairs = zip(head.outputs, shapes, strict=True)
        taken = [item.loss is not None and item.loss.take(types[item.label], shape) for item, shape in pairs]
        if not any(taken):
            return None
        head = self._head()
        assert head is not None
        targets = target_specs(head, self.named_outputs)
        made = replace(spec, targets=targets, metrics=head.names, results=self._results(head))
        return made, self._training_makers(targets)

    def _specs(
        self,
        named: Sequence[tuple[str, SymbolicTensor]],
        kind: type[Spec] = ArraySpec,  # type: ignore[assignment]
    ) -> tuple[Spec, ...]:
        return tuple(
            kind(label, type.shape[1:], type.dtype)
            for label, type in ((label, self._type(tensor.type)) for label, tensor in named)
        )

    def _output_specs(self) -> tuple[OutputSpec, ...]:
        specs = []
        for label, tensor in self.outputs:
            rows, *shape = self._type(tensor.type).shape
            specs.append(OutputSpec(label, tuple(shape), self._type(tensor.type).dtype, rows))
        return tuple(specs)

    def _state_dtype(self, value: Any) -> str:
        dtype = numpy.asarray(value).dtype
        return self.dtype if dtype.kind == "f" else str(dtype)

    def _predict(self) -> Graph:
        return run_passes(self._hoistable(), INFER[len(HOISTABLE) :], self.observe)

    def _prologue(self) -> Graph:
        return run_passes(self._hoistable(), passes.PROLOGUE[len(HOISTABLE) :], self.observe)

    def _hoistable(self) -> Graph:
        """Return what predictions and their prologue are made of; both are asked for once, one after the other."""
        graph, self._shared = self._shared, None
        if graph is None or is_listened_to():
            graph = self._shared = run_passes(
                self.lower(PREDICT, training=False), (*HOISTABLE, *self.extra), self.observe
            )
        return graph

    def _maker(self, name: str, weights: str) -> Callable[[], Graph]:
        def make() -> Graph:
            head = self._head(weights)
            assert head is not None
            is_trained = name == TRAIN and self.has_parameters
            pipeline = self._train_passes(head) if is_trained else evaluate_pipeline(head)
            with telling(self.told):
                graph = self.lower(name + weights, training=name == TRAIN)
                made = run_passes(graph, extended(pipeline, self.extra), self.observe)
            if self.hyperparameters is not None and name == TRAIN:
                self.hyperparameters.check_read(made)
            return made

        return make

    def draft(self, name: str) -> Graph | None:
        """Return the primitive ops of a graph that trains or evaluates, but for updates, in a fraction of its time.

        It is None where the graph alone tells which they are, as passes of a user's own may bring any.
        """
        kind = unweighted(name)
        if self.extra or kind not in (EVALUATE, TRAIN):
            return None
        head = self._head(name.removeprefix(kind))
        assert head is not None
        scale = (self.optimizer.loss_scale_factor or 1.0) if kind == TRAIN and self.has_parameters else None
        with telling(self.told):
            return run_passes(self.lower(name, kind == TRAIN), draft_pipeline(head, scale), is_verified=False)

    def _train_passes(self, head: ModelHead) -> tuple[Pass, ...]:
        return train_pipeline(head, self._update(), self.optimizer.loss_scale_factor or 1.0)

    def _update(self) -> ApplyOptimizer:
        """Return what makes updates of gradients."""
        self.optimizer.locate(self.paths)
        constraints = {path: weight.constraint for weight, path in self.paths.items() if weight.constraint is not None}
        optimizer: Any = self.optimizer
        if self.hyperparameters is not None:
            optimizer = self.hyperparameters.in_optimizer(optimizer)
        return ApplyOptimizer(optimizer, self._trainable_variables(), constraints)

    def _divided(self, name: str) -> list[Graph]:
        """Return the parts of a graph that processes run on their rows of a batch.

        Args:
            name: of the graph that trains or evaluates, with the suffix of weights.
        """
        kind = unweighted(name)
        head = self._head(name.removeprefix(kind))
        assert head is not None
        with telling(self.told):
            graph = self.lower(name, training=kind == TRAIN)
            if kind == EVALUATE or not self.has_parameters:
                return divided_evaluation(graph, head, extra=self.extra, observe=self.observe)
            return divided_training(
                graph,
                head,
                self._update(),
                self.optimizer.loss_scale_factor or 1.0,
                per_process=self.per_process,
                extra=self.extra,
                observe=self.observe,
            )

    def _trainable_variables(self) -> tuple[VariableSpec, ...]:
        return tuple(variable for variable in self._variables() if variable.trainable)

    def _variables(self) -> tuple[VariableSpec, ...]:
        places: dict[Any, tuple[str, int, bool]] = {}
        for segment, role in self.segments:
            offset = 0
            for variable in segment.variables:
                places[variable] = segment.label, offset, role == PARAMETER
                offset += variable.size
        return tuple(
            VariableSpec(path, *places[weight][:2], weight.shape, places[weight][2])
            for weight, path in self.paths.items()
            if not weight.is_state
        )
