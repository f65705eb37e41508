"""The meaning of all columns of a table to a program: how rows become its inputs, and how its outputs are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy
from numpy.typing import NDArray

from nnc.data.columns import Columns
from nnc.errors import DataError, ProgramFileError, nearest
from nnc.tables.inputs import CategoryColumn, Element, IgnoredColumn, InputColumn, NumberColumn, listed
from nnc.tables.outputs import SCALES
from nnc.tables.targets import ClassTarget, NumberTarget, Target

Array = NDArray[Any]
_FEWEST_FOLDED = 4


@dataclass(frozen=True)
class TableSchema:
    """The meaning of a table's columns; plain data for a program's file.

    Args:
        columns: of the inputs, in the order of the table that was learnt from; none where inputs are arrays.
        target: the target; None where there is none.
        target_index: where it stood in that table.
        has_names: whether its columns had names of their own.
    """

    columns: tuple[InputColumn, ...]
    target: Target | None = None
    target_index: int = -1
    has_names: bool = True

    @property
    def elements(self) -> tuple[Element, ...]:
        """The parts of a row of a program's inputs."""
        return tuple(element for column in self.columns for element in column.elements)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of a program's inputs, one for each element of a row."""
        return tuple(element.label for element in self.elements)

    @property
    def width(self) -> int:
        """Elements of a row of a program's inputs."""
        return len(self.elements)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of inputs."""
        return tuple(column.name for column in self.columns)

    def describe(self) -> list[tuple[str, str]]:
        """Return name and meaning of each column for people; many in a row that mean the same are one line."""
        found: list[tuple[list[str], str]] = []
        for column in self.columns:
            meaning = column.describe()
            if found and found[-1][1] == meaning:
                found[-1][0].append(column.name)
            else:
                found.append(([column.name], meaning))
        lines = []
        for names, meaning in found:
            if len(names) < _FEWEST_FOLDED:
                lines += [(name, meaning) for name in names]
            else:
                lines.append((f"{names[0]} … {names[-1]}", f"{len(names)} columns, each: {meaning}"))
        return lines if self.target is None else [*lines, (self.target.name, self.target.describe())]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes of the target, in the order of the outputs; empty where there are none."""
        return self.target.classes if isinstance(self.target, ClassTarget) else ()

    def encode(self, columns: Columns) -> Array:
        """Return the inputs of a program, float64 of shape (rows, `width`).

        Args:
            columns: a table with these columns, in any order where they have names; others are not looked at.

        Raises:
            DataError: a column is missing, or a cell is not what it should be.
        """
        parts = [
            column.encode(columns, index)
            for column, index in zip(self.columns, self._places(columns), strict=True)
            if not isinstance(column, IgnoredColumn)
        ]
        return numpy.hstack(parts) if parts else numpy.zeros((len(columns), 0))

    def target_in(self, columns: Columns, target: str | int | None = None) -> int:
        """Return the index of the column of the targets.

        Args:
            columns: a table that has the target.
            target: name or index of its column, by default that of the table that was learnt from.

        Raises:
            DataError: there is no such column.
        """
        assert self.target is not None
        if target is None:
            by_name = self.has_names and columns.has_names
            target = self.target.name if by_name else self._index_of_target(columns)
        return columns.find(target)

    def _index_of_target(self, columns: Columns) -> int:
        width = len(self.columns) + 1
        if len(columns.names) != width:
            raise DataError(
                f"{columns.source}: expected {width} columns as in training, the target among them, found"
                f" {len(columns.names)}"
            )
        return self.target_index

    def _places(self, columns: Columns) -> list[int]:
        """Return the index of each column in a table; that of an ignored one is of no use."""
        if self.has_names and columns.has_names:
            return [self._place(column, columns) for column in self.columns]
        width, found = len(self.columns), len(columns.names)
        if found == width:
            return list(range(width))
        if self.target is not None and found == width + 1:
            return [index for index in range(found) if index != self.target_index]
        expected = f"{width} columns" + ("" if self.target is None else f", or {width + 1} with the target")
        named = f": {listed(self.names)}" if self.has_names else ""
        raise DataError(f"{columns.source}: expected {expected}{named}; found {found}")

    @staticmethod
    def _place(column: InputColumn, columns: Columns) -> int:
        if isinstance(column, IgnoredColumn):
            return -1
        if column.name not in columns.names:
            hint = nearest(column.name, columns.names)
            raise DataError(f"{columns.source}: the column '{column.name}' is missing.{hint}")
        return columns.find(column.name)

    # ------------------------------------------------------------------ files

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a JSON file."""
        return {
            "columns": [_record(column) for column in self.columns],
            "target": None if self.target is None else _record(self.target),
            "target_index": self.target_index,
            "has_names": self.has_names,
        }

    @staticmethod
    def from_json(data: Any) -> TableSchema:
        """Read what `to_json` returned, checking every name and type.

        Raises:
            ProgramFileError: something is missing or of the wrong type.
        """
        items = _item(data, "columns", list)
        target = data.get("target")
        schema = TableSchema(
            tuple(_column(item) for item in items),
            None if target is None else _target(target),
            _item(data, "target_index", int),
            _item(data, "has_names", bool),
        )
        if len(set(schema.names)) < len(schema.names):
            raise ProgramFileError("manifest: a column occurs twice in the table")
        if schema.target is not None and not 0 <= schema.target_index <= len(schema.columns):
            raise ProgramFileError("manifest: 'target_index' is not a column of the table")
        return schema


def _record(item: InputColumn | Target) -> dict[str, Any]:
    values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(item).items()}
    return {"kind": item.kind, **values}


def _item(data: Any, key: str, kind: type) -> Any:
    if not isinstance(data, Mapping) or key not in data:
        raise ProgramFileError(f"manifest: '{key}' of a table is missing")
    value = data[key]
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise ProgramFileError(f"manifest: '{key}' of a table must be {kind.__name__}, got {value!r:.80}")
    return value


def _texts(data: Any, key: str) -> tuple[str, ...]:
    texts = _item(data, key, list)
    if not all(isinstance(text, str) for text in texts) or len(set(texts)) < len(texts) or not texts:
        raise ProgramFileError(f"manifest: '{key}' of a table must be different texts")
    return tuple(texts)


def _number(data: Any, key: str) -> float:
    number = float(_item(data, key, float))
    if not numpy.isfinite(number):
        raise ProgramFileError(f"manifest: '{key}' of a table must be finite, got {number}")
    return number


def _column(data: Any) -> InputColumn:
    name, kind = _item(data, "name", str), _item(data, "kind", str)
    if kind == NumberColumn.kind:
        spread = _number(data, "spread")
        if spread == 0:
            raise ProgramFileError("manifest: 'spread' of a table must not be 0")
        missing = None if data.get("missing") is None else _number(data, "missing")
        return NumberColumn(name, _number(data, "mean"), spread, missing, _item(data, "note", str))
    if kind == CategoryColumn.kind:
        categories = _texts(data, "categories")
        missing_category = data.get("missing")
        if missing_category is not None and missing_category not in categories:
            raise ProgramFileError("manifest: 'missing' of a table must be one of the categories")
        return CategoryColumn(name, categories, missing_category, _item(data, "unknown", bool))
    if kind == IgnoredColumn.kind:
        return IgnoredColumn(name, _item(data, "reason", str))
    raise ProgramFileError(f"manifest: a column of a table is of kind {kind!r:.80}")


def _target(data: Any) -> Target:
    name, kind = _item(data, "name", str), _item(data, "kind", str)
    if kind == NumberTarget.kind:
        return NumberTarget(name)
    if kind != ClassTarget.kind or _item(data, "scale", str) not in SCALES:
        raise ProgramFileError(f"manifest: the target of a table is of kind {kind!r:.80}")
    classes, units = _texts(data, "classes"), _item(data, "units", int)
    if units not in (1, len(classes)) or (units == 1 and len(classes) > 2):
        raise ProgramFileError(f"manifest: {len(classes)} classes of a table cannot have {units} outputs")
    return ClassTarget(name, classes, data["scale"], units, _item(data, "one_hot", bool))
