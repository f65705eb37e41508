"""What a program must know beside its graphs: inputs, targets, variables and metrics; plain data for the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from math import prod
from typing import Any

from nnc.errors import ProgramFileError, SymbolError
from nnc.ir.dimensions import Dim, parse_dim
from nnc.ir.types import SHORT_NAMES
from nnc.program.structure import checked_structure

Shape = tuple[int, ...]
RowShape = tuple[Dim, ...]
TOTAL, COUNT = "metrics/total", "metrics/count"
"""States in which means add up: weighted sums, and the weights, one element per metric."""


def sums_label(metric: str) -> str:
    """Return the label of the state in which a metric that is no mean adds up its sums."""
    return f"metrics/{metric}/sums"


@dataclass(frozen=True)
class ArraySpec:
    """An array that a caller gives or gets, without its first (batch) dimension.

    Args:
        label: name of the graph's input or output.
        shape: shape of one row; lengths that are only known at run time are symbols.
        dtype: element type.
    """

    label: str
    shape: RowShape
    dtype: str


@dataclass(frozen=True)
class TargetSpec(ArraySpec):
    """An array of targets.

    Args:
        classes: number of classes where the targets are class indices, otherwise 0.
        low: smallest allowed number, or None.
        high: largest allowed number, or None.
        loss: name of the loss, for messages.
        ignored: a class index that is allowed although there is no such class, or None.
        steps: number of axes behind the rows that weights may have.
        output: name of the output they belong to.
    """

    classes: int = 0
    low: float | None = None
    high: float | None = None
    loss: str = ""
    ignored: float | None = None
    steps: int = 0
    output: str = ""


@dataclass(frozen=True)
class VariableSpec:
    """A weight: a window on a state.

    Args:
        path: unique name, such as ``dense/kernel``.
        state: label of the state it lies in.
        offset: its first element there.
        shape: its shape.
        trainable: whether training changes it.
    """

    path: str
    state: str
    offset: int
    shape: Shape
    trainable: bool


@dataclass(frozen=True)
class ResultSpec:
    """How the result of a metric that is no mean comes about; see `nnc.program.results`.

    Args:
        metric: name of the metric.
        kind: how the result is computed.
        shapes: the shape of each of its sums, which lie one behind the other in a state of its own.
        settings: what the result depends on beside the sums.
    """

    metric: str
    kind: str
    shapes: tuple[Shape, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of elements of all sums."""
        return sum(prod(shape) for shape in self.shapes)


