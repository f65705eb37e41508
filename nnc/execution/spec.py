"""A program's data besides its graphs: inputs, targets, variables and metrics; plain values for the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from nnc.errors import ProgramFileError, SymbolError
from nnc.ir.dimensions import Dim, SymbolicDim, parse_dim, symbol
from nnc.ir.types import SHORT_NAMES
from nnc.labels import ROWS, sums_label

if TYPE_CHECKING:
    from nnc.execution.replication import Replication
    from nnc.text import Edge

TEXT = "string"
"""The name of texts among element types."""
Shape = tuple[int, ...]
RowShape = tuple[Dim, ...]
Structure = Any
"""The nesting of outputs: the number of one, or ``{"list": parts}``, ``{"tuple": parts}`` or ``{"dict": {key: part}}``.

None stands for all outputs in a list, or the only one by itself.
"""
_BATCH = symbol(ROWS)
MAX_DEPTH = 32
"""Lists, tuples and dictionaries inside each other that a file may have."""


@dataclass(frozen=True)
class ArraySpec:
    """An array that a caller gives or gets, without its first (batch) dimension.

    Args:
        label: name of the graph's input or output.
        shape: shape of one row; lengths that are only known at run time are symbols.
        dtype: element type.
    """

    dtypes: ClassVar[frozenset[str]] = frozenset(SHORT_NAMES)

    label: str
    shape: RowShape
    dtype: str

    @property
    def is_by_row(self) -> bool:
        """Whether the batch is the first axis and no other."""
        return not any(isinstance(dim, SymbolicDim) and ROWS in dim.symbols for dim in self.shape)


@dataclass(frozen=True)
class OutputSpec(ArraySpec):
    """An array that a caller gets.

    Args:
        rows: length of its first axis, which is not that of the batch where an output has no row for each row.
    """

    rows: Dim = _BATCH

    @property
    def is_by_row(self) -> bool:
        """Whether the batch is the first axis and no other."""
        return self.rows == _BATCH and super().is_by_row


@dataclass(frozen=True)
class GivenSpec(ArraySpec):
    """An array that a caller gives to a program that begins with texts: texts, or numbers."""

    dtypes: ClassVar[frozenset[str]] = frozenset({*SHORT_NAMES, TEXT})


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
        exact: whether a last axis of length 1 makes a difference, which is no matter otherwise.
        weighed_alike: whether its rows have the weights of all outputs' rows, as a loss of several outputs takes them.
    """

    classes: int = 0
    low: float | None = None
    high: float | None = None
    loss: str = ""
    ignored: float | None = None
    steps: int = 0
    output: str = ""
    exact: bool = False
    weighed_alike: bool = False


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
    """The rule for the result of a metric that is not a mean; see `nnc.results.rules`.

    Args:
        metric: name of the metric.
        kind: how the result is computed.
        shapes: the shape of each of its sums, which lie one behind the other in a state of its own.
        settings: what the result depends on besides the sums.
        state: label of that state; empty for the one that the metric's name gives.
    """

    metric: str
    kind: str
    shapes: tuple[Shape, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    state: str = ""

    @property
    def label(self) -> str:
        """Label of the state with its sums."""
        return self.state or sums_label(self.metric)

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
        results: the rules for the results of metrics that are not means.
        variables: all weights, in the order of ``get_weights``.
        trains: whether there is a training graph.
        model: config of the model, for pictures and summaries.
        compiled: optimizer, loss and metrics in Keras's form, from which graphs can be made once more; empty where a
            part of it has none.
        structure: how outputs are nested; see `Structure`.
        given: arrays that a caller gives, texts among them, where `edge` makes the inputs of them.
        edge: what it does with them before the graphs run; None for programs that take their inputs as they are.
        replication: how many networks it has, and how they lie in its states; None for one network by itself.
        logs: names of what each graph measures, where they differ, by the graph's name.
        resets: labels of further states that start with zeros whenever metrics do.
    """

    name: str
    inputs: tuple[ArraySpec, ...]
    outputs: tuple[OutputSpec, ...]
    targets: tuple[TargetSpec, ...] = ()
    metrics: tuple[str, ...] = ()
    variables: tuple[VariableSpec, ...] = ()
    trains: bool = False
    results: tuple[ResultSpec, ...] = ()
    model: Mapping[str, Any] = field(default_factory=dict)
    compiled: Mapping[str, Any] = field(default_factory=dict)
    structure: Structure = None
    given: tuple[GivenSpec, ...] = ()
    edge: Edge | None = None
    replication: Replication | None = None
    logs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    resets: tuple[str, ...] = ()

    @property
    def taken(self) -> tuple[ArraySpec, ...]:
        """Arrays that a caller gives to predict from."""
        return self.inputs if self.edge is None else self.given

    @property
    def is_by_row(self) -> bool:
        """Whether each row of inputs has a row in every output, so that it does not matter how rows make batches."""
        return all(item.is_by_row for item in self.outputs)

    @property
    def has_loss(self) -> bool:
        """Whether there are graphs that measure a loss, which is the first of the metrics."""
        return bool(self.metrics)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a JSON file; run-time dimensions are text."""
        results = tuple(replace(result, settings={}) for result in self.results)
        own = replace(self, model={}, compiled={}, results=results, edge=None, replication=None)
        data = asdict(own) | {"model": self.model}  # what is nested by others stays as it is
        del data["compiled"]
        if self.compiled:
            data["compiled"] = self.compiled
        for record, result in zip(data["results"], self.results, strict=True):
            record["settings"] = result.settings
            if not result.state:
                del record["state"]
        for key in ("logs", "resets"):
            if not data[key]:
                del data[key]
        if self.replication is not None:
            data["replication"] = asdict(self.replication)
        else:
            del data["replication"]
        if self.edge is None:
            del data["edge"], data["given"]
        else:
            data["edge"] = self.edge.to_json()
        for key in ("inputs", "outputs", "targets", *([] if self.edge is None else ["given"])):
            specs: Sequence[ArraySpec] = getattr(self, key)
            for record, spec in zip(data[key], specs, strict=True):
                record["shape"] = [dim if isinstance(dim, int) else str(dim) for dim in spec.shape]
        for record, item in zip(data["outputs"], self.outputs, strict=True):
            record["rows"] = item.rows if isinstance(item.rows, int) else str(item.rows)
            if record["rows"] == ROWS:
                del record["rows"]
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
            outputs=_records(OutputSpec, _item(data, "outputs", list)),
            targets=_records(TargetSpec, _item(data, "targets", list)),
            metrics=tuple(_checked(item, str, "metrics") for item in _item(data, "metrics", list)),
            variables=_records(VariableSpec, _item(data, "variables", list)),
            trains=_item(data, "trains", bool),
            results=tuple(_result(item) for item in _checked(data.get("results", []), list, "results")),
            model=_item(data, "model", dict),
            compiled=_checked(data.get("compiled", {}), dict, "compiled"),
            structure=checked_structure(data.get("structure"), len(_item(data, "outputs", list))),
            logs=_logs(data.get("logs", {})),
            resets=tuple(_checked(item, str, "resets") for item in _checked(data.get("resets", []), list, "resets")),
        )
        spec = replace(spec, **_edge(data, spec), replication=_replication(data.get("replication")))
        labels = [array.label for array in (*spec.inputs, *spec.targets)]
        for names in (
            labels,
            [array.label for array in spec.given],
            [array.label for array in spec.outputs],
            spec.metrics,
        ):
            if len(set(names)) < len(names):
                raise ProgramFileError("manifest: a name occurs twice")
        own = [result.metric for result in spec.results]
        if len(set(own)) < len(own) or not set(own) <= set(spec.metrics):
            raise ProgramFileError("manifest: 'results' must name metrics, each once")
        return spec


