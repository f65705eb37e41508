"""Makes the program of a model whose class writes its own steps: these are recorded, once, as graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy

from nnc.errors import ModelError, ShapeError
from nnc.execution.spec import OutputSpec
from nnc.hints import telling
from nnc.ir import PARAMETER, Graph, TensorType, Value
from nnc.ir.ops import cast, reshape
from nnc.labels import WEIGHTED, unweighted
from nnc.layers.lowering import BUFFER, FROZEN, RANDOM, declare_segments
from nnc.layers.symbolic import SymbolicTensor
from nnc.layers.variable import Segment, Variable, make_buffer, make_segments
from nnc.layers.weights import weight_paths
from nnc.metrics import Metric
from nnc.metrics.recording import MetricResult
from nnc.models.compiler import Compiler
from nnc.models.config import serialized
from nnc.models.own_prediction import check_prediction, own_prediction
from nnc.models.step_data import Given, StepData
from nnc.optimizers import Optimizer
from nnc.optimizers.applying import PlacedStates
from nnc.optimizers.state import PLACE, placed
from nnc.passes import OPTIMIZE, extended, run_passes
from nnc.program import EVALUATE, PREDICT, PROLOGUE, TRAIN, ArraySpec, Program, ProgramSpec, ResultSpec, TargetSpec
from nnc.recording import MeasuredState, Recording, Step
from nnc.structure import map_leaves
from nnc.utils import pack_x_y_sample_weight

Array = Any
LOG = "logs/"
"""Begin of the labels of states that hold what the last step returned."""


@dataclass(frozen=True)
class Recorded:
    """A step as a graph.

    Args:
        graph: the graph.
        steps: the steps that optimizers take in it.
        results: rules for what it returns, by name.
        found: variables besides the model's weights, by the labels of their states.
        resets: labels of the states that start with zeros whenever metrics do.
        measured: the states of metrics that add up sums.
    """

    graph: Graph
    steps: tuple[Step, ...]
    results: tuple[ResultSpec, ...]
    found: Mapping[str, Variable]
    resets: tuple[str, ...]
    measured: Mapping[Metric, MeasuredState]


class StepCompiler(Compiler):
    """The compiler of a model whose class overrides steps.

    Weights that an optimizer changes together lie side by side, so that its step is one of whole vectors.

    Args:
        model: the model.
        data: what its steps are given; None where that is not known yet, for a program that predicts only.
        arguments: see `Compiler`.
    """

    def __init__(self, model: Any, data: StepData | None, *arguments: Any, **options: Any) -> None:
        self.data = data
        self.data_of_step: dict[str, StepData] = {}
        self.first: dict[str, Recorded] = {}
        self.failures: dict[str, Exception] = {}
        self._model = model
        if data is not None:
            for name in (TRAIN, EVALUATE):
                try:
                    self.data_of_step[name], self.first[name] = self._first_recorded(name, data)
                except Exception as error:  # a user's code may raise anything; it is raised where the step is wanted
                    self.failures[name] = error
            if TRAIN in self.failures:
                raise self.failures[TRAIN]
        super().__init__(model, *arguments, **options)
        self.prediction = None
        if "predict_step" in model.own_steps and model.outputs:
            try:
                self.prediction = own_prediction(model, self._predicted)
            except Exception as error:  # as above
                self.failures[PREDICT] = error

    # ------------------------------------------------------------------ prediction

    def lower(self, name: str, training: bool, opens_loops: bool = False) -> Graph:
        """Return the forward graph; see `Compiler.lower`. What is predicted is what the class's own step says."""
        if name == PREDICT and PREDICT in self.failures:
            raise self.failures[PREDICT]
        if name != PREDICT or self.prediction is None:
            return super().lower(name, training, opens_loops)
        graph = Graph(name)
        for label, value in self.prediction.named(self._predicted(graph, opens_loops)):
            graph.output(label, value)
        return graph

    def _predicted(self, graph: Graph, opens_loops: bool = False) -> Any:
        """Add a step of prediction to a graph, and return what it returns."""
        model = self._model
        recording = Recording(graph, self.paths)
        declared = {label: graph.input(label, self._type(tensor.type)) for label, tensor in self.inputs}
        with recording.running(training=False, dtype=self.dtype if self._is_dtype_given else None) as context:
            context.opens_loops = opens_loops
            declare_segments(context, self.segments, self.paths)
            found = model.predict_step(pack_x_y_sample_weight(self._nested_inputs(declared)))
        self.results, self.meanings = context.results, dict(context.meanings)
        self.is_masked = False
        check_prediction(model, recording)
        return found

    def _nested_inputs(self, declared: Mapping[str, Value]) -> Any:
        if self.data is not None:
            return map_leaves(lambda item: declared[item.label], self.data.x, Given)
        labels = {tensor: label for label, tensor in self.inputs}
        return map_leaves(lambda tensor: declared[labels[tensor]], self._model.nested_inputs, SymbolicTensor)

    def _output_specs(self) -> tuple[OutputSpec, ...]:
        if self.prediction is None:
            return super()._output_specs()
        return tuple(
            OutputSpec(label, type.shape[1:], type.dtype, type.shape[0]) for label, type in self.prediction.outputs
        )

    # ------------------------------------------------------------------ layout

    def _layout(self, model: Any) -> list[tuple[Segment, str]]:
        """Return the states that weights lie in: those that the same steps change side by side."""
        steps = self.first[TRAIN].steps if TRAIN in self.first else ()
        touched: dict[Variable, tuple[int, ...]] = {}
        for number, step in enumerate(steps):
            for variable in step.variables:
                touched[variable] = (*touched.get(variable, ()), number)
        known = set(self.paths)
        groups: dict[tuple[int, ...], list[Variable]] = {}
        for variable, numbers in touched.items():
            if variable in known:
                groups.setdefault(numbers, []).append(variable)
        rest = [weight for weight in self.paths if weight not in touched]
        frozen = [weight for weight in rest if weight.trainable and steps]
        waiting = [weight for weight in rest if weight.trainable and not steps]
        segments: list[tuple[Segment, str]] = []
        for number, members in enumerate([waiting, *groups.values()] if waiting else list(groups.values())):
            label = f"parameters_{number + 1}" if number else "parameters"
            for item in make_segments(members, label, self.dtype):
                segments.append((item, PARAMETER))
        segments += [(item, FROZEN) for item in make_segments(frozen, FROZEN, self.dtype)]
        buffers = [weight for weight in self.paths if not weight.trainable]
        segments += [(make_buffer(weight, self.paths[weight], self.dtype), BUFFER) for weight in buffers]
        return segments

    # ------------------------------------------------------------------ recording

    def _first_recorded(self, name: str, data: StepData) -> tuple[StepData, Recorded]:
        """Return what a step is given and what it does, for batches of any size or else of the first one's.

        A step may be written for batches of one size, as with ``random.normal((batch_size, 8))``.
        """
        weighted = data.is_weighted and name == TRAIN
        try:
            return data, self._record(name, data, (), weighted)
        except ShapeError:
            if data.rows is None:
                raise
            try:
                return data.with_rows(), self._record(name, data.with_rows(), (), weighted)
            except Exception:  # the first error is the one that tells what the step does for any size
                pass
            raise

    def _record(
        self, name: str, data: StepData, segments: Sequence[tuple[Segment, str]], weighted: bool = False
    ) -> Recorded:
        """Run a step of the model's on graph values, and return what it does."""
        model = self._model
        graph = Graph(name + (WEIGHTED if weighted else ""))
        paths = weight_paths(model)
        recording = Recording(graph, paths, self._places(), resets=True)
        x, y, weight = map_leaves(lambda item: graph.input(item.label, item.type), (data.x, data.y, data.third), Given)
        if weighted:
            if len(data.targets) != 1:
                raise ModelError(
                    f"model '{model.name}': steps of its own take weights of rows with one array of targets, got"
                    f" {len(data.targets)}"
                )
            label = "sample_weight"
            weight = graph.input(label, TensorType("float32", data.targets[0].type.shape[:1]))
        with recording.running() as context:
            declare_segments(context, segments, paths)
            step = model.train_step if name == TRAIN else model.test_step
            logs = step(pack_x_y_sample_weight(x, y, weight))
            results = tuple(self._results_of(recording, name, logs))
        owned = [label for label, item in recording.found.items() if isinstance(item.owner, Metric)]
        added = [item.label for item in recording.measured.values()]
        resets = (*owned, *recording.marks, *added)
        return Recorded(graph, tuple(recording.steps), results, recording.found, resets, dict(recording.measured))

    def _places(self) -> dict[Optimizer, str]:
        """Return what labels of optimizers' states begin with: the names of the attributes that hold them."""
        places = {self._model.optimizer: PLACE}
        for key, value in vars(self._model).items():
            if isinstance(value, Optimizer) and value not in places:
                name = key.lstrip("_")
                places[value] = name if name and name not in places.values() else key
        return places

    def _results_of(self, recording: Recording, name: str, logs: Any) -> list[ResultSpec]:
        """Return the rules for what a step returns, and let values be kept in states."""
        if not isinstance(logs, Mapping):
            raise ModelError(
                f"model '{self._model.name}': {name}_step must return a dictionary of what is shown, as"
                f" {{'loss': loss}}, got {type(logs).__name__}"
            )
        found = []
        flat: dict[str, Any] = {}
        for key, item in logs.items():
            flat |= item if isinstance(item, Mapping) else {str(key): item}
        for key, item in flat.items():
            state = recording.result_of(item)
            if state is not None:
                metric: Metric = item.metric
                settings = metric.result_settings(state.shapes)
                found.append(ResultSpec(key, metric.result_name, state.shapes, settings, state.label))
                continue
            found.append(self._kept(recording, key, item))
        return found

    def _kept(self, recording: Recording, key: str, item: Any) -> ResultSpec:
        graph, label = recording.graph, f"{LOG}{key}"
        value = item.value if isinstance(item, MetricResult | Variable) else item
        if not isinstance(value, Value):
            try:
                value = graph.constant(numpy.asarray(value, "float32"), "float32")
            except (TypeError, ValueError):
                raise ModelError(f"'{key}' of what the step returns must be a number, got {item!r:.80}") from None
        if value.type.symbols:
            raise ModelError(f"'{key}' of what the step returns has a row for each of the batch; return its mean")
        shape = tuple(int(dim) for dim in value.shape)
        with graph.scope("", "metrics"):
            kept = reshape(cast(value, value.dtype if value.type.is_floating else "float32"), (prod(shape),))
            graph.state(label, kept.type, "metric")
            graph.update(label, kept)
        return ResultSpec(key, "last", (shape,), {}, label)

    # ------------------------------------------------------------------ the program

    def draft(self, name: str) -> Graph | None:
        """Return nothing: what a class's own steps do is recorded once for each graph."""
        return None

    def _maker(self, name: str, weights: str) -> Callable[[], Graph]:
        def make() -> Graph:
            if name in self.failures:
                raise self.failures[name]
            with telling(self.told):
                recorded = self._record(name, self.data_of_step[name], self.segments, bool(weights))
            return run_passes(recorded.graph, extended(OPTIMIZE, self.extra), self.observe)

        return make

    def program(self) -> Program:
        """Return the program; its graphs are made when they are first needed."""
        model: Any = self.model
        states: dict[str, Array] = {segment.label: segment.array for segment, _ in self.segments}
        makers: dict[str, Callable[[], Graph]] = {}
        if model.outputs:
            makers |= {PREDICT: self._predict, PROLOGUE: self._prologue}
        targets: tuple[TargetSpec, ...] = ()
        inputs: tuple[ArraySpec, ...] = self._specs(self.inputs)
        results: dict[str, ResultSpec] = {}
        logs: dict[str, tuple[str, ...]] = {}
        if self.data is not None:
            given = [ArraySpec(item.label, item.type.shape[1:], item.type.dtype) for item in self.data.inputs]
            inputs = inputs or tuple(given)
            targets = tuple(
                TargetSpec(item.label, item.type.shape[1:], item.type.dtype, output=item.label, exact=True)
                for item in self.data.targets
            )
            for name in (TRAIN, EVALUATE):
                if name not in self.first:
                    continue
                suffixes = {
                    WEIGHTED if self.data.is_weighted else "",
                    "" if name == EVALUATE else WEIGHTED * self.data.is_weighted,
                }
                makers |= {name + suffix: self._maker(name, suffix) for suffix in sorted(suffixes)}
                for item in self.first[name].results:
                    results.setdefault(item.metric, item)
                logs[name] = tuple(item.metric for item in self.first[name].results)
            states |= self._initial_states()
            states[RANDOM] = numpy.array([model.seed, 0], "uint32")
        spec = ProgramSpec(
            name=model.name,
            inputs=inputs,
            outputs=self._output_specs(),
            targets=targets,
            metrics=tuple(results),
            results=tuple(results.values()),
            variables=self._variables(),
            trains=any(unweighted(name) == TRAIN for name in makers),
            model=serialized(model) if model.is_wired_by_layers else {},
            structure=model.output_structure if self.prediction is None else self.prediction.structure,
            logs=logs,
            resets=tuple(dict.fromkeys(label for item in self.first.values() for label in item.resets)),
        )
        program = Program(spec, makers, states, model.seed, None, self.versions, model.chosen_backend, self.observe)
        self.told = program.told
        return program

    def _initial_states(self) -> dict[str, Array]:
        """Return what states of optimizers and variables begin with."""
        found: dict[str, Array] = {}
        for recorded in self.first.values():
            own = {label: item for label, item in recorded.found.items() if item not in self.paths}
            metrics = {label for label, item in own.items() if isinstance(item.owner, Metric)}
            found |= {label: item.memory for label, item in own.items() if label not in metrics}
            found |= {label: numpy.zeros_like(own[label].memory) for label in metrics}
        for optimizer, (place, windows) in self.optimizers().items():
            for label, value in optimizer.initial_states(windows).items():
                found[placed(label, place)] = numpy.array(value, self._state_dtype(value))
        return found

    def optimizers(self) -> dict[Optimizer, tuple[str, list[Any]]]:
        """Return for each optimizer the place of its states, and the variables that it changes."""
        specs = {spec.path: spec for spec in self._variables()}
        found: dict[Optimizer, tuple[str, list[Any]]] = {}
        for step in self.first[TRAIN].steps if TRAIN in self.first else ():
            _, windows = found.setdefault(step.optimizer, (step.place, []))
            windows += [
                specs[self.paths[item]]
                for item in step.variables
                if item in self.paths and specs[self.paths[item]] not in windows
            ]
        return found

    def bind_optimizers(self, states: Mapping[str, Array]) -> None:
        """Let optimizers read and write their states in a program, and metrics read theirs."""
        for recorded in self.first.values():
            for metric, state in recorded.measured.items():
                if state.label in states:
                    metric.standalone.bind(states[state.label], state.shapes)
        for optimizer, (place, windows) in self.optimizers().items():
            seen = states if place == PLACE else PlacedStates(states, partial(placed, place=place))
            optimizer.bind(seen, windows)
