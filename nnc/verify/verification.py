"""Runs both engines on the same arrays and compares what they computed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy

from nnc.backends import BackendName
from nnc.choices import FloatName
from nnc.errors import ModelError
from nnc.layers.traced import TracedLayer
from nnc.layers.weights import layers_inside
from nnc.models.model import Model
from nnc.program.data import as_arrays
from nnc.readers import read_model
from nnc.verify import ours, reference
from nnc.verify.findings import Report, Trace, compare_traces
from nnc.verify.sample_data import draw_inputs, draw_targets
from nnc.verify.weight_pairs import paired_weights

Array = Any
TOLERANCES = {"float32": (1e-4, 1e-6), "float64": (1e-7, 1e-9)}
"""Largest differences that are accepted, relative and absolute, by the element type that both compute in."""
_RANDOM = ("rate", "stddev", "dropout", "recurrent_dropout")
"""Arguments of layers that draw random numbers in training, which no two engines draw alike."""


def verify(
    model: Any,
    against: Any = "keras",
    *,
    train: bool = False,
    rtol: float | None = None,
    atol: float | None = None,
    batch: int = 4,
    seed: int = 0,
    inputs: Any = None,
    dtype: FloatName | None = None,
    backend: BackendName | None = None,
) -> Report:
    """Run nnc and Keras on the same inputs, layer by layer, and report what differs.

    Inside layers of their authors', and between layers, operations of `keras.ops` are compared too: the author's code
    is recorded, and computed by Keras call by call. Where one differs, the report names the author's file and line.

    Dropout and noise are switched off for the comparison of training. Neither model is changed.

    Rounding grows with the depth of a network, with small batches behind batch normalisation, and gradients jump where
    an activation has a kink: where a deep network differs a little, ``dtype="float64"`` tells a mistake, which stays
    as large, from rounding, which becomes a billionth of what it was.

    Args:
        model: an nnc model, the path of a model file, or a live Keras model.
        against: ``keras``, which reads the same file, takes the live model, or makes a model of the same config and
            weights; or another live Keras model or file.
        train: whether to compare gradients, and weights after one update, with the model's own loss and optimizer,
            or with the mean squared error and SGD where it has none.
        rtol: largest difference that is accepted, as a fraction of the largest magnitude in the array; by default
            1e-4, or 1e-7 where both compute in float64.
        atol: largest difference that is accepted whatever the magnitude; by default 1e-6, or 1e-9 in float64, but for
            weights after an update.
        batch: rows of the arrays.
        seed: seed of the arrays.
        inputs: array or arrays to run on, instead of random ones.
        dtype: ``float64`` to let both engines compute in it, on copies of the models whose weights are converted; by
            default each computes in the element type of its weights, and Keras in float32 instead of a narrower one.
        backend: what runs nnc's side; see `nnc.backends.find_backend`.

    Raises:
        ModelError: a model cannot be read, its author draws random numbers, or Keras is not installed.
        DataError: the inputs do not fit.
    """
    if dtype not in (None, *TOLERANCES):
        raise ModelError(f"verify: dtype must be float32 or float64, got {dtype!r}")
    defaults = TOLERANCES["float32" if dtype is None else dtype]
    rtol, atol = defaults[0] if rtol is None else rtol, defaults[1] if atol is None else atol
    own = copy.deepcopy(read_model(model))
    if backend is not None:
        own.backend = backend
    source = model if isinstance(against, str) and against == "keras" else against
    title = "keras" if source is model else getattr(source, "name", str(source))
    with reference.element_type(dtype):
        other = reference.keras_model(source, own)
        if dtype is not None:
            other = reference.converted(other, dtype)
            _convert(own, dtype)
        elif reference.is_narrow(other):
            other = reference.converted(other, "float32")
        pairs = _traces(own, other, train, batch, seed, inputs, dtype)
    found = [compare_traces(*pair, rtol, atol) for pair in pairs]
    comparisons = tuple(item for items, _ in found for item in items)
    unmatched = dict.fromkeys(path for _, paths in found for path in paths if path != _traced_root(own))
    return Report(own.name, title, rtol, comparisons, tuple(unmatched))


def _convert(own: Model, dtype: str) -> None:
    """Let a model compute in an element type, with the learning rate that a file, and so Keras, has of it."""
    if own.optimizer.schedule is None:
        own.optimizer.learning_rate = float(numpy.float32(own.optimizer.learning_rate))
    own.make_program(dtype)


def _traces(
    own: Model, other: Any, train: bool, batch: int, seed: int, inputs: Any, dtype: str | None
) -> list[tuple[Trace, Trace]]:
    """Return what each engine computed: when predicting, and in training where that is compared."""
    is_compiled = own.objective.loss is not None
    if train and is_compiled != reference.is_compiled(other):
        which = ("the model", "the reference") if is_compiled else ("the reference", "the model")
        raise ModelError(
            f"verify: {which[0]} was compiled with a loss and {which[1]} was not; compile both, or neither"
        )
    if train and not is_compiled:
        own.compile("sgd", "mse")
        if dtype is not None:
            _convert(own, dtype)
    root = _traced_root(own)
    theirs = paired_weights(own, other, root)
    arrays = draw_inputs(own, batch, seed) if inputs is None else as_arrays(own.program.spec.taken, inputs, "input")

    def pair(mine: Trace, found: Trace, training: bool) -> tuple[Trace, Trace]:
        if mine.operations:
            found = reference.with_operations(found, other, arrays, training)
        return mine, reference.below(found, f"{root}/") if root else found

    pairs = [pair(ours.trace_forward(own, arrays, dtype), reference.trace_forward(other, arrays), False)]
    if train:
        targets = draw_targets(own, arrays, seed)
        with _without_noise(_own_layers(own)), _without_noise(reference.all_layers(other)):
            own.make_program(dtype)  # with an optimizer that starts afresh, as the reference's does
            weights, trained = ([theirs[item] for item in items] for items in (own.weights, own.trainable_weights))
            found = reference.trace_training(other, arrays, targets, weights, trained)
            pairs.append(pair(ours.trace_training(own, arrays, targets, dtype), found, True))
    return pairs


def _traced_root(own: Model) -> str:
    """Return the name of the one layer of a model that is traced as a whole, empty where it is wired as its layers."""
    layers = [call.layer for call in own.calls if call.inputs]
    is_root = len(layers) == 1 and isinstance(layers[0], TracedLayer) and layers[0].name == own.name
    return own.name if is_root else ""


def _own_layers(layer: Any) -> Iterator[Any]:
    yield from layers_inside(layer)[1:]


@contextmanager
def _without_noise(layers: Iterator[Any]) -> Iterator[None]:
    """Let layers draw no random numbers inside the block."""
    before: list[tuple[dict[str, Any], str, float]] = []
    for layer in layers:
        for name in _RANDOM:
            number = layer.__dict__.get(name)
            if isinstance(number, int | float) and not isinstance(number, bool) and number:
                before.append((layer.__dict__, name, number))
                layer.__dict__[name] = 0.0
    try:
        yield
    finally:
        for attributes, name, number in before:
            attributes[name] = number