@dataclass(frozen=True)
class ProgramSpec:
    """The description of a program.

    Args:
        name: name of the model.
        inputs: arrays to predict from.
        outputs: predicted arrays.
        targets: arrays to train on; empty for a program that only predicts, or whose layers alone make the loss.
        metrics: names of what is measured, the loss first; empty for a program that only predicts.
        results: how the results of those metrics come about that are no means.
        variables: all weights, in the order of ``get_weights``.
        trains: whether there is a training graph.
        model: config of the model, for pictures and summaries.
        structure: how outputs are nested; see `nnc.program.structure`.
    """

    name: str
    inputs: tuple[ArraySpec, ...]
    outputs: tuple[ArraySpec, ...]
    targets: tuple[TargetSpec, ...] = ()
    metrics: tuple[str, ...] = ()
    variables: tuple[VariableSpec, ...] = ()
    trains: bool = False
    results: tuple[ResultSpec, ...] = ()
    model: Mapping[str, Any] = field(default_factory=dict)
    structure: Any = None

    @property
    def has_loss(self) -> bool:
        """Whether there are graphs that measure a loss, which is the first of the metrics."""
        return bool(self.metrics)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a JSON file; run-time dimensions are text."""
        own = replace(self, model={}, results=tuple(replace(result, settings={}) for result in self.results))
        data = asdict(own) | {"model": self.model}  # what is nested by others stays as it is
        for record, result in zip(data["results"], self.results, strict=True):
            record["settings"] = result.settings
        for key, specs in (("inputs", self.inputs), ("outputs", self.outputs), ("targets", self.targets)):
            for record, spec in zip(data[key], specs, strict=True):
                record["shape"] = [dim if isinstance(dim, int) else str(dim) for dim in spec.shape]
        return data

    @staticmethod
    def from_json(data: Any) -> ProgramSpec:
        """Read what `to_json` returned, checking every name and type.

        Raises:
            ProgramFileError: something is missing or of the wrong type.
        """
        spec = ProgramSpec(
            name=_item(data, "name", str),
            inputs=_records(ArraySpec, _item(data, "inputs", list)),
            outputs=_records(ArraySpec, _item(data, "outputs", list)),
            targets=_records(TargetSpec, _item(data, "targets", list)),
            metrics=tuple(_checked(item, str, "metrics") for item in _item(data, "metrics", list)),
            variables=_records(VariableSpec, _item(data, "variables", list)),
            trains=_item(data, "trains", bool),
            results=tuple(_result(item) for item in _checked(data.get("results", []), list, "results")),
            model=_item(data, "model", dict),
            structure=checked_structure(data.get("structure"), len(_item(data, "outputs", list))),
        )
        labels = [array.label for array in (*spec.inputs, *spec.targets)]
        for names in (labels, [array.label for array in spec.outputs], spec.metrics):
            if len(set(names)) < len(names):
                raise ProgramFileError("manifest: a name occurs twice")
        own = [result.metric for result in spec.results]
        if len(set(own)) < len(own) or not set(own) <= set(spec.metrics):
            raise ProgramFileError("manifest: 'results' must name metrics, each once")
        return spec


def _result(item: Any) -> ResultSpec:
    shapes = tuple(_shape(shape, "shapes") for shape in _item(item, "shapes", list))
    return ResultSpec(_item(item, "metric", str), _item(item, "kind", str), shapes, _item(item, "settings", dict))


def _shape(value: Any, where: str) -> Shape:
    shape = tuple(_checked(dim, int, where) for dim in _checked(value, list, where))
    if any(dim < 0 for dim in shape):
        raise ProgramFileError(f"manifest: '{where}' has a negative dimension")
    return shape


def _checked(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ProgramFileError(f"manifest: '{where}' must be {kind.__name__}, got {value!r}")
    return value


def _dim(value: Any) -> Dim:
    if not isinstance(value, str):
        number: int = _checked(value, int, "shape")
        if number < 0:
            raise ProgramFileError("manifest: 'shape' has a negative dimension")
        return number
    try:
        return parse_dim(value)
    except SymbolError as error:
        raise ProgramFileError(f"manifest: 'shape': {error}") from None


def _item(data: Any, key: str, kind: type) -> Any:
    if not isinstance(data, dict) or key not in data:
        raise ProgramFileError(f"manifest: '{key}' is missing")
    return _checked(data[key], kind, key)


_KINDS: dict[str, type] = {"str": str, "int": int, "bool": bool}


def _records(cls: type, items: list[Any]) -> tuple[Any, ...]:
    records = []
    for item in items:
        values: dict[str, Any] = {}
        for entry in fields(cls):
            kind = str(entry.type)
            if entry.name in ("steps", "output") and isinstance(item, dict) and entry.name not in item:
                continue  # files of 0.1 have none
            if kind == "Shape":
                values[entry.name] = _shape(_item(item, entry.name, list), entry.name)
            elif kind == "RowShape":
                values[entry.name] = tuple(map(_dim, _item(item, entry.name, list)))
            elif entry.name == "dtype" and _item(item, "dtype", str) not in SHORT_NAMES:
                raise ProgramFileError(f"manifest: unknown element type {item['dtype']!r}")
            elif kind in _KINDS:
                values[entry.name] = _item(item, entry.name, _KINDS[kind])
            else:
                number = item.get(entry.name) if isinstance(item, dict) else None
                values[entry.name] = None if number is None else float(_checked(number, float, entry.name))
        records.append(cls(**values))
    return tuple(records)
