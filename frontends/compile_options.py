"""Optimizer, loss and metrics of a definition: each is checked by itself, then against the output it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from frontends.authors import foreign_objects
from frontends.construction import construct, error_text
from frontends.keys import COMPILE_KEYS
from frontends.nodes import Mapping, Scalar, Sequence, ValueNode, describe
from frontends.problems import Problems
from frontends.short_entries import expanded_object
from nnc import optimizers
from nnc.errors import nearest
from nnc.ir import Graph, TensorType
from nnc.layers.batch import BATCH
from nnc.losses.registry import as_loss
from nnc.metrics.registry import metric_for
from nnc.models import Model
from nnc.registration import known_objects

_ANY_OUTPUT = TensorType("float32", (BATCH, 1))
_SUBJECT = "compile"


def apply_compile(
    node: ValueNode | None, model: Model | None, output_names: list[str], problems: Problems, is_short: bool
) -> None:
    """Compile a model as its definition says; what is wrong is noted.

    Args:
        node: optimizer, loss and metrics; None where the definition has none.
        model: the model, None where it could not be made.
        output_names: names of its outputs.
        problems: where problems are noted.
        is_short: whether unknown keys are problems; Keras's own form has some that say nothing here.
    """
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return
    if not isinstance(node, Mapping):
        if not node.is_refused:
            message = f"must be a mapping, such as {{optimizer: sgd, loss: mse}}, got {describe(node)}"
            problems.add(message, node.line, _SUBJECT)
        return
    for key in node.entries:
        if is_short and key not in COMPILE_KEYS:
            problems.add(f"unknown key '{key}'.{nearest(key, COMPILE_KEYS)}", node.line_of(key), _SUBJECT)
    reasons = "" if is_short else "; ".join(foreign_parts(node))
    if reasons:
        problems.note(f"it is read for predicting and not compiled: {reasons}; to train it, compile it with nnc's")
        if model is not None:
            model.uncompiled = reasons
        return
    options = _Options(node, model, output_names, problems)
    plain = options.checked()
    if problems or model is None:
        return
    try:
        model.compile(**plain)
    except Exception as error:  # a user's own loss may raise anything
        problems.add(error_text(error), node.line, _SUBJECT)


def foreign_parts(node: Mapping) -> list[str]:
    """Return why a model cannot be compiled: optimizer, losses and metrics of its author's."""
    nouns = {"optimizer": "optimizer", "loss": "loss", "metrics": "metric", "weighted_metrics": "weighted metric"}
    given = [(noun, node.entries[key]) for key, noun in nouns.items() if key in node.entries]
    return [identity.refusal(noun) for noun, entry in given for identity in foreign_objects(entry)]


