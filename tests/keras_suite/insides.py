"""Private attributes of Keras's objects that its tests look at, answered by what nnc's objects show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

import nnc
from nnc.labels import ITERATIONS
from nnc.layers import Layer
from nnc.metrics import Metric
from nnc.optimizers import SGD, Optimizer

_LIMITS = ("clipnorm", "clipvalue", "global_clipnorm")


def _clip_gradients(self: Optimizer, gradients: Sequence[Any]) -> list[Any]:
    """Return gradients as a step with the same limits takes them."""
    limits = {name: getattr(self, name) for name in _LIMITS}
    variables = [nnc.Variable(numpy.zeros(numpy.shape(gradient), "float32")) for gradient in gradients]
    SGD(1.0, **limits).apply(gradients, variables)
    return [-variable.numpy() for variable in variables]


def _slots(self: Optimizer, before: int) -> list[Any]:
    count = len(self._windows)
    start = (1 if self.schedule is not None else 2) + before * count
    return [nnc.Variable(array) for array in self.variables[start : start + count]]


def _averages(self: Optimizer) -> list[Any]:
    return _slots(self, 0) if self.use_ema else []


def _accumulated(self: Optimizer) -> list[Any]:
    return _slots(self, int(self.use_ema)) if self.gradient_accumulation_steps else []


def _flatten_layers(self: Layer, include_self: bool = True, recursive: bool = True) -> list[Layer]:
    """Return a layer, those inside it, and those inside these."""
    found = [self] if include_self else []
    for layer in getattr(self, "layers", self.sublayers):
        found += [layer, *(_flatten_layers(layer, False) if recursive else ())]
    return found


def _functional(self: nnc.Sequential) -> nnc.Model | None:
    """Return a chain as a model of its inputs and outputs, once these are known."""
    return nnc.Model(self.inputs, self.outputs) if self.outputs else None


def install() -> None:
    """Let models, optimizers and metrics answer."""
    layers: Any = Layer
    layers._flatten_layers = _flatten_layers
    models: Any = nnc.Model
    models._operations = property(lambda self: self.operations)
    models._compile_metrics = property(lambda self: self._compiled_metrics)
    chains: Any = nnc.Sequential
    chains._functional = property(_functional)
    measured: Any = Metric
    measured._from_logits = property(lambda self: self.from_logits)
    measured._dtype = property(lambda self: self.get_config()["dtype"])
    answers: Any = Optimizer
    answers._clip_gradients = _clip_gradients
    answers._iterations = property(lambda self: int(self._states.get(ITERATIONS, 0)))
    answers._model_variables_moving_average = property(_averages)
    answers._accumulated_gradients = property(_accumulated)
