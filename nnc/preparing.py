"""Makes a file's rows ready for a program: for a saved one as it has learnt, for a new one as its model file says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from nnc.data import Columns, is_table, is_text, read_arrays, read_columns, read_inputs, read_table
from nnc.data.csv_table import numeric_inputs, target_column
from nnc.data.npz_table import stored_arrays
from nnc.data.split import draw_rows
from nnc.errors import DataError, ModelError
from nnc.plugins import defines_alone
from nnc.plugins import read_columns as read_declared
from nnc.readers import read_model
from nnc.tables import ClassTarget, OutputForm, TableSchema, learn_inputs, learn_target
from nnc.tables.inputs import listed

if TYPE_CHECKING:
    from nnc.data import Table
    from nnc.models import Model
    from nnc.program import Program

Array = Any
MOST_LABELS = 20
"""Different whole numbers of a target, of which rows are drawn class by class."""
_CLASS_LOSSES = ("crossentropy", "hinge")


@dataclass(frozen=True, eq=False)
class Rows:
    """Inputs and targets as a program takes them.

    Args:
        x: array of shape (rows, …), or a list of them.
        y: likewise, or None for a program without targets.
    """

    x: Any
    y: Any = None

    def __len__(self) -> int:
        return len(self.x[0] if isinstance(self.x, list) else self.x)

    def take(self, indices: Array) -> Rows:
        """Return some of the rows."""
        x, y = (
            [array[indices] for array in item] if isinstance(item, list) else None if item is None else item[indices]
            for item in (self.x, self.y)
        )
        return Rows(x, y)

    @property
    def labels(self) -> Array | None:
        """Labels to draw rows by: the class of each, or a target of few whole numbers; otherwise None."""
        if self.y is None or isinstance(self.y, list):
            return None
        y = self.y.argmax(1) if self.y.ndim == 2 and self.y.shape[1] > 1 else self.y.reshape(len(self.y), -1)[:, 0]
        is_whole = bool((y == numpy.round(y)).all())
        return y if is_whole and len(numpy.unique(y)) <= MOST_LABELS else None


@dataclass(frozen=True, eq=False)
class Prepared:
    """A model with the rows that it is to be trained on.

    Args:
        model: the model; its layers with `adapt` have seen the training rows.
        schema: what the columns of the table mean; None where the rows are arrays.
        training: rows to train on.
        kept: rows set aside for each requested fraction.
        notes: what people should know.
    """

    model: Model
    schema: TableSchema | None
    training: Rows
    kept: tuple[Rows, ...]
    notes: tuple[str, ...] = ()


def prepare(
    path: Path,
    data: Path,
    *,
    target: str | None = None,
    encoding: str | None = None,
    keep: Sequence[float] = (),
    seed: int = 0,
    replace: Mapping[str, Any] | None = None,
) -> Prepared:
    """Return the model of a file and rows to train it on.

    Whatever is computed from data before training (means, spreads, what layers adapt to) comes from the training rows
    alone; the names of categories and classes are those of all rows.

    Args:
        path: the model file.
        data: the file of the rows: a table, ``.npz`` or ``.npy``.
        target: column or array of the targets; by default what the model file says, the last column, or ``y``.
        encoding: of a text file.
        keep: fractions of the rows to keep apart, one after the other, each of what is left.
        seed: decides which.
        replace: see `nnc.compile`.

    Raises:
        ModelError: the model cannot be read, or its input does not fit the table.
        DataError: the data are not what they should be.
    """
    options: dict[str, Any] = {} if not replace else {"replace": replace}
    _check_encoding(data, encoding)
    if not is_table(data):
        return _prepare_arrays(path, data, target, keep, seed, options)
    declared = read_declared(path)
    columns = read_columns(data, encoding)
    index = _target_of(columns, declared, target)
    labels = _labels(columns, index)
    parts = _divided(len(columns), keep, seed, labels)
    inputs = learn_inputs(columns, index, declared, parts[0])
    schema = TableSchema(inputs, None, -1 if index is None else index, columns.has_names)
    shape = (schema.width,)
    model = read_model(path, **options, **({"input_shape": shape} if defines_alone(path) else {}))
    _refuse_texts(path, model)
    if len(model.inputs) != 1 or tuple(model.input_shape[1:]) != shape:
        raise ModelError(_misfit(path, model, schema, data))
    if index is not None and model.program.spec.targets:
        form = output_form(model)
        schema = TableSchema(
            inputs,
            learn_target(columns, index, declared.get(columns.names[index]), form),
            schema.target_index,
            schema.has_names,
        )
    y = None if schema.target is None else schema.target.encode(columns, schema.target_index)
    rows = Rows(schema.encode(columns), y)
    training, *kept = (rows.take(part) for part in parts)
    notes = [f"{name}: {meaning}" for name, meaning in schema.describe()]
    notes += _adapted(path, model, training)
    return Prepared(model, schema, training, tuple(kept), tuple(notes))


def rows_of(program: Program, data: Path, target: str | None = None, encoding: str | None = None) -> Rows:
    """Return the rows of a file for a program: inputs and targets.

    For a program with several inputs or outputs a ``.npz`` file has an array for each by its name.

    Args:
        program: what will read them.
        data: the file.
        target: column or array of the targets, for one input and one output.
        encoding: of a text file.

    Raises:
        DataError: the file is not what it should be, or lacks an array.
    """
    _check_encoding(data, encoding)
    spec = program.spec
    if spec.edge is not None:
        return _rows_with_texts(program, data, target, encoding)
    if spec.has_loss and not spec.targets:  # the loss is what layers add
        return Rows(inputs_of(program, data, target, encoding))
    if len(spec.inputs) > 1 or len(spec.targets) > 1:
        if target is not None:
            raise DataError(f"program '{program.name}' takes its arrays by name, none of them as target '{target}'")
        arrays = read_arrays(data)
        outputs = [output.label for output in spec.outputs] if len(spec.targets) > 1 else ["y"]
        inputs = [item.label for item in spec.inputs]
        found = _named(data, arrays, [*inputs, *outputs])
        x, y = found[: len(inputs)], found[len(inputs) :]
        return Rows(x if len(x) > 1 else x[0], y if len(y) > 1 else y[0])
    schema = program.table
    if is_table(data) and schema is not None and schema.columns and schema.target is not None:
        columns = read_columns(data, encoding)
        return Rows(schema.encode(columns), schema.encode_target(columns, target))
    table = read_table(data, target, encoding)
    return Rows(table.x, _targets(program, table, data))


def inputs_of(program: Program, data: Path, without: str | None = None, encoding: str | None = None) -> Any:
    """Return inputs from a file: one array, or for several inputs a list of those that a ``.npz`` has by name.

    Args:
        program: what will read them.
        data: the file.
        without: a column of a table that is left out.
        encoding: of a text file.

    Raises:
        DataError: the file is not what it should be, or lacks an array.
    """
    _check_encoding(data, encoding)
    if without is not None and not is_table(data):
        raise DataError(f"{data}: only tables have columns to leave out, here '{without}'")
    if program.spec.edge is not None:
        return _inputs_with_texts(program, data, without, encoding)
    inputs = [item.label for item in program.spec.inputs]
    if len(inputs) > 1:
        return _named(data, read_arrays(data), inputs)
    if is_table(data) and program.table is not None and program.table.columns:
        columns = read_columns(data, encoding)
        return program.table.encode(columns if without is None else columns.without(columns.find(without)))
    if is_table(data):
        return _numbers(program, read_columns(data, encoding), without)
    return read_inputs(data, without, encoding)


def _inputs_with_texts(program: Program, data: Path, without: str | None, encoding: str | None) -> Any:
    """Return the inputs of a program that begins with texts: columns of a table, or arrays of a ``.npz``, by name."""
    labels = [item.label for item in program.spec.given]
    if not is_table(data):
        found = _named(data, stored_arrays(data), labels)
        return found if len(found) > 1 else found[0]
    columns = read_columns(data, encoding)
    if without is not None:
        columns = columns.without(columns.find(without))
    inputs = []
    for item in program.spec.given:
        if item.shape not in ((), (1,)):
            raise DataError(
                f"{data}: input '{item.label}' has shape {item.shape}, and a column of a table gives one text or number"
                " for each row; give a .npz file"
            )
        is_only = len(labels) == len(columns.names) == 1
        place = 0 if is_only else columns.find(item.label)
        values = columns.texts(place) if item.dtype == "string" else columns.finite_numbers(place)
        inputs.append(numpy.array(values, object if item.dtype == "string" else None))
    return inputs if len(inputs) > 1 else inputs[0]


def _rows_with_texts(program: Program, data: Path, target: str | None, encoding: str | None) -> Rows:
    """Return inputs and targets for a program that begins with texts, whose targets are numbers."""
    targets = [item.label for item in program.spec.targets]
    if not is_table(data):
        found = _named(data, stored_arrays(data), targets)
        return Rows(_inputs_with_texts(program, data, None, encoding), found if len(found) > 1 else found[0])
    if len(targets) != 1:
        raise DataError(f"{data}: program '{program.name}' has {len(targets)} targets; give a .npz file")
    columns = read_columns(data, encoding)
    name = columns.names[-1] if target is None else target
    y = columns.finite_numbers(columns.find(name)).reshape(-1, 1)
    return Rows(_inputs_with_texts(program, data, name, encoding), y)


def _refuse_texts(path: Path, model: Model) -> None:
    """Refuse to train a model that takes texts from a file of rows.

    Raises:
        ModelError: it takes texts.
    """
    for tensor in model.inputs:
        if tensor.dtype == "string" and tensor.call is not None:
            raise ModelError(
                f"{path}: input '{tensor.call.layer.name}' is texts, which rows of a file are not trained on; call fit"
                " in Python, save the model, and predict from the file"
            )


def _numbers(program: Program, columns: Columns, without: str | None) -> Array:
    """Return the columns of a table that a program takes as they are."""
    names, shape = columns.names, program.spec.inputs[0].shape
    if without is None and shape == (len(names) - 1,):
        raise DataError(
            f"{columns.source}: '{program.name}' takes {shape[0]} columns, and there are {len(names)}: "
            f"{listed(names)}; name the one that is no input with --target, such as --target {names[-1]!r}"
        )
    return numeric_inputs(columns, without)


def check_meaning_is_learnt(path: Path, data: Path) -> None:
    """Check that a model file leaves nothing open about the columns of a table.

    Raises:
        DataError: it says what they mean, which depends on the rows that it has not been trained on yet.
    """
    if is_table(data) and defines_alone(path) and (declared := read_declared(path)):
        raise DataError(
            f"{path} says what columns mean ({', '.join(declared)}), and means, spreads and categories are learnt in"
            f" training; train it first: nnc train {path} --data ROWS.csv -o {path.stem}.nnc"
        )


def _check_encoding(data: Path, encoding: str | None) -> None:
    if encoding is not None and not is_text(data):
        raise DataError(f"{data}: an encoding is for text files, such as .csv; leave it out")


def output_form(model: Model) -> OutputForm:
    """Return how the only output of a compiled model is to be read."""
    from nnc import losses

    spec = model.program.spec
    target = spec.targets[0]
    loss = losses.get(model.objective.loss)
    name = target.loss or loss.name
    is_class = bool(target.classes) or any(part in name for part in _CLASS_LOSSES)
    scale = "logit" if loss.get_config().get("from_logits", False) else "margin" if "hinge" in name else "probability"
    shape = spec.outputs[0].shape
    units = shape[-1] if shape and isinstance(shape[-1], int) else 1
    return OutputForm(
        scale, units, is_one_hot=not target.classes and target.shape == (units,) and units > 1, is_class=is_class
    )


def _target_of(columns: Columns, declared: Mapping[str, Any], target: str | None) -> int | None:
    """Return the index of the target: what is asked for, what the model file says, or the last column."""
    if target is None:
        target = next((name for name, item in declared.items() if item.is_target and name in columns.names), None)
    return target_column(columns, target)


def _labels(columns: Columns, index: int | None) -> Array | None:
    """Return a number for the class of each row where the target seems to be one, otherwise None."""
    if index is None:
        return None
    values, is_missing = columns.numbers(index)
    are_texts = numpy.isnan(values) & ~is_missing
    if not are_texts.any() and not (values == numpy.round(values)).all():
        return None
    different, labels = numpy.unique(numpy.array(columns.texts(index)), return_inverse=True)
    return labels if len(different) <= MOST_LABELS or are_texts.all() else None


def _divided(count: int, keep: Sequence[float], seed: int, labels: Array | None) -> list[Array]:
    """Return the indices of the rows to train on, and of those that are kept apart."""
    generator = numpy.random.default_rng(seed)
    rest, kept = numpy.arange(count), []
    for fraction in keep:
        own = None if labels is None else labels[rest]
        stays, drawn = draw_rows(len(rest), fraction, generator, own)
        kept.append(rest[drawn])
        rest = rest[stays]
    return [rest, *kept]


def divided(rows: Rows, keep: Sequence[float], seed: int) -> list[Rows]:
    """Return rows to train on, and those that are kept apart for each fraction, of what is left.

    Raises:
        DataError: there are too few.
    """
    return [rows.take(part) for part in _divided(len(rows), keep, seed, rows.labels)] if keep else [rows]


def _prepare_arrays(
    path: Path, data: Path, target: str | None, keep: Sequence[float], seed: int, options: Mapping[str, Any]
) -> Prepared:
    declared = read_declared(path)
    if declared:
        raise DataError(
            f"{data}: the model file says what columns of a table mean ({', '.join(declared)}), and this file has"
            " arrays; give a table, or leave out 'columns:'"
        )
    model = read_model(path, **options)
    _refuse_texts(path, model)
    program = model.program
    spec = program.spec
    schema = None
    if len(spec.inputs) == len(spec.targets) == 1:
        table = read_table(data, target)
        if table.classes:
            form = output_form(model)
            units = max(form.units, 2)
            if len(table.classes) != units:
                raise DataError(
                    f"{data}: the target has {len(table.classes)} classes, and the model outputs for {units}"
                )
            known = ClassTarget(table.target, table.classes, form.scale, form.units, form.is_one_hot)
            schema = TableSchema((), known, 0)
            program.table = schema
        rows = Rows(table.x, _targets(program, table, data))
    else:
        rows = rows_of(program, data, target)
    training, *kept = divided(rows, keep, seed)
    notes = [] if schema is None else [f"{name}: {meaning}" for name, meaning in schema.describe()]
    return Prepared(model, schema, training, tuple(kept), (*notes, *_adapted(path, model, training)))


def _targets(program: Program, table: Table, data: Path) -> Array:
    """Return targets of a table of numbers; names of classes are those that the program knows.

    Raises:
        DataError: a class is unknown.
    """
    if not table.classes:
        return table.y
    known = None if program.table is None else program.table.target
    if not isinstance(known, ClassTarget):
        raise DataError(
            f"{data}: the target has texts such as {table.classes[0]!r}, and program '{program.name}' knows no class"
            " names; train it on a table that has them, or give class numbers"
        )
    names = [table.classes[index] for index in table.y.reshape(-1).tolist()]
    indices = known.indices(names)
    if (indices < 0).any():
        row = int((indices < 0).argmax())
        raise DataError(
            f"{data}, row {row + 1}: expected one of the classes {', '.join(known.classes)}, found {names[row]!r}"
        )
    return numpy.eye(len(known.classes), dtype="float32")[indices] if known.one_hot else indices.reshape(-1, 1)


def _adapted(path: Path, model: Model, training: Rows) -> list[str]:
    """Let layers with `adapt` learn from the training rows, where the model's file has no weights; say which did."""
    if not defines_alone(path):
        return []
    from nnc.models import Model

    said = []
    for layer in model.operations:
        if getattr(layer, "is_adaptable", False):
            tensor = next(call.inputs[0] for call in model.calls if call.layer is layer)
            is_input = len(model.inputs) == 1 and tensor is model.inputs[0]
            seen = training.x if is_input else Model(model.inputs, tensor).predict(training.x, verbose=0)
            adaptable: Any = layer
            adaptable.adapt(seen)
            said.append(f"layer '{layer.name}' has adapted to {len(training):,} training rows")
    return said


def _misfit(path: Path, model: Model, schema: TableSchema, data: Path) -> str:
    shape = model.input_shape if len(model.inputs) > 1 else tuple(model.input_shape[1:])
    labels = ", ".join(schema.labels[:12]) + (", …" if len(schema.labels) > 12 else "")
    return (
        f"{path}: the model takes {shape}, and the columns of {data} give ({schema.width},): {labels}; leave out"
        " 'input:', ignore columns (columns: {NAME: ignore}), or name another target"
    )


def _named(path: Path, arrays: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    missing = [name for name in names if name not in arrays]
    if missing:
        raise DataError(
            f"{path}: expected arrays named {', '.join(names)}, found {', '.join(arrays) or 'none'};"
            f" {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        )
    return [arrays[name] for name in names]
