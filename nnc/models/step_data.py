"""What steps of a class's own are given: the types of the data that a user gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from nnc.arrays import is_array_like, to_array
from nnc.errors import DataError
from nnc.ir import TensorType
from nnc.labels import ROWS, THIRD
from nnc.layers.batch import BATCH
from nnc.program.streams import first_batch, gives_next_alone, is_stream, parts_of
from nnc.structure import leaves, map_leaves


@dataclass(frozen=True)
class Given:
    """An array of a batch: a leaf of what a step is given.

    Args:
        label: name of the input of the graph.
        type: element type and shape.
    """

    label: str
    type: TensorType


@dataclass(frozen=True)
class StepData:
    """What steps are given, nested as a user gives it, with `Given` in the places of arrays.

    Args:
        x: the inputs.
        y: the targets, None for none.
        third: what stands behind them in a batch, if it is no weights of rows: a third image, or weights of steps.
        is_weighted: whether rows have weights.
        rows: how many rows the first batch has; data of other batches are given to steps in the same way.
    """

    x: Any
    y: Any = None
    third: Any = None
    is_weighted: bool = False
    rows: int | None = field(default=None, compare=False)

    @property
    def inputs(self) -> list[Given]:
        """The inputs."""
        return leaves(self.x, Given)

    @property
    def targets(self) -> list[Given]:
        """The targets, and what stands behind them."""
        return leaves((self.y, self.third), Given)

    def with_rows(self) -> StepData:
        """Return the same with the rows of the first batch as a known length, for steps that are written for it."""
        assert self.rows is not None
        sizes = {ROWS: self.rows}
        x, y, third = map_leaves(
            lambda item: Given(item.label, item.type.substitute(sizes)), (self.x, self.y, self.third), Given
        )
        return replace(self, x=x, y=y, third=third)


def step_data(
    model: Any, x: Any, y: Any, weight: Any = None, is_weighted: bool = False, batch_size: int | None = None
) -> StepData:
    """Return what the steps of a model are given for some data.

    Args:
        model: the model.
        x: inputs, or what yields batches.
        y: targets.
        weight: weights of rows, or whatever is given in their place.
        is_weighted: whether rows have weights anyway.
        batch_size: rows of a batch of arrays; None where they are one batch, or batches already.

    Raises:
        DataError: the data are no arrays.
    """
    if is_stream(x):
        first = first_batch(x)
        if first is None:
            raise DataError(f"model '{model.name}': the data have no batches")
        (x, y, weight), batch_size = first, None
    third = weight if _is_data(weight) else None
    dtype = model.weights_dtype or "float32"
    count = len(_flat(x))
    labels = (
        model.input_names if len(model.inputs) == count else ["x"] if count == 1 else [f"x{n}" for n in range(count)]
    )
    taken = iter(labels)
    inputs = _typed(x, dtype, lambda: next(taken))
    several, number = len(_flat(y)) > 1, iter(range(len(_flat(y))))
    targets = None if y is None else _typed(y, dtype, lambda: f"y{next(number)}" if several else "y")
    rows = next((len(item) for item in (*_flat(x), *_flat(y)) if hasattr(item, "__len__")), None)
    return StepData(
        inputs,
        targets,
        None if third is None else _typed(third, dtype, lambda: THIRD),
        is_weighted or (weight is not None and third is None),
        rows if batch_size is None or rows is None else min(rows, batch_size),
    )


def _is_data(weight: Any) -> bool:
    """Whether what stands in the place of weights is something else than a number for each row."""
    if not is_array_like(weight) or not hasattr(weight, "dtype"):
        return False
    name = str(getattr(weight.dtype, "name", weight.dtype))
    return len(weight.shape) > 1 or not name.startswith(("float", "bfloat"))


def _typed(given: Any, dtype: str, label: Any) -> Any:
    """Return nested data with the types of arrays in their places."""
    if isinstance(given, Mapping):
        return {key: _typed(item, dtype, label) for key, item in given.items()}
    if isinstance(given, list | tuple) and any(is_array_like(item) or isinstance(item, Mapping) for item in given):
        return tuple(_typed(item, dtype, label) for item in given)
    array = to_array(given, "the data") if not is_array_like(given) or not hasattr(given, "dtype") else given
    name = str(getattr(array.dtype, "name", array.dtype))
    chosen = dtype if name.startswith(("float", "bfloat")) else name
    return Given(label(), TensorType(chosen, (BATCH, *[int(dim) for dim in array.shape[1:]])))


def flat_data(given: Any) -> Any:
    """Return nested arrays as a list, or the only one by itself."""
    found = _flat(given)
    return found[0] if len(found) == 1 else found or None


def _flat(given: Any) -> list[Any]:
    if isinstance(given, Mapping):
        return [leaf for item in given.values() for leaf in _flat(item)]
    if isinstance(given, list | tuple) and any(is_array_like(item) or isinstance(item, Mapping) for item in given):
        return [leaf for item in given for leaf in _flat(item)]
    return [] if given is None else [given]


def with_first_batch(x: Any) -> tuple[Any, tuple[Any, Any, Any] | None]:
    """Return data, all of them, and the first batch of a generator, which is taken from it to be looked at.

    Args:
        x: inputs, or what yields batches.
    """
    if not gives_next_alone(x):
        return x, None
    first = next(x, None)
    return (x, None) if first is None else (chain([first], x), parts_of(first))
