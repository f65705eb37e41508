"""The objective of a model: the losses and metrics given to `compile`, spread over its outputs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nnc.errors import ModelError, nearest
from nnc.execution.spec import packed
from nnc.identity import is_own
from nnc.ir import TensorType
from nnc.layers.batch import BATCH
from nnc.losses import ExpectedTargets, Loss, LossFunctionWrapper
from nnc.losses.registry import as_loss
from nnc.metrics.registry import metric_for
from nnc.models.head import JointLoss, ModelHead, OutputHead
from nnc.models.nested_losses import (
    FLAT,
    Nesting,
    PlacedLoss,
    is_nested,
    is_nested_deeper,
    numbers_in,
    placed_losses,
)
from nnc.objects import is_function
from nnc.program import SAMPLE_WEIGHT, TargetSpec

Outputs = Sequence[tuple[str, TensorType]]
"""Name and type of each output of a model."""


@dataclass(frozen=True)
class Objective:
    """Losses and metrics as `Model.compile` was given them: one, one per output, or a dictionary by output name.

    Args:
        loss: a loss or the name of one, for one output or all of them.
        loss_weights: factors of the losses.
        metrics: what else is measured.
        weighted_metrics: what is measured with the weights of the rows.
        is_given: whether `compile` was called.
    """

    loss: Any = None
    loss_weights: Any = None
    metrics: Any = None
    weighted_metrics: Any = None
    is_given: bool = False

    def with_losses(self) -> Objective:
        """Return the objective with losses in the places of functions, so that each stays one."""

        def adapted(given: Any) -> Any:
            if is_nested(given):
                parts = given.items() if isinstance(given, Mapping) else enumerate(given)
                made = {key: adapted(item) for key, item in parts}
                return made if isinstance(given, Mapping) else type(given)(made.values())
            return as_loss(given) if is_function(given) and not isinstance(given, Loss) else given

        return replace(self, loss=adapted(self.loss))

    def head(
        self,
        outputs: Outputs,
        input_names: Collection[str],
        dtype: str,
        weighted: bool,
        adds_loss: bool = False,
        nesting: Nesting = FLAT,
    ) -> ModelHead | None:
        """Return losses and metrics as graph code, None where there is no loss.

        Args:
            outputs: the model's outputs.
            input_names: names of its inputs, which those of targets must not meet.
            dtype: element type to compute in.
            weighted: whether rows have weights.
            adds_loss: whether layers or weights add to the loss, so that outputs need none.
            nesting: how the outputs are nested.

        Raises:
            ModelError: a loss does not fit its output, or a name is unknown.
        """
        if self.loss is None and not (adds_loss and self.is_given):
            return None
        for name in input_names:
            if name.startswith(SAMPLE_WEIGHT):
                raise ModelError(
                    f"compile: an input cannot be named '{name}', which is what weights of rows are called"
                )
        names = [name for name, _ in outputs]
        single, joint, order = self._losses(names, nesting)
        measured = {number for item in joint for number in numbers_in(item.place)}
        plain = _metrics(self.metrics, names, "metrics")
        by_weight = _metrics(self.weighted_metrics, names, "weighted_metrics")
        heads = []
        for position, (name, type) in enumerate(outputs):
            placed = single.get(position)
            loss = None if placed is None else as_loss(_single(placed.given))
            if loss is None and not plain[position] and not by_weight[position] and position not in measured:
                continue  # an output that nothing reads while training
            if type.shape[:1] != (BATCH,):
                raise ModelError(
                    f"output '{name}' of type {type} has no row for each row of the input, which a loss or a metric"
                    " needs; name those of other outputs, in a dictionary"
                )
            if loss is not None:
                _check_reduced(loss)
            computed = type.with_dtype(dtype) if type.is_floating else type
            target = computed if loss is None else loss.target(computed).type
            heads.append(
                OutputHead(
                    label=name,
                    target=_target_label(name, len(names) > 1, input_names),
                    target_type=target,
                    loss=loss,
                    weight=_loss_weight(None if placed is None else placed.weight),
                    metrics=tuple(metric_for(item, computed, target) for item in plain[position]),
                    weighted_metrics=tuple(metric_for(item, computed, target) for item in by_weight[position]),
                    prefix=nesting.producers[position] if nesting.is_deep else None,
                )
            )
        if all(head.loss is None for head in heads) and not joint and not adds_loss:
            raise ModelError(f"none of the outputs {', '.join(names)} has a loss; give one with loss=")
        beside = tuple(_joint(item, names) for item in joint)
        return ModelHead(tuple(heads), weighted, dtype, several=len(names) > 1, joint=beside, order=order)

    def _losses(
        self, names: Sequence[str], nesting: Nesting
    ) -> tuple[dict[int, PlacedLoss], list[PlacedLoss], tuple[str, ...]]:
        """Return the losses by output, those beside them, and the names of those that logs show."""
        is_list = isinstance(self.loss, list | tuple) and nesting.structure is not None
        if not is_nested_deeper(self.loss) and not (is_list and len(self.loss) != len(names)):
            losses = per_output(self.loss, names, "loss", repeat=True)
            weights = per_output(self.loss_weights, names, "loss_weights")
            rows = zip(losses, weights, names, strict=True)
            placed = {
                number: PlacedLoss(loss, weight, number, name)
                for number, (loss, weight, name) in enumerate(rows)
                if loss is not None
            }
            return placed, [], ()
        placed, joint = {}, []
        found = placed_losses(self.loss, self.loss_weights, names, nesting)
        if len(names) == 1 and len(found) > 1:  # of which Keras takes the first, and says nothing
            raise ModelError(f"loss: there are {len(found)} losses of the only output '{names[0]}'; give one")
        for item in found:
            if isinstance(item.place, int) and item.place in placed:
                joint.append(replace(placed[item.place], name=""))  # logs show the last of them, as in Keras
            if isinstance(item.place, int):
                placed[item.place] = item
            else:
                joint.append(item)
        return placed, joint, tuple(dict.fromkeys(item.name for item in found))


def _joint(item: PlacedLoss, names: Sequence[str]) -> JointLoss:
    """Return a loss beside those of single outputs.

    Raises:
        ModelError: it is one of nnc's, which take one output, and there are several.
    """
    loss = as_loss(_single(item.given))
    _check_reduced(loss)
    is_own_kind = is_own(loss.fn) if isinstance(loss, LossFunctionWrapper) else is_own(type(loss))
    if not isinstance(item.place, int) and is_own_kind:
        several = ", ".join(names[number] for number in numbers_in(item.place))
        raise ModelError(
            f"loss '{loss.name}' takes one output, and stands where there are several: {several}; give a list with one"
            " loss for each, or a function of all of them"
        )
    return JointLoss(item.name, loss, _loss_weight(item.weight), packed(item.place, names))


def _check_reduced(loss: Loss) -> None:
    if not loss.is_reduced:
        raise ModelError(
            f"loss '{loss.name}': reduction {loss.reduction!r} leaves no single number to minimise; use"
            " 'sum_over_batch_size' or 'sum'"
        )


def _single(given: Any) -> Any:
    """Return the loss of an output, which may stand in a list, as its metrics do."""
    return given[0] if isinstance(given, list | tuple) and len(given) == 1 else given


def target_specs(head: ModelHead, outputs: Outputs) -> tuple[TargetSpec, ...]:
    """Return what the targets of outputs must look like."""
    specs, types = [], dict(outputs)
    steps = head.step_ranks({name: type.with_dtype(head.dtype) if type.is_floating else type for name, type in outputs})
    for output, rank in zip(head.outputs, steps, strict=True):
        loss, type = output.loss, output.target_type
        target = ExpectedTargets(type) if loss is None else loss.target(types[output.label])
        specs.append(
            TargetSpec(
                label=output.target,
                shape=type.shape[1:],
                dtype=type.dtype,
                classes=target.classes,
                low=target.low,
                high=target.high,
                loss="" if loss is None else loss.name,
                ignored=None if target.ignored is None else float(target.ignored),
                steps=rank,
                output=output.label,
                exact=target.exact,
                weighed_alike=any(not isinstance(item.place, str) for item in head.joint),
            )
        )
    return tuple(specs)


def _target_label(name: str, several: bool, taken: Collection[str]) -> str:
    label = f"y_{name}" if several else "y"
    while label in taken:
        label += "_true"
    return label


def _loss_weight(given: Any) -> float:
    if given is None:
        return 1.0
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ModelError(f"loss_weights must be numbers, got {given!r}; metrics are given with metrics=[...]")
    return float(given)


def _metrics(given: Any, names: Sequence[str], what: str) -> list[list[Any]]:
    """Return the metrics of each output; those of a single one may be a plain list."""
    is_plain = len(names) == 1 and not _is_by_name(given)
    parts = [given] if is_plain else per_output(given, names, what)
    listed = [[] if part is None else list(part) if isinstance(part, list | tuple) else [part] for part in parts]
    if is_plain and len(listed[0]) == 1 and isinstance(listed[0][0], list | tuple):  # Keras's [[...]]
        return [list(listed[0][0])]
    return listed


def _is_by_name(given: Any) -> bool:
    return isinstance(given, Mapping) and "class_name" not in given


def per_output(given: Any, names: Sequence[str], what: str, repeat: bool = False) -> list[Any]:
    """Return one item per output from one item, a list, or a dictionary by output name.

    Args:
        given: what the user gave; None for nothing.
        names: names of the outputs.
        what: the argument, for messages.
        repeat: whether one item stands for all outputs.

    Raises:
        ModelError: it does not fit the outputs.
    """
    if given is None:
        return [None] * len(names)
    if _is_by_name(given):
        unknown = [key for key in given if key not in names]
        if unknown:
            hint = nearest(str(unknown[0]), names)
            raise ModelError(f"{what}: the model has no output '{unknown[0]}', only {', '.join(names)}.{hint}")
        return [given.get(name) for name in names]
    if isinstance(given, list | tuple):
        if len(given) != len(names):
            raise ModelError(
                f"{what}: expected {len(names)} items, one per output ({', '.join(names)}), got {len(given)}"
            )
        return list(given)
    if repeat or len(names) == 1:
        return [given] * len(names)
    raise ModelError(f"{what}: expected a list with one item per output ({', '.join(names)}), got {given!r}")
