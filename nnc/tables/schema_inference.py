"""Finds out what the columns of a table mean: from what a model file says, and from the rows a model is trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from nnc.data.columns import Columns
from nnc.errors import DataError, nearest
from nnc.tables.declaration import CATEGORY_RULES, Declared
from nnc.tables.inputs import CategoryColumn, IgnoredColumn, InputColumn, NumberColumn, listed
from nnc.tables.outputs import OutputForm
from nnc.tables.targets import ClassTarget, NumberTarget, Target, class_names

Array = NDArray[Any]
MOST_CATEGORIES = 50
"""Different texts of a column that nothing is said about; with more it is a name or a remark, and is ignored."""
MOSTLY = 0.95
"""Part of the cells of a column that are numbers, from which on the others are mistakes."""
INDEX_NAMES = frozenset({"", "unnamed: 0", "index", "id", "row", "rownames", "row_id", "rowid", "passengerid"})
"""Names, in small letters, of columns that may count the rows."""


def learn_inputs(
    columns: Columns, target: int | None, declared: Mapping[str, Declared], training: Array | None = None
) -> tuple[InputColumn, ...]:
    """Return what the columns of inputs mean, in the order of the table.

    What columns hold, and the names of categories, are those of all rows; whatever is computed (means, spreads, what is
    most frequent) comes from the rows to train on. Numbers are standardized where the model file says something of the
    columns, or where any column is more than a number; otherwise they stay as they are.

    Args:
        columns: all rows.
        target: index of the column that is not an input, or None.
        declared: what the model file says, by name.
        training: indices of the rows to train on; all by default.

    Raises:
        DataError: a column is declared that is not there, or a cell is not what it should be.
    """
    for name in declared:
        if name not in columns.names:
            raise DataError(
                f"{columns.source}: the model file has a column '{name}', which the table lacks; it has"
                f" {listed(columns.names)}.{nearest(name, columns.names)}"
            )
    training = numpy.arange(len(columns)) if training is None else training
    found = [
        _learn(columns, index, declared.get(columns.names[index]), training)
        for index in range(len(columns.names))
        if index != target
    ]
    names = [column.name for column in found]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{columns.source}: {names.count(name)} columns are named '{name}'; rename one")
    is_plain = not declared and all(isinstance(column, NumberColumn) and column.missing is None for column in found)
    if is_plain:
        return tuple(NumberColumn(name) for name in names)
    return tuple(found)


def _learn(columns: Columns, index: int, declared: Declared | None, training: Array) -> InputColumn:
    name = columns.names[index]
    kind = _kind(columns, index) if declared is None else declared.kind
    declared = declared or Declared(kind)
    if kind == "number":
        return _number(columns, index, declared, training)
    if kind == "category":
        return _category(columns, index, declared, training)
    if kind == "ignore":
        return IgnoredColumn(name)
    return IgnoredColumn(name, kind)


def _kind(columns: Columns, index: int) -> str:
    """Return ``number`` or ``category``, or why a column is ignored.

    Raises:
        DataError: nearly all cells are numbers, and one is none.
    """
    name = columns.names[index]
    values, is_missing = columns.numbers(index)
    are_texts = numpy.isnan(values) & ~is_missing
    count = len(columns) - int(is_missing.sum())
    if not count:
        return "all cells are empty"
    texts = int(are_texts.sum())
    if not texts:
        counts_rows = name.lower() in INDEX_NAMES and _counts(values)
        return "it counts the rows" if counts_rows and columns.has_names else "number"
    is_header = not columns.has_names and texts == 1 and bool(are_texts[0])
    if texts < count and (count - texts >= MOSTLY * count or is_header):
        error = columns.wrong_number(int(are_texts.argmax()), index)
        raise DataError(f"{error}; if the column holds categories, say so: columns: {{{name}: category}}")
    different = len(set(columns.texts(index)) - {""})
    if different > min(MOST_CATEGORIES, count // 2):
        return f"{different} different texts in {count} rows; 'columns: {{{name}: category}}' keeps it anyway"
    return "category"


def _counts(values: Array) -> bool:
    """Whether numbers are whole and rise from row to row, as an index does, also where some rows were left out."""
    return bool((numpy.diff(values) > 0).all() and (values == numpy.round(values)).all() and len(values) > 1)


def _number(columns: Columns, index: int, declared: Declared, training: Array) -> NumberColumn:
    values, is_missing = columns.numbers(index)
    is_wrong = ~numpy.isfinite(values) & ~is_missing
    if is_wrong.any():
        raise columns.wrong_number(int(is_wrong.argmax()), index)
    own, is_gap = values[training], is_missing[training]
    present = own[~is_gap]
    name, rule = columns.names[index], declared.missing
    if rule is None:
        rule = "mean" if is_missing.any() else "error"
    if rule == "error" and is_missing.any():
        raise columns.wrong_number(int(is_missing.argmax()), index)
    if not len(present):
        raise DataError(f"{columns.source}, column '{name}': expected numbers, found only empty cells; ignore it")
    missing: float | None = None
    if isinstance(rule, float):
        missing = rule
    elif rule != "error":
        missing = float(numpy.mean(present) if rule == "mean" else numpy.median(present))
    note = "" if isinstance(rule, float) or missing is None else f"the {rule}; {int(is_gap.sum()):,} cells"
    filled = own if missing is None else numpy.where(is_gap, missing, own)
    if not declared.standardize:
        return NumberColumn(name, missing=missing, note=note)
    spread = float(filled.std()) if filled.max() > filled.min() else 1.0
    return NumberColumn(name, float(filled.mean()), spread or 1.0, missing, note)


def _category(columns: Columns, index: int, declared: Declared, training: Array) -> CategoryColumn:
    name, cells = columns.names[index], columns.texts(index)
    counts = Counter(cells[row] for row in training.tolist())
    is_empty = "" in cells
    rule = declared.missing
    if rule is None:
        rule = "category" if is_empty else "error"
    rule = str(rule)
    known = declared.categories
    rest = declared.unknown == "category"
    if known is None:
        # With an input for all others, it is trained on the categories of which there is only one row.
        known = tuple(sorted(category for category in {*cells} - {""} if counts[category] > 1 or not rest))
    elif not rest:
        for row, cell in enumerate(cells):
            if cell and cell not in known:
                raise DataError(
                    f"{columns.place(row, index)}: expected one of {listed(known)}, found {columns.shown(row, index)}."
                    f"{nearest(cell, known)}"
                )
    if not known:
        raise DataError(f"{columns.source}, column '{name}': expected categories, found none; ignore it")
    if rule == "error" and is_empty:
        raise DataError(f"{columns.place(cells.index(''), index)}: expected a category, found an empty cell")
    missing: str | None = None
    if rule == "category":
        missing, known = "", (*known, "")
    elif rule == "most_frequent":
        missing = max(known, key=lambda category: counts[category])
    elif rule != "error":
        missing = rule
        if rule not in known:
            raise DataError(
                f"{columns.source}, column '{name}': missing is '{rule}', which is neither a category ({listed(known)})"
                f" nor one of {', '.join(CATEGORY_RULES)}"
            )
    return CategoryColumn(name, known, missing, rest)


def learn_target(columns: Columns, index: int, declared: Declared | None, form: OutputForm) -> Target:
    """Return what the target means: a class if it is declared so, has texts, or the loss is one for classes.

    Args:
        columns: all rows there are, so that a rare class is known wherever it is drawn.
        index: index of the target.
        declared: what the model file says of it, or None.
        form: how the model's output is to be read.

    Raises:
        DataError: a cell is not what it should be, or the model's outputs do not fit.
    """
    values, is_missing = columns.numbers(index)
    are_texts = numpy.isnan(values) & ~is_missing
    is_label = declared is not None and declared.kind == "label"
    if not is_label and are_texts.any() and not are_texts.all():
        # A text among numbers is a mistake far more often than a class: it must not turn a regression into classes.
        raise columns.wrong_number(int(are_texts.argmax()), index)
    has_names = bool(are_texts.all())
    if is_label or (form.is_class and (has_names or bool((values == numpy.round(values)).all()))):
        return _classes(columns, index, declared, form)
    if has_names:
        raise DataError(
            f"{columns.place(0, index)}: expected a number, which the model's loss takes, found"
            f" {columns.shown(0, index)}; for classes give a loss such as sparse_categorical_crossentropy, or name"
            " another target"
        )
    columns.finite_numbers(index)
    return NumberTarget(columns.names[index])


def _classes(columns: Columns, index: int, declared: Declared | None, form: OutputForm) -> ClassTarget:
    name, cells, units = columns.names[index], class_names(columns, index), form.units
    if "" in cells:
        raise DataError(f"{columns.place(cells.index(''), index)}: expected a class, found an empty cell")
    classes = declared.categories if declared is not None else None
    if classes is None:
        classes = _sorted_classes(columns, cells, units)
    if len(classes) not in ((1, 2) if units == 1 else (units,)):
        expected = "1 or 2" if len(classes) == 2 else f"{len(classes)}"
        raise DataError(
            f"{columns.source}: the target '{name}' has {len(classes)} classes ({listed(classes)}), and the model"
            f" {units} {'output' if units == 1 else 'outputs'}; it needs {expected}"
        )
    return ClassTarget(name, classes, form.scale, units, form.is_one_hot)


def _sorted_classes(columns: Columns, cells: Sequence[str], units: int) -> tuple[str, ...]:
    """Return the classes in order; those that are the indices of outputs are all known, though some may not occur."""
    found = set(cells)
    usual = tuple(map(str, range(max(units, 2))))
    if found <= set(usual):
        return usual
    numbers = {cell: columns.number(cell) for cell in found}
    if all(number is not None for number in numbers.values()):
        return tuple(sorted(found, key=lambda cell: numbers[cell] or 0.0))
    return tuple(sorted(found))
