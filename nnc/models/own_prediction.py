"""What a batch becomes by a `predict_step` that a model's class has of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nnc.errors import ModelError
from nnc.execution.spec import Structure, described
from nnc.ir import Graph, TensorType, Value
from nnc.models.nesting import sorted_map, unique_labels
from nnc.recording import Recording


@dataclass(frozen=True)
class OwnPrediction:
    """The outputs of a step of prediction.

    Args:
        outputs: name and type of each.
        structure: how they are nested, as plain data.
    """

    outputs: tuple[tuple[str, TensorType], ...]
    structure: Structure

    def named(self, returned: Any) -> list[tuple[str, Value]]:
        """Return what a step has returned, by the names of outputs."""
        return [(label, value) for (label, _), value in zip(self.outputs, _flat(returned), strict=True)]


def own_prediction(model: Any, predict: Callable[[Graph], Any]) -> OwnPrediction:
    """Return what a model's step of prediction gives, from a trial of it.

    Args:
        model: the model.
        predict: adds the step to a graph, and returns what it returns.

    Raises:
        ModelError: it returns something else than arrays with a row for each row of the batch.
    """
    returned = predict(Graph("predict"))
    values = _flat(returned)
    for value in values:
        if not isinstance(value, Value) or not value.rank:
            got = f"a single {value.dtype}" if isinstance(value, Value) else f"{value!r:.80}"
            raise ModelError(
                f"model '{model.name}': predict_step must return arrays with a row for each row of the batch, nested in"
                f" lists, tuples or dictionaries, got {got}"
            )
    count = iter(range(len(values)))
    structure = described(sorted_map(lambda _: next(count), returned), len(values))
    return OwnPrediction(
        tuple((label, value.type) for label, value in zip(unique_labels(_labels(returned)), values, strict=True)),
        structure,
    )


def check_prediction(model: Any, recording: Recording) -> None:
    """Check that a step of prediction neither trains nor measures.

    Args:
        model: the model.
        recording: of the step.

    Raises:
        ModelError: it does.
    """
    found = ["metrics"] * bool(recording.measured) + ["weights by an optimizer"] * bool(recording.steps)
    if found:
        raise ModelError(
            f"model '{model.name}': predict_step changes {' and '.join(found)}; do so in train_step or test_step"
        )


def _flat(nested: Any) -> list[Any]:
    found: list[Any] = []
    sorted_map(found.append, nested)
    return found


def _labels(nested: Any, path: str = "") -> list[str]:
    """Return a name for each output: keys and numbers of where it is."""
    if isinstance(nested, Mapping):
        return [label for key in sorted(nested) for label in _labels(nested[key], f"{path}{key}/")]
    if isinstance(nested, list | tuple):
        return [label for number, item in enumerate(nested) for label in _labels(item, f"{path}{number}/")]
    return [path.rstrip("/") or "y"]
