"""Hyperparameters that differ from replica to replica: numbers of optimizers, layers and losses as states."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy

from nnc.checks import is_number
from nnc.errors import ModelError, ShapeError, nearest
from nnc.ir import Graph, TensorType, Value
from nnc.labels import LEARNING_RATE
from nnc.layers import Layer
from nnc.models.head import ModelHead

Array = Any

STATES = "hyperparameters/"
"""What the labels of their states begin with."""
LOSS_WEIGHTS = "loss_weights"
_ROLE = "hyperparameter"
_OF_GRADIENTS = "loss_scale_factor"
"""A number of the optimizer that gradients are made with, before it sees them."""


@dataclass(frozen=True)
class Hyperparameter:
    """A number of an optimizer, a layer or a loss that graphs read from a state.

    Args:
        name: ``momentum`` for one of the optimizer, ``dropout/rate`` for one of a layer, ``loss_weights/output`` for
            the weight of an output's loss.
        values: a number for each replica.
    """

    name: str
    values: tuple[float, ...]

    @property
    def label(self) -> str:
        """Label of the state."""
        return LEARNING_RATE if self.name == "learning_rate" else STATES + self.name

    @property
    def owner(self) -> str:
        """Name of the layer, ``loss_weights``, or nothing for the optimizer."""
        return self.name.rpartition("/")[0] if not self.name.startswith(f"{LOSS_WEIGHTS}/") else LOSS_WEIGHTS

    @property
    def key(self) -> str:
        """Name of the attribute, or of the output."""
        return self.name[len(self.owner) :].lstrip("/")


class Hyperparameters:
    """The hyperparameters of a model's replicas, for its compiler.

    Args:
        given: numbers by name, one for each replica; see `Hyperparameter`.
        count: number of replicas.

    Raises:
        ModelError: there are not as many numbers as replicas.
    """

    def __init__(self, given: Mapping[str, Any], count: int) -> None:
        self.items = tuple(Hyperparameter(str(name), _numbers(name, values, count)) for name, values in given.items())
        self._owned = [item for item in self.items if item.label != LEARNING_RATE]

    def of(self, owner: str) -> list[Hyperparameter]:
        """Return those of an owner that graphs read from states of their own."""
        return [item for item in self._owned if item.owner == owner]

    def check(self, optimizer: Any, layers: Sequence[Layer], outputs: Sequence[str]) -> None:
        """Check that a model has them.

        Raises:
            ModelError: there is nothing of a name, it is no number, or a number is not one that it may be.
        """
        named = {layer.name: layer for layer in layers}
        for item in self.items:
            if item.owner == LOSS_WEIGHTS:
                if item.key not in outputs:
                    raise ModelError(f"hyperparameters: there is no output '{item.key}'.{nearest(item.key, outputs)}")
                continue
            if item.owner and item.owner not in named:
                raise ModelError(f"hyperparameters: there is no layer '{item.owner}'.{nearest(item.owner, named)}")
            owner = named[item.owner] if item.owner else optimizer
            config = owner.get_config()
            if item.key not in config or not (config[item.key] is None or is_number(config[item.key])):
                numbers = [key for key, value in config.items() if is_number(value)]
                raise ModelError(
                    f"hyperparameters: {type(owner).__name__} has no number '{item.key}'; it has {', '.join(numbers)}"
                )
            if item.name == _OF_GRADIENTS:
                raise ModelError(f"hyperparameters: '{item.name}' is the same for all replicas")
            for value in (min(item.values), max(item.values)):
                given = int(value) if value.is_integer() else value
                type(owner).from_config(config | {item.key: given})  # says what is wrong with a number

    @contextmanager
    def in_layers(self, layers: Sequence[Layer], graph: Graph, dtype: str) -> Iterator[None]:
        """Let layers read them from states of a graph inside the block."""
        before: list[tuple[Layer, str, Any]] = []
        for layer in layers:
            for item in self.of(layer.name):
                before.append((layer, item.key, layer.__dict__[item.key]))
                layer.__dict__[item.key] = _state(graph, item, dtype)
        try:
            with _blamed([f"{layer.name}/{key}" for layer, key, _ in before]):
                yield
        finally:
            for layer, key, value in before:
                layer.__dict__[key] = value

    def in_optimizer(self, optimizer: Any) -> Any:
        """Return an optimizer that reads them from states of the graph that it is lowered to."""
        return _Optimizer(optimizer, self.of("")) if self.of("") else optimizer

    def in_head(self, head: ModelHead) -> ModelHead:
        """Return a head whose losses are weighted by states."""
        labels = {item.key: item.label for item in self.of(LOSS_WEIGHTS)}
        outputs = tuple(replace(part, weight=labels.get(part.label, part.weight)) for part in head.outputs)
        return replace(head, outputs=outputs)

    def check_read(self, graph: Graph) -> None:
        """Check that a training graph depends on each of them.

        Raises:
            ModelError: nothing reads one, so that it would be ignored.
        """
        uses = graph.uses()
        for item in self._owned:
            state = graph.states.get(item.label)
            if state is None or not uses.get(state):
                raise ModelError(f"hyperparameters: nothing depends on '{item.name}' while the model is trained")


class _Optimizer:
    """An optimizer some of whose numbers are states.

    Args:
        optimizer: the optimizer.
        items: the numbers.
    """

    def __init__(self, optimizer: Any, items: Sequence[Hyperparameter]) -> None:
        self.optimizer, self.items = optimizer, items

    def lower(self, gradients: Mapping[str, Value], variables: Sequence[Any]) -> Mapping[str, Value]:
        """See `nnc.passes.training.OptimizerRule`.

        Raises:
            ModelError: one of the numbers decides what is computed, and cannot be read from a state.
        """
        first = next(iter(gradients.values()))
        own = copy.copy(self.optimizer)
        for item in self.items:
            own.__dict__[item.key] = _state(first.graph, item, first.dtype)
        with _blamed([item.name for item in self.items]):
            found: Mapping[str, Value] = own.lower(gradients, variables)
        return found


def _state(graph: Graph, item: Hyperparameter, dtype: str) -> Value:
    return graph.states.get(item.label) or graph.state(item.label, TensorType(dtype, ()), _ROLE)


@contextmanager
def _blamed(names: Sequence[str]) -> Iterator[None]:
    """Say of errors in the block that numbers which are states cannot be."""
    try:
        yield
    except (TypeError, ValueError, AttributeError) as error:
        if not names or isinstance(error, ModelError | ShapeError):
            raise
        listed = " or ".join(f"'{name}'" for name in names)
        raise ModelError(
            f"hyperparameters: {listed} cannot differ from replica to replica: it decides what is computed ({error})"
        ) from error


def _numbers(name: object, values: Any, count: int) -> tuple[float, ...]:
    try:
        array = numpy.asarray(values, "float64")
    except (TypeError, ValueError):
        array = numpy.empty(0)
    if array.shape != (count,) or not numpy.isfinite(array).all():
        raise ModelError(f"hyperparameters: '{name}' must be {count} numbers, one for each replica, got {values!r:.80}")
    return tuple(array.tolist())
