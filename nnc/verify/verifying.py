"""Runs both engines on the same arrays and compares what they computed."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nnc.errors import ModelError
from nnc.models.model import Model
from nnc.program.data import as_arrays
from nnc.readers import read_model
from nnc.verify import ours, reference
from nnc.verify.data import draw_inputs, draw_targets
from nnc.verify.report import Report, compare_traces

Array = Any
RTOL, ATOL = 1e-4, 1e-6
_RANDOM = ("rate", "stddev", "dropout", "recurrent_dropout")
"""Arguments of layers that draw random numbers in training, which no two engines draw alike."""


def verify(
    model: Any,
    against: Any = "keras",
    *,
    train: bool = False,
    rtol: float = RTOL,
    atol: float = ATOL,
    batch: int = 4,
    seed: int = 0,
    inputs: Any = None,
) -> Report:
    """Run nnc and Keras on the same inputs, layer by layer, and report what differs.

    Dropout and noise are switched off for the comparison of training. Neither model is changed.

    Rounding grows with the depth of a network, and gradients jump where an activation has a kink: where a deep network
    differs a little, a model of float64 and a small `rtol` tell a mistake from rounding.

    Args:
        model: an nnc model, the path of a model file, or a live Keras model.
        against: ``keras``, which reads the same file, takes the live model, or makes a model of the same config and
            weights; or another live Keras model or file.
        train: whether to compare gradients, and weights after one update, with the model's own loss and optimizer,
            or with the mean squared error and SGD where it has none.
        rtol: largest difference that is accepted, as a fraction of the largest magnitude in the array.
        atol: largest difference that is accepted whatever the magnitude.
        batch: rows of the arrays.
        seed: seed of the arrays.
        inputs: array or arrays to run on, in the place of random ones.

    Raises:
        ModelError: a model cannot be read, or Keras is not installed.
        DataError: the inputs do not fit.
    """
    own = copy.deepcopy(read_model(model))
    source = model if isinstance(against, str) and against == "keras" else against
    other = reference.keras_model(source, own)
    if train and own.is_compiled != reference.is_compiled(other):
        which = ("the model", "the reference") if own.is_compiled else ("the reference", "the model")
        raise ModelError(
            f"verify: {which[0]} was compiled with a loss and {which[1]} was not; compile both, or neither"
        )
    if train and not own.is_compiled:
        own.compile("sgd", "mse")
    _check_weights(own, other)
    arrays = draw_inputs(own, batch, seed) if inputs is None else as_arrays(own.program.spec.inputs, inputs, "input")
    pairs = [(ours.trace_forward(own, arrays), reference.trace_forward(other, arrays))]
    if train:
        targets = draw_targets(own, arrays, seed)
        with _without_noise(_own_layers(own)), _without_noise(reference.all_layers(other)):
            own.make_program()  # with an optimizer that starts afresh, as the reference's does
            expected = reference.trace_training(other, arrays, targets, [weight.path for weight in other.weights])
            pairs.append((ours.trace_training(own, arrays, targets), expected))
    found = [compare_traces(*pair, rtol, atol) for pair in pairs]
    title = "keras" if source is model else getattr(source, "name", str(source))
    comparisons = tuple(item for items, _ in found for item in items)
    return Report(
        own.name, title, rtol, comparisons, tuple(dict.fromkeys(path for _, paths in found for path in paths))
    )


def _check_weights(own: Model, other: Any) -> None:
    mine, theirs = [weight.shape for weight in own.weights], [tuple(weight.shape) for weight in other.weights]
    if mine != theirs:
        raise ModelError(f"the models have weights of other shapes: {_listed(mine)} and {_listed(theirs)}")


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes)) or "none"


def _own_layers(layer: Any) -> Iterator[Any]:
    for inner in layer.sublayers:
        yield inner
        yield from _own_layers(inner)


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