def _edge(data: Any, spec: ProgramSpec) -> dict[str, Any]:
    """Return what a file says of texts; most programs have none."""
    if data.get("edge") is None:
        return {}
    from nnc.text import Edge

    given = _records(GivenSpec, _item(data, "given", list))
    given_types, types = ([(item.dtype, ("batch", *item.shape)) for item in items] for items in (given, spec.inputs))
    return {"given": given, "edge": Edge.from_json(data["edge"], given_types, types)}


def _logs(data: Any) -> dict[str, tuple[str, ...]]:
    """Return the names of what graphs measure, where they differ."""
    found = _checked(data, dict, "logs")
    return {
        key: tuple(_checked(name, str, "logs") for name in _checked(item, list, "logs")) for key, item in found.items()
    }


def _replication(data: Any) -> Replication | None:
    """Return what a file says of replicas; most programs have none."""
    if data is None:
        return None
    from nnc.execution.replication import Replication

    found = Replication(_item(data, "count", int), _item(data, "lanes", int), _item(data, "reason", str))
    if found.count < 1 or found.lanes < 1:
        raise ProgramFileError("manifest: 'replication' must have numbers of at least 1")
    return found


def _result(item: Any) -> ResultSpec:
    shapes = tuple(_shape(shape, "shapes") for shape in _item(item, "shapes", list))
    state = _checked(item.get("state", ""), str, "state")
    return ResultSpec(
        _item(item, "metric", str), _item(item, "kind", str), shapes, _item(item, "settings", dict), state
    )


def _shape(value: Any, where: str) -> Shape:
    shape = tuple(_checked(dim, int, where) for dim in _checked(value, list, where))
    if any(dim < 0 for dim in shape):
        raise ProgramFileError(f"manifest: '{where}' has a negative dimension")
    return shape


