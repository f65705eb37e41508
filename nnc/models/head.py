"""The head of a model in training and evaluation: targets, losses, weights and metrics, as graph code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nnc.errors import ModelError, NncError
from nnc.ir import Graph, Shape, TensorType, Value
from nnc.ir.ops import Pack, cast, size
from nnc.ir.ops import sum as sum_
from nnc.layers.batch import BATCH
from nnc.losses import Loss
from nnc.metrics import Metric
from nnc.program import COUNT, TOTAL, ResultSpec, sums_label, weight_labels
from nnc.structure import map_leaves

MASK, PENALTY = "mask/", "penalty/"
"""Prefixes of outputs beside those of the model: their masks, and what layers and weights add to the loss."""


@dataclass(frozen=True)
class OutputHead:
    """Loss and metrics of one output.

    Args:
        label: name of the output in the graph.
        target: name of the input with its targets.
        loss: the loss, or None where the output is not trained.
        target_type: type of the targets.
        weight: factor of the loss in the sum, or the label of the state that it is read from.
        metrics: what else is measured, row by row alike.
        weighted_metrics: what is measured with the weights of the rows.
        prefix: what names of metrics begin with where the model has several outputs; the label by default.
    """

    label: str
    target: str
    target_type: TensorType
    loss: Loss | None
    weight: float | str
    metrics: tuple[Metric, ...]
    weighted_metrics: tuple[Metric, ...]
    prefix: str | None = None

    def steps(self, type: TensorType) -> Shape:
        """Return the shape of a row of the values of the loss, for an output of this type."""
        if self.loss is None:
            return ()
        try:
            shape = self.loss.values_type(self.target_type, type).shape
        except NncError:
            if not self.loss.wants_floating_targets:
                raise
            return ()  # a user's loss may take targets of a shape that only the data tell
        return shape[1:] if shape[:1] == (BATCH,) else ()


@dataclass(frozen=True)
class JointLoss:
    """A loss beside the one that each output may have: of several outputs at once, or one more of an output.

    Args:
        name: what it is called in logs; empty where they show another one of the same output.
        loss: the loss.
        weight: its factor in the sum.
        place: the label of the output, or those of several, nested as the loss takes them.
    """

    name: str
    loss: Loss
    weight: float
    place: Any


@dataclass(frozen=True)
class Measured:
    """A metric of one output.

    Args:
        name: key in logs.
        metric: what is measured.
        head: the output.
        is_weighted: whether with the weights of the rows.
    """

    name: str
    metric: Metric
    head: OutputHead
    is_weighted: bool

    @property
    def is_mean(self) -> bool:
        """Whether it is a mean, so that it needs two elements of the common sums and no state of its own."""
        return self.metric.result_name == "mean"


@dataclass(frozen=True)
class ModelHead:
    """Losses and metrics of all outputs; lowers itself for `nnc.passes.training.AttachLoss`.

    Args:
        outputs: one head per output.
        weighted: whether there are inputs with weights.
        dtype: element type of the loss.
        steps: whether these weigh every value of a loss, instead of whole rows.
        several: whether the model has several outputs, by whose names those of metrics begin.
        joint: losses beside those of single outputs.
        order: names of the losses in logs, by default those of the outputs.
    """

    outputs: tuple[OutputHead, ...]
    weighted: bool
    dtype: str
    steps: bool = False
    several: bool = False
    joint: tuple[JointLoss, ...] = ()
    order: tuple[str, ...] = ()

    @property
    def _shown(self) -> list[str]:
        """Names of the losses that logs show beside their sum."""
        own = [head.label for head in self.outputs if head.loss is not None]
        return (list(self.order) or own) if len(own) + len(self.joint) > 1 else []

    @property
    def _losses(self) -> list[str]:
        return ["loss", *(f"{name}_loss" for name in self._shown)]

    @property
    def measures(self) -> tuple[Measured, ...]:
        """The metrics of all outputs, then those with weights.

        Names are unique, as Keras makes them: ``mae_1`` is the second ``mae``, ``weighted_mae`` that with weights.

        Raises:
            ModelError: one of several numbers of a metric has the name of another one, or of the loss.
        """
        taken, found = self._losses, []
        for is_weighted in (False, True):
            for head in self.outputs:
                prefix = f"{head.prefix or head.label}_" if self.several else ""
                for metric in head.weighted_metrics if is_weighted else head.metrics:
                    is_free = not is_weighted or f"{prefix}{metric.name}" not in taken
                    name = _unique(f"{prefix}{'' if is_free else 'weighted_'}{metric.name}", taken)
                    if metric.is_part and name != metric.name:
                        raise ModelError(
                            f"a metric returns a number by the name '{metric.name}', as another metric or the loss is"
                            " called, and Keras shows one of them; give it another name"
                        )
                    taken.append(name)
                    found.append(Measured(name, metric, head, is_weighted))
        return tuple(found)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what is measured: the total loss, the losses of several outputs, then the metrics."""
        return (*self._losses, *(item.name for item in self.measures))

    def results(self, types: Mapping[str, TensorType]) -> tuple[ResultSpec, ...]:
        """Return the rules for the results of metrics that are not means.

        Args:
            types: types of the outputs by name.

        Raises:
            NncError: a metric does not suit its output.
        """
        specs = []
        for item in self.measures:
            if not item.is_mean:
                graph = Graph("sums")
                y_true, y_pred = (
                    graph.input(*pair) for pair in (("y", item.head.target_type), ("x", types[item.head.label]))
                )
                shapes = tuple(tuple(int(dim) for dim in value.shape) for value in item.metric.lower(y_true, y_pred))
                settings = item.metric.result_settings(shapes)
                specs.append(ResultSpec(item.name, item.metric.result_name, shapes, settings))
        return tuple(specs)

    def step_ranks(self, types: Mapping[str, TensorType]) -> tuple[int, ...]:
        """Return for each output the number of axes behind the rows that weights may have.

        Args:
            types: types of the outputs by name.
        """
        ranks = tuple(len(head.steps(types[head.label])) for head in self.outputs)
        if not any(ranks):
            return ranks
        try:
            graph = Graph("steps")
            values = {label: graph.input(label, type) for label, type in types.items()}
            replace(self, weighted=True, steps=True).lower(graph, values)
        except NncError:  # a metric that only whole rows can be weighed for
            return (0,) * len(ranks)
        return ranks

    def _weights(self, graph: Graph, outputs: Mapping[str, Value]) -> dict[str, Value | None]:
        if not self.weighted:
            return {head.label: None for head in self.outputs}
        found: dict[str, Value | None] = {}
        for head, label in zip(self.outputs, weight_labels([head.target for head in self.outputs]), strict=True):
            row = head.steps(outputs[head.label].type) if self.steps else ()
            found[head.label] = graph.input(label, TensorType(self.dtype, (BATCH, *row)))
        return found

    def lower(self, graph: Graph, outputs: dict[str, Value]) -> None:
        """Add targets, the output ``loss``, and the updates of the states that metrics add up in.

        The losses of several outputs are means over rows, as the total is and as in Keras on JAX and PyTorch. On
        TensorFlow, where Keras does not know how many rows a batch has, a smaller last one counts as the others do.
        """
        weights = self._weights(graph, outputs)
        targets = {head.label: graph.input(head.target, head.target_type) for head in self.outputs}
        masks = {head.label: outputs.get(MASK + head.label) for head in self.outputs}
        losses: list[tuple[Value, float | Value]] = []
        named: dict[str, Value] = {}
        for head in self.outputs:
            if head.loss is not None:
                with graph.scope("", "loss"):
                    label = head.label
                    loss = head.loss.lower(targets[label], outputs[label], weights[label], masks[label])
                    named[label] = cast(loss, self.dtype)
                    losses.append((named[label], _factor(graph, head.weight, self.dtype)))
        for beside in self.joint:
            with graph.scope("", "loss"):
                y_true, y_pred = (map_leaves(values.__getitem__, beside.place, str) for values in (targets, outputs))
                label = beside.place if isinstance(beside.place, str) else self.outputs[0].label
                mask = masks[label] if label == beside.place else None
                joint = cast(beside.loss.lower(y_true, y_pred, weights[label], mask), self.dtype)
                losses.append((joint, beside.weight))
                named.setdefault(beside.name, joint)
        measures = self.measures
        with graph.scope("", "metrics"):
            measured: list[tuple[Value, ...]] = []
            for item in measures:
                label = item.head.label
                weight = weights[label] if item.is_weighted else None
                operands = targets[label], outputs[label], weight, masks[label]
                if item.metric.keeps_state:
                    state = graph.state(sums_label(item.name), item.metric.state_type(self.dtype), "metric")
                    graph.update(sums_label(item.name), item.metric.next_state(state, *operands))
                    measured.append(())
                else:
                    measured.append(item.metric.lower(*operands))
        with graph.scope("", "loss"):
            penalties = [(sum_(value), 1.0) for label, value in outputs.items() if label.startswith(PENALTY)]
            total = _weighted_sum([*losses, *penalties])
            graph.output("loss", total)
        with graph.scope("", "metrics"):
            rows = size(next(iter((targets or graph.inputs).values())), [0], self.dtype)
            means = [(loss * rows, rows) for loss in (total, *(named[name] for name in self._shown))]
            means += [(parts[0], parts[1]) for item, parts in zip(measures, measured, strict=True) if item.is_mean]
            _accumulate(graph, TOTAL, [value for value, _ in means])
            _accumulate(graph, COUNT, [count for _, count in means])
            for item, parts in zip(measures, measured, strict=True):
                if not item.is_mean and not item.metric.keeps_state:
                    _accumulate(graph, sums_label(item.name), parts)


def _unique(name: str, taken: Sequence[str]) -> str:
    unique, count = name, 0
    while unique in taken:
        count += 1
        unique = f"{name}_{count}"
    return unique


def _factor(graph: Graph, weight: float | str, dtype: str) -> float | Value:
    """Return a factor, which may be that of a state."""
    if not isinstance(weight, str):
        return weight
    return graph.states.get(weight) or graph.state(weight, TensorType(dtype, ()), "hyperparameter")


def _weighted_sum(losses: Sequence[tuple[Value, float | Value]]) -> Value:
    total: Value | None = None
    for loss, weight in losses:
        part = loss if isinstance(weight, float | int) and weight == 1.0 else loss * weight
        total = part if total is None else total + part
    assert total is not None
    return total


def _accumulate(graph: Graph, label: str, values: Sequence[Value]) -> None:
    """Add values to a state, one behind the other, with a single addition."""
    packed = graph.add(Pack(), *values)[0]
    graph.update(label, graph.state(label, packed.type, "metric") + packed)
