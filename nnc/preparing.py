"""Makes a file's rows ready for a program: for a saved one as it has learnt, for a new one as its model file says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from nnc.arrays import is_read_by_rows
from nnc.data import Columns, is_table, is_text
from nnc.data.csv_table import target_column
from nnc.data.row_files import FilesByRows, WholeFile, rows_file
from nnc.data.rows import MOST_LABELS, Rows
from nnc.data.split import draw_rows
from nnc.errors import DataError, ModelError
from nnc.plugins import defines_alone
from nnc.plugins import read_columns as read_declared
from nnc.readers import read_model
from nnc.tables import ClassTarget, OutputForm, TableSchema, learn_inputs, learn_target
from nnc.tables.inputs import IgnoredColumn, listed
from nnc.tables.targets import Target

if TYPE_CHECKING:
    from nnc.data import Table
    from nnc.models import Model
    from nnc.program import Program

Array = Any
_CLASS_LOSSES = ("crossentropy", "hinge")


@dataclass(frozen=True, eq=False)
class Known:
    """What all rows have to be looked at for, before a training; plain data, for processes that do not look at all.

    Args:
        schema: what the columns of a table mean; None where the rows are arrays.
        parts: numbers of the rows to train on, and of those set aside for each fraction; None where all are trained on.
    """

    schema: TableSchema | None
    parts: Sequence[Array] | None


@dataclass(frozen=True, eq=False)
class Prepared:
    """A model with the rows that it is to be trained on.

    Args:
        model: the model; its layers with `adapt` have seen the training rows.
        schema: what the columns of the table mean; None where the rows are arrays.
        training: rows to train on.
        kept: rows set aside for each requested fraction.
        known: what was learnt of all rows.
        notes: what people should know.
    """

    model: Model
    schema: TableSchema | None
    training: Rows
    kept: tuple[Rows, ...]
    known: Known
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
    by_rows: bool = False,
    known: Known | None = None,
) -> Prepared:
    """Return the model of a file and rows to train it on.

    Whatever is computed from data before training (means, spreads, what layers adapt to) comes from the training rows
    alone; the names of categories and classes are those of all rows.

    Args:
        path: the model file.
        data: the file of the rows, a table, ``.npz`` or ``.npy``; or a folder or a pattern of parts that are read by
            rows, ``.parquet``, ``.npz`` or ``.npy``.
        target: column or array of the targets; by default what the model file says, the last column, or ``y``.
        encoding: of a text file.
        keep: fractions of the rows to keep apart, one after the other, each of what is left.
        seed: decides which.
        replace: see `nnc.compile`.
        by_rows: whether rows are read when they are asked for, where the file allows it; columns of a Parquet file are
            read once, one after the other, to learn what they mean.
        known: what another process has learnt of all rows, so that this one need not.

    Raises:
        ModelError: the model cannot be read, or its input does not fit the table.
        DataError: the data are not what they should be.
    """
    options: dict[str, Any] = {} if not replace else {"replace": replace}
    _check_encoding(data, encoding)
    file = rows_file(data, encoding, by_rows)
    if not file.is_table:
        return _prepare_arrays(path, file, target, keep, seed, options, known)
    declared = read_declared(path)
    columns = file.columns
    index = _target_of(columns, declared, target)
    if known is None or known.schema is None:
        parts: Sequence[Array] | None = None
        if keep:
            parts = _divided(len(columns), keep, seed, _labels(columns, index))
        inputs = learn_inputs(columns, index, declared, None if parts is None else parts[0])
        schema = TableSchema(inputs, None, -1 if index is None else index, columns.has_names)
    else:
        parts, schema = known.parts, known.schema
    shape = (schema.width,)
    model = read_model(path, **options, **({"input_shape": shape} if defines_alone(path) else {}))
    _refuse_texts(path, model)
    if len(model.inputs) != 1 or tuple(model.input_shape[1:]) != shape:
        raise ModelError(_misfit(path, model, schema, data))
    if schema.target is None and index is not None and model.program.spec.targets:
        learnt = learn_target(columns, index, declared.get(columns.names[index]), output_form(model))
        schema = dataclasses.replace(schema, target=learnt)
    y = None if index is None or schema.target is None else _encoded_target(file, schema.target, index)
    training, *kept = taken(Rows(_encoded(file, schema), y), parts)
    notes = [f"{name}: {meaning}" for name, meaning in schema.describe()]
    notes += _adapted(path, model, training)
    return Prepared(model, schema, training, tuple(kept), Known(schema, parts), tuple(notes))


def _encoded(file: WholeFile | FilesByRows, schema: TableSchema) -> Array:
    """Return inputs that the columns of a table are made into."""
    names = [column.name for column in schema.columns if not isinstance(column, IgnoredColumn)]
    return file.computed(schema.encode, names if schema.has_names else None)


def _encoded_target(file: WholeFile | FilesByRows, target: Target, index: int) -> Array:
    """Return targets that a column of a table is made into."""
    return file.computed(lambda columns: target.encode(columns, index), [file.columns.names[index]])


def rows_of(
    program: Program,
    data: Path,
    target: str | None = None,
    encoding: str | None = None,
    by_rows: bool = False,
) -> Rows:
    """Return the rows of a file for a program: inputs and targets.

    For a program with several inputs or outputs a ``.npz`` file has an array for each by its name.

    Args:
        program: what will read them.
        data: the file, or parts; see `prepare`.
        target: column or array of the targets, for one input and one output.
        encoding: of a text file.
        by_rows: see `prepare`.

    Raises:
        DataError: the file is not what it should be, or lacks an array.
    """
    _check_encoding(data, encoding)
    return _rows_of(program, rows_file(data, encoding, by_rows and program.spec.edge is None), target)


def _rows_of(program: Program, file: WholeFile | FilesByRows, target: str | None) -> Rows:
    spec, data = program.spec, file.path
    if spec.edge is not None:
        return _rows_with_texts(program, file, target)
    if spec.has_loss and not spec.targets:  # the loss is what layers add
        return Rows(_inputs_of(program, file, target))
    if len(spec.inputs) > 1 or len(spec.targets) > 1:
        if target is not None:
            raise DataError(f"program '{program.name}' takes its arrays by name, none of them as target '{target}'")
        arrays = file.arrays()
        outputs = [output.label for output in spec.outputs] if len(spec.targets) > 1 else ["y"]
        inputs = [item.label for item in spec.inputs]
        found = _named(data, arrays, [*inputs, *outputs])
        x, y = found[: len(inputs)], found[len(inputs) :]
        return Rows(x if len(x) > 1 else x[0], y if len(y) > 1 else y[0])
    schema = program.table
    if file.is_table and schema is not None and schema.columns and schema.target is not None:
        y = _encoded_target(file, schema.target, schema.target_in(file.columns, target))
        return Rows(_encoded(file, schema), y)
    table = file.table(target)
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
    return _inputs_of(program, WholeFile(data, encoding), without)


def _inputs_of(program: Program, file: WholeFile | FilesByRows, without: str | None) -> Any:
    data = file.path
    if without is not None and not file.is_table:
        raise DataError(f"{data}: only tables have columns to leave out, here '{without}'")
    if program.spec.edge is not None:
        return _inputs_with_texts(program, file, without)
    inputs = [item.label for item in program.spec.inputs]
    if len(inputs) > 1:
        return _named(data, file.arrays(), inputs)
    if file.is_table and program.table is not None and program.table.columns:
        if isinstance(file, FilesByRows):  # whose columns have names
            return _encoded(file, program.table)
        columns = file.columns
        return program.table.encode(columns if without is None else columns.without(columns.find(without)))
    if file.is_table:
        _check_width(program, file.columns, without)
    return file.inputs(without)


def _inputs_with_texts(program: Program, file: WholeFile | FilesByRows, without: str | None) -> Any:
    """Return the inputs of a program that begins with texts: columns of a table, or arrays of a ``.npz``, by name."""
    labels, data = [item.label for item in program.spec.given], file.path
    if not file.is_table or isinstance(file, FilesByRows):
        found = _named(data, file.stored(), labels)
        return found if len(found) > 1 else found[0]
    columns = file.columns
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


def _rows_with_texts(program: Program, file: WholeFile | FilesByRows, target: str | None) -> Rows:
    """Return inputs and targets for a program that begins with texts, whose targets are numbers."""
    targets, data = [item.label for item in program.spec.targets], file.path
    if not file.is_table or isinstance(file, FilesByRows):
        found = _named(data, file.stored(), targets)
        return Rows(_inputs_with_texts(program, file, None), found if len(found) > 1 else found[0])
    if len(targets) != 1:
        raise DataError(f"{data}: program '{program.name}' has {len(targets)} targets; give a .npz file")
    columns = file.columns
    name = columns.names[-1] if target is None else target
    y = columns.finite_numbers(columns.find(name)).reshape(-1, 1)
    return Rows(_inputs_with_texts(program, file, name), y)


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


def _check_width(program: Program, columns: Columns, without: str | None) -> None:
    """Check that no column is left over of a table that a program takes as it is.

    Raises:
        DataError: one is, which may be the target.
    """
    names, shape = columns.names, program.spec.inputs[0].shape
    if without is None and shape == (len(names) - 1,):
        raise DataError(
            f"{columns.source}: '{program.name}' takes {shape[0]} columns, and there are {len(names)}: "
            f"{listed(names)}; name the one that is no input with --target, such as --target {names[-1]!r}"
        )


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
    from nnc.losses.registry import as_loss

    spec = model.program.spec
    target = spec.targets[0]
    loss = as_loss(model.objective.loss)
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


def parts_of(rows: Rows, keep: Sequence[float], seed: int) -> list[Array] | None:
    """Return the numbers of rows to train on, and of those that are kept apart for each fraction, of what is left.

    Raises:
        DataError: there are too few.
    """
    return _divided(len(rows), keep, seed, rows.labels) if keep else None


def taken(rows: Rows, parts: Sequence[Array] | None) -> list[Rows]:
    """Return the rows of each part; all where there are none."""
    return [rows] if parts is None else [rows.take(part) for part in parts]


def divided(rows: Rows, keep: Sequence[float], seed: int) -> list[Rows]:
    """Return rows to train on, and those that are kept apart; see `parts_of`."""
    return taken(rows, parts_of(rows, keep, seed))


def _prepare_arrays(
    path: Path,
    file: WholeFile | FilesByRows,
    target: str | None,
    keep: Sequence[float],
    seed: int,
    options: Mapping[str, Any],
    known: Known | None,
) -> Prepared:
    data = file.path
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
        table = file.table(target)
        if table.classes:
            form = output_form(model)
            units = max(form.units, 2)
            if len(table.classes) != units:
                raise DataError(
                    f"{data}: the target has {len(table.classes)} classes, and the model outputs for {units}"
                )
            classes = ClassTarget(table.target, table.classes, form.scale, form.units, form.is_one_hot)
            schema = TableSchema((), classes, 0)
            program.table = schema
        rows = Rows(table.x, _targets(program, table, data))
    else:
        rows = _rows_of(program, file, target)
    parts = parts_of(rows, keep, seed) if known is None else known.parts
    training, *kept = taken(rows, parts)
    notes = [] if schema is None else [f"{name}: {meaning}" for name, meaning in schema.describe()]
    return Prepared(
        model, schema, training, tuple(kept), Known(None, parts), (*notes, *_adapted(path, model, training))
    )


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
    if is_read_by_rows(table.y):
        return _known_classes(program, known, table, data)
    names = [table.classes[index] for index in table.y.reshape(-1).tolist()]
    indices = known.indices(names)
    if (indices < 0).any():
        row = int((indices < 0).argmax())
        raise DataError(
            f"{data}, row {row + 1}: expected one of the classes {', '.join(known.classes)}, found {names[row]!r}"
        )
    return numpy.eye(len(known.classes), dtype="float32")[indices] if known.one_hot else indices.reshape(-1, 1)


def _known_classes(program: Program, known: ClassTarget, table: Table, data: Path) -> Array:
    """Return targets by rows; see `_targets`."""
    places = known.indices(table.classes)
    if (places < 0).any():
        raise DataError(
            f"{data}: expected the classes {', '.join(known.classes)}, found"
            f" {table.classes[int((places < 0).argmax())]!r}, which program '{program.name}' does not know"
        )
    y: Any = table.y
    ones = numpy.eye(len(known.classes), dtype="float32")
    return y.computed(
        lambda rows: ones[places[rows.reshape(-1)]] if known.one_hot else places[rows.reshape(-1)].reshape(-1, 1)
    )


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
            seen = numpy.asarray(training.x) if is_input else Model(model.inputs, tensor).predict(training.x, verbose=0)
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
