"""Keras's training, test and prediction steps of a model, which a subclass may write anew."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import cast, reshape, size
from nnc.layers import Layer
from nnc.layers.lowering import current_lowering, is_lowering
from nnc.layers.weights import layers_inside
from nnc.metrics import Mean, Metric
from nnc.metrics.stateful import AuthoredMetric
from nnc.models.head import ModelHead, OutputHead
from nnc.models.nested_losses import Nesting
from nnc.models.objective import Objective
from nnc.models.replicated_model import ReplicatedModel
from nnc.models.step_data import StepData, step_data, with_first_batch
from nnc.program import EVALUATE
from nnc.program.streams import gives_next_alone
from nnc.structure import contained, leaves
from nnc.utils import unpack_x_y_sample_weight

STEPS = ("train_step", "test_step", "predict_step", "compute_loss", "compute_metrics")
"""Methods by which a model's class says how it is trained, tested and asked, beside ``call``."""
STEPS_THAT_MEASURE = ("train_step", "test_step")
"""Steps that are recorded where layers have metrics of their own."""
LOSS = "loss"
"""Key of the loss in logs."""


@dataclass(frozen=True)
class CompiledOutput:
    """An output in a step, with its targets and what `compile` was given for it.

    Args:
        head: losses and metrics.
        y_true: the targets, None where there are none.
        y_pred: the output.
    """

    head: OutputHead
    y_true: Value | None
    y_pred: Value

    def _targets(self) -> Value:
        if self.y_true is None:
            raise ModelError(f"output '{self.head.label}' has a loss or metrics, and no targets were given for it")
        value, wanted = self.y_true, self.head.target_type
        if value.rank == wanted.rank + 1 and value.shape[-1] == 1:
            value = reshape(value, value.shape[:-1])
        elif value.rank + 1 == wanted.rank and wanted.shape[-1] == 1:
            value = reshape(value, (*value.shape, 1))
        return cast(value, wanted.dtype)

    def loss(self, sample_weight: Any) -> Value | None:
        """Return the loss, None where `compile` was given none for this output."""
        if self.head.loss is None:
            return None
        mask = current_lowering().masks.get(self.y_pred)
        return cast(
            self.head.loss.lower(self._targets(), self.y_pred, self._weight(sample_weight), mask), self.y_pred.dtype
        )

    def measure(self, sample_weight: Any) -> None:
        """Let the metrics measure it."""
        for metric in self.head.metrics:
            own_metric(metric).update_state(self._targets(), self.y_pred)
        weight = self._weight(sample_weight)
        for metric in self.head.weighted_metrics:
            own_metric(metric).update_state(self._targets(), self.y_pred, sample_weight=weight)

    def _weight(self, given: Any) -> Value | None:
        if isinstance(given, dict):
            return given.get(self.head.label)
        found = leaves(given, Value)
        if len(found) > 1:
            raise ModelError("a step takes one weight for each row; override compute_loss for weights of each output")
        return found[0] if found else None


class LossTracker(Mean):
    """The mean loss of a model: in steps of its class's own what they add up, otherwise what its program has measured.

    Args:
        model: the model.
    """

    def __init__(self, model: Steps) -> None:
        super().__init__(name=LOSS)
        self._model = model

    def result(self) -> Any:
        """Return the loss since the last reset."""
        measured = self._model.program_results()
        return super().result() if measured is None else measured.get(LOSS, 0.0)