@dataclass
class _Options:
    node: Mapping
    model: Model | None
    names: list[str]
    problems: Problems

    def checked(self) -> dict[str, Any]:
        """Return the arguments of `Model.compile`."""
        plain: dict[str, Any] = {}
        optimizer = self._given("optimizer")
        if optimizer is not None:
            optimizer = expanded_object(optimizer)
            plain["optimizer"] = _kept(optimizer, self._made(optimizer, optimizers.get))
        found_losses = self._losses(plain)
        for key in ("metrics", "weighted_metrics"):
            self._metrics(key, found_losses, plain)
        weights = self._given("loss_weights")
        if weights is not None:
            plain["loss_weights"] = weights.plain()
        return plain

    def _given(self, key: str) -> ValueNode | None:
        return _or_none(self.node.entries.get(key))

    def _made(self, node: ValueNode, get: Callable[[Any], Any]) -> Any:
        """Return the object of a name or config, None where it is wrong, which is noted."""
        config = node.entries.get("config") if isinstance(node, Mapping) else None
        if not isinstance(node, Mapping) or not isinstance(config, Mapping):
            if node.is_refused:
                return None
            try:
                return get(node.plain())
            except Exception as error:  # a user's own class may raise anything
                self.problems.add(error_text(error), node.line, _SUBJECT)
                return None
        named: dict[str, Any] = {"class_name": node.text("class_name")}
        registered = node.text("registered_name")
        if registered is not None and registered in known_objects():
            named["registered_name"] = registered
        found = construct(lambda values: get({**named, "config": values}), config.entries)
        for message, key in found.problems:
            line = config.entries[key].line if key is not None else node.line
            self.problems.add(message, line, _SUBJECT)
        return None if found.refused else found.made

    # ------------------------------------------------------------------ losses

    def _losses(self, plain: dict[str, Any]) -> list[Any]:
        """Return the loss of each output, None where it is missing or wrong."""
        node = self._given("loss")
        if node is None:
            return [None] * len(self.names)
        parts = self._per_output("loss", node, repeat=True)
        if parts is None:
            return [None] * len(self.names)
        parts = [None if part is None else expanded_object(part) for part in parts]
        made = [None if part is None else self._made(part, as_loss) for part in parts]
        values = [None if part is None else _kept(part, loss) for part, loss in zip(parts, made, strict=True)]
        for index, (part, loss) in enumerate(zip(parts, made, strict=True)):
            if part is not None and loss is not None and not self._fits(index, loss, part):
                made[index] = None
        plain["loss"] = values[0] if len(values) == 1 else values
        return made

    def _output(self, index: int) -> TensorType | None:
        return None if self.model is None or index >= len(self.model.outputs) else self.model.outputs[index].type

    def _fits(self, index: int, loss: Any, node: ValueNode, metric: Any = None) -> bool:
        """Return whether loss, or metric, can be computed from an output; where not, that is noted."""
        type = self._output(index)
        if type is None:
            return True
        try:
            graph = Graph("check")
            output = graph.input("output", type)
            target = graph.input("target", loss.target(type).type)
            (loss if metric is None else metric).lower(target, output)
        except Exception as error:  # a user's own loss may raise anything
            label = "" if len(self.names) < 2 else f"output '{self.names[index]}': "
            self.problems.add(f"{label}{error_text(error)}", node.line, _SUBJECT)
            return False
        return True

    # ------------------------------------------------------------------ metrics

    def _metrics(self, key: str, found_losses: list[Any], plain: dict[str, Any]) -> None:
        node = self._given(key)
        if node is None:
            return
        parts = self._per_output(key, node) if len(self.names) > 1 else [self._only_output(node)]
        if parts is None:
            return
        values: list[list[Any] | None] = []
        for index, part in enumerate(parts):
            items = [] if part is None else [expanded_object(item) for item in _items(part)]
            loss = found_losses[index] if index < len(found_losses) else None
            values.append([_kept(item, self._checked_metric(index, item, loss)) for item in items] or None)
        plain[key] = values[0] if len(self.names) < 2 else values

    def _only_output(self, node: ValueNode) -> ValueNode:
        """Return the metrics of the only output from Keras's ``{output: [...]}`` or ``[[...]]``."""
        if isinstance(node, Mapping) and self.names and list(node.entries) == self.names:
            return node.entries[self.names[0]]
        if isinstance(node, Sequence) and len(node.items) == 1 and isinstance(node.items[0], Sequence):
            return node.items[0]
        return node

    def _checked_metric(self, index: int, node: ValueNode, loss: Any) -> Any:
        output = self._output(index)
        known = output is not None and loss is not None
        types = (output, loss.target(output).type) if known else (_ANY_OUTPUT, _ANY_OUTPUT)
        metric = self._made(node, lambda identifier: metric_for(identifier, *types))
        if metric is not None and loss is not None:
            self._fits(index, loss, node, metric)
        return metric

    # ------------------------------------------------------------------ outputs

    def _per_output(self, key: str, node: ValueNode, repeat: bool = False) -> list[ValueNode | None] | None:
        """Return one part per output, None where they do not fit, which is noted."""
        names = self.names
        if isinstance(node, Mapping) and "class_name" not in node.entries and self._is_by_name(node):
            for name in node.entries:
                if name not in names:
                    message = f"{key}: the model has no output '{name}'.{nearest(name, names)}"
                    self.problems.add(message, node.line_of(name), _SUBJECT)
                    return None
            return [_or_none(node.entries.get(name)) for name in names]
        if isinstance(node, Sequence):
            if len(node.items) != len(names):
                if names:
                    message = f"{key} must be one, or one per output ({', '.join(names[:20])}), got {len(node.items)}"
                    self.problems.add(message, node.line, _SUBJECT)
                return None
            return [_or_none(item) for item in node.items]
        if repeat or len(names) < 2:
            return [node] * max(len(names), 1)
        message = f"{key} must be a list with one item per output ({', '.join(names[:20])}), got {describe(node)}"
        self.problems.add(message, node.line, _SUBJECT)
        return None

    def _is_by_name(self, node: Mapping) -> bool:
        """Return whether a mapping has names of outputs, and is not one object such as ``{MeanSquaredError: {}}``."""
        return any(name in self.names for name in node.entries) or expanded_object(node) is node


def _or_none(node: ValueNode | None) -> ValueNode | None:
    """Return a node, None where it is missing or null."""
    return None if isinstance(node, Scalar) and node.value is None else node


def _items(node: ValueNode) -> Iterator[ValueNode]:
    if isinstance(node, Sequence):
        yield from node.items
    else:
        yield node


def _kept(node: ValueNode, made: Any) -> Any:
    """Return what `Model.compile` is given: the object where a user's own may be in it, named here only."""
    known = known_objects()
    is_named = isinstance(node, Mapping) or (isinstance(node, Scalar) and node.value in known)
    return made if known and is_named and made is not None else node.plain()