def _checked(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ProgramFileError(f"manifest: '{where}' must be {kind.__name__}, got {value!r:.80}")
    if isinstance(value, str) and not value.isprintable():
        raise ProgramFileError(f"manifest: '{where}' must be printable text on one line, got {value!r:.80}")
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


def _records(cls: Any, items: list[Any]) -> tuple[Any, ...]:
    records = []
    for item in items:
        values: dict[str, Any] = {}
        for entry in fields(cls):
            kind = str(entry.type)
            if (
                entry.name in ("steps", "output", "exact", "weighed_alike", "rows")
                and isinstance(item, dict)
                and entry.name not in item
            ):
                continue  # files of before have none
            if kind == "Shape":
                values[entry.name] = _shape(_item(item, entry.name, list), entry.name)
            elif kind == "Dim":
                values[entry.name] = _dim(item[entry.name])
            elif kind == "RowShape":
                values[entry.name] = tuple(map(_dim, _item(item, entry.name, list)))
            elif entry.name == "dtype" and _item(item, "dtype", str) not in cls.dtypes:
                raise ProgramFileError(f"manifest: unknown element type {item['dtype']!r}")
            elif kind in _KINDS:
                values[entry.name] = _item(item, entry.name, _KINDS[kind])
            else:
                number = item.get(entry.name) if isinstance(item, dict) else None
                values[entry.name] = None if number is None else float(_checked(number, float, entry.name))
        records.append(cls(**values))
    return tuple(records)


# ---------------------------------------------------------------------- nested outputs


def described(structure: Any, count: int) -> Structure:
    """Return nested numbers of outputs as plain data; a list or tuple of one part is that part, as in Keras.

    Args:
        structure: numbers in lists, tuples and dictionaries.
        count: number of outputs.
    """

    def describe(part: Any) -> Structure:
        if isinstance(part, Mapping):
            return {"dict": {key: describe(item) for key, item in part.items()}}
        if isinstance(part, list | tuple):
            return {"list" if isinstance(part, list) else "tuple": [describe(item) for item in part]}
        return part

    while isinstance(structure, list | tuple) and len(structure) == 1:
        (structure,) = structure
        if not isinstance(structure, list | tuple):
            break
    is_plain = structure == (0 if count == 1 else list(range(count)))
    return None if is_plain else describe(structure)


def packed(plain: Structure, items: Sequence[Any]) -> Any:
    """Return one item per output, nested as the outputs are."""
    if plain is None:
        return items[0] if len(items) == 1 else list(items)
    if isinstance(plain, int):
        return items[plain]
    ((kind, parts),) = plain.items()
    if kind == "dict":
        return {key: packed(part, items) for key, part in parts.items()}
    found = [packed(part, items) for part in parts]
    return found if kind == "list" else tuple(found)


def unpacked(plain: Structure, given: Any) -> list[Any] | None:
    """Return what is given per output, by number, where it is nested as the outputs are, otherwise None.

    Parts of a dictionary that are missing are None.
    """
    found: dict[int, Any] = {}

    def visit(plain: Structure, given: Any) -> bool:
        if isinstance(plain, int):
            found[plain] = given
            return True
        ((kind, parts),) = plain.items()
        if kind == "dict":
            is_fitting = isinstance(given, Mapping) and set(given) <= set(parts)
            return is_fitting and all(visit(part, given.get(key)) for key, part in parts.items())
        is_fitting = given is None or (isinstance(given, list | tuple) and len(given) == len(parts))
        return is_fitting and all(map(visit, parts, given or [None] * len(parts)))

    if plain is None or not visit(plain, given):
        return None
    return [found[number] for number in sorted(found)]


def outputs_of(plain: Structure, found: Any) -> list[Any]:
    """Return what `packed` returned, per output, by number."""
    if plain is None:
        return found if isinstance(found, list) else [found]
    return unpacked(plain, found) or []


def checked_structure(plain: Any, count: int) -> Structure:
    """Return a structure from a file.

    Raises:
        ProgramFileError: it is malformed, or does not have each output once.
    """
    numbers: list[int] = []

    def visit(part: Any, depth: int) -> bool:
        if isinstance(part, int) and not isinstance(part, bool):
            numbers.append(part)
            return True
        if depth == MAX_DEPTH or not isinstance(part, dict) or len(part) != 1:
            return False
        ((kind, parts),) = part.items()
        if kind == "dict" and isinstance(parts, dict):
            return all(visit(item, depth + 1) for item in parts.values())
        return kind in ("list", "tuple") and isinstance(parts, list) and all(visit(item, depth + 1) for item in parts)

    if plain is not None and not (visit(plain, 0) and sorted(numbers) == list(range(count))):
        raise ProgramFileError("manifest: 'structure' must have each output once, in lists, tuples and dictionaries")
    return plain