class CompiledMetrics(Metric):
    """The metrics that a model was compiled with, as one: the results of all of them by name.

    Args:
        model: the model.
    """

    def __init__(self, model: Steps) -> None:
        super().__init__("compile_metrics")
        self._model = model

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Let all metrics measure a batch.

        Args:
            y_true: targets, nested as the outputs.
            y_pred: outputs.
            sample_weight: weights of the rows, for ``weighted_metrics``.
        """
        for output in self._outputs(y_true, y_pred):
            output.measure(sample_weight)

    def _outputs(self, y_true: Any, y_pred: Any) -> list[CompiledOutput]:
        return self._model.compiled_outputs(y_true, y_pred)

    def result(self) -> dict[str, Any]:
        """Return the results of those that have measured something, by name."""
        measured = self._model.program_results()
        if measured is None:
            return self._model.measured_results()
        return {name: number for name, number in measured.items() if name != LOSS}

    def reset_state(self) -> None:
        """Start all of them afresh."""
        for _, metric in self._model.measures:
            metric.reset_state()


def own_metric(metric: Metric) -> Metric:
    """Return a metric as its author wrote it, which adds up by itself in a step."""
    return metric.metric if isinstance(metric, AuthoredMetric) else metric


class Steps(ReplicatedModel):
    """The part of a model that is one step of training, testing or predicting.

    A subclass may override its methods. They are run once, on graph values, and what they do becomes the graph of a
    step: what layers compute, gradients (`nnc.GradientTape`), steps of optimizers, what metrics add up, and what
    variables are assigned. Python around that, such as ``print``, is run while the graph is made.
    """

    _objective: Objective

    def __init__(self, *, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self._compiler: Any = None
        self._step_data: StepData | None = None
        self._resumed: dict[str, Any] | None = None
        self._loss_tracker = LossTracker(self)
        self._compiled_metrics = CompiledMetrics(self)
        self._heads: dict[Any, ModelHead | None] = {}
        self._calls_measure = False
        self.measures: list[tuple[str, Metric]] = []

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs in graphs."""
        raise NotImplementedError

    @property
    def nesting(self) -> Nesting:
        """How the outputs are nested."""
        raise NotImplementedError

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run one operation after the other: never.

        Raises:
            ModelError: it is set to True.
        """
        return False

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        if value:
            raise ModelError("compile: run_eagerly=True is not supported; nnc has no eager mode")

    @property
    def own_steps(self) -> list[str]:
        """The steps that its class, or somebody for this model, has written anew."""
        found = [name for name in STEPS if getattr(type(self), name) is not getattr(Steps, name) or name in vars(self)]
        return found or (list(STEPS_THAT_MEASURE) if self._calls_measure else [])

    def _note_metrics(self) -> None:
        """Let steps be recorded from now on if layers have metrics, which their calls may update."""
        self._calls_measure = bool(_attributes(self))

    def _ensure_wired(self, x: Any) -> None:
        """Let a subclass take the shape of its input from the first array it meets."""

    def _wired_for(self, x: Any, predicts: bool = False) -> Any:
        """Return data, all of them, after a model without outputs has looked at the first batch.

        Where nothing is predicted, steps of its own may do without outputs, which `call` may not have for x alone.
        """
        given = x
        if not self.nesting.producers and gives_next_alone(x):
            x, first = with_first_batch(x)
            given = None if first is None else first[0]
        try:
            self._ensure_wired(given)
        except ModelError:
            if predicts or "train_step" not in self.own_steps:
                raise
        return x

    # ------------------------------------------------------------------ recording

    def _take_data(self, x: Any, y: Any, *weights: Any, evaluates: bool = False, batch_size: int | None = None) -> Any:
        """Let steps of the class's own be recorded for data of these types; the program is made anew for others.

        Args:
            x: inputs, or what yields batches.
            y: targets.
            weights: weights of rows and of classes, None for none.
            evaluates: whether the model is tested.
            batch_size: rows of a batch of arrays; None where they are one batch.

        Returns:
            x, with all its batches.

        Raises:
            ModelError: the step that is wanted cannot be recorded.
        """
        if not self.own_steps:
            return x
        if self._replicas is not None:
            raise ModelError(
                f"model '{self.name}' has steps of its own, which are those of one network, not of replicas"
            )
        x, first = with_first_batch(x)
        weight, *others = (*weights, None)
        is_weighted = any(item is not None for item in others)
        data = (
            step_data(self, x, y, weight, is_weighted, batch_size)
            if first is None
            else step_data(self, *first, is_weighted)
        )
        if data != self._step_data:
            if self._program is not None:
                self._resumed = self._program.checkpoint()
            self._step_data, self._program = data, None
        if evaluates and self.program is not None and EVALUATE in self._compiler.failures:
            raise self._compiler.failures[EVALUATE]
        return x

    def check_recorded(self) -> None:
        """Check that steps of the class's own, if it has some, were recorded, so that a program can have them.

        Raises:
            ModelError: they were not.
        """
        if self.own_steps and self._objective.is_given and self._step_data is None:
            raise ModelError(
                f"model '{self.name}': its class {type(self).__name__} has {', '.join(self.own_steps)} of its own,"
                " recorded for the types of the data: use compile() and fit() of the model, then its program"
            )

    def stepped_variables(self) -> dict[Any, tuple[str, list[Any]]]:
        """Return for each optimizer of its class's own steps the place of its states, and the variables it changes.

        It is empty as long as no data are known that these steps are recorded for.
        """
        found: dict[Any, tuple[str, list[Any]]] = self._compiler.optimizers() if self.own_steps else {}
        return found

    # ------------------------------------------------------------------ steps

    def train_step(self, data: Any) -> dict[str, Any]:
        """Train on a batch, and return what is shown of it.

        Args:
            data: x, or a tuple (x, y) or (x, y, sample_weight).
        """
        from nnc.tape import GradientTape

        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self._loss_of(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        self._track_loss(loss, x)
        weights = self.trainable_weights
        if weights:
            self.optimizer.apply_gradients(zip(tape.gradient(scaled, weights), weights, strict=True))
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Measure a batch, and return what is shown of it; see `train_step`."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self._loss_of(x, y, y_pred, sample_weight, training=False)
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """Return what is predicted of a batch; see `train_step`."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)

    def _loss_of(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """Return the loss that the class computes, of the arguments that it knows."""
        given = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": sample_weight, "training": training}
        parameters = signature(self.compute_loss).parameters.values()
        if not any(item.kind is item.VAR_KEYWORD for item in parameters):
            known = {item.name for item in parameters}
            given = {key: value for key, value in given.items() if key in known}
        return self.compute_loss(**given)

    def _track_loss(self, loss: Any, x: Any) -> None:
        first = leaves(x, Value)
        self._loss_tracker.update_state(loss, sample_weight=size(first[0], [0], loss.dtype) if first else None)

    # ------------------------------------------------------------------ losses and metrics

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
        allow_empty: bool = False,
    ) -> Any:
        """Return the loss of a batch: that of `compile`, and what layers and weights add.

        Args:
            x: the inputs.
            y: the targets.
            y_pred: what the model makes of the inputs.
            sample_weight: weights of the rows.
            training: whether this is training.
            allow_empty: whether nothing is a loss as well, of 0.

        Raises:
            ModelError: there is no loss.
        """
        del x, training
        losses = []
        outputs = self.compiled_outputs(y, y_pred)
        several = sum(output.head.loss is not None for output in outputs) > 1
        for output in outputs:
            loss = output.loss(sample_weight)
            if loss is None:
                continue
            if several:
                tracker = self._tracker(f"{output.head.label}_loss")
                tracker.update_state(loss, sample_weight=size(output.y_pred, [0], loss.dtype))
            weight: Any = output.head.weight
            losses.append(loss if weight == 1.0 else loss * weight)
        losses += self.losses
        if not losses:
            if allow_empty:
                return current_lowering().graph.constant(0.0, "float32")
            raise ModelError(
                f"model '{self.name}' has no loss to compute: give compile() one, override compute_loss(), or use"
                " add_loss() in the call() of a layer"
            )
        total = losses[0]
        for loss in losses[1:]:
            total = total + loss
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Let the metrics of `compile` measure a batch, and return the results of all metrics by name."""
        del x
        self._compiled_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """Return the results of all metrics by name: numbers, or in a step what becomes of them."""
        found: dict[str, Any] = {}
        for metric in self.metrics:
            if is_lowering() and not self._is_measured(metric):
                found[metric.name] = 0.0
                continue
            result = metric.result()
            found |= result if isinstance(result, dict) else {metric.name: result}
        return found

    def program_results(self) -> dict[str, Any] | None:
        """Return what the program has measured; None where metrics know it: in steps of the class's own."""
        if self.own_steps or is_lowering():
            return None
        return {} if self._program is None else self._program.metric_values()

    def measured_results(self) -> dict[str, Any]:
        """Return the results of the metrics of `compile` that have measured something, by name."""
        measured = [(name, metric) for name, metric in self.measures if not is_lowering() or self._is_measured(metric)]
        return {name: metric.result() for name, metric in measured}

    def _is_measured(self, metric: Metric) -> bool:
        from nnc.recording import current_recording

        recording = current_recording()
        is_known = metric.is_authored or isinstance(metric, CompiledMetrics)
        return recording is None or is_known or metric in recording.measured

    def compiled_outputs(self, y: Any, y_pred: Any) -> list[CompiledOutput]:
        """Return what `compile` was given for outputs, with these and their targets."""
        outputs = leaves(y_pred, Value)
        names = list(y_pred) if isinstance(y_pred, dict) else [f"output_{number}" for number in range(len(outputs))]
        given = [y.get(name) for name in names] if isinstance(y, dict) else leaves(y, Value)
        targets = dict(zip(names, [*given, *[None] * (len(names) - len(given))], strict=True))
        key = tuple((name, value.type) for name, value in zip(names, outputs, strict=True))
        if key not in self._heads:
            dtype = next((value.dtype for value in outputs if value.type.is_floating), "float32")
            head = self._objective.head(key, (), dtype, False, adds_loss=True)
            self._heads[key] = head
            self.measures += [(item.name, own_metric(item.metric)) for item in (head.measures if head else ())]
        head, values = self._heads[key], dict(zip(names, outputs, strict=True))
        if head is not None and head.joint:
            raise ModelError(
                f"model '{self.name}': steps of its class's own take one loss for each output; compute losses of"
                " several outputs, and more than one for an output, in compute_loss()"
            )
        return [
            CompiledOutput(item, targets[item.label], values[item.label]) for item in (head.outputs if head else ())
        ]

    def _tracker(self, name: str) -> Mean:
        """Return what adds up the loss of one of several outputs."""
        known = dict(self.measures).get(name)
        if not isinstance(known, Mean):
            known = Mean(name=name)
            self.measures.append((name, known))
        return known

    @property
    def metrics(self) -> list[Metric]:
        """The metrics: that of the loss, those among the attributes of the model and its layers, those of `compile`."""
        found: list[Metric] = [self._loss_tracker] if self._objective.is_given else []
        found += _attributes(self)
        if self._objective.metrics is not None or self._objective.weighted_metrics is not None:
            found.append(self._compiled_metrics)
        return list(dict.fromkeys(found))

    @property
    def metrics_names(self) -> list[str]:
        """Names of the metrics."""
        return [metric.name for metric in self.metrics]


def _attributes(owner: Layer) -> list[Metric]:
    """Return the metrics among the attributes of a layer and of the layers inside it."""
    hidden = {"_loss_tracker", "measures", "_compiled_metrics", "_heads", "_objective", "_compiler", "optimizer"}
    given = [value for layer in layers_inside(owner) for key, value in vars(layer).items() if key not in hidden]
    return contained(given, Metric)
